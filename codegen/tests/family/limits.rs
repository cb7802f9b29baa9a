//! What is refused before anything is sent.

use std::collections::BTreeMap;

use crate::{
    calls::put,
    generated::{
        library::types::{Book, Room},
        requests::views::library::{CloseShelf, ListBooks, MendBook, PutBook},
    },
    validate::Validate,
};

#[track_caller]
fn refused(request: &impl Validate, words: &str) {
    let violations = request.violations().expect_err("it is taken");
    assert_eq!(violations.to_string(), words);
}

#[test]
fn a_request_without_a_body_has_its_checks_for_those_who_receive_it() {
    assert!(CloseShelf { shelf: "poetry" }.validate().is_ok());
    let told = CloseShelf { shelf: ".." }.validate().unwrap_err();
    assert_eq!(
        told.to_string(),
        "shelf: must be more than dots, as it is part of a path"
    );
}

#[test]
fn limits_of_texts_and_numbers() {
    let book = put();
    assert!(book.violations().is_ok());
    refused(
        &PutBook { title: "S", ..book },
        "title: must not be shorter than 2 characters",
    );
    let title = "시".repeat(21);
    refused(
        &PutBook { title: &title, ..book },
        "title: must not be longer than 20 characters",
    );
    assert!(
        PutBook {
            title: &title[..60],
            ..book
        }
        .violations()
        .is_ok(),
        "characters are counted, not bytes"
    );
    refused(&PutBook { pages: Some(0), ..book }, "pages: must not be below 1");
    refused(
        &PutBook {
            pages: Some(5001),
            ..book
        },
        "pages: must not be above 5000",
    );
    refused(
        &PutBook {
            weight: Some(0.25),
            ..book
        },
        "weight: must not be below 0.5",
    );
    let patch = MendBook {
        book_id: 1,
        note: Some(Some("too long")),
        pages: Some(Some(0)),
    };
    refused(
        &patch,
        "note: must not be longer than 5 characters; pages: must not be below 1",
    );
}

#[test]
fn limits_of_what_lists_and_maps_hold() {
    let labels = BTreeMap::from([("ko".to_owned(), "시".repeat(11))]);
    refused(
        &PutBook {
            labels: &labels,
            ..put()
        },
        "labels.ko: must not be longer than 10 characters",
    );
    let rooms = BTreeMap::from([("main".to_owned(), Room { floor: 4 })]);
    refused(
        &PutBook { rooms: &rooms, ..put() },
        "rooms.main.floor: must not be above 3",
    );
    let grid = [vec![1], vec![2, 10]];
    refused(&PutBook { grid: &grid, ..put() }, "grid[1][1]: must not be above 9");
}

#[test]
fn the_owned_form_has_the_same_limits() {
    let book = r#"{"type":"paper","title":"S","author":null,"labels":{"ko":"12345678901"},"grid":[[10]],"pages":0}"#;
    let book: Book = serde_json::from_str(book).unwrap();
    assert_eq!(
        book.validate().unwrap_err().to_string(),
        "title: must not be shorter than 2 characters; pages: must not be below 1; \
         labels.ko: must not be longer than 10 characters; grid[0][0]: must not be above 9"
    );
}

#[test]
fn limits_of_parameters() {
    let list = ListBooks {
        shelf: "poetry",
        cursor: None,
        page_size: 20,
        kind: None,
        request_id: None,
    };
    assert!(list.violations().is_ok());
    refused(&ListBooks { page_size: 101, ..list }, "pageSize: must not be above 100");
    refused(
        &ListBooks {
            cursor: Some(""),
            ..list
        },
        "cursor: must not be empty",
    );
    let header = "X-Request-Id: holds a character that no header can carry";
    refused(
        &ListBooks {
            request_id: Some("r\r\nx: y"),
            ..list
        },
        header,
    );
    refused(
        &ListBooks {
            request_id: Some("시"),
            ..list
        },
        header,
    );
    refused(
        &ListBooks {
            request_id: Some("12345678901234567"),
            ..list
        },
        "X-Request-Id: must not be longer than 16 characters",
    );
    for dots in ["", ".", ".."] {
        refused(
            &CloseShelf { shelf: dots },
            "shelf: must be more than dots, as it is part of a path",
        );
    }
}
