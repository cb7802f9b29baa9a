//! The fields of a request or an answer, with everything known about them.

use super::{
    codes::with_source,
    labels,
    node::{DEPTH, Node},
    page::{Inline, Rich, Row, Table, Words, words},
};

/// A table of fields.
pub fn table(caption: Words, rows: Vec<Row>) -> Table {
    Table {
        caption,
        columns: vec![words("Field", "필드"), words("Description", "설명")],
        rows,
        is_index: false,
    }
}

/// The row of a parameter of `owner`.
pub fn parameter(owner: &str, parameter: Node<'_>) -> Row {
    let name = parameter.text("name");
    let kind = parameter.get("schema").map(type_words).unwrap_or_default();
    let mut more = limited(&parameter.get("schema").map(limits).unwrap_or_default());
    if let Some(example) = parameter.example() {
        more.extend([
            Inline::Break,
            Inline::Label(words("Example", "예시")),
            Inline::code(example),
        ]);
    }
    let mut first = vec![
        Inline::code(name),
        match parameter.text("in") {
            "path" => Inline::words(" in the path", " (경로)"),
            "header" => Inline::words(" in a header", " (헤더)"),
            _ => Inline::words(" in the query", " (쿼리)"),
        },
        Inline::Break,
        Inline::code(kind),
        requirement(parameter.flag("required")),
    ];
    first.extend(personal_data(parameter));
    Row {
        id: Some(id(owner, name)),
        cells: vec![first, described(parameter, more)],
    }
}

/// The rows of all fields of a schema, including nested ones. `owner` is the operation or the schema whose fields they
/// are.
pub fn rows(owner: &str, schema: Node<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    walk(owner, schema, "", None, 0, &mut rows);
    // An answer may be a list itself, or a list or something else.
    for answer in std::iter::once(schema).chain(schema.elements("oneOf")) {
        if let Some(element) = answer.get("items") {
            rows.push(part(owner, "[]", element));
            walk(owner, element, "[].", None, 0, &mut rows);
        }
    }
    rows
}

/// The id of a field. A path such as `events[].{name}` becomes `events.0.name`, which no address has to escape.
fn id(owner: &str, path: &str) -> String {
    let path = path.replace("[]", ".0").replace(['{', '}'], "");
    format!("{owner}.{}", path.trim_start_matches('.'))
}

/// `total` names a list among the fields and the limit on its length over all elements of the list around it.
fn walk(owner: &str, schema: Node<'_>, prefix: &str, total: Option<Node<'_>>, depth: usize, rows: &mut Vec<Row>) {
    if depth > DEPTH {
        return;
    }
    let required = schema.texts("required");
    let own_total = schema.get("x-max-total-items");
    for (name, property) in schema.entries("properties") {
        let path = format!("{prefix}{name}");
        let element = property.get("items");
        let mut limits = limits(property);
        if let Some(total) = total.filter(|total| total.text("items") == name) {
            limits.extend(total_words(total));
        }
        let mut first = vec![
            Inline::code(&path),
            Inline::Break,
            Inline::code(type_words(property)),
            requirement(required.contains(&name)),
        ];
        first.extend(personal_data(property));
        let more = [values(property), limited(&limits)].concat();
        rows.push(Row {
            id: Some(id(owner, &path)),
            cells: vec![first, described(property, more)],
        });

        let (inner, path) = match element {
            Some(element) => (element, format!("{path}[]")),
            None => (property, path),
        };
        let inner_total = own_total.filter(|total| element.is_some() && total.text("array") == name);
        if element.is_some_and(|element| !element.text("description").is_empty()) {
            rows.push(part(owner, &path, inner));
        }
        walk(owner, inner, &format!("{path}."), inner_total, depth + 1, rows);
        if let Some(values) = inner
            .get("additionalProperties")
            .filter(|values| values.value().is_object())
        {
            rows.push(part(owner, &format!("{path}.{{name}}"), values));
        }
    }
}

fn personal_data(field: Node<'_>) -> Option<Inline> {
    field.flag("x-sensitive").then(|| Inline::Tag(labels::personal_data()))
}

/// The row of an element of a list, or of a value under any name.
fn part(owner: &str, path: &str, schema: Node<'_>) -> Row {
    let more = [values(schema), limited(&limits(schema))].concat();
    Row {
        id: Some(id(owner, path)),
        cells: vec![
            vec![Inline::code(path), Inline::Break, Inline::code(type_words(schema))],
            described(schema, more),
        ],
    }
}

fn requirement(required: bool) -> Inline {
    Inline::Tag(if required {
        labels::required()
    } else {
        labels::optional()
    })
}

