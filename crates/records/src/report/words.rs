//! Numbers as people read them.

pub(super) fn records(count: u64) -> String {
    format!("{} {}", thousands(count), if count == 1 { "record" } else { "records" })
}

/// `1234567` as `1,234,567`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
