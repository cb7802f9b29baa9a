//! Identifiers that are numbers, and what programs do to numbers.

/// How many digits a spreadsheet keeps.
const KEPT: usize = 15;
/// Fewer zeros at the end of a long number may be chance.
const ZEROS: usize = 6;

/// Whether a number was rounded for certain: it has an exponent, or too many zeros behind too many digits.
pub(crate) fn is_rounded(id: &str) -> bool {
    is_scientific(id) || (id.len() > KEPT && is_digits(id) && zeros(id) >= ZEROS)
}

/// Whether a number may be one that a spreadsheet rounded: more than 15 digits, and zeros behind them. `None` if it has
/// no more, or was rounded for certain.
pub(crate) fn may_be_rounded(id: &str) -> Option<bool> {
    let is_long = id.len() > KEPT && is_digits(id) && zeros(id) < ZEROS;
    is_long.then(|| zeros(id) >= id.len() - KEPT)
}

/// How many digits a number has that a spreadsheet does not keep.
pub(crate) const fn not_kept(id: &str) -> usize {
    id.len().saturating_sub(KEPT)
}

/// Whether it is a whole number with `.0` behind it.
pub(crate) fn is_float(id: &str) -> bool {
    id.strip_suffix(".0")
        .is_some_and(|whole| is_digits(whole.strip_prefix('-').unwrap_or(whole)))
}

/// `1.23E+15`, `1E+15` or `1.23e15`. A code such as `1E5` is not.
fn is_scientific(id: &str) -> bool {
    let id = id.strip_prefix('-').unwrap_or(id);
    let Some((mantissa, exponent)) = id.split_once(['e', 'E']) else {
        return false;
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let power = exponent.strip_prefix('+');
    whole.len() == 1
        && is_digits(whole)
        && (fraction.is_empty() || is_digits(fraction))
        && (power.is_some() || mantissa.len() > 2)
        && is_digits(power.unwrap_or(exponent))
}

fn zeros(id: &str) -> usize {
    id.len() - id.trim_end_matches('0').len()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