/// The description with its additions, and the source.
fn described(node: Node<'_>, more: Rich) -> Rich {
    let mut cell = vec![Inline::Words(node.words("description"))];
    cell.extend(more);
    let sources = node.source().into_iter().chain(node.remark());
    sources.fold(cell, |cell, source| with_source(cell, &source))
}

/// What the values of an enum mean.
fn values(node: Node<'_>) -> Rich {
    let values = node.entries("x-enum-descriptions").flat_map(|(value, meaning)| {
        [
            Inline::Break,
            Inline::code(value),
            Inline::words(format!(": {}", meaning.text("en")), format!(": {}", meaning.text("ko"))),
        ]
    });
    values.collect()
}

fn limits(node: Node<'_>) -> Vec<Words> {
    let mut limits = Vec::new();
    match node.count("minLength") {
        None => {}
        Some(1) => limits.push(words("not empty", "빈 값 불가")),
        Some(min) => limits.push(words(format!("at least {min} characters"), format!("{min}자 이상"))),
    }
    if let Some(max) = node.count("maxLength") {
        limits.push(words(format!("at most {max} characters"), format!("최대 {max}자")));
    }
    for (key, en, ko) in [("minimum", "at least", "이상"), ("maximum", "at most", "이하")] {
        if let Some(bound) = node.value().get(key) {
            limits.push(words(format!("{en} {bound}"), format!("{bound} {ko}")));
        }
    }
    if node.flag("deprecated") {
        limits.push(words("deprecated", "사용 중단 예정"));
    }
    match (node.count("minItems"), node.count("maxItems")) {
        (Some(min), Some(max)) => limits.push(words(format!("{min} to {max} elements"), format!("{min}~{max}개"))),
        (Some(min), None) => limits.push(words(format!("at least {min}"), format!("{min}개 이상"))),
        (None, Some(max)) => limits.push(words(format!("at most {max} elements"), format!("최대 {max}개"))),
        (None, None) => {}
    }
    if let Some(min) = node.count("minProperties") {
        limits.push(words(
            format!("at least {min} of its fields"),
            format!("하위 필드 {min}개 이상"),
        ));
    }
    let values: Vec<_> = node.texts("enum").iter().map(|value| format!("`{value}`")).collect();
    if !values.is_empty() {
        limits.push(words(
            format!("one of {}", values.join(", ")),
            format!("{} 중 하나", values.join(", ")),
        ));
    }
    let earlier = node.text("x-not-before");
    if !earlier.is_empty() {
        limits.push(words(
            format!("not before `{earlier}`"),
            format!("`{earlier}`보다 빠를 수 없음"),
        ));
    }
    if let Some(days) = node.count("x-max-age-days") {
        limits.push(words(format!("at most {days} days ago"), format!("최근 {days}일 이내")));
    }
    limits
}

fn total_words(total: Node<'_>) -> Option<Words> {
    let (array, max) = (total.text("array"), total.count("max")?);
    Some(words(
        format!("at most {max} over all `{array}` together"),
        format!("모든 `{array}`를 합해 최대 {max}개"),
    ))
}

/// The line that tells the limits, if there are any.
fn limited(limits: &[Words]) -> Rich {
    let Some((first, more)) = limits.split_first() else {
        return Vec::new();
    };
    let all = more.iter().fold(first.clone(), |all, limit| {
        words(format!("{}; {}", all.en, limit.en), format!("{}, {}", all.ko, limit.ko))
    });
    vec![
        Inline::Break,
        Inline::Label(words("Limits", "제한")),
        Inline::Words(all),
    ]
}

/// A type such as `string[]`, `string (uuid)` or `boolean | null`, which needs no translation.
pub fn type_words(node: Node<'_>) -> String {
    alternatives(node, 0).join(" | ")
}

fn alternatives(node: Node<'_>, depth: usize) -> Vec<String> {
    if depth > DEPTH {
        return vec!["…".to_owned()];
    }
    let mut types = Vec::new();
    let mut add = |kind: String| {
        if !kind.is_empty() && !types.contains(&kind) {
            types.push(kind);
        }
    };
    node.elements("oneOf")
        .flat_map(|node| alternatives(node, depth + 1))
        .for_each(&mut add);
    match (node.text("type"), node.text("format"), node.get("items")) {
        ("array", _, Some(element)) => {
            let element = alternatives(element, depth + 1);
            match element.as_slice() {
                [one] => add(format!("{one}[]")),
                several => add(format!("({})[]", several.join(" | "))),
            }
        }
        (kind, "", _) => add(kind.to_owned()),
        (kind, format, _) => add(format!("{kind} ({format})")),
    }
    if node.flag("nullable") {
        add("null".to_owned());
    }
    types
}
