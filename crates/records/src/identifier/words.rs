//! Identifiers that are words of a report or of a program, not names of users.

/// What stands where an identifier is missing, in lower case, without blanks, `_`, `-` and brackets. In order.
///
/// Words that analytics services refuse as identifiers, what languages and databases print for nothing, and what Korean
/// shops and their systems write.
pub(crate) const PLACEHOLDERS: [&str; 72] = [
    "anonymous",
    "blank",
    "customerid",
    "deleted",
    "distinctid",
    "dummy",
    "empty",
    "example",
    "externalid",
    "false",
    "guest",
    "id",
    "missing",
    "n.a",
    "n.a.",
    "n/a",
    "na",
    "nan",
    "nil",
    "noid",
    "nologin",
    "nomember",
    "none",
    "nonmember",
    "notapplicable",
    "notauthenticated",
    "notavailable",
    "notprovided",
    "notset",
    "null",
    "nullnull",
    "objectobject",
    "sample",
    "string",
    "tba",
    "tbd",
    "temp",
    "test",
    "testid",
    "testuser",
    "true",
    "undefined",
    "unidentified",
    "unknown",
    "user",
    "userid",
    "void",
    "게스트",
    "고객번호",
    "널",
    "무명",
    "미가입",
    "미등록",
    "미상",
    "미입력",
    "미정",
    "미확인",
    "비회원",
    "손님",
    "아이디",
    "알수없음",
    "없음",
    "익명",
    "임시",
    "정보없음",
    "탈퇴",
    "탈퇴회원",
    "테스트",
    "해당없음",
    "확인불가",
    "회원번호",
    "회원아이디",
];

/// What the rows of a report that are no data are called, in the same form. In order.
pub(crate) const TOTALS: [&str; 20] = [
    "average",
    "grandtotal",
    "subtotal",
    "sum",
    "summary",
    "total",
    "totalcount",
    "totals",
    "계",
    "누계",
    "부분합",
    "소계",
    "월계",
    "전체합계",
    "중간합계",
    "총계",
    "총합",
    "총합계",
    "평균",
    "합계",
];

/// Signs that mean nothing by themselves.
pub(crate) const SIGNS: [&str; 8] = ["-", ".", "?", "??", "\\n", "/", "_", "–"];

/// No word is longer, in bytes.
const LONGEST: usize = 24;

/// The placeholder that an identifier is.
pub(crate) fn placeholder(id: &str) -> Option<&'static str> {
    if let Some(sign) = SIGNS.into_iter().find(|sign| sign.eq_ignore_ascii_case(id)) {
        return Some(if sign == "\\n" { "\\N" } else { sign });
    }
    if !id.is_empty() && id.bytes().any(|byte| byte == b'0') && id.bytes().all(|byte| matches!(byte, b'0' | b'-')) {
        return Some("0");
    }
    if id == "-1" {
        return Some("-1");
    }
    word_in(&PLACEHOLDERS, id)
}

/// Whether an identifier is a row of a report: a sum, a ruler, a note, a count.
pub(crate) fn is_of_report(id: &str) -> bool {
    is_ruler(id) || is_count(id) || id.starts_with(['※', '*']) || word_in(&TOTALS, id).is_some()
}

/// A line drawn with signs.
fn is_ruler(id: &str) -> bool {
    let is_line = |c| {
        matches!(
            c,
            '-' | '=' | '_' | '+' | '|' | '~' | '.' | '·' | ' ' | '–' | '—' | '─' | '━' | '═' | '…'
        )
    };
    id.chars().nth(1).is_some() && id.chars().all(is_line)
}

/// The count with which a database client ends what it prints: `(3 rows)`, `3 rows selected.`, `총 3건`.
fn is_count(id: &str) -> bool {
    let id = id.strip_prefix('(').unwrap_or(id);
    if let Some(rest) = id.strip_prefix("총") {
        let rest = rest.trim_start();
        let unit = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
        return unit.len() < rest.len() && matches!(unit.trim_start(), "건" | "명" | "행" | "개");
    }
    let rest = id.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < id.len() && (rest.starts_with(" row") || rest.starts_with(" Row"))
}

fn word_in(words: &[&'static str], id: &str) -> Option<&'static str> {
    let mut bytes = [0; LONGEST];
    let mut length = 0;
    let brackets = ['(', ')', '<', '>', '[', ']', '{', '}', ':', '：'];
    for byte in id.trim_matches(brackets).bytes() {
        if matches!(byte, b' ' | b'_' | b'-') {
            continue;
        }
        *bytes.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    let plain = std::str::from_utf8(bytes.get(..length)?).ok()?;
    let place = words.binary_search(&plain).ok()?;
    words.get(place).copied()
}

/// For each ASCII character, whether a word begins with it, in either case.
pub(crate) const BEGINS_WORD: [bool; 128] = {
    let mut begins = [false; 128];
    let mut place = 0;
    while place < PLACEHOLDERS.len() + TOTALS.len() {
        let word = if place < PLACEHOLDERS.len() {
            PLACEHOLDERS[place]
        } else {
            TOTALS[place - PLACEHOLDERS.len()]
        };
        let first = word.as_bytes()[0];
        if first.is_ascii() {
            begins[first as usize] = true;
            begins[first.to_ascii_uppercase() as usize] = true;
        }
        place += 1;
    }
    begins
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_in_order_and_in_the_form_that_is_looked_up() {
        for list in [&PLACEHOLDERS[..], &TOTALS[..]] {
            assert!(list.is_sorted());
            for word in list {
                assert_eq!(word_in(list, word), Some(*word));
            }
        }
    }
}
