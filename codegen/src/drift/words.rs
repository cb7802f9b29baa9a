//! The words of the documentation, Korean and English: column names, flags, types, units.

use super::block::{Row, Table};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Status,
    Code,
    Result,
    Message,
    Name,
    Required,
    Type,
    Format,
    Value,
    Method,
    Path,
    Place,
    /// Prose: only its wording is kept.
    Prose,
}

/// By the name of the column, without spaces, signs and case.
const COLUMNS: &[(Role, &str)] = &[
    (
        Role::Status,
        "응답코드 http응답코드 http코드 http상태코드 http상태 상태코드 http httpcode httpstatus httpstatuscode \
         httpresponsecode responsecode statuscode answercode status",
    ),
    (
        Role::Code,
        "code 코드 상세코드 상세응답코드 detailcode detailedcode detailedresponsecode",
    ),
    (Role::Result, "result 결과"),
    (Role::Message, "message 메시지 메세지"),
    (
        Role::Name,
        "name 이름 명칭 key 키 키값 field fieldname 필드 필드명 필드이름 parameter parametername parameters param \
         파라미터 파라미터명 파라미터이름 매개변수 header headers headername 헤더 헤더명 헤더이름 property propertyname \
         properties 속성 속성명 속성이름 attribute attributename column columnname columns 컬럼 컬럼명 항목 item \
         variable 변수 변수명 query queryparameter 쿼리 쿼리파라미터 body event identity common api apiname 구분 \
         division",
    ),
    (
        Role::Required,
        "required requirement essential mandatory necessary isrequired requiredornot \
         whetherrequired essentialornot requiredstatus essentialstatus whetheressential \
         whetheritisrequired whetherornotrequired requiredoptional requiredselect essentialselect \
         필수 필수여부 필수선택 필수유무 필수값 필수값여부 여부",
    ),
    (
        Role::Type,
        "type types 타입 유형 datatype 데이터타입 데이터유형 자료형 valuetype 값타입 값유형",
    ),
    (Role::Format, "format form 형식 포맷 데이터형식"),
    (
        Role::Value,
        "value values 값 예시 예 예제 example examples sample 샘플 default defaultvalue 기본값 기본 \
         placeholder",
    ),
    (Role::Method, "method httpmethod 메서드 메소드 http메서드 http메소드"),
    (
        Role::Path,
        "path url uri endpoint 경로 엔드포인트 주소 domain 도메인 baseurl host 호스트",
    ),
    (Role::Place, "in 위치 location position"),
    (
        Role::Prose,
        "description descriptions 설명 explanation explain 내용 contents content 비고 note notes remark \
         remarks 의미 meaning 상세 상세설명 detail details 해결방법 해결 조치 조치방법 대응방법 solution remedy \
         howtoresolve howtosolve resolution howtofix workaround 참고 reference 기본제한 제한 limit limits \
         defaultlimit 요청제한 title 제목 분류 category class classification 종류 group 그룹 scenario 시나리오 기능 \
         function use 용도",
    ),
];

/// The roles of the columns of a table.
#[derive(Clone, Debug)]
pub struct Columns(pub Vec<Option<Role>>);

impl Columns {
    /// By their names; by their content where the name says nothing.
    #[must_use]
    pub fn of(table: &Table) -> Self {
        let width = table.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
        let width = width.max(table.columns.len());
        let roles = (0..width).map(|index| {
            let name = table.columns.get(index).map_or("", String::as_str);
            by_name(name).or_else(|| by_content(&table.rows, index))
        });
        let mut columns = Self(roles.collect());
        columns.settle(table);
        columns
    }

    /// A second column with the same role is prose; so is the only column left, if no other is.
    fn settle(&mut self, table: &Table) {
        if self.find(Role::Prose).is_none() {
            let unknown = |index: usize| table.rows.iter().all(|row| is_prose(row.cell(index)));
            let mut open = (0..self.0.len()).filter(|&index| self.0[index].is_none());
            if let (Some(index), None) = (open.next(), open.next())
                && !table.rows.is_empty()
                && unknown(index)
            {
                self.0[index] = Some(Role::Prose);
            }
        }
        if self.find(Role::Name).is_none() && self.0.first() == Some(&None) {
            let named = |row: &Row| is_identifier(row.cell(0));
            let blank = table.columns.first().is_none_or(|name| plain(name).is_empty());
            let fields = self.find(Role::Type).is_some() || self.find(Role::Required).is_some();
            if (blank || fields) && !table.rows.is_empty() && table.rows.iter().all(named) {
                self.0[0] = Some(Role::Name);
            }
        }
    }

