//! What becomes of messages once their records have a fate.

use std::sync::Arc;

use dfinery::Violation;
use dfinery_load::{Fate, Settled, SettledStream, Stop};
use futures_util::StreamExt as _;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    dead_letter::{DeadLetters, Letter},
    receipt::KafkaStop,
    state::Shared,
    verdict::Verdict,
};

/// Settles messages until the loader has none left.
pub(crate) async fn settle(
    shared: Arc<Shared>,
    settled: SettledStream,
    mut unusable: UnboundedReceiver<(u64, Violation)>,
    dead_letters: DeadLetters,
) {
    /// The most to write to the dead letter at once.
    const CHUNK: usize = 256;
    let mut settled = settled.ready_chunks(CHUNK);
    let mut bad = Vec::new();
    loop {
        let letters = tokio::select! {
            chunk = settled.next() => match chunk {
                Some(chunk) => chunk.into_iter().filter_map(|one| judge(&shared, one)).collect(),
                None => break,
            },
            // Once there are none left, only the loader is waited for.
            1.. = unusable.recv_many(&mut bad, CHUNK) => unread(&shared, &mut bad),
        };
        bury(&shared, &dead_letters, letters).await;
    }
    // If the loader has ended of its own accord, the consumer has to end, too.
    shared.stop(match settled.get_ref().stopped() {
        Some(stop) if !matches!(*stop, Stop::Interrupted) => KafkaStop::Loader(stop),
        _ => KafkaStop::Undelivered(None),
    });
    while unusable.recv_many(&mut bad, CHUNK).await > 0 {
        let letters = unread(&shared, &mut bad);
        bury(&shared, &dead_letters, letters).await;
    }
    shared.end();
}

/// Settles a message once all of its records are, unless it goes into the dead letter first.
fn judge(shared: &Shared, settled: Settled) -> Option<Letter> {
    let (position, error) = (settled.position, settled.error.clone());
    let verdict = Verdict::of(settled);
    let is_withdrawn = verdict.fate == Fate::Undelivered && shared.is_withdrawn(position);
    if matches!(verdict.fate, Fate::Undelivered | Fate::Unknown) && !is_withdrawn {
        shared.stop(KafkaStop::Undelivered(error));
    }
    shared.settle_record(position, verdict)
}

fn unread(shared: &Shared, bad: &mut Vec<(u64, Violation)>) -> Vec<Letter> {
    bad.drain(..)
        .filter_map(|(number, violation)| shared.settle_record(number, Verdict::invalid(violation)))
        .collect()
}

/// Writes messages to the dead letter; only then they are finished.
async fn bury(shared: &Shared, dead_letters: &DeadLetters, letters: Vec<Letter>) {
    if letters.is_empty() {
        return;
    }
    let numbers: Vec<_> = letters
        .iter()
        .map(|letter| (letter.number, letter.verdict.fate, letter.verdict.possibly_twice))
        .collect();
    let written = dead_letters.write(letters).await;
    if let Err(problem) = &written {
        shared.stop(KafkaStop::DeadLetter(problem.clone()));
    }
    for (number, fate, possibly_twice) in numbers {
        let fate = if written.is_ok() { fate } else { Fate::Undelivered };
        shared.settle(number, fate, possibly_twice);
    }
}
