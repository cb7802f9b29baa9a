//! Texts: in both languages, and of references that have one of their own.

mod support;

/// What comes of the fixture after `from` became `to` in one of its files: a generated file, or the problems.
#[track_caller]
fn outcome(file: &str, from: &str, to: &str, output: &str) -> Result<String, String> {
    let mut inputs = support::fixture();
    let text = support::file(&mut inputs, file);
    assert!(text.contains(from), "{file} has no `{from}`");
    *text = text.replacen(from, to, 1);
    match codegen::outputs(&inputs) {
        Ok(outputs) => Ok(outputs[std::path::Path::new(output)].clone()),
        Err(problems) => Err(problems.to_string()),
    }
}

/// Asserts that a change is refused in these words.
#[track_caller]
fn refuses(file: &str, from: &str, to: &str, words: &str) {
    let problems = outcome(file, from, to, "docs/catalogue.html").expect_err("the fault is not seen");
    assert!(problems.contains(words), "{problems}");
}

#[test]
fn a_text_without_its_korean_is_refused() {
    refuses(
        "import",
        "      x-description-ko: 설명입니다.\n      x-source: {confidence: documented, pages: [events-en]}\n      minProperties",
        "      x-source: {confidence: documented, pages: [events-en]}\n      minProperties",
        "components.schemas.Identity: no x-description-ko; say the description in Korean as well",
    );
    refuses(
        "import",
        "                  summary: Success.\n",
        "",
        "examples.taken.x-summary-ko: there is no summary",
    );
    refuses(
        "export",
        "include: {en: Only those listed., ko: 적힌 것만입니다.}",
        "include: {en: Only those listed.}",
        "x-enum-descriptions.include: no ko; say it in Korean",
    );
}

const REFERENCE: &str = "event_datetime: {$ref: '#/components/schemas/Timestamp'}\n";

/// `REFERENCE` with a text.
const WITH_TEXT: &str = "event_datetime:
          description: When it happened.
          x-description-ko: 일어난 시각입니다.
          x-source: {confidence: documented, pages: [events-en]}
          allOf:
            - $ref: '#/components/schemas/Timestamp'
";

#[test]
fn a_reference_may_have_a_text_of_its_own() {
    let code = outcome("import", REFERENCE, WITH_TEXT, "generated/import.rs").unwrap();
    let field = "/// When it happened.\n        pub event_datetime: crate::Timestamp,";
    assert!(code.contains(field), "{code}");

    let catalogue = outcome("import", REFERENCE, WITH_TEXT, "docs/catalogue.ko.md").unwrap();
    let row = catalogue
        .lines()
        .find(|line| line.contains("`events[].event_datetime`"))
        .unwrap();
    assert!(
        row.contains("일어난 시각입니다.") && row.contains("string (date-time)"),
        "{row}"
    );
}

#[test]
fn nothing_else_may_stand_beside_such_a_reference() {
    let nullable = WITH_TEXT.replace("          allOf:", "          nullable: true\n          allOf:");
    let words = "event_datetime.nullable: is no key that a reference with a text has here";
    refuses("import", REFERENCE, &nullable, words);
    let two = format!("{WITH_TEXT}            - $ref: '#/components/schemas/Identity'\n");
    refuses(
        "import",
        REFERENCE,
        &two,
        "event_datetime.allOf: must have exactly one element, has 2",
    );
}
