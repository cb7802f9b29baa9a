//! What becomes of messages once their records have a fate.

use std::sync::Arc;

use dfinery_load::{Fate, Settled, SettledStream, Stop};
use futures_util::StreamExt as _;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    dead_letter::{DeadLetters, Letter},
    message::Value,
    receipt::KafkaStop,
    state::Shared,
};

/// Settles messages until the loader has none left.
pub(crate) async fn settle(
    shared: Arc<Shared>,
    settled: SettledStream,
    mut unreadable: UnboundedReceiver<u64>,
    dead_letters: DeadLetters,
) {
    /// The most to write to the dead letter at once.
    const CHUNK: usize = 256;
    let mut settled = settled.ready_chunks(CHUNK);
    let mut numbers = Vec::new();
    loop {
        let letters = tokio::select! {
            chunk = settled.next() => match chunk {
                Some(chunk) => chunk.into_iter().filter_map(|one| judge(&shared, one)).collect(),
                None => break,
            },
            // Once there are none left, only the loader is waited for.
            1.. = unreadable.recv_many(&mut numbers, CHUNK) => unread(&shared, &mut numbers),
        };
        bury(&shared, &dead_letters, letters).await;
    }
    // If the loader has ended of its own accord, the consumer has to end, too.
    shared.stop(match settled.get_ref().stopped() {
        Some(stop) if !matches!(*stop, Stop::Interrupted) => KafkaStop::Loader(stop),
        _ => KafkaStop::Undelivered(None),
    });
    while unreadable.recv_many(&mut numbers, CHUNK).await > 0 {
        let letters = unread(&shared, &mut numbers);
        bury(&shared, &dead_letters, letters).await;
    }
    shared.end();
}

/// Settles a message unless it goes into the dead letter first.
fn judge(shared: &Shared, settled: Settled) -> Option<(u64, Letter)> {
    let number = settled.position;
    let letter = match settled.fate {
        Fate::Rejected | Fate::Invalid => shared.message(number),
        Fate::Undelivered | Fate::Unknown => {
            shared.stop(KafkaStop::Undelivered(settled.error.clone()));
            None
        }
        Fate::Accepted => None,
    };
    let Some(message) = letter else {
        shared.settle(number, settled.fate, settled.possibly_twice);
        return None;
    };
    let letter = Letter {
        message,
        fate: settled.fate,
        code: settled.code(),
        reason: settled.reason().unwrap_or_default(),
        violations: settled.violations.unwrap_or_default(),
    };
    Some((number, letter))
}

fn unread(shared: &Shared, numbers: &mut Vec<u64>) -> Vec<(u64, Letter)> {
    let letters = numbers.drain(..).filter_map(|number| {
        let message = shared.message(number)?;
        let reason = match message.value {
            Value::Null => "it has no value: a tombstone",
            _ => "it is not UTF-8",
        };
        let letter = Letter {
            message,
            fate: Fate::Invalid,
            code: None,
            reason: reason.to_owned(),
            violations: dfinery::Violation::new("", reason).into(),
        };
        Some((number, letter))
    });
    letters.collect()
}

/// Writes messages to the dead letter; only then they are finished.
async fn bury(shared: &Shared, dead_letters: &DeadLetters, letters: Vec<(u64, Letter)>) {
    if letters.is_empty() {
        return;
    }
    let fates: Vec<_> = letters.iter().map(|(number, letter)| (*number, letter.fate)).collect();
    let written = dead_letters
        .write(letters.into_iter().map(|(_, letter)| letter).collect())
        .await;
    if let Err(problem) = &written {
        shared.stop(KafkaStop::DeadLetter(problem.clone()));
    }
    for (number, fate) in fates {
        shared.settle(number, if written.is_ok() { fate } else { Fate::Undelivered }, false);
    }
}
