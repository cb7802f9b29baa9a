//! The catalogue says everything that the spec says, in every file, and nothing in it can do harm.

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use codegen::{parse, read::Inputs};
use scraper::{ElementRef, Html, Selector};
use serde_json::Value;

const HTML: &str = "docs/catalogue.html";
const ENGLISH: &str = "docs/catalogue.md";
const KOREAN: &str = "docs/catalogue.ko.md";

struct Files {
    inputs: Inputs,
    texts: BTreeMap<&'static str, String>,
}

impl Files {
    fn of(inputs: Inputs) -> Self {
        let mut outputs = codegen::outputs(&inputs).unwrap_or_else(|problems| panic!("{problems}"));
        let mut text = |file| (file, outputs.remove(Path::new(file)).unwrap());
        let texts = [text(HTML), text(ENGLISH), text(KOREAN)].into();
        Self { inputs, texts }
    }

    fn spec(&self, name: &str) -> Value {
        parse::files(&self.inputs).values[name].clone()
    }

    fn html(&self) -> Html {
        Html::parse_document(&self.texts[HTML])
    }
}

fn select<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

/// What a reader sees, with one space where there is any.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn seen(element: ElementRef<'_>) -> String {
    words(&element.text().collect::<String>())
}

/// What a reader of the Markdown sees, as far as the texts of the spec are concerned.
fn read(markdown: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("<br>", " ")];
    let text = entities
        .iter()
        .fold(markdown.to_owned(), |text, (entity, c)| text.replace(entity, c));
    words(&text.replace(['\\', '`'], ""))
}

/// Texts under these keys, wherever they stand; examples apart, which are shown as they are.
fn texts(value: &Value, keys: &[&str], found: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries.iter().filter(|(key, _)| *key != "examples") {
                match value.as_str() {
                    Some(text) if keys.contains(&key.as_str()) => found.push(words(&text.replace('`', ""))),
                    _ => texts(value, keys, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, keys, found)),
        _ => {}
    }
}

/// What each file must say of one part of the spec.
fn assert_told(files: &Files, value: &Value, html: &[&str], english: &[&str], korean: &[&str], least: usize) {
    let page = seen(files.html().root_element());
    for (keys, file, text) in [
        (html, HTML, page),
        (english, ENGLISH, read(&files.texts[ENGLISH])),
        (korean, KOREAN, read(&files.texts[KOREAN])),
    ] {
        let mut wanted = Vec::new();
        texts(value, keys, &mut wanted);
        assert!(wanted.len() >= least, "{} texts are too few", wanted.len());
        for wanted in wanted {
            assert!(text.contains(&wanted), "{file} lacks: {wanted}");
        }
    }
}

#[test]
fn every_code_is_told() {
    let files = Files::of(support::real());
    let responses = files.spec("responses");
    let both = ["en", "ko", "name", "message", "phrase"];
    let english = ["en", "name", "message"];
    assert_told(&files, &responses, &both, &english, &["ko"], 40);

    let html = files.html();
    for (api, key) in [("import", "code"), ("export", "message")] {
        for row in responses[api]["codes"].as_array().unwrap() {
            let code = row[key].as_str().map_or_else(|| row[key].to_string(), str::to_owned);
            let entry = select(&html, &format!("article[id='{code}']"));
            let entry = seen(*entry.first().unwrap_or_else(|| panic!("no entry for {code}")));
            for key in ["http", "http_alternative"] {
                assert!(entry.contains(&row[key].to_string()), "{code} lacks its {key}");
            }
            assert!(entry.contains(row["retry"].as_str().unwrap()), "{code} lacks its class");
            if let Some(means) = row["means"].as_str() {
                assert!(entry.contains(means), "{code} lacks what it means");
            }
            for page in row["source"]["pages"].as_array().unwrap() {
                assert!(entry.contains(page.as_str().unwrap()), "{code} lacks {page}");
            }
            for markdown in [ENGLISH, KOREAN] {
                assert!(
                    files.texts[markdown].contains(&format!("\n### `{code}`")),
                    "{markdown}: {code}"
                );
            }
        }
        for row in responses[api]["http"].as_array().unwrap() {
            let id = format!("{api}-http-{}", row["status"]);
            let [told] = select(&html, &format!("tr[id='{id}']"))[..] else {
                panic!("not one row for {id}")
            };
            let means = row["means"].as_str().unwrap_or_default();
            assert!(seen(told).contains(means), "{id} lacks what it means");
        }
    }
}

