//! Times and dates as cells have them.

use super::*;

fn times(formats: &[&str], zone: Option<&str>) -> Result<Times, String> {
    let formats: Vec<_> = formats.iter().map(|format| (*format).to_owned()).collect();
    Times::new(&formats, zone.map(|zone| TimeZone::get(zone).unwrap()).as_ref())
}

#[test]
fn times_are_read_in_the_forms_given() {
    let seoul = Some("Asia/Seoul");
    for (formats, zone, cell, time) in [
        (
            &[][..],
            None,
            "2024-06-24T15:42:25.3945+09:00",
            "2024-06-24T06:42:25.394Z",
        ),
        (&[], None, "2024-06-24T06:42:25Z", "2024-06-24T06:42:25.000Z"),
        (&[], seoul, "2024-06-24 15:42:25", "2024-06-24T06:42:25.000Z"),
        (&[], seoul, "2024-06-24T06:42:25Z", "2024-06-24T06:42:25.000Z"),
        (&["%Y%m%d%H%M%S"], seoul, "20240624154225", "2024-06-24T06:42:25.000Z"),
        (
            &["%Y.%m.%d", "%Y-%m-%d %H:%M"],
            seoul,
            "2024-06-24 15:42",
            "2024-06-24T06:42:00.000Z",
        ),
        (&["%Y-%m-%d"], seoul, "2024-06-24", "2024-06-23T15:00:00.000Z"),
        (
            &["%Y-%m-%d %p %I:%M:%S"],
            seoul,
            "2024-06-24 오후 3:42:25",
            "2024-06-24T06:42:25.000Z",
        ),
        (
            &["%Y-%m-%d %H:%M:%S %z"],
            None,
            "2024-06-24 15:42:25 +0900",
            "2024-06-24T06:42:25.000Z",
        ),
        (&["%s"], None, "1719211345", "2024-06-24T06:42:25.000Z"),
    ] {
        let read = times(formats, zone).unwrap().read(cell);
        assert_eq!(
            read.map(|time| time.to_string()),
            Ok(time.to_owned()),
            "{formats:?} {cell}"
        );
    }
}

#[test]
fn a_zone_in_a_cell_is_honoured() {
    let seoul = Some("Asia/Seoul");
    for (format, cell, time) in [
        (
            "%Y-%m-%d %H:%M:%S %Q",
            "2025-11-20 10:15:00 America/New_York",
            "2025-11-20T15:15:00.000Z",
        ),
        (
            "%Y-%m-%d %H:%M:%S %Q",
            "2025-11-20 10:15:00 Asia/Seoul",
            "2025-11-20T01:15:00.000Z",
        ),
        (
            "%Y-%m-%d %H:%M:%S %:z",
            "2025-11-20 10:15:00 -05:00",
            "2025-11-20T15:15:00.000Z",
        ),
        (
            "%Y-%m-%dT%H:%M:%S%z",
            "2025-11-20T10:15:00Z",
            "2025-11-20T10:15:00.000Z",
        ),
        (
            "%Y-%m-%d %H:%M:%S KST",
            "2025-11-20 10:15:00 KST",
            "2025-11-20T01:15:00.000Z",
        ),
    ] {
        let read = times(&[format], seoul).unwrap().read(cell);
        assert_eq!(read.map(|time| time.to_string()), Ok(time.to_owned()), "{format}");
    }
    let default = times(&[], seoul).unwrap();
    assert_eq!(
        default
            .read("2025-11-20T10:15:00-05:00[America/New_York]")
            .unwrap()
            .to_string(),
        "2025-11-20T15:15:00.000Z"
    );
    assert!(default.read("2025-11-20T10:15:00+09:00[America/New_York]").is_err());
    assert!(default.read("2025-11-20T10:15:00[Nowhere/Land]").is_err());
    let named = times(&["%Y-%m-%d %H:%M:%S %Q"], seoul).unwrap();
    assert!(
        named
            .read("2025-11-20 10:15:00 Nowhere/Land")
            .unwrap_err()
            .contains("does not exist")
    );
}

