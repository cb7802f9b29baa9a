//! An operation as a command for a POSIX shell.

use super::node::Node;

/// The operation to call, as far as the command needs it.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    pub id: &'a str,
    /// The name of its API.
    pub api: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    pub host: &'a str,
    pub scheme: Option<Node<'a>>,
    pub node: Node<'a>,
}

/// The command that sends the first example of the request. Service ID and token come from the same variables of the
/// environment as everywhere in this project.
pub fn curl(call: Call<'_>) -> String {
    let mut words = vec![
        format!("curl -X {}", single(&call.method.to_uppercase())),
        format!("\"{}\"", url(call)),
    ];
    if let Some(scheme) = call.scheme {
        let token = format!("$DFINERY_{}_TOKEN", call.api.to_uppercase());
        words.push(match scheme.text("type") {
            "http" => format!("-H \"Authorization: Bearer {token}\""),
            _ => format!("-H \"{}: {token}\"", double(scheme.text("name"))),
        });
    }
    for parameter in required(call, "header") {
        let header = format!("{}: {}", parameter.text("name"), value(parameter));
        words.push(format!("-H {}", single(&header)));
    }
    if let Some((kind, media)) = contents(call.node.get("requestBody")).next() {
        words.push(format!("-H {}", single(&format!("Content-Type: {kind}"))));
        let example = media.entries("examples").next();
        if let Some(body) = example.and_then(|(_, example)| example.value().get("value")) {
            let body = serde_json::to_string_pretty(body).unwrap_or_default();
            words.push(format!("--data-raw {}", single(&body)));
        }
    }
    let answers = call.node.entries("responses");
    if answers
        .flat_map(|(_, answer)| contents(Some(answer)))
        .any(|(kind, _)| kind == "text/csv")
    {
        words.push(format!("-o {}", single(&format!("{}.csv", call.id))));
    }
    words.join(" \\\n  ")
}

fn contents(node: Option<Node<'_>>) -> impl Iterator<Item = (&str, Node<'_>)> {
    node.into_iter().flat_map(|node| node.entries("content"))
}

fn required<'a>(call: Call<'a>, place: &'a str) -> impl Iterator<Item = Node<'a>> {
    let parameters = call.node.elements("parameters");
    parameters.filter(move |parameter| parameter.text("in") == place && parameter.flag("required"))
}

/// The example of a parameter, or its name for somebody to replace.
fn value(parameter: Node<'_>) -> String {
    let example = parameter.example();
    example.unwrap_or_else(|| parameter.text("name").to_owned())
}

/// The address for double quotes, with the required parameters.
fn url(call: Call<'_>) -> String {
    let path = required(call, "path").fold(call.path.to_owned(), |path, parameter| {
        path.replace(&format!("{{{}}}", parameter.text("name")), &escaped(&value(parameter)))
    });
    let query = required(call, "query").map(|parameter| match parameter.text("name") {
        "service_id" => "service_id=$DFINERY_SERVICE_ID".to_owned(),
        name => format!("{}={}", escaped(name), escaped(&value(parameter))),
    });
    let query: Vec<_> = query.collect();
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{}{}{separator}{}", double(call.host), double(&path), query.join("&"))
}

/// A part of a query.
fn escaped(text: &str) -> String {
    let escaped = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    escaped.collect()
}

/// A text as one word of the shell, in quotes if it needs any.
fn single(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A text for double quotes, where it means itself.
fn double(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '"' | '$' | '`' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