    /// The first column of a role.
    #[must_use]
    pub fn find(&self, role: Role) -> Option<usize> {
        self.0.iter().position(|found| *found == Some(role))
    }

    /// The columns that are not understood, by name.
    #[must_use]
    pub fn unknown(&self, table: &Table) -> Vec<String> {
        let open = self.0.iter().enumerate().filter(|(_, role)| role.is_none());
        open.map(|(index, _)| table.columns.get(index).cloned().unwrap_or_default())
            .collect()
    }
}

fn by_name(name: &str) -> Option<Role> {
    let name = plain(name);
    let row = COLUMNS
        .iter()
        .find(|(_, names)| names.split(' ').any(|known| known == name));
    row.filter(|_| !name.is_empty()).map(|(role, _)| *role)
}

fn by_content(rows: &[Row], index: usize) -> Option<Role> {
    let mut cells = rows
        .iter()
        .map(|row| row.cell(index))
        .filter(|cell| !cell.is_empty())
        .peekable();
    cells.peek()?;
    let cells: Vec<_> = cells.collect();
    if cells.iter().all(|cell| flag(cell).is_some()) {
        return Some(Role::Required);
    }
    cells.iter().all(|cell| types(cell).is_some()).then_some(Role::Type)
}

/// Letters and digits in lower case.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a field is required.
#[must_use]
pub fn flag(text: &str) -> Option<bool> {
    match plain(text).as_str() {
        "필수" | "필수값" | "essential" | "required" | "mandatory" | "necessary" | "yes" | "y" | "o" | "true" => {
            Some(true)
        }
        "선택" | "선택값" | "선택사항" | "select" | "selection" | "optional" | "choice" | "option" | "no" | "n"
        | "x" | "false" => Some(false),
        _ => None,
    }
}

/// The types that a cell names, in one spelling.
#[must_use]
pub fn types(text: &str) -> Option<Vec<&'static str>> {
    let lower = text.to_lowercase();
    let words: Vec<_> = lower
        .split(|c: char| c.is_whitespace() || ",/|()[]<>·".contains(c))
        .filter(|word| !matches!(*word, "" | "or" | "또는" | "and" | "및" | "the" | "a"))
        .collect();
    let list = lower.contains("[]");
    let mut types = Vec::new();
    let mut of = false;
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let is_list = matches!(word, "array" | "list" | "배열" | "리스트");
        if is_list {
            of = words.next_if_eq(&"of").is_some() || (lower.contains('<') && words.peek().is_some());
            if !of {
                types.push("array");
            }
            continue;
        }
        let element = element_type(word)?;
        types.push(match (of || list, element) {
            (true, "object") => "array of object",
            (true, "string") => "array of string",
            (true, "long") => "array of long",
            (true, "double") => "array of double",
            (true, _) => "array",
            (false, element) => element,
        });
        of = false;
    }
    (!types.is_empty() && !of).then_some(types)
}

fn element_type(word: &str) -> Option<&'static str> {
    Some(match word {
        "string" | "strings" | "text" | "문자열" => "string",
        "long" | "integer" | "int" | "정수" => "long",
        // The English pages translate the Korean word for a fraction, which also means a mistake.
        "double" | "float" | "number" | "실수" | "mistake" => "double",
        "boolean" | "bool" | "불리언" => "boolean",
        "datetime" | "timestamp" | "날짜시간" => "datetime",
        "date" | "날짜" => "date",
        "object" | "objects" | "map" | "객체" => "object",
        _ => return None,
    })
}

/// A template such as `${your-property-key}` counts as a name.
fn is_identifier(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-${}.[]".contains(c))
}

fn is_prose(text: &str) -> bool {
    text.is_empty() || text.contains(' ') || text.chars().any(is_hangul)
}

/// A syllable or a letter of the Korean script.
#[must_use]
pub fn is_hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7a3}')
}

/// A number in a text, and its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    pub value: u64,
    pub start: usize,
    pub end: usize,
}

/// The whole numbers of a text; commas may separate groups of digits; no letter or `.` may come right before it.
#[must_use]
pub fn numbers(text: &str) -> Vec<Number> {
    let bytes = text.as_bytes();
    let mut numbers = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        let mut value = Some(0_u64);
        while at < bytes.len() {
            let comma = bytes[at] == b',' && (1..=3).all(|ahead| bytes.get(at + ahead).is_some_and(u8::is_ascii_digit));
            if bytes[at].is_ascii_digit() {
                let digit = u64::from(bytes[at] - b'0');
                value = value.and_then(|value| value.checked_mul(10)?.checked_add(digit));
            } else if !comma {
                break;
            }
            at += 1;
        }
        let touched = start
            .checked_sub(1)
            .and_then(|before| bytes.get(before))
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte));
        if let (Some(value), false) = (value, touched) {
            numbers.push(Number { value, start, end: at });
        }
    }
    numbers
}

