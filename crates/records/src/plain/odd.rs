//! The rules about implausible values, written again without regard for speed. Only the lists of words are shared.

use crate::{
    WarningKind,
    identifier::words::{MISSING, NOBODY, SIGNS, TOTALS},
};

/// The warnings that these rules know. The others follow from the tables of the vendor.
pub(crate) const KNOWN: [WarningKind; 11] = [
    WarningKind::PlaceholderId,
    WarningKind::TotalRow,
    WarningKind::SpreadsheetMark,
    WarningKind::SpacedId,
    WarningKind::InvisibleCharacter,
    WarningKind::RoundedId,
    WarningKind::FloatId,
    WarningKind::NegativeQuantity,
    WarningKind::Landline,
    WarningKind::MobileLength,
    WarningKind::CountryCodeZero,
];

const INVISIBLE: [(u32, u32); 21] = [
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x61c, 0x61c),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x202a, 0x202e),
    (0x2060, 0x206f),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff9, 0xfffb),
    (0x1d173, 0x1d17a),
    (0xe0000, 0xe00ff),
    (0xe0100, 0xe01ff),
    (0xe0200, 0xe03ff),
    (0xe0400, 0xe07ff),
    (0xe0800, 0xe0fff),
];

fn is_invisible(c: char) -> bool {
    INVISIBLE
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&u32::from(c)))
}

/// Whether no field takes an identifier.
pub(crate) fn is_bad(id: &str) -> bool {
    let control = |c: char| matches!(u32::from(c), 0..0x20 | 0x7f..0xa0 | 0x2028 | 0x2029);
    id.chars().any(control) || id.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

type Rule = (WarningKind, fn(&str) -> bool);

/// What is implausible about an identifier of a field.
pub(crate) fn oddities(field: &str, id: &str) -> Vec<WarningKind> {
    if field == "phone_no" {
        return of_phone(id);
    }
    let mut kinds = Vec::new();
    if id.trim() != id {
        kinds.push(WarningKind::SpacedId);
    }
    if id
        .trim()
        .chars()
        .any(|c| is_invisible(c) || (c != ' ' && c.is_whitespace()))
    {
        kinds.push(WarningKind::InvisibleCharacter);
    }
    let core = id.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
    let rules: [Rule; 5] = [
        (WarningKind::SpreadsheetMark, is_marked),
        (WarningKind::TotalRow, is_of_report),
        (WarningKind::PlaceholderId, is_placeholder),
        (WarningKind::RoundedId, is_rounded),
        (WarningKind::FloatId, |id| {
            let whole = id.strip_prefix('-').unwrap_or(id).strip_suffix(".0");
            whole.is_some_and(|whole| whole.parse::<u128>().is_ok() && !whole.starts_with('+'))
        }),
    ];
    let rules = if field == "email" { &rules[..1] } else { &rules[..] };
    kinds.extend(rules.iter().find(|(_, applies)| applies(core)).map(|(kind, _)| *kind));
    kinds
}

fn is_marked(id: &str) -> bool {
    let errors = "#N/A #REF! #VALUE! #NAME? #DIV/0! #NUM! #NULL! #SPILL! #CALC! #ERROR!";
    errors.split(' ').any(|error| error == id.to_ascii_uppercase())
        || (id.len() >= 2 && id.replace('#', "").is_empty())
        || (id.len() >= 2 && id.starts_with('=') && !id.starts_with("=="))
        || ["'", "\"", "’", "‘"].iter().any(|mark| id.starts_with(mark))
}

fn squeezed(id: &str) -> String {
    id.trim_matches(|c| "()<>[]{}:：".contains(c))
        .to_ascii_lowercase()
        .replace([' ', '_', '-'], "")
}

fn is_of_report(id: &str) -> bool {
    let ruler = id.chars().count() >= 2 && id.chars().all(|c| "-=_+|~.· –—─━═…".contains(c));
    let counted = |before: &str, after: &[&str], whole: bool| {
        let rest = id.strip_prefix('(').unwrap_or(id).strip_prefix(before);
        let rest = rest.map(str::trim_start).filter(|_| !before.is_empty()).or(rest);
        rest.is_some_and(|rest| {
            let end = rest
                .find(|c: char| !(c.is_ascii_digit() || (whole && c == ',')))
                .unwrap_or(rest.len());
            let unit = &rest[end..];
            end > 0
                && after
                    .iter()
                    .any(|word| unit.trim_start() == *word || (!whole && unit.starts_with(word)))
        })
    };
    ruler
        || TOTALS.contains(&squeezed(id).as_str())
        || id.starts_with('※')
        || id.starts_with('*')
        || counted("", &[" row", " Row"], false)
        || counted("총", &["건", "명", "행", "개"], true)
}

fn is_placeholder(id: &str) -> bool {
    let zeros = id.replace('-', "");
    id == "-1"
        || (!zeros.is_empty() && zeros.chars().all(|c| c == '0'))
        || SIGNS.contains(&id.to_ascii_lowercase().as_str())
        || MISSING.contains(&squeezed(id).as_str())
        || NOBODY.contains(&squeezed(id).as_str())
}

fn is_rounded(id: &str) -> bool {
    if id.len() > 15 && id.chars().all(|c| c.is_ascii_digit()) {
        return id.ends_with("000000");
    }
    let id = id.strip_prefix('-').unwrap_or(id);
    let mut parts = id.splitn(2, ['e', 'E']);
    let (Some(mantissa), Some(exponent)) = (parts.next(), parts.next()) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let chars: Vec<char> = mantissa.chars().collect();
    let form = match chars[..] {
        [digit] | [digit, '.'] => digit.is_ascii_digit(),
        [digit, '.', ..] => digit.is_ascii_digit() && digits(&mantissa[2..]),
        _ => false,
    };
    match exponent.strip_prefix('+') {
        Some(power) => form && digits(power),
        None => form && chars.len() > 2 && digits(exponent),
    }
}

fn of_phone(number: &str) -> Vec<WarningKind> {
    let Some(number) = number.strip_prefix("82") else {
        return Vec::new();
    };
    let mut kinds = Vec::new();
    if number.starts_with('0') {
        kinds.push(WarningKind::CountryCodeZero);
    }
    let number = number.strip_prefix('0').unwrap_or(number);
    let begins = |prefixes: &str| prefixes.split(' ').any(|prefix| number.starts_with(prefix));
    if begins("15 16 18") && number.len() == 8 {
        kinds.push(WarningKind::Landline);
    } else if number == "1000000000" {
        kinds.push(WarningKind::PlaceholderId);
    } else if (begins("10") && number.len() != 10) || (begins("11 16 17 18 19") && ![9, 10].contains(&number.len())) {
        kinds.push(WarningKind::MobileLength);
    } else if begins("2 31 32 33 34 41 42 43 44 50 51 52 53 54 55 61 62 63 64 70 80") {
        kinds.push(WarningKind::Landline);
    }
    kinds
}
