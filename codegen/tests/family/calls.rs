//! What is sent, byte for byte, and what comes back.

use std::collections::BTreeMap;

use serde_json::json;
use uuid::Uuid;

use crate::{
    Operation,
    generated::{
        library::types::{Book, BookKind, BookPage, BookPatch, Room},
        requests::views::library::{CloseShelf, ListBooks, MendBook, PutBook},
    },
    server::call,
};

fn list(shelf: &str) -> ListBooks<'_> {
    ListBooks {
        shelf,
        cursor: None,
        page_size: 20,
        kind: None,
        request_id: None,
    }
}

#[tokio::test]
async fn a_get_has_its_parameters_in_path_query_and_header_and_no_body() {
    let request = ListBooks {
        cursor: Some("a b&c=d"),
        kind: Some(BookKind::Relief),
        request_id: Some("r-1"),
        ..list("시집/2%")
    };
    let answer = json!({
        "books": [{ "type": "3d", "title": "Sonnets", "author": null }],
        "next": "n-2",
        "more": 1,
    });
    let (arrived, answer) = call(&request, "200 OK", &answer.to_string()).await.unwrap();
    assert_eq!(
        arrived.line,
        "GET /api/v1/shelves/%EC%8B%9C%EC%A7%91%2F2%25/books\
         ?cursor=a+b%26c%3Dd&type=3d&pageSize=20&service_id=service+1"
    );
    assert_eq!(arrived.header("x-request-id"), Some("r-1"));
    assert_eq!(arrived.header("x-library-token"), Some("card-1"));
    assert_eq!((arrived.header("content-type"), arrived.body.as_str()), (None, ""));

    assert_eq!(answer.status, 200);
    let page: BookPage = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(page.next.as_deref(), Some("n-2"));
    let [book] = &page.books[..] else { panic!("{page:?}") };
    assert_eq!((book.kind, &book.author), (BookKind::Relief, &None));
}

#[tokio::test]
async fn what_is_left_out_is_not_sent() {
    let (arrived, _) = call(&list("poetry"), "200 OK", "").await.unwrap();
    assert_eq!(
        arrived.line,
        "GET /api/v1/shelves/poetry/books?pageSize=20&service_id=service+1"
    );
    assert_eq!(arrived.header("x-request-id"), None);
}

#[test]
fn personal_data_is_not_printed() {
    let request = ListBooks {
        cursor: Some("c-1"),
        request_id: Some("r-1"),
        ..list("kims-shelf")
    };
    let printed = format!("{request:?}");
    assert_eq!(
        printed,
        "ListBooks { shelf: [redacted], cursor: Some(\"c-1\"), page_size: 20, kind: None, \
         request_id: Some([redacted]) }"
    );
    let patch = BookPatch {
        note: Some(Some("for Kim".to_owned())),
        pages: None,
    };
    let request = MendBook {
        book_id: 7,
        note: patch.note.as_ref().map(Option::as_deref),
        pages: patch.pages,
    };
    assert_eq!(
        format!("{patch:?} {request:?}"),
        "BookPatch { note: Some([redacted]), pages: None } \
         MendBook { book_id: 7, note: Some([redacted]), pages: None }"
    );
}

#[tokio::test]
async fn a_post_without_a_body() {
    let (arrived, answer) = call(&CloseShelf { shelf: "poetry" }, "204 No Content", "")
        .await
        .unwrap();
    assert_eq!(arrived.line, "POST /api/v1/shelves/poetry/close?service_id=service+1");
    assert_eq!((arrived.body.as_str(), answer.status), ("", 204));
}