#[test]
fn a_zone_in_a_format_must_be_that_of_the_mapping() {
    for format in [
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d %H:%M:%S UTC",
        "%Y-%m-%d %H:%M:%S EST",
        "%Y-%m-%d %H:%M:%S+08:00",
        "%Y-%m-%d %H:%M:%S -0500",
        "%Y-%m-%d %H:%M:%S (GMT+8)",
        "%Y-%m-%d %H:%M:%S utc",
        "%Y-%m-%d %H:%Mz",
        "%Y-%m-%d %H:%M AEST",
        "%Y-%m-%d %H:%M+08",
    ] {
        assert!(
            times(&[format], Some("Asia/Seoul")).unwrap_err().contains("%z"),
            "{format}"
        );
    }
    for format in [
        "%Y-%m-%d %H:%M:%S (GMT+9)",
        "%Y-%m-%d %H:%M UTC+9",
        "%Y-%m-%d %H:%M+09:00",
    ] {
        assert!(times(&[format], Some("GMT")).is_err(), "{format}");
        assert!(times(&[format], Some("Asia/Seoul")).is_ok(), "{format}");
    }
    assert!(times(&["%Y-%m-%d %H:%M:%S UTC"], Some("UTC")).is_ok());
    assert!(
        times(&["%Y-%m-01 %H:%M", "%d.%m.%Y %H시 %M분"], Some("Asia/Seoul"))
            .is_err_and(|problem| problem.contains("day"))
    );
    assert!(Dates::new(&["%Y-%m-%d %z".to_owned()]).is_err());
}

#[test]
fn a_time_out_of_range_is_not_a_gap() {
    let seoul = times(&[], Some("Asia/Seoul")).unwrap();
    for cell in ["9999-12-31 23:59:59", "9999-12-31T23:59:59+09:00"] {
        let problem = seoul.read(cell).unwrap_err();
        assert!(problem.contains("the latest that can be read"), "{problem}");
    }
    let formatted = times(&["%Y-%m-%d %H"], Some("Asia/Seoul")).unwrap();
    assert!(formatted.read("9999-12-31 23").unwrap_err().contains("the latest"));
}

#[test]
fn counts_and_serial_days_are_read_by_their_names() {
    for (format, cell, time) in [
        ("unix-milliseconds", "1763601300123", "2025-11-20T01:15:00.123Z"),
        ("unix-microseconds", "1763601300123456", "2025-11-20T01:15:00.123Z"),
        ("serial-days", "45981.427083333336", "2025-11-20T01:15:00.000Z"),
    ] {
        let read = times(&[format], Some("Asia/Seoul")).unwrap().read(cell);
        assert_eq!(read.map(|time| time.to_string()), Ok(time.to_owned()), "{format}");
    }
    assert!(times(&["serial-days"], None).is_err());
    let problem = times(&["%s"], None).unwrap().read("1763601300123").unwrap_err();
    assert!(problem.ends_with("format: unix-milliseconds"), "{problem}");
    for (format, cell, hint) in [
        ("unix-milliseconds", "1763601300", "\"%s\""),
        ("unix-milliseconds", "1763601300123456", "unix-microseconds"),
        ("unix-microseconds", "1763601300123", "unix-milliseconds"),
    ] {
        let problem = times(&[format], None).unwrap().read(cell).unwrap_err();
        assert!(problem.ends_with(&format!("format: {hint}")), "{problem}");
    }
    let days = Dates::new(&["serial-days".to_owned()]).unwrap();
    assert_eq!(days.read("45981").unwrap().to_string(), "2025-11-20");
    assert!(days.read("45981.5").is_err());
    assert!(Dates::new(&["unix-milliseconds".to_owned()]).is_err());
}

#[test]
fn two_digits_are_no_year_of_four() {
    let seoul = Some("Asia/Seoul");
    for (format, cell) in [
        ("%m/%d/%Y %H:%M", "1/2/25 10:00"),
        ("%F %T", "25-11-20 10:15:00"),
        ("%Y년 %m월 %d일", "25년 1월 2일"),
    ] {
        let problem = times(&[format], seoul).unwrap().read(cell).unwrap_err();
        assert!(problem.contains("the century"), "{format}: {problem}");
    }
    assert!(Dates::new(&[]).unwrap().read("90-01-02").is_err());
    assert!(times(&["%y-%m-%d"], seoul).unwrap().read("25-1-2").is_ok());
    assert!(
        times(&["%Y%m%dT%H%M%S%z"], seoul)
            .unwrap()
            .read("20251120T011500Z")
            .is_ok()
    );
}

