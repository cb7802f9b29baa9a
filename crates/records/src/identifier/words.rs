//! Cells that are words of a report or of a program: none is the name of a user, and some say that a value is missing.

/// What stands where a value is missing, in lower case, without blanks, `_`, `-` and brackets. In order.
///
/// Words that analytics services refuse as identifiers, what languages and databases print for nothing, and what Korean
/// shops and their systems write.
pub(crate) const MISSING: [&str; 32] = [
    "#n/a",
    "blank",
    "empty",
    "missing",
    "n.a",
    "n.a.",
    "n/a",
    "na",
    "nan",
    "nil",
    "none",
    "notapplicable",
    "notavailable",
    "notprovided",
    "notset",
    "null",
    "tba",
    "tbd",
    "undefined",
    "unknown",
    "void",
    "널",
    "모름",
    "미상",
    "미입력",
    "미정",
    "미확인",
    "알수없음",
    "없음",
    "정보없음",
    "해당없음",
    "확인불가",
];

/// What stands where a user has no identifier, beside [`MISSING`], in the same form. In order.
pub(crate) const NOBODY: [&str; 43] = [
    "anonymous",
    "customerid",
    "deleted",
    "distinctid",
    "dummy",
    "example",
    "externalid",
    "false",
    "guest",
    "id",
    "noid",
    "nologin",
    "nomember",
    "nonmember",
    "notauthenticated",
    "nullnull",
    "objectobject",
    "sample",
    "string",
    "temp",
    "test",
    "testid",
    "testuser",
    "true",
    "unidentified",
    "user",
    "userid",
    "게스트",
    "고객번호",
    "무명",
    "미가입",
    "미등록",
    "비회원",
    "비회원구매",
    "손님",
    "아이디",
    "익명",
    "임시",
    "탈퇴",
    "탈퇴회원",
    "테스트",
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
    word_in(&MISSING, id).or_else(|| word_in(&NOBODY, id))
}

/// Whether a text stands where a value is missing: a word such as `N/A` or `없음`, or a sign such as `-`.
#[must_use]
pub fn is_missing(text: &str) -> bool {
    // Most cells are told by their first byte.
    let first = text.as_bytes().first();
    let begins_word = |byte: &u8| BEGINS_WORD.get(usize::from(*byte)) == Some(&true);
    if first.is_none_or(|byte| byte.is_ascii_alphanumeric() && !begins_word(byte)) {
        return false;
    }
    SIGNS.iter().any(|sign| sign.eq_ignore_ascii_case(text)) || is_ruler(text) || word_in(&MISSING, text).is_some()
}

/// Whether an identifier is a word for a user who has none, such as `비회원` and `guest`, or for what is missing.
#[must_use]
pub fn is_nobody(id: &str) -> bool {
    !id.bytes().any(|byte| byte.is_ascii_digit()) && placeholder(id).is_some()
}

/// What a total of a report says, if a text is one: the text itself, such as `합계`, or `총`, with which a count begins.
#[must_use]
pub fn total_word(text: &str) -> Option<&str> {
    match text.strip_prefix("총") {
        Some(count) if is_count(text) => text.strip_suffix(count),
        _ => word_in(&TOTALS, text).map(|_| text),
    }
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
    let lists: [&[&str]; 3] = [&MISSING, &NOBODY, &TOTALS];
    let mut list = 0;
    while list < lists.len() {
        let mut place = 0;
        while place < lists[list].len() {
            let first = lists[list][place].as_bytes()[0];
            if first.is_ascii() {
                begins[first as usize] = true;
                begins[first.to_ascii_uppercase() as usize] = true;
            }
            place += 1;
        }
        list += 1;
    }
    begins
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_in_order_and_in_the_form_that_is_looked_up() {
        for list in [&MISSING[..], &NOBODY[..], &TOTALS[..]] {
            assert!(list.is_sorted());
            for word in list {
                assert_eq!(word_in(list, word), Some(*word));
            }
        }
    }

    #[test]
    fn a_word_says_that_a_value_or_a_user_is_missing_or_that_a_row_is_a_total() {
        for text in [
            "-",
            "--",
            "?",
            "N/A",
            "#N/A",
            "n.a.",
            "\\N",
            "NULL",
            "없음",
            "(없음)",
            "알 수 없음",
        ] {
            assert!(is_missing(text), "{text}");
        }
        for text in ["비회원", "비회원 구매", "Guest", "test"] {
            assert!(!is_missing(text) && is_nobody(text), "{text}");
        }
        for text in ["", "0", "000", "-1", "1-2", "N", "무", "없음표", "회원"] {
            assert!(!is_missing(text) && !is_nobody(text), "{text}");
        }
        for (text, word) in [
            ("합계", "합계"),
            ("합 계", "합 계"),
            ("Grand Total", "Grand Total"),
            ("총 1,234 건", "총"),
        ] {
            assert_eq!(total_word(text), Some(word));
        }
        for text in ["총무팀", "총", "합계표", "(3 rows)", ""] {
            assert_eq!(total_word(text), None, "{text}");
        }
    }
}
