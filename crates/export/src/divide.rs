//! A day that is too large for one answer, asked for in parts by the names of its events.
//!
//! The parts are groups of known names, each asked for with `include`, and the rest, asked for with `exclude` of all known
//! names: together they are the whole day, whatever names it has. A group that is too large is halved. If the rest is too
//! large, the names that can be seen in what had arrived of it become a group of their own. One part that cannot be had
//! makes the whole day a hole.

use std::{
    collections::{BTreeSet, VecDeque},
    path::Path,
};

use dfinery::EventQuery;

use crate::{
    fetch::{Failed, Fetcher, Query, QueryFailed},
    filter::NameFilter,
    spool::Raw,
};

/// Asks for a day as a whole and, if that is too large, in parts. `whole` makes the query of a filter.
pub(crate) async fn fetch_day(
    fetcher: &Fetcher,
    filter: &NameFilter,
    known: &BTreeSet<String>,
    whole: impl Fn(&NameFilter) -> EventQuery,
    attempts: &mut u64,
) -> Result<Vec<Raw>, Failed> {
    let failed = match fetcher.fetch(&Query::Events(whole(filter)), attempts).await {
        Ok(raw) => return Ok(vec![raw]),
        Err(Failed::Query(failed)) if failed.divisible => failed,
        Err(failed) => return Err(failed),
    };
    let mut names: BTreeSet<String> = known.iter().filter(|name| filter.allows(name)).cloned().collect();
    names.extend(seen(&failed).into_iter().filter(|name| filter.allows(name)));
    if let NameFilter::Only(only) = filter {
        names.extend(only.iter().cloned());
    }
    let mut parts = Vec::new();
    let mut groups = VecDeque::from(halves(names.iter().cloned().collect()));
    if groups.is_empty() {
        return Err(too_large("the day", *failed));
    }
    while let Some(group) = groups.pop_front() {
        match fetcher
            .fetch(&Query::Events(whole(&NameFilter::Only(group.clone()))), attempts)
            .await
        {
            Ok(raw) => parts.push(raw),
            Err(Failed::Query(failed)) if failed.divisible => match &group[..] {
                [name] => return Err(too_large(&format!("what {name} alone has on the day"), *failed)),
                _ => groups.extend(halves(group)),
            },
            Err(failed) => return Err(failed),
        }
        // The rest comes last: until then its names may have become known.
        while groups.is_empty() {
            let Some(rest) = filter.rest(&names) else {
                return Ok(parts);
            };
            match fetcher.fetch(&Query::Events(whole(&rest)), attempts).await {
                Ok(raw) => {
                    parts.push(raw);
                    return Ok(parts);
                }
                Err(Failed::Query(failed)) if failed.divisible => {
                    let new: Vec<_> = seen(&failed).into_iter().filter(|name| rest.allows(name)).collect();
                    if new.is_empty() {
                        return Err(too_large("what the day has besides the known events", *failed));
                    }
                    names.extend(new.iter().cloned());
                    groups.push_back(new);
                }
                Err(failed) => return Err(failed),
            }
        }
    }
    Ok(parts)
}

fn too_large(what: &str, failed: QueryFailed) -> Failed {
    Failed::Query(Box::new(QueryFailed {
        about: format!("{what} cannot be divided further: "),
        ..failed
    }))
}

/// Both halves of a group; one name alone is its own.
fn halves(mut group: Vec<String>) -> Vec<Vec<String>> {
    let second = group.split_off(group.len().div_ceil(2));
    [group, second].into_iter().filter(|half| !half.is_empty()).collect()
}

/// The names of events in what had arrived of an answer.
fn seen(failed: &QueryFailed) -> BTreeSet<String> {
    failed.partial.as_deref().and_then(names_in).unwrap_or_default()
}

fn names_in(path: &Path) -> Option<BTreeSet<String>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).ok()?;
    let header = reader.headers().ok()?.clone();
    let place = header.iter().position(|name| name == "event_name")?;
    let mut names = BTreeSet::new();
    let mut last: Option<csv::StringRecord> = None;
    for record in reader.into_records() {
        let Ok(record) = record else { break };
        // The last record may be cut in the middle of a name.
        if let Some(whole) = last.replace(record)
            && whole.len() == header.len()
            && let Some(name) = whole.get(place).filter(|name| !name.is_empty())
        {
            names.insert(name.to_owned());
        }
    }
    Some(names)
}
