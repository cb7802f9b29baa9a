//! Every example in the documents goes through the generated types unchanged. That it fits its schema, codegen sees to.

use dfinery::{
    Operation, Token,
    types::{
        export::{ExportEventsRequest, ExportFailure, ExportUserProfilesRequest},
        import::{
            DeleteIdentityRequest, ImportResponse, LoadEventsRequest, UpsertIdentityRequest, UpsertUserProfileRequest,
        },
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::document::operation;

/// The examples of what a body may be, by media type.
fn examples(described: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let media = described["content"].as_object().into_iter().flatten();
    media.flat_map(|(media_type, content)| {
        let examples = content["examples"].as_object().into_iter().flatten();
        examples.map(move |(_, example)| (media_type.as_str(), &example["value"]))
    })
}

/// The examples of the body of a request.
fn requests(of: Operation) -> impl Iterator<Item = &'static Value> {
    examples(&operation(of)["requestBody"]).map(|(_, example)| example)
}

/// The examples of the body of a request; one without a body if it has none.
pub fn bodies(of: Operation) -> Vec<Option<&'static Value>> {
    if has_body(of) {
        requests(of).map(Some).collect()
    } else {
        vec![None]
    }
}

pub fn has_body(of: Operation) -> bool {
    !operation(of)["requestBody"].is_null()
}

/// The examples of the parameters that are in a place, except the service id.
pub fn parameters(of: Operation, place: &str) -> impl Iterator<Item = (&'static str, String)> {
    let parameters = operation(of)["parameters"].as_array().into_iter().flatten();
    let here = parameters.filter(move |parameter| parameter["in"] == place && parameter["name"] != "service_id");
    here.map(|parameter| {
        let example = &parameter["example"];
        let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        (parameter["name"].as_str().unwrap(), text)
    })
}

/// The path of an operation, with the examples of what is in it.
pub fn path(of: Operation) -> String {
    parameters(of, "path").fold(of.path().to_owned(), |path, (name, value)| {
        path.replace(&format!("{{{name}}}"), &value)
    })
}

#[test]
fn requests_go_through_their_types_unchanged() {
    for &operation in Operation::ALL {
        let mut seen = 0;
        for example in requests(operation) {
            let written = match operation {
                Operation::LoadEvents => through::<LoadEventsRequest>(example),
                Operation::UpsertIdentity => through::<UpsertIdentityRequest>(example),
                Operation::DeleteIdentity => through::<DeleteIdentityRequest>(example),
                Operation::UpsertUserProfile => through::<UpsertUserProfileRequest>(example),
                Operation::ExportEvents => through::<ExportEventsRequest>(example),
                Operation::ExportUserProfiles => through::<ExportUserProfilesRequest>(example),
            };
            assert_eq!(written, *example, "{operation}");
            seen += 1;
        }
        assert_eq!(seen > 0, has_body(operation), "{operation} has no example");
    }
}

#[test]
fn answers_go_through_their_types_with_nothing_lost() {
    for &of in Operation::ALL {
        for (status, response) in operation(of)["responses"].as_object().unwrap() {
            assert!(examples(response).next().is_some(), "{of} {status} has no example");
            for (media_type, example) in examples(response) {
                match (media_type, of.token()) {
                    ("application/json", Token::Import) => {
                        let written = through::<ImportResponse>(example);
                        assert_eq!(told(&written), told(example), "{of} {status}");
                    }
                    ("application/json", Token::Export) => assert_eq!(through::<ExportFailure>(example), *example),
                    ("text/csv", Token::Export) => assert_eq!(rows(example.as_str().unwrap()), 2),
                    other => panic!("{of} {status} has an example of {other:?}"),
                }
            }
        }
    }
}

fn through<T: DeserializeOwned + Serialize>(example: &Value) -> Value {
    let read: T = serde_json::from_value(example.clone()).unwrap_or_else(|error| panic!("{error}: {example}"));
    serde_json::to_value(read).unwrap()
}

/// What an import answer tells: the same with a code in digits as with a number, and without `data` as with `null`.
fn told(answer: &Value) -> (&Value, String, &Value, &Value) {
    let code = answer["code"].to_string().replace('"', "");
    (&answer["status"], code, &answer["message"], &answer["data"])
}

/// The rows of a CSV, each as long as the first line.
fn rows(csv: &str) -> usize {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Result<Vec<_>, _> = reader.records().collect();
    rows.unwrap().len()
}
