//! A new operation is compared with the documentation from the first day: it has a page among those of the tests, unless
//! it is only assumed.

mod drift_support;
mod support;

use codegen::parse;

#[test]
fn every_operation_is_on_a_page() {
    let pages = drift_support::fixtures();
    let parsed = parse::files(&support::real());
    let mut paths = Vec::new();
    for document in ["import", "export"] {
        let operations = parsed.values[document]["paths"].as_object().unwrap().iter();
        let documented = operations.filter(|(_, methods)| {
            let mut methods = methods.as_object().unwrap().values();
            methods.any(|operation| operation["x-source"]["confidence"] != "assumed")
        });
        paths.extend(documented.map(|(path, _)| path.trim_start_matches('/').to_owned()));
    }
    assert!(!paths.is_empty());
    for path in paths {
        // The path of one operation may begin that of another.
        let shown = |text: &str| {
            let ends = text.match_indices(&path).map(|(start, _)| &text[start + path.len()..]);
            ends.into_iter()
                .any(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "/-_".contains(c)))
        };
        assert!(
            pages.iter().any(|page| shown(&page.text)),
            "no page in codegen/tests/pages has /{path}: write one in the form of the others"
        );
    }
}
