//! The forms in which people write times and dates.

/// Times without an offset, as a mapping names them. The first needs no format.
pub(crate) const TIMES: [&str; 27] = [
    "",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d %H:%M",
    "%Y. %m. %d. %H:%M:%S",
    "%Y. %m. %d. %H:%M",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%Y%m%d %H%M%S",
    "%Y%m%d %H:%M:%S",
    "%y/%m/%d %H:%M:%S",
    "%y/%m/%d %H:%M",
    "%Y-%m-%d %p %I:%M:%S",
    "%Y-%m-%d %p %I:%M",
    "%Y. %m. %d. %p %I:%M:%S",
    "%Y. %m. %d. %p %I:%M",
    "%Y년 %m월 %d일 %H시 %M분 %S초",
    "%Y년 %m월 %d일 %H시 %M분",
    "%Y년 %m월 %d일 %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%Y-%m-%dT%H:%M:%S",
];
/// Dates, as a mapping names them.
pub(crate) const DATES: [&str; 9] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y. %m. %d.",
    "%Y. %m. %d",
    "%Y년 %m월 %d일",
    "%Y%m%d",
    "%y/%m/%d",
    "%m/%d/%Y",
];
/// The most bytes of a cell that is a time.
pub(crate) const LONGEST: usize = 64;

const MONTH_FIRST: &str = "%m/%d/%Y";
const DAY_FIRST: &str = "%d/%m/%Y";

/// The same format with the day before the month, if the month is first.
pub(crate) fn swapped(format: &str) -> Option<String> {
    format
        .contains(MONTH_FIRST)
        .then(|| format.replacen(MONTH_FIRST, DAY_FIRST, 1))
}

/// A cell with a nine for each run of digits and a `p` for the half of the day.
pub(crate) fn shape_of_cell(cell: &str, shape: &mut String) {
    shape.clear();
    let mut rest = cell;
    while let Some(c) = rest.chars().next() {
        let half = ["오전", "오후", "AM", "PM", "am", "pm"];
        let length = if let Some(word) = half.iter().find(|word| rest.starts_with(**word)) {
            shape.push('p');
            word.len()
        } else {
            if !c.is_ascii_digit() {
                shape.push(c);
            } else if !shape.ends_with('9') {
                shape.push('9');
            }
            c.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
}

/// The shape of the cells in a format.
pub(crate) fn shape_of_format(format: &str) -> String {
    let mut shape = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        match (c == '%').then(|| chars.next()).flatten() {
            Some('p') => shape.push('p'),
            Some(_) if shape.ends_with('9') => {}
            Some(_) => shape.push('9'),
            None => shape.push(c),
        }
    }
    shape
}