/// A limit that prose states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// `events`, `items` or `days`.
    pub what: &'static str,
    pub value: u64,
}

/// The limits on events, items and days in a line of prose.
#[must_use]
pub fn limits(text: &str) -> Vec<Limit> {
    let lower = text.to_lowercase();
    let numbers = numbers(&lower);
    let mut limits = Vec::new();
    for (index, number) in numbers.iter().enumerate() {
        let until = numbers.get(index + 1).map_or(lower.len(), |next| next.start);
        let after = lower.get(number.end..until).unwrap_or_default();
        let clause = after.split(['.', ',', ';', '。', '(']).next().unwrap_or_default();
        let before = lower.get(..number.start).unwrap_or_default();
        let what = unit(clause).or_else(|| {
            // «이벤트는 최대 100개까지»: the noun comes before the number.
            let counted = clause.starts_with('개') || clause.starts_with('건');
            counted.then(|| noun_before(before)).flatten()
        });
        limits.extend(what.map(|what| Limit {
            what,
            value: number.value,
        }));
    }
    limits
}

/// What is counted, by the words after the number.
fn unit(clause: &str) -> Option<&'static str> {
    if let Some(rest) = clause.trim_start().strip_prefix('일') {
        // Not «일당», «일자», «일시», «일반».
        return (!rest.starts_with(['당', '자', '시', '반'])).then_some("days");
    }
    if clause.starts_with('개') || clause.starts_with(" 개") || clause.starts_with('건') {
        let noun = clause.trim_start().trim_start_matches(['개', '건']);
        let noun = noun.strip_prefix("의").unwrap_or(noun).trim_start();
        return noun_at(noun);
    }
    let mut words = clause
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(3);
    let first = words.next()?;
    match first {
        "day" | "days" => Some("days"),
        "item" | "items" => Some("items"),
        "event" | "events" => match words.next() {
            Some("item" | "items") => Some("items"),
            _ => Some("events"),
        },
        _ => None,
    }
}

fn noun_at(text: &str) -> Option<&'static str> {
    if let Some(rest) = text.strip_prefix("이벤트") {
        return Some(if rest.trim_start().starts_with("아이템") {
            "items"
        } else {
            "events"
        });
    }
    text.starts_with("아이템").then_some("items")
}

/// The last noun of the sentence so far.
fn noun_before(text: &str) -> Option<&'static str> {
    let sentence = text.rsplit(['.', '。']).next().unwrap_or_default();
    let event = sentence.rfind("이벤트");
    let item = sentence.rfind("아이템");
    match (event, item) {
        (_, Some(item)) if event.is_none_or(|event| event < item) => Some("items"),
        (Some(_), _) => Some("events"),
        _ => None,
    }
}

/// A rate such as `1분당 10,000건, 동시간 5건`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    pub requests: u64,
    pub period_seconds: u64,
    pub concurrent: Option<u64>,
}

/// The rate that a cell states.
#[must_use]
pub fn rate(text: &str) -> Option<Rate> {
    let text = text.to_lowercase();
    let mut rate = Rate::default();
    for part in parts(&text) {
        let numbers = numbers(part);
        let together = ["동시", "same time", "concurren", "simultan", "at once", "parallel"];
        if together.iter().any(|words| part.contains(words)) {
            rate.concurrent = Some(numbers.first()?.value);
            continue;
        }
        let Some((unit, at)) = period(part) else { continue };
        // The number of periods comes right before the unit: «1분당», «per 1 minute».
        let periods = numbers
            .iter()
            .position(|number| part.get(number.end..at).is_some_and(|gap| gap.trim().is_empty()));
        let times = periods
            .and_then(|index| numbers.get(index))
            .map_or(1, |number| number.value);
        let requests = numbers.iter().enumerate().find(|(index, _)| Some(*index) != periods);
        rate.requests = requests?.1.value;
        rate.period_seconds = unit.checked_mul(times)?;
    }
    (rate.requests > 0).then_some(rate)
}

