//! What is done in a store, with one in memory; and what is said about failures.

use std::io::{Read as _, Seek as _, SeekFrom};

use crate::{Object, ObjectReader, Place, StoreError};

/// A place in an empty store.
fn place(name: &str) -> Place {
    Place::parse(&format!("memory://{name}/a")).unwrap()
}

fn reader(place: &Place) -> ObjectReader {
    ObjectReader::new(Object::open(place).unwrap())
}

#[test]
fn an_object_of_many_ranges_is_read_as_it_is() {
    let place = place("ranges");
    let bytes: Vec<u8> = (0_u32..5_000_000).flat_map(u32::to_le_bytes).collect();
    place.upload(&*bytes).unwrap();
    let mut read = Vec::new();
    reader(&place).read_to_end(&mut read).unwrap();
    assert!(read == bytes);

    let mut from = reader(&place);
    for position in [19_000_000, 3, 4, 262_143, 8_650_752] {
        let mut four = [0; 4];
        from.seek(SeekFrom::Start(position)).unwrap();
        from.read_exact(&mut four).unwrap();
        let at = usize::try_from(position).unwrap();
        assert_eq!(four, bytes[at..at + 4]);
    }
    assert_eq!(from.seek(SeekFrom::End(0)).unwrap(), bytes.len() as u64);
    assert_eq!(from.read(&mut [0]).unwrap(), 0);
}

#[test]
fn an_object_that_changes_while_it_is_read_fails() {
    let place = place("changes");
    place.write(vec![1; 1_000_000]).unwrap();
    let object = Object::open(&place).unwrap();
    object.check().unwrap();
    let mut first = reader(&place);
    first.read_exact(&mut [0; 10]).unwrap();
    place.write(vec![2; 1_000_000]).unwrap();

    let error = first.read_to_end(&mut Vec::new()).unwrap_err();
    let error: StoreError = error.downcast().unwrap();
    assert!(
        error.is_conflict() && error.to_string().contains("was changed while"),
        "{error}"
    );
    assert!(object.range(0..10).unwrap_err().is_conflict());
    assert!(object.check().unwrap_err().is_conflict());

    place.remove().unwrap();
    let error = object.range(0..10).unwrap_err();
    assert!(
        error.is_conflict() && error.to_string().contains("was removed while"),
        "{error}"
    );
    assert!(object.check().unwrap_err().is_conflict());
    assert!(Object::open(&place).unwrap_err().is_not_found());
}

#[test]
fn a_list_has_what_is_below_in_order_and_a_bound() {
    let place = place("list");
    for key in ["b", "a/2", "a/1/x"] {
        place.join(key).write("x").unwrap();
    }
    Place::parse("memory://list/ab").unwrap().write("not below a").unwrap();
    let below = |place: &Place| {
        place
            .list(3)
            .map(|found| found.iter().map(|o| o.place.below(place).unwrap()).collect::<Vec<_>>())
    };
    assert_eq!(below(&place).unwrap(), ["a/1/x", "a/2", "b"]);
    assert_eq!(below(&place.join("nothing")).unwrap(), [""; 0]);
    let error = place.list(2).unwrap_err().to_string();
    assert!(error.contains("more than 2 objects"), "{error}");
    assert_eq!(place.object().unwrap().map(|object| object.size), None);
}

#[test]
fn a_conditional_write_never_replaces_what_others_wrote() {
    let place = place("conditional");
    let first = place.create("1").unwrap();
    assert!(place.create("2").unwrap_err().is_conflict());
    let second = place.replace("3", &first).unwrap();
    assert!(place.replace("4", &first).unwrap_err().is_conflict());
    let (bytes, version) = place.read(10).unwrap().unwrap();
    assert_eq!((&*bytes, version), (&b"3"[..], second));
    let error = place.write("too long for it").and_then(|_| place.read(10)).unwrap_err();
    assert!(error.to_string().contains("at most 10"), "{error}");
}

#[test]
fn a_url_without_a_place_is_refused_without_its_secrets() {
    for (url, problem) in [
        ("s3://", "names no bucket"),
        ("ftp://bucket/key", "no URL of an object store"),
        ("s3://bucket/key?X-Amz-Signature=secret", "has a query"),
        ("s3://bucket?sig=secret", "has a query"),
        ("s3://key:secret@bucket/key", "has a user"),
        ("ftp://key:secret@host/key", "no URL of an object store"),
        ("s3://bucket/a/../key", "a/../key"),
    ] {
        let error = Place::parse(url).unwrap_err();
        assert!(Place::check(url).is_err());
        assert!(error.is_malformed() && error.to_string().contains(problem), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(
        Place::is_url("abfss://c@account.dfs.core.windows.net/a") && !Place::is_url("s3:/a") && !Place::is_url("a.csv")
    );
    assert_eq!(
        Place::parse("memory://names/a/b/").unwrap().to_string(),
        "memory://names/a/b"
    );
}

/// An error as the library makes it of an answer.
fn said(text: &str) -> StoreError {
    let error = object_store::Error::Generic {
        store: "S3",
        source: text.into(),
    };
    StoreError::new("s3://bucket/key", &error)
}

#[test]
fn a_refusal_differs_from_a_failure() {
    let expired = said("status code: 400: <Error><Code>ExpiredToken</Code><Message>It has expired.</Message></Error>");
    assert!(expired.is_denied() && !expired.is_transient());
    assert_eq!(
        expired.to_string(),
        "s3://bucket/key: the object store refuses the credentials, or access with them: ExpiredToken: It has expired."
    );
    let unset = said("Error performing PUT http://169.254.169.254/latest/api/token: status code: 503");
    assert!(
        unset.is_denied() && unset.to_string().contains("the environment does not say"),
        "{unset}"
    );
    assert!(said("Server returned non-2xx status code: 503 Service Unavailable: ").is_transient());
    assert!(said("Server returned non-2xx status code: 429 Too Many Requests: ").is_transient());
    let other = said("Server returned non-2xx status code: 400 Bad Request: ");
    assert!(!other.is_transient() && !other.is_denied());
    let long = said(&format!("GET http://host/a?sig=secret {}", "한".repeat(1_000))).to_string();
    assert!(!long.contains("secret") && long.chars().count() < 400, "{long}");
}