#[test]
fn every_operation_and_field_is_told() {
    let files = Files::of(support::real());
    let html = files.html();
    for name in ["import", "export"] {
        let document = files.spec(name);
        let mut said = document.clone();
        let told = said.as_object_mut().unwrap();
        // The tags group operations for other tools, the servers are part of every address.
        for key in ["tags", "servers", "externalDocs"] {
            told.shift_remove(key);
        }
        let english = ["description", "summary", "en", "operationId", "x-not-before"];
        let korean = ["x-description-ko", "x-summary-ko", "ko", "operationId", "x-not-before"];
        let both = [english, korean].concat();
        assert_told(&files, &said, &both, &english, &korean, 50);

        for (method, path, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap();
            let entry = select(&html, &format!("article[id='{id}']"));
            let entry = seen(*entry.first().unwrap_or_else(|| panic!("no entry for {id}")));
            let family = operation["x-rate-limit"].as_str().unwrap();
            let idempotent = if operation["x-idempotent"] == true {
                "idempotent"
            } else {
                "not idempotent"
            };
            let header = if name == "import" {
                "access_token: <token>"
            } else {
                "Authorization: Bearer <token>"
            };
            for wanted in [&format!("{method} {path}"), family, idempotent, header] {
                assert!(entry.contains(wanted), "{id} lacks: {wanted}");
            }
            for status in operation["responses"].as_object().unwrap().keys() {
                assert!(
                    entry.contains(&format!("HTTP {status}")),
                    "{id} lacks an example of {status}"
                );
            }
            let examples = &operation["requestBody"]["content"]["application/json"]["examples"];
            for example in examples.as_object().into_iter().flat_map(|examples| examples.values()) {
                let json = words(&serde_json::to_string_pretty(&example["value"]).unwrap());
                assert!(entry.contains(&json), "{id} lacks {json}");
                assert!(words(&files.texts[ENGLISH]).contains(&json));
            }
        }

        let fields: BTreeSet<_> = select(&html, "article th[scope=row] > a:first-child > code")
            .into_iter()
            .map(|code| seen(code).rsplit(['.', ']']).next().unwrap().to_owned())
            .collect();
        for (schema, value) in document["components"]["schemas"].as_object().unwrap() {
            for field in value["properties"]
                .as_object()
                .into_iter()
                .flat_map(|fields| fields.keys())
            {
                assert!(fields.contains(field), "{schema}.{field}");
            }
        }
        for (family, limit) in document["x-rate-limits"].as_object().unwrap() {
            let row = seen(select(&html, &format!("tr[id='rate-limit-{family}']"))[0]).replace(',', "");
            assert!(row.contains(&limit["requests"].to_string()), "{family}: {row}");
        }
        for header in document["paths"]["/api/v1/events"]["post"]["responses"]["200"]["headers"]
            .as_object()
            .into_iter()
            .flat_map(|headers| headers.keys())
        {
            assert!(
                files.texts[HTML].contains(&format!("<code>{header}</code>")),
                "{header}"
            );
        }
    }
}

#[test]
fn the_limits_stand_beside_their_fields() {
    let files = Files::of(support::real());
    let html = files.html();
    let limits = |operation: &str, field: &str| {
        let rows = select(&html, &format!("tr[id='{operation}.{field}']"));
        let row = *rows.first().unwrap_or_else(|| panic!("{operation} has no {field}"));
        let row = seen(row);
        row.split_once("제한:").unwrap_or_else(|| panic!("{row}")).1.to_owned()
    };
    assert!(limits("load_events", "events").contains("1 to 100 elements"));
    assert!(limits("load_events", "events.0.event_items").contains("at most 100 over all events together"));
    assert!(limits("load_events", "common.identity").contains("at least 1 of its fields"));
    assert!(limits("upsert_identity", "identity.email").contains("not empty"));
    assert!(limits("export_events", "from_date").contains("at most 30 days ago"));
    assert!(limits("export_events", "to_date").contains("not before from_date"));
    assert!(limits("export_events", "events_condition_type").contains("one of all, include, exclude"));
}

#[test]
fn every_standard_name_is_told() {
    let files = Files::of(support::real());
    let taxonomy = files.spec("taxonomy");
    let both = ["en", "ko", "name", "note", "since", "use"];
    assert_told(&files, &taxonomy, &both, &["en", "name", "note"], &["ko", "name"], 80);

    let html = files.html();
    for (list, id) in [
        ("events", "event"),
        ("system_events", "system-event"),
        ("event_properties", "event-property"),
        ("item_properties", "item-property"),
        ("user_properties", "user-property"),
        ("consent_properties", "consent-property"),
        ("system_columns", "system-column"),
    ] {
        for row in taxonomy[list].as_array().unwrap() {
            let id = format!("{id}-{}", row["name"].as_str().unwrap());
            assert_eq!(select(&html, &format!("tr[id='{id}']")).len(), 1, "{id}");
        }
    }
}

