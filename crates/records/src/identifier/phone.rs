//! Phone numbers of Korea that probably get no message.

use crate::warning::WarningKind;

/// What is implausible about a phone number of the documented form.
pub(crate) fn oddities(number: &str) -> impl Iterator<Item = (WarningKind, &'static str)> {
    let korean = number.strip_prefix("82");
    // The vendor's pages contradict each other: the rule leaves the zero out, one example has it.
    let without_zero = korean.and_then(|number| number.strip_prefix('0'));
    let zero = without_zero.map(|_| {
        let problem = "has a zero behind the country code, which is left out as a rule: 8210, not 82010";
        (WarningKind::CountryCodeZero, problem)
    });
    let kind = without_zero.or(korean).and_then(of_korea);
    zero.into_iter().chain(kind)
}

/// The same for what follows the country code and the zero.
fn of_korea(number: &str) -> Option<(WarningKind, &'static str)> {
    let length = number.len();
    match number.as_bytes() {
        [b'1', b'5' | b'6' | b'8', ..] if length == 8 => Some((
            WarningKind::Landline,
            "is the number of a company (15xx, 16xx, 18xx), which gets no messages",
        )),
        [b'1', b'0', digits @ ..] if length == 10 => digits.iter().all(|digit| *digit == b'0').then_some((
            WarningKind::PlaceholderId,
            "looks like a placeholder for a missing value: a number of zeros",
        )),
        [b'1', b'0', ..] => Some((
            WarningKind::MobileLength,
            "is a mobile number with too few or too many digits: 8210 and eight more",
        )),
        // The old prefixes had seven or eight digits.
        [b'1', b'1' | b'6'..=b'9', ..] if !matches!(length, 9 | 10) => Some((
            WarningKind::MobileLength,
            "is a mobile number with too few or too many digits: 8211, 8216 to 8219 and seven or eight more",
        )),
        [b'2', ..] | [b'3' | b'4' | b'6', b'1'..=b'4', ..] | [b'5', b'1'..=b'5', ..] => Some((
            WarningKind::Landline,
            "is the number of a landline, which gets no messages",
        )),
        [b'7', b'0', ..] => Some((
            WarningKind::Landline,
            "is a number of internet telephony (070), which gets no messages as a rule",
        )),
        [b'5' | b'8', b'0', ..] => Some((
            WarningKind::Landline,
            "is a virtual number or one of a company (050x, 080), which is not the phone of a user",
        )),
        _ => None,
    }
}
