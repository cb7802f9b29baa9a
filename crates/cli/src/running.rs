//! Runs a load: shows its progress, and ends it in order on a signal.

use std::{process, sync::Arc};

use dfinery::tables::RateLimit;
use dfinery_load::{FileLoad, Loaded, Loader, Progress, Stopper};

use crate::{
    progress::{Reporter, Voice, Work},
    settings::Settings,
    signals::{INTERRUPTED, Signals},
};

/// Loads, and returns the receipt.
pub async fn run(
    settings: &Settings,
    loader: Loader,
    load: FileLoad,
    quota: Option<RateLimit>,
) -> anyhow::Result<Loaded> {
    let reporter = Reporter::start(settings, loader.progress(), Work::Send(quota));
    let listening = tokio::spawn(listen(
        loader.stopper(),
        loader.progress(),
        reporter.voice(),
        load.keeps_journal(),
    ));
    let ended = loader.load_files(load).await;
    listening.abort();
    reporter.finish().await;
    Ok(ended?)
}

/// The first signal ends the load in order, the second one at once: a journal knows what may have been sent.
async fn listen(stopper: Stopper, progress: Arc<Progress>, voice: Voice, has_journal: bool) {
    let Ok(mut signals) = Signals::new() else { return };
    signals.next().await;
    stopper.stop();
    voice.say(&match progress.snapshot().under_way {
        0 => "stopping; press again to stop at once".to_owned(),
        1 => "finishing 1 call under way; press again to stop at once".to_owned(),
        calls => format!("finishing {calls} calls under way; press again to stop at once"),
    });
    signals.next().await;
    voice.say(if has_journal {
        "stopped at once: the same command goes on from here, and says what may arrive twice"
    } else {
        "stopped at once: there is no journal, so the same command sends all of it again"
    });
    process::exit(INTERRUPTED.into());
}