/// Parts between commas and semicolons that are not between digits.
fn parts(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        let group = digit(at.checked_sub(1)) && digit(at.checked_add(1));
        if b",;".contains(byte) && !group {
            parts.extend(text.get(from..at));
            from = at + 1;
        }
    }
    parts.extend(text.get(from..));
    parts
}

/// The first unit of time in a text, in seconds, and its position.
fn period(text: &str) -> Option<(u64, usize)> {
    let units = [
        ("분", 60),
        ("minute", 60),
        ("min", 60),
        ("시간당", 3600),
        ("시간", 3600),
        ("hour", 3600),
        ("초", 1),
        ("second", 1),
        ("일당", 86400),
        ("일", 86400),
        ("day", 86400),
    ];
    units
        .into_iter()
        .filter_map(|(word, seconds)| Some((seconds, text.find(word)?)))
        .min_by_key(|(_, at)| *at)
}

/// The letters of periods, such as `1y: 1년` or `1y year`: the unit and the code.
#[must_use]
pub fn period_codes(text: &str) -> Vec<(&'static str, String)> {
    let mut codes = Vec::new();
    for number in numbers(text) {
        let Some(rest) = text.get(number.end..) else { continue };
        let Some(letter) = rest.chars().next().filter(char::is_ascii_alphabetic) else {
            continue;
        };
        let rest = rest.get(1..).unwrap_or_default();
        if number.value != 1 || rest.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            continue;
        }
        let meaning =
            rest.trim_start_matches(|c: char| c.is_whitespace() || c.is_ascii_digit() || "`:=()-–'\"".contains(c));
        let units = [
            ("개월", "month"),
            ("월", "month"),
            ("month", "month"),
            ("년", "year"),
            ("year", "year"),
            ("일", "day"),
            ("day", "day"),
            ("시간", "hour"),
            ("hour", "hour"),
            ("분", "minute"),
            ("min", "minute"),
            ("초", "second"),
            ("sec", "second"),
        ];
        let meaning = meaning.to_lowercase();
        let unit = units.into_iter().find(|(word, _)| meaning.starts_with(word));
        codes.extend(unit.map(|(_, unit)| (unit, format!("1{letter}"))));
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(what: &'static str, value: u64) -> Limit {
        Limit { what, value }
    }

    #[test]
    fn limits_are_read_in_both_languages() {
        assert_eq!(
            limits("한 번에 최대 100개의 이벤트를 보냅니다."),
            [limit("events", 100)]
        );
        assert_eq!(
            limits("요청마다 최대 100개의 이벤트 아이템까지 됩니다."),
            [limit("items", 100)]
        );
        assert_eq!(
            limits("이벤트는 최대 100개까지, 이벤트 아이템은 100개까지"),
            [limit("events", 100), limit("items", 100)]
        );
        assert_eq!(
            limits("Up to 100 events, and 100 event items."),
            [limit("events", 100), limit("items", 100)]
        );
        assert_eq!(limits("오늘부터 30일 이전까지"), [limit("days", 30)]);
        assert_eq!(limits("ISODate 8601 Format; 2024-06-24T06:42:25.394Z"), []);
    }

    #[test]
    fn rates_are_read_in_both_languages() {
        let minute = |requests| Rate {
            requests,
            period_seconds: 60,
            concurrent: None,
        };
        let hour = Rate {
            requests: 100,
            period_seconds: 3600,
            concurrent: Some(5),
        };
        assert_eq!(rate("1분당 1,000,000건"), Some(minute(1_000_000)));
        assert_eq!(rate("1시간당 100건, 동시간 5건"), Some(hour));
        assert_eq!(rate("10,000 per minute"), Some(minute(10_000)));
        assert_eq!(rate("100 cases per 1 hour, 5 cases at the same time"), Some(hour));
        assert_eq!(rate("as agreed"), None);
    }

    #[test]
    fn types_have_one_spelling() {
        assert_eq!(types("List of String"), Some(vec!["array of string"]));
        assert_eq!(types("Array of Object"), Some(vec!["array of object"]));
        assert_eq!(
            types("String, Long, Mistake, Array"),
            Some(vec!["string", "long", "double", "array"])
        );
        assert_eq!(types("array of"), None);
        assert_eq!(types("whatever"), None);
    }

    #[test]
    fn periods_keep_the_case_of_their_letter() {
        let codes = period_codes("(1y: 1년, 1M: 1개월, 1H: 1시간)");
        let codes: Vec<_> = codes.iter().map(|(unit, code)| (*unit, code.as_str())).collect();
        assert_eq!(codes, [("year", "1y"), ("month", "1M"), ("hour", "1H")]);
    }
}