#[test]
fn every_contradiction_and_page_is_told() {
    let files = Files::of(support::real());
    let sources = files.spec("sources");
    let both = ["en", "ko", "title", "id"];
    assert_told(&files, &sources, &both, &["en", "title"], &["ko", "title"], 100);

    let html = files.html();
    for row in sources["contradictions"].as_array().unwrap() {
        let id = format!("contradiction-{}", row["number"]);
        assert_eq!(select(&html, &format!("article[id='{id}']")).len(), 1, "{id}");
    }
    for page in sources["pages"].as_array().unwrap() {
        let (id, url) = (page["id"].as_str().unwrap(), page["url"].as_str().unwrap());
        let links = select(&html, &format!("tr[id='page-{id}'] td a"));
        assert_eq!(links[0].attr("href"), Some(url));
        assert!(files.texts[ENGLISH].contains(&format!("](<{url}>)")), "{url}");
    }
}

#[test]
fn an_answer_that_is_a_list_shows_the_fields_of_its_elements() {
    let mut inputs = support::fixture();
    for (old, new) in [
        (
            "schema: {$ref: '#/components/schemas/ImportResponse'}",
            "schema: {type: array, items: {$ref: '#/components/schemas/ImportResponse'}}",
        ),
        (
            "value: {status: true, code: 20000}",
            "value: [{status: true, code: 20000}]",
        ),
    ] {
        assert!(inputs.import.contains(old), "{old}");
        inputs.import = inputs.import.replace(old, new);
    }
    let files = Files::of(inputs);
    let html = files.html();
    assert_eq!(select(&html, "tr[id='ImportResponse.status']").len(), 1);
    assert!(read(&files.texts[ENGLISH]).contains("a list of ImportResponse"));
    assert!(read(&files.texts[KOREAN]).contains("목록, 원소는 ImportResponse"));
}

#[test]
fn the_page_needs_nothing_else() {
    let files = Files::of(support::real());
    let html = files.html();
    assert_eq!(html.errors, Vec::<std::borrow::Cow<'static, str>>::new());
    for element in select(&html, "*") {
        let name = element.value().name();
        assert!(
            element.attr("src").is_none() && element.attr("style").is_none(),
            "<{name}>"
        );
        assert!(
            !["link", "img", "iframe", "object", "embed", "base"].contains(&name),
            "<{name}>"
        );
        assert!(
            !element.value().attrs().any(|(name, _)| name.starts_with("on")),
            "<{name}>"
        );
    }
    let policy = select(&html, "meta[http-equiv='Content-Security-Policy']")[0];
    assert!(
        policy
            .attr("content")
            .unwrap()
            .starts_with("default-src 'none'; style-src 'sha256-")
    );
    let [style] = select(&html, "style")[..] else {
        panic!("not one style")
    };
    let [script] = select(&html, "script")[..] else {
        panic!("not one script")
    };
    let style: String = style.text().collect();
    let script: String = script.text().collect();
    assert!(!style.contains("url(") && !style.contains("@import"));
    assert!(
        ["http", "fetch", "XMLHttp", "import(", "innerHTML", "eval"]
            .iter()
            .all(|word| !script.contains(word))
    );
}

#[test]
fn links_lead_somewhere_and_ids_stand_once() {
    let files = Files::of(support::real());
    let html = files.html();
    let mut ids = BTreeSet::new();
    for element in select(&html, "[id]") {
        let id = element.attr("id").unwrap();
        assert!(ids.insert(id), "{id} stands twice");
    }
    let links = select(&html, "a");
    assert!(links.len() > 200);
    for link in links {
        let href = link.attr("href").unwrap();
        match href.strip_prefix('#') {
            Some(id) => assert!(id.is_empty() || ids.contains(id), "{href} leads nowhere"),
            None => assert!(href.starts_with("https://"), "{href}"),
        }
    }
    for file in [ENGLISH, KOREAN] {
        let text = &files.texts[file];
        let mut ids = BTreeSet::new();
        for (at, _) in text.match_indices("<a id=\"") {
            let id = text[at + 7..].split('"').next().unwrap();
            assert!(ids.insert(id), "{file}: {id} stands twice");
        }
        for (at, _) in text.match_indices("](#") {
            let id = text[at + 3..].split(')').next().unwrap();
            assert!(
                text.contains(&format!("<a id=\"{id}\"></a>")),
                "{file}: #{id} leads nowhere"
            );
        }
    }
}

#[test]
fn every_row_can_be_linked_to() {
    let files = Files::of(support::real());
    let html = files.html();
    for id in [
        "load_events",
        "load_events.service_id",
        "load_events.common.identity.external_id",
        "load_events.events.0",
        "load_events.events.0.event_name",
        "load_events.events.0.event_items.0.name",
        "load_events-http-429",
        "ImportResponse.code",
        "40001",
        "query_error",
        "import-http-500",
        "rate-limit-export",
        "header-X-Rate-Limit-Reset",
        "token-import_token",
        "event-df_purchase",
    ] {
        let [target] = select(&html, &format!("[id='{id}']"))[..] else {
            panic!("not one {id}")
        };
        let links = Selector::parse("a.self").unwrap();
        let link = target.select(&links).next();
        let link = link.unwrap_or_else(|| panic!("{id} does not link to itself"));
        assert_eq!(link.attr("href"), Some(format!("#{id}").as_str()));
        for file in [ENGLISH, KOREAN] {
            assert!(
                files.texts[file].contains(&format!("<a id=\"{id}\"></a>")),
                "{file}: {id}"
            );
        }
    }
    for row in select(&html, "tr[data-item]") {
        let id = row.attr("id").unwrap_or_else(|| panic!("no id: {}", seen(row)));
        assert!(
            id.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)),
            "{id} has to be escaped in an address"
        );
        let link = Selector::parse("th > a.self").unwrap();
        assert!(row.select(&link).next().is_some(), "{id} does not link to itself");
    }
}