#[tokio::test]
async fn a_put_has_every_kind_of_field() {
    let labels = BTreeMap::from([("ko".to_owned(), "시".to_owned())]);
    let rooms = BTreeMap::from([("main".to_owned(), Room { floor: 2 })]);
    let grid = [vec![1, 2], vec![]];
    let request = PutBook {
        kind: BookKind::EBook,
        title: "Sonnets",
        author: None,
        published_on: Some("1609-05-20".parse().unwrap()),
        pages: Some(80),
        weight: Some(120.5),
        cover: Some("aGk="),
        labels: &labels,
        rooms: &rooms,
        grid: &grid,
        ..put()
    };
    let (arrived, _) = call(&request, "200 OK", "").await.unwrap();
    assert_eq!(arrived.line, "PUT /api/v1/books/7?service_id=service+1");
    assert_eq!(
        arrived.header("idempotency-key"),
        Some("00000000-0000-0000-0000-000000000000")
    );
    assert_eq!(arrived.header("content-type"), Some("application/json"));
    let body = r#"{"type":"e-book","title":"Sonnets","author":null,"publishedOn":"1609-05-20","pages":80,"#;
    let body =
        format!(r#"{body}"weight":120.5,"cover":"aGk=","labels":{{"ko":"시"}},"rooms":{{"main":{{"floor":2}}}},"#);
    assert_eq!(arrived.body, format!(r#"{body}"grid":[[1,2],[]]}}"#));
    let read: Book = serde_json::from_str(&arrived.body).unwrap();
    assert_eq!(
        serde_json::to_string(&read).unwrap(),
        arrived.body,
        "the owned form writes the same"
    );
}

/// A book with nothing that may be left out.
pub fn put() -> PutBook<'static> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    static NOWHERE: BTreeMap<String, Room> = BTreeMap::new();
    #[allow(deprecated, reason = "every field is named")]
    PutBook {
        book_id: 7,
        idempotency_key: Uuid::nil(),
        kind: BookKind::Paper,
        title: "Sonnets",
        author: Some("W. S."),
        published_on: None,
        pages: None,
        weight: None,
        cover: None,
        labels: &NONE,
        rooms: &NOWHERE,
        grid: &[],
        signature: None,
    }
}

#[tokio::test]
async fn null_is_something_else_than_left_out() {
    for (note, pages, body) in [
        (None, None, "{}"),
        (Some(None), Some(None), r#"{"note":null,"pages":null}"#),
        (Some(Some("torn")), Some(Some(9)), r#"{"note":"torn","pages":9}"#),
    ] {
        let request = MendBook {
            book_id: -1,
            note,
            pages,
        };
        let (arrived, _) = call(&request, "200 OK", "").await.unwrap();
        assert_eq!(
            (arrived.line.as_str(), arrived.body.as_str()),
            ("PATCH /api/v1/books/-1?service_id=service+1", body)
        );
        let read: BookPatch = serde_json::from_str(body).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), body);
    }
}

#[tokio::test]
#[allow(deprecated, reason = "it still works")]
async fn a_delete_that_is_deprecated() {
    let request = crate::generated::requests::views::library::DropBook {
        book_id: 7,
        force: Some(true),
    };
    let (arrived, answer) = call(&request, "204 No Content", "").await.unwrap();
    assert_eq!(arrived.line, "DELETE /api/v1/books/7?force=true&service_id=service+1");
    assert_eq!((arrived.body.as_str(), answer.status), ("", 204));
}

#[test]
fn the_tables_know_the_third_api() {
    let known = Operation::ALL
        .iter()
        .map(|operation| (operation.id(), operation.method(), operation.path()));
    let known: Vec<_> = known.skip(2).collect();
    assert_eq!(
        known,
        [
            ("list_books", "GET", "/api/v1/shelves/{shelf}/books"),
            ("close_shelf", "POST", "/api/v1/shelves/{shelf}/close"),
            ("put_book", "PUT", "/api/v1/books/{book-id}"),
            ("mend_book", "PATCH", "/api/v1/books/{book-id}"),
            ("drop_book", "DELETE", "/api/v1/books/{book-id}"),
        ]
    );
    assert_eq!(Operation::PutBook.token().header(), "x-library-token");
    assert_eq!(Book::FIELDS[0], "type");
    assert_eq!(BookKind::Relief.to_string(), "3d");
    assert_eq!("3d".parse::<BookKind>().ok(), Some(BookKind::Relief));
}
