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
    blocking::blocking,
    convert::Records,
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
    let mut failed = match fetcher.fetch(&Query::Events(whole(filter)), attempts).await {
        Ok(raw) => return Ok(vec![raw]),
        Err(Failed::Query(failed)) if failed.divisible => failed,
        Err(failed) => return Err(failed),
    };
    let mut names: BTreeSet<String> = known.iter().filter(|name| filter.allows(name)).cloned().collect();
    names.extend(seen(&mut failed).await?.into_iter().filter(|name| filter.allows(name)));
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
                Err(Failed::Query(mut failed)) if failed.divisible => {
                    let new: Vec<_> = seen(&mut failed)
                        .await?
                        .into_iter()
                        .filter(|name| rest.allows(name))
                        .collect();
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
async fn seen(failed: &mut QueryFailed) -> Result<BTreeSet<String>, Failed> {
    let Some(partial) = failed.partial.take() else {
        return Ok(BTreeSet::new());
    };
    blocking(move || Ok(names_in(partial.path())))
        .await
        .map_err(Failed::Disk)
}

/// Returns what it has so far where the file is no longer a table: what had arrived was cut somewhere.
fn names_in(path: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let Ok(mut records) = Records::open(path) else {
        return names;
    };
    let Ok(Some(header)) = records.next() else {
        return names;
    };
    let columns = header.len();
    let Some(place) = header.iter().position(|name| name == b"event_name") else {
        return names;
    };
    let mut last = None;
    while let Ok(Some(record)) = records.next() {
        let name = record.get(place).filter(|_| record.len() == columns);
        let name = name.and_then(|name| std::str::from_utf8(name).ok());
        // The last record may be cut in the middle of a name.
        let whole = std::mem::replace(&mut last, name.map(str::to_owned));
        names.extend(whole.filter(|name| !name.is_empty()));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_seen_up_to_where_an_answer_is_no_longer_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let partial = folder.path().join("0.raw");
        let open = "x".repeat(65 << 20);
        for (content, expected) in [
            ("n,event_name\n1,a\n2,b\n3\n4,\n5,c".to_owned(), &["a", "b"][..]),
            (format!("n,event_name\n1,a\n2,b\n\"{open}\",c\n4,d\n5,e\n"), &["a"]),
            ("n\n1\n".to_owned(), &[]),
            (String::new(), &[]),
        ] {
            std::fs::write(&partial, content).unwrap();
            let names = names_in(&partial);
            assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        }
        assert!(names_in(&folder.path().join("none")).is_empty());
    }
}
