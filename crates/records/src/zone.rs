//! Names of time zones that do not exist.

use crate::suggest::nearest;

/// What people write for a time zone that has another name.
const SHORT: [(&str, &str); 5] = [
    ("kst", "Asia/Seoul"),
    ("korea", "Asia/Seoul"),
    ("jst", "Asia/Tokyo"),
    ("pst", "America/Los_Angeles"),
    ("cst", "America/Chicago"),
];

/// What to say about a name that no time zone has.
#[must_use]
pub fn no_such_zone(name: &str) -> String {
    if name.contains(|c: char| c.is_ascii_digit()) {
        return "must be the name of a time zone such as Asia/Seoul, not an offset".to_owned();
    }
    let short = SHORT.iter().find(|(short, _)| short.eq_ignore_ascii_case(name));
    let names: Vec<_> = jiff::tz::db()
        .available()
        .map(|name| name.as_str().to_owned())
        .collect();
    let names = || names.iter().map(String::as_str);
    let city = |full: &&str| {
        full.rsplit('/')
            .next()
            .is_some_and(|city| city.eq_ignore_ascii_case(name))
    };
    let meant = short.map(|(_, full)| *full);
    match meant.or_else(|| names().find(city)).or_else(|| nearest(name, names())) {
        Some(meant) => format!("no such time zone; did you mean {meant}?"),
        None => "no such time zone; give a name such as Asia/Seoul".to_owned(),
    }
}
