//! The words of the documentation, Korean and English: column names, flags, types, units.

use super::block::{Row, Table};
use crate::language::is_hangul;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
