//! What the vendor may well change, as edits of the real spec: each is either generated, or refused in a sentence that
//! says what to do. Nothing is silent.

#![expect(
    clippy::semicolon_if_nothing_returned,
    clippy::too_many_lines,
    reason = "they are tables, with an expression in a row"
)]

#[path = "../support/mod.rs"]
mod support;

mod documents;
mod limits;
mod names;
mod operations;
mod parameters;
mod types;

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use codegen::{
    parse::{self, Parsed},
    read::Inputs,
};
use serde_json::{Value, json};

const EVENT: &str = "/components/schemas/Event";
const NAME: &str = "/components/schemas/Event/properties/event_name";
const LOAD: &str = "/components/schemas/LoadEventsRequest";
const DELETE: &str = "/paths/~1api~1v1~1identities~1delete/post";
const SERVICE: &str = "/components/parameters/ServiceId";
const RANGE: &str = "/components/schemas/ExportEventsRequest";
const CONDITION: &str = "/components/schemas/ConditionType";

/// The real spec, to be changed.
struct Edited {
    inputs: Inputs,
    parsed: Parsed,
}

impl Edited {
    fn at(&mut self, file: &str, pointer: &str) -> &mut Value {
        let value = self.parsed.values.get_mut(file).unwrap_or_else(|| panic!("no {file}"));
        value
            .pointer_mut(pointer)
            .unwrap_or_else(|| panic!("{file} has no {pointer}"))
    }

    /// Sets keys of a node; `null` removes one.
    fn set(&mut self, file: &str, pointer: &str, patch: Value) {
        merge(self.at(file, pointer), patch);
    }

    /// Puts a changed copy of a node beside others. Whatever every node has to have, the copy has.
    fn copy(&mut self, file: &str, from: &str, to: &str, patch: Value) {
        let mut copy = self.at(file, from).clone();
        merge(&mut copy, patch);
        let (parent, key) = to.rsplit_once('/').unwrap();
        let key = key.replace("~1", "/");
        self.at(file, parent)[&key] = copy;
    }

    /// A new field of an event.
    fn field(&mut self, name: &str, patch: Value) {
        self.copy(
            "import",
            NAME,
            &format!("{EVENT}/properties/{name}"),
            json!({ "minLength": null }),
        );
        self.set("import", &format!("{EVENT}/properties/{name}"), patch);
    }

    /// A new operation `call_user` with this method and path, and these parameters beside the service.
    fn operation(&mut self, method: &str, path: &str, has_body: bool, parameters: &[Value]) {
        let paths = self.at("import", "/paths");
        if paths.get(path).is_none() {
            paths[path] = json!({});
        }
        let to = format!("/paths/{}/{method}", path.replace('/', "~1"));
        self.copy("import", DELETE, &to, json!({ "operationId": "call_user" }));
        let common = self.at("import", SERVICE).clone();
        for parameter in parameters {
            let mut described = common.clone();
            merge(&mut described, json!({ "example": null }));
            merge(&mut described, parameter.clone());
            let list = self.at("import", &format!("{to}/parameters"));
            list.as_array_mut().unwrap().push(described);
        }
        if has_body {
            self.copy(
                "import",
                "/components/schemas/DeleteIdentityRequest",
                "/components/schemas/CallUserRequest",
                json!({}),
            );
            let schema = format!("{to}/requestBody/content/application~1json");
            self.set(
                "import",
                &schema,
                json!({ "schema": { "$ref": "#/components/schemas/CallUserRequest" } }),
            );
        } else {
            self.set("import", &to, json!({ "requestBody": null }));
        }
    }

    /// A call of a user that differs in one parameter.
    fn parameter(&mut self, parameter: Value) {
        self.operation("post", "/api/v1/users/call", true, &[parameter]);
    }

    /// A file in `spec/`.
    fn file(&mut self, name: &str, text: &str) {
        self.inputs.others.insert(name.to_owned(), text.to_owned());
        let parsed = parse::files(&self.inputs);
        self.parsed
            .values
            .extend(parsed.values.into_iter().filter(|(other, _)| *other == name));
        self.parsed.problems.append(parsed.problems);
    }

    /// A third API with one operation, which shares the token and the quota of the Import API.
    fn third_api(&mut self, name: &str, change: impl FnOnce(&mut Value)) {
        const USED: [&str; 5] = [
            "ExternalIdentity",
            "Timestamp",
            "ImportCode",
            "DeleteIdentityRequest",
            "ImportResponse",
        ];
        let mut api = self.at("import", "").clone();
        let path = "/api/v1/identities/delete";
        let mut operation = api["paths"][path].clone();
        operation["post"]["operationId"] = json!("find_audience");
        api["paths"] = json!({ "/api/v1/audiences": operation });
        let schemas = api["components"]["schemas"].as_object_mut().unwrap();
        schemas.retain(|name, _| USED.contains(&name.as_str()));
        let families = api["x-rate-limits"].as_object_mut().unwrap();
        families.retain(|name, _| name == "identity");
        change(&mut api);
        self.file(name, &api.to_string());
    }
}

/// The merge of RFC 7386.
fn merge(node: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *node = patch;
        return;
    };
    if !node.is_object() {
        *node = json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            node.as_object_mut().unwrap().shift_remove(&key);
        } else {
            merge(&mut node[key], value);
        }
    }
}

/// What must come of an edit.
#[derive(Clone, Copy)]
enum Then {
    /// A file of `generated/` has this text, whatever its line breaks.
    Makes(&'static str, &'static str),
    /// A problem has this text.
    Refused(&'static str),
}

use Then::{Makes, Refused};

type Row = (&'static str, fn(&mut Edited), Then);

/// All rows of a table, so that one run names every row that is wrong.
#[track_caller]
fn check(rows: &[Row]) {
    let inputs = support::real();
    let parsed = parse::files(&inputs);
    let before = codegen::generate(&parsed, &inputs.readme).unwrap_or_else(|problems| panic!("{problems}"));
    let mut wrong = String::new();
    for (what, edit, then) in rows {
        let mut edited = Edited {
            inputs: inputs.clone(),
            parsed: parsed.clone(),
        };
        edit(&mut edited);
        let outputs = codegen::generate(&edited.parsed, &inputs.readme);
        let said = match (outputs, then) {
            (Ok(outputs), Makes(file, text)) => {
                let file = Path::new("generated").join(file);
                let has = |outputs: &BTreeMap<_, String>| {
                    outputs.get(&file).is_some_and(|code| flat(code).contains(&flat(text)))
                };
                if has(&outputs) && !has(&before) {
                    continue;
                }
                let more = outputs
                    .get(&file)
                    .map(|code| news(before.get(&file).map_or("", String::as_str), code));
                format!("should make `{text}`, made\n{}", more.unwrap_or_default())
            }
            (Err(problems), Refused(words)) if problems.to_string().contains(words) => continue,
            (Err(problems), _) => format!("is refused: {problems}"),
            (Ok(_), Refused(words)) => format!("is taken, but should be refused: {words}"),
        };
        writeln!(wrong, "* {what}: {said}").unwrap();
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The text without what prettyplease decides.
fn flat(code: &str) -> String {
    let code: String = code.split_whitespace().collect();
    code.replace(",)", ")").replace(",]", "]")
}

/// The lines that one text has and another has not.
fn news(old: &str, new: &str) -> String {
    let lines = new.lines().filter(|line| !old.lines().any(|other| other == *line));
    lines.collect::<Vec<_>>().join("\n")
}