#[test]
fn a_lost_zero_is_told() {
    let compact = times(&["%Y%m%d %H%M%S"], Some("Asia/Seoul")).unwrap();
    assert!(compact.read("20251120 011500").is_ok());
    assert!(
        compact
            .read("20251120 11500")
            .unwrap_err()
            .contains("with all digits of each number")
    );
    assert!(Dates::new(&["%Y%m%d".to_owned()]).unwrap().read("2025112").is_err());
}

#[test]
fn no_other_form_is_guessed() {
    let seoul = Some("Asia/Seoul");
    for (formats, zone, cell) in [
        (&[][..], None, "2024-05-24 15:42:25"),
        (&[], seoul, "2024-05-24"),
        (&[], seoul, "20240524154225"),
        (&[], seoul, "2024/05/24 15:42:25"),
        (&["%Y-%m-%d"], seoul, "2024-05-24 15:42"),
        (&["%Y-%m-%d"], seoul, "2024-02-30"),
        (&["%Y-%m-%d %H:%M"], Some("America/New_York"), "2024-03-10 02:30"),
        (&["%Y-%m-%d %H:%M"], Some("America/New_York"), "2024-11-03 01:30"),
    ] {
        let problem = times(formats, zone).unwrap().read(cell).unwrap_err();
        assert!(!problem.contains(cell), "{problem}");
    }
}

#[test]
fn a_year_that_rfc_3339_cannot_write_is_refused() {
    let times = times(&[], None).unwrap();
    assert_eq!(
        times.read("0000-01-01T00:00:00Z").unwrap().to_string(),
        "0000-01-01T00:00:00.000Z"
    );
    assert!(times.read("-000001-12-31T23:59:59Z").is_err());
    assert!(times.read("9999-12-30T00:00:00Z").is_ok());
}

#[test]
fn formats_are_tried_before_the_first_cell() {
    for (format, zone) in [
        ("%Y-%m-%d", None),
        ("%H:%M", Some("Asia/Seoul")),
        ("%Y-%m-%d %I:%M", Some("Asia/Seoul")),
        ("%Y-%m-%d %é", Some("Asia/Seoul")),
        ("yyyy-MM-dd", Some("Asia/Seoul")),
    ] {
        assert!(times(&[format], zone).is_err(), "{format}");
    }
    assert!(Dates::new(&["%Y-%m".to_owned()]).is_err());
    assert!(Dates::new(&["%Y%m%d".to_owned()]).is_ok());
}

#[test]
fn a_cell_in_another_form_is_recognised() {
    for (format, cell, words) in [
        (
            "%Y/%m/%d %H:%M:%S",
            "2024-06-24 15:42:25",
            "; the cell has the form %Y-%m-%d %H:%M:%S",
        ),
        (
            "%Y-%M-%D %H:%m:%S",
            "2024-06-24 15:42:25",
            "; the cell has the form %Y-%m-%d %H:%M:%S",
        ),
        (
            "%Y/%m/%d %H:%M:%S",
            "2024. 6. 24. 오후 3:42:25",
            "; the cell has the form %Y. %m. %d. %p %I:%M:%S",
        ),
        ("%Y-%m-%d", "20240624154225", "; the cell has the form %Y%m%d%H%M%S"),
        ("%Y-%m-%d", "03/04/2024", "; the cell has the form %m/%d/%Y or %d/%m/%Y"),
        ("%Y-%m-%d", "23/04/2024", "; the cell has the form %d/%m/%Y"),
        ("%Y-%m-%d", "2024-13-24 15:42:25", ""),
        ("%Y-%m-%d", "yesterday", ""),
    ] {
        let said = times(&[format], Some("Asia/Seoul")).unwrap().read(cell).unwrap_err();
        assert_eq!(said, format!("must be a time in the form {format}{words}"), "{cell}");
        if !format.contains('H') {
            let said = Dates::new(&[format.to_owned()]).unwrap().read(cell).unwrap_err();
            assert_eq!(said, format!("must be a date in the form {format}{words}"), "{cell}");
        }
    }
    let said = times(&[], Some("Asia/Seoul"))
        .unwrap()
        .read("2024.06.24 15:42")
        .unwrap_err();
    assert!(said.ends_with("; the cell has the form %Y.%m.%d %H:%M"), "{said}");
}
