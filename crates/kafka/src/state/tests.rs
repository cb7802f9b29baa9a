use super::*;
use crate::{message::Value, share::tests::client};

fn shared() -> Shared {
    let shared = Shared::new(Share::new(&client()), 1, "events", "dfinery", Duration::MAX);
    assign(&shared);
    shared
}

fn assign(shared: &Shared) {
    shared.assigned([(0, Offsets::default())], &HashMap::new(), None);
}

/// Whether a message goes into the loader.
fn take(shared: &Shared, offset: u64) -> bool {
    let message = Arc::new(Message {
        partition: 0,
        offset,
        id: Uuid::from_u128(offset.into()),
        key: None,
        value: Value::Text("{}".into()),
        timestamp: None,
        headers: None,
    });
    let records = message.records(None).unwrap();
    matches!(shared.take(message, Some(&records)), Next::Load)
}

/// What is committed once both messages in flight are accepted, and how many were late.
fn settled(shared: &Shared) -> (Option<u64>, u64) {
    for number in [0, 1] {
        shared.settle(number, Fate::Accepted, false);
    }
    let commit = shared.to_commit(None).pop();
    (commit.map(|commit| commit.watermark), shared.receipt().late)
}

#[test]
fn a_message_still_in_the_loader_when_its_partition_comes_back_is_not_loaded_twice() {
    let shared = shared();
    assert!(take(&shared, 0) && take(&shared, 1));
    for _ in 0..2 {
        shared.revoked(&[0]);
        assign(&shared);
        assert!(!take(&shared, 0));
    }
    // It was not read again, so it is for the next owner to send.
    assert_eq!(settled(&shared), (Some(1), 1));
    assert!(take(&shared, 1));
}

#[test]
fn a_message_still_in_the_loader_when_its_partition_goes_back_is_not_loaded_twice() {
    let shared = shared();
    assert!(take(&shared, 0) && take(&shared, 1));
    assert!(!take(&shared, 0) && !take(&shared, 1));
    assert_eq!(settled(&shared), (Some(2), 0));
}