#[test]
fn every_cell_knows_its_column() {
    let files = Files::of(support::real());
    let html = files.html();
    let [columns, cells, en, ko] =
        ["thead th", "tbody tr > *", "span.en", "span.ko"].map(|selector| Selector::parse(selector).unwrap());
    for table in select(&html, "table") {
        let of = |th: ElementRef<'_>, language| th.select(language).next().map_or_else(|| seen(th), seen);
        let columns: Vec<_> = table.select(&columns).collect();
        for (index, cell) in table.select(&cells).enumerate() {
            let column = columns[index % columns.len()];
            assert_eq!(cell.attr("data-label"), Some(of(column, &en).as_str()));
            assert_eq!(cell.attr("data-label-ko"), Some(of(column, &ko).as_str()));
        }
    }
}

/// The operations of a document, with their methods and paths.
fn operations(document: &Value) -> Vec<(String, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (method.to_uppercase(), path.as_str(), operation))
    });
    operations.collect()
}

/// The words that the shell passes to curl.
fn run(command: &str) -> Vec<String> {
    let script = format!("curl() {{ printf '%s\\000' \"$@\"; }}\n{command}\n");
    let output = Command::new("sh")
        .args(["-c", &script])
        .env("DFINERY_SERVICE_ID", "service")
        .env("DFINERY_IMPORT_TOKEN", "im'port \"$token")
        .env("DFINERY_EXPORT_TOKEN", "export * token")
        .output()
        .unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}\n{command}"
    );
    let words = String::from_utf8(output.stdout).unwrap();
    words.split_terminator('\0').map(str::to_owned).collect()
}

fn assert_commands(files: &Files) {
    let html = files.html();
    for (name, token) in [
        ("import", "access_token: im'port \"$token"),
        ("export", "Authorization: Bearer export * token"),
    ] {
        let document = files.spec(name);
        let host = document["servers"][0]["url"].as_str().unwrap_or_default();
        for (method, path, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap();
            let [command] = select(&html, &format!("article[id='{id}'] pre.sh"))[..] else {
                panic!("not one command for {id}")
            };
            let command: String = command.text().collect();
            for file in [ENGLISH, KOREAN] {
                let block = format!("sh\n{command}\n```");
                assert!(files.texts[file].contains(&block), "{file} lacks {command}");
            }
            let examples = operation["requestBody"]["content"]["application/json"]["examples"].as_object();
            let example = examples.and_then(|examples| examples.values().next());
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let path =
                parameters
                    .filter(|parameter| parameter["in"] == "path")
                    .fold(path.to_owned(), |path, parameter| {
                        let name = format!("{{{}}}", parameter["name"].as_str().unwrap());
                        path.replace(&name, parameter["example"].as_str().unwrap())
                    });
            let url = format!("{host}{path}?service_id=service");
            let file = format!("{id}.csv");
            let mut words = run(&command);
            let mut wanted = vec!["-X", &method, &url, "-H", token];
            if operation.get("requestBody").is_some() {
                wanted.extend(["-H", "Content-Type: application/json"]);
            }
            if let Some(example) = example {
                let sent = words.remove(8);
                assert_eq!(serde_json::from_str::<Value>(&sent).unwrap(), example["value"], "{id}");
                wanted.push("--data-raw");
            }
            if name == "export" {
                wanted.extend(["-o", &file]);
            }
            assert_eq!(words, wanted, "{id}");
        }
    }
}

