//! Names that were probably meant, and names fit to show.

use std::borrow::Cow;

use strsim::osa_distance;

/// The most characters of a record's name to compare or show.
const LONGEST_NAME: usize = 64;

/// The known name closest to an unknown one, if it is close enough to be a typo.
///
/// ```
/// let names = ["event_name", "event_datetime"];
/// assert_eq!(dfinery_records::nearest("eventDateTime", names), Some("event_datetime"));
/// assert_eq!(dfinery_records::nearest("colour", names), None);
/// ```
pub fn nearest<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if unknown.len() > LONGEST_NAME {
        return None;
    }
    let unknown = squeezed(unknown);
    let allowed = (unknown.chars().count() / 4).clamp(1, 3);
    known
        .into_iter()
        .map(|name| (osa_distance(&unknown, &squeezed(name)), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A problem, with the name that was probably meant.
pub(crate) fn did_you_mean<'n>(problem: &str, unknown: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    match nearest(unknown, known) {
        Some(name) => format!("{problem}; did you mean {name}?"),
        None => problem.to_owned(),
    }
}

/// A name from a record as part of a path: short, and without characters that would change how the rest is shown.
pub(crate) fn shown(name: &str) -> Cow<'_, str> {
    let unclean = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if name.len() <= LONGEST_NAME && !name.contains(unclean) {
        return Cow::Borrowed(name);
    }
    let mut short: String = name
        .chars()
        .take(LONGEST_NAME)
        .map(|c| if unclean(c) { '\u{fffd}' } else { c })
        .collect();
    if short.len() < name.len() {
        short.push('…');
    }
    Cow::Owned(short)
}

/// Most typos are in case, underscores, hyphens and blanks: `eventDatetime` is `event_datetime`.
fn squeezed(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_and_another_word_does_not() {
        let names = ["event_name", "event_datetime", "df_price", "df_item_id"];
        for (slip, meant) in [
            ("event_date_time", Some("event_datetime")),
            ("eventDatetime", Some("event_datetime")),
            ("dfPrice", Some("df_price")),
            ("df_prcie", Some("df_price")),
            ("df_price2", Some("df_price")),
            ("colour", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(slip, names), meant, "{slip}");
        }
        assert_eq!(nearest(&"event_name".repeat(1_000), names), None);
    }

    #[test]
    fn a_name_is_shown_short_and_on_one_line() {
        assert_eq!(shown("가격"), "가격");
        assert_eq!(shown("a\u{1b}[31m\nb"), "a\u{fffd}[31m\u{fffd}b");
        assert_eq!(shown(&"가".repeat(100)).chars().count(), LONGEST_NAME + 1);
    }
}
