//! Limits in whatever words: another number is told on its line, other words for the same number are not.

mod drift_support;

use codegen::drift::{
    Level::{self, Drift, Settle},
    Lock,
};
use drift_support::{Case, accepted, book, changed, findings, told};

const LIMITS: &[Case] = &[
    (
        "export-events-en",
        "<code>to_date</code></td><td>Date</td><td></td><td>A day",
        "<code>to_date</code></td><td>Date</td><td></td><td>A day, up to 31 days from the start date,",
        Settle,
        "limit of range value: the page says 31",
    ),
    (
        "load-events-en",
        "exceeds 100",
        "exceeds 200",
        Drift,
        "limit of events value: the page says 200",
    ),
    (
        "load-events-ko",
        "100개를 초과",
        "2만개를 초과",
        Drift,
        "limit of events value: the page says 20000",
    ),
    (
        "load-events-ko",
        "<td>상품</td>",
        "<td>상품, max 20 per item</td>",
        Drift,
        "limit: is on the page",
    ),
    (
        "load-events-ko",
        "<td>시각</td>",
        "<td>시각, 최근 7일 이내</td>",
        Drift,
        "limit of days: is on the page",
    ),
    (
        "load-events-en",
        "<td>The time</td>",
        "<td>The time, within the last 7 days</td>",
        Drift,
        "limit of days: is on the page",
    ),
    (
        "import-responses-en",
        "<td>Meaning 6</td>",
        "<td>Too many events (at most 50)</td>",
        Drift,
        "limit of events value: the page says 50",
    ),
    (
        "import-responses-ko",
        "<td>뜻풀이 7</td>",
        "<td>유저 프로필 수 초과 (최대 20개)</td>",
        Drift,
        "limit of profiles",
    ),
    (
        "export-events-ko",
        "<code>to_date</code></td><td>Date</td><td></td><td><p>",
        "<code>to_date</code></td><td>Date</td><td></td><td><p>최대 7일, ",
        Settle,
        "limit of range value: the page says 7",
    ),
    (
        "export-events-ko",
        "30일 이전",
        "60일 이전",
        Drift,
        "limit of days value: the page says 60",
    ),
    (
        "rate-limit-ko",
        "1분당 1,000,000건",
        "1분당 200만 건",
        Drift,
        "the page says 2000000",
    ),
    (
        "rate-limit-ko",
        "1시간당 100건",
        "1시간당 1천건",
        Drift,
        "the page says 1000",
    ),
    ("import-responses-ko", "200이어도", "202이어도", Drift, "HTTP 202"),
    (
        "load-events-ko",
        "최대 100개의 이벤트를",
        "201개 미만의 이벤트를",
        Drift,
        "the page says 200",
    ),
    (
        "load-events-en",
        "exceeds 100",
        "is greater than 200",
        Drift,
        "the page says 200",
    ),
    (
        "import-responses-ko",
        "200이어도",
        "200(1분당 10만 건)이어도",
        Drift,
        "the page says 100000 in 60 s",
    ),
];

#[test]
fn limits_in_prose_and_cells() {
    told(LIMITS);
    let book = book();
    let (report, _) = changed(
        &book,
        &Lock::default(),
        "rate-limit-ko",
        "1분당 1,000,000건",
        "1분당 100만 건",
    );
    assert_eq!(findings(&report, Drift), [], "{report}");
}

/// A page, and two ways to say the same.
const SAME: &[(&str, &str, &str)] = &[
    ("load-events-ko", "최대 100개의 이벤트를", "100개 이하의 이벤트를"),
    (
        "load-events-ko",
        "한 번의 요청에",
        "이벤트는 1개 이상 보냅니다. 한 번의 요청에",
    ),
    (
        "load-events-ko",
        "## 요청 예",
        "아래는 2개의 이벤트를 보내는 예시입니다.\n\n## 요청 예",
    ),
    (
        "load-events-ko",
        "이벤트 수가 100개를 초과한",
        "이벤트 수가 101개 이상인",
    ),
    ("load-events-ko", "<code>event_name</code>", "event\\_name"),
    ("load-events-en", "up to 100 events", "fewer than 101 events"),
    ("load-events-en", "exceeds 100", "is above 100"),
    ("export-events-ko", "30일 이전 날짜까지만", "30일 이내의 날짜만"),
    (
        "export-events-ko",
        "## 응답 예",
        "값은 쉼표(`,`)로 구분하고, 1일 뒤에 반영됩니다.\n\n## 응답 예",
    ),
    ("export-events-en", "all: everything", "All: everything"),
    ("import-responses-ko", "200이어도", "200(1분당 100만 건)이어도"),
    ("data-types-en", "| Double |", "| Mistake |"),
    ("data-types-ko", "<code>[0, 1]</code>", "\\[0, 1]"),
];

#[test]
fn other_words_for_the_same_are_no_drift() {
    let book = book();
    let lock = accepted(&book);
    for (name, from, to) in SAME {
        let (report, _) = changed(&book, &lock, name, from, to);
        let worse = [Level::Error, Drift].map(|level| findings(&report, level));
        assert_eq!(worse, [[], []], "{name}: {to}\n{report}");
    }
}

#[test]
fn a_text_that_is_no_longer_read_is_told_on_its_line() {
    let book = book();
    let lock = accepted(&book);
    let (report, line) = changed(&book, &lock, "load-events-en", "up to 100 events", "a hundred events");
    let errors = findings(&report, Level::Error);
    assert_eq!(errors.first().map(|error| error.0), Some(line), "{report}");
}