#[test]
fn commands_send_the_examples() {
    assert_commands(&Files::of(support::real()));

    let mut inputs = support::fixture();
    let old = "user-1";
    assert!(inputs.import.contains(old));
    let value = serde_json::to_string("김'민지 '' \"$HOME\" `id` $(id) \\ \n ```! @ ;").unwrap();
    inputs.import = inputs.import.replace(old, &value);
    let files = Files::of(inputs);
    assert!(files.texts[HTML].contains("김"));
    assert_commands(&files);
}

#[test]
fn headings_and_tables_are_in_order() {
    let files = Files::of(support::real());
    let html = files.html();
    let levels: Vec<_> = select(&html, "h1, h2, h3, h4, h5, h6")
        .iter()
        .map(|heading| heading.value().name().as_bytes()[1] - b'0')
        .collect();
    assert_eq!(select(&html, "h1").len(), 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    assert_eq!(select(&html, "table").len(), select(&html, "table > caption").len());
    assert!(select(&html, "th").iter().all(|th| th.attr("scope").is_some()));
    let columns = Selector::parse("thead th").unwrap();
    let cells = Selector::parse("th, td").unwrap();
    for table in select(&html, "table") {
        let columns = table.select(&columns).count();
        let rows = Selector::parse("tbody tr").unwrap();
        assert!(table.select(&rows).all(|row| row.select(&cells).count() == columns));
    }
}

#[test]
fn markup_in_the_spec_is_text() {
    const ATTACK: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;|`<b>`";
    let mut inputs = support::fixture();
    let quoted = serde_json::to_string(ATTACK).unwrap();
    let attack = |text: &mut String, old: &str| {
        assert!(text.contains(old), "{old}");
        *text = text.replace(old, &quoted);
    };
    attack(&mut inputs.import, "All events of a request belong to one user.");
    attack(&mut inputs.import, "Loads events of one user.");
    attack(&mut inputs.import, "The id in your own system.");
    attack(&mut inputs.import, "What all events of a request share.");
    attack(&mut inputs.import, "user-1");
    attack(&mut inputs.responses, "Wait until it is reset.");
    attack(&mut inputs.responses, "Server Error");
    let files = Files::of(inputs);

    let html = files.html();
    assert_eq!(select(&html, "script").len(), 1);
    assert_eq!(select(&html, "img").len() + select(&html, "b").len(), 0);
    assert!(
        !select(&html, "*")
            .iter()
            .any(|element| element.attr("onerror").is_some())
    );
    assert!(seen(html.root_element()).contains("<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;|<b>"));
    for file in [ENGLISH, KOREAN] {
        let text = &files.texts[file];
        let outside_of_code = text.split("```").step_by(2).collect::<String>();
        let outside_of_code = outside_of_code.split('`').step_by(2).collect::<String>();
        assert!(
            !outside_of_code.contains("<script") && !outside_of_code.contains("<img"),
            "{file}"
        );
    }
}

#[test]
fn korean_readers_get_korean() {
    let files = Files::of(support::real());
    let html = files.html();
    let pairs = select(&html, "span.en").len();
    assert_eq!(pairs, select(&html, "span.ko").len());
    assert!(
        select(&html, "span.en")
            .iter()
            .all(|span| span.attr("lang") == Some("en"))
    );
    assert!(
        select(&html, "span.ko")
            .iter()
            .all(|span| span.attr("lang") == Some("ko"))
    );
    for element in select(&html, "[aria-label], [placeholder], title") {
        let korean = element.attr("data-ko").unwrap_or_default();
        assert!(
            korean.chars().any(|c| ('가'..='힣').contains(&c)),
            "no Korean for {}",
            element.html()
        );
    }
    let title = seen(select(&html, "title")[0]);
    assert!(title.contains("endpoints, codes and limits"), "{title}");
    // Words of the spec such as `after-reset` are English and stay out of sight.
    for tag in select(&html, ".tag code") {
        assert_eq!(tag.attr("class"), Some("en"), "{}", tag.html());
    }
    assert!(files.texts[ENGLISH].contains("(`after-reset`)") && !files.texts[KOREAN].contains("(`after-reset`)"));
    // Without the script the page is in English.
    assert_eq!(html.root_element().attr("lang"), Some("en"));
}
