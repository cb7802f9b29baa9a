//! Every rule refuses its own kind of fault, and says so in words a person can act on.

mod support;

/// The problems of the fixture after `from` became `to` in one of its files.
#[track_caller]
fn problems(file: &str, from: &str, to: &str) -> String {
    let mut inputs = support::fixture();
    let text = support::file(&mut inputs, file);
    assert!(text.contains(from), "{file} has no `{from}`");
    *text = text.replacen(from, to, 1);
    codegen::outputs(&inputs)
        .expect_err("the fault is not seen")
        .to_string()
}

/// Asserts that a change is refused in exactly these words; `edits_of_tables.rs` tests the line and the
/// subject, which are between the file and the rest.
#[track_caller]
fn refuses(file: &str, from: &str, to: &str, words: &str) {
    let problems = problems(file, from, to);
    let (path, rest) = words.split_once(": ").expect("a file, and what is wrong in it");
    let [problem] = problems.lines().collect::<Vec<_>>()[..] else {
        panic!("more than one problem: {problems}");
    };
    assert!(
        problem.starts_with(path) && problem.ends_with(&format!(": {rest}")),
        "{problem}"
    );
}

/// Asserts that a change is refused, among others in these words.
#[track_caller]
fn mentions(file: &str, from: &str, to: &str, words: &str) {
    let problems = problems(file, from, to);
    assert!(problems.contains(words), "{problems}");
}

#[test]
fn the_fixture_is_in_order() {
    codegen::outputs(&support::fixture()).unwrap();
}

#[test]
fn all_problems_are_named_in_one_run() {
    let mut inputs = support::fixture();
    inputs.import = inputs
        .import
        .replace("3.0.3", "3.1.0")
        .replace("load_events", "loadEvents");
    inputs.export = inputs.export.replace("      x-idempotent: true\n", "");
    inputs.responses = inputs.responses.replace("ko: 없음.", "ko: ''");
    inputs.taxonomy = inputs
        .taxonomy
        .replace("{name: df_items, required: true}", "{name: df_item, required: true}");
    inputs.sources = inputs.sources.replace("number: 1", "number: 2");
    let problems = codegen::outputs(&inputs).unwrap_err().to_string();
    let lines: Vec<_> = problems.lines().collect();
    assert_eq!(
        lines,
        [
            "spec/export.yaml:17: export_events: paths./api/v1/export/event.post: no x-idempotent; say whether the same request may be sent twice",
            "spec/import.yaml:1: openapi: is 3.1.0; progenitor reads 3.0.x only",
            "spec/import.yaml:23: loadEvents: paths./api/v1/events.post.operationId: `loadEvents` is not snake_case",
            "spec/responses.yaml:9: code 20000: import.codes[0].remedy.ko: is empty; every text is needed in both languages",
            "spec/sources.yaml:6: number 2: contradictions[0].number: is 2; it is number 1",
            "spec/taxonomy.yaml:5: df_purchase, df_item: events[0].properties[0].name: `df_item` is none of the event_properties",
        ]
    );
}

#[test]
fn yaml_that_is_none() {
    mentions(
        "import",
        "info:\n",
        "info: [\n",
        "spec/import.yaml:4: is no valid YAML: ",
    );
    mentions("taxonomy", "events:\n", "events: {\n", "is no valid YAML: ");
    mentions(
        "responses",
        "      name: OK\n",
        "      name: OK\n      name: OK\n",
        "duplicate mapping key",
    );
}

#[test]
fn an_empty_file() {
    for name in ["import", "export", "responses", "taxonomy", "sources"] {
        for text in ["", "# Nothing but a comment.\n", "~\n"] {
            let mut inputs = support::fixture();
            *support::file(&mut inputs, name) = text.to_owned();
            let problems = codegen::outputs(&inputs).unwrap_err().to_string();
            assert!(
                problems.starts_with(&format!("spec/{name}.yaml: is empty\n")),
                "{problems}"
            );
        }
    }
}

#[test]
fn another_version() {
    refuses(
        "import",
        "openapi: 3.0.3",
        "openapi: 3.1.0",
        "spec/import.yaml: openapi: is 3.1.0; progenitor reads 3.0.x only",
    );
    refuses(
        "import",
        "version: v1",
        "version: 1",
        "spec/import.yaml: info.version: must be a text, is 1",
    );
}

#[test]
fn only_true_and_false_are_truth_values() {
    mentions(
        "import",
        "x-idempotent: false",
        "x-idempotent: no",
        "post.x-idempotent: must be true or false, is the text `no`",
    );
}

#[test]
fn operation_ids() {
    mentions(
        "import",
        "load_events",
        "loadEvents",
        "operationId: `loadEvents` is not snake_case",
    );
    mentions(
        "import",
        "load_events",
        "move",
        "operationId: `move` cannot be the name of a method of the client",
    );
    mentions(
        "import",
        "load_events",
        "baseurl",
        "operationId: `baseurl` cannot be the name of a method of the client",
    );
    refuses(
        "export",
        "export_events",
        "load_events",
        "spec/export.yaml: paths./api/v1/export/event.post.operationId: \
         `load_events` is the operation `LoadEvents`, as `load_events` is elsewhere",
    );
}

#[test]
fn missing_descriptions() {
    let at = "spec/import.yaml: ";
    let say = "no description; say what it is";
    for (text, place) in [
        ("description: Takes events.", "info"),
        ("description: Calls that load events.", "x-rate-limits.event"),
        (
            "description: All events of a request belong to one user.",
            "paths./api/v1/events.post",
        ),
        ("description: The events.", "paths./api/v1/events.post.requestBody"),
        (
            "description: Taken or refused; the code tells.",
            "paths./api/v1/events.post.responses.200",
        ),
        (
            "description: The token of the Import API.",
            "components.securitySchemes.import_token",
        ),
        ("description: The service.", "components.parameters.ServiceId"),
        ("description: The period.", "components.headers.Limit"),
        (
            "description: Events of one user.",
            "components.schemas.LoadEventsRequest",
        ),
        (
            "description: An e-mail address.",
            "components.schemas.Identity.properties.email",
        ),
    ] {
        refuses("import", text, "", &format!("{at}{place}: {say}"));
    }
    refuses(
        "import",
        "description: The period.",
        "description: ' '",
        &format!("{at}components.headers.Limit.description: is empty"),
    );
    refuses(
        "import",
        "      summary: Loads events of one user.\n",
        "",
        &format!("{at}paths./api/v1/events.post: no summary; say in a line what it does"),
    );
}

#[test]
fn missing_examples() {
    refuses(
        "import",
        "            examples:
              one:
                summary: One event.
                x-summary-ko: 요약입니다.
                value: {common: {identity: {external_id: user-1}}, events: [{event_log_id: 3f2b8c1e-7d54-4c1a-9a36-52f0c7a1d9e4, event_name: df_purchase, event_datetime: '2026-09-14T03:21:07.512Z'}]}\n",
        "",
        "spec/import.yaml: paths./api/v1/events.post.requestBody.content.application/json: no examples; show what is sent",
    );
    refuses(
        "import",
        "              examples:
                taken:
                  summary: Success.
                  x-summary-ko: 요약입니다.
                  value: {status: true, code: 20000}\n",
        "",
        "spec/import.yaml: paths./api/v1/events.post.responses.200.content.application/json: no examples; show what comes back",
    );
    refuses(
        "export",
        "              examples:
                row:
                  summary: One event.
                  x-summary-ko: 요약입니다.
                  value: \"event_name\\ndf_login\\n\"\n",
        "",
        "spec/export.yaml: paths./api/v1/export/event.post.responses.200.content.text/csv: no examples; show what comes back",
    );
    refuses(
        "import",
        "              one:
                summary: One event.
                x-summary-ko: 요약입니다.
                value: {common: {identity: {external_id: user-1}}, events: [{event_log_id: 3f2b8c1e-7d54-4c1a-9a36-52f0c7a1d9e4, event_name: df_purchase, event_datetime: '2026-09-14T03:21:07.512Z'}]}\n",
        "              {}\n",
        "spec/import.yaml: paths./api/v1/events.post.requestBody.content.application/json.examples: is empty",
    );
}

#[test]
fn missing_sources() {
    let line = "x-source: {confidence: documented, pages: [limits-en]}";
    mentions(
        "import",
        line,
        "",
        "x-rate-limits.event: no x-source; say which page it is from and how sure that is",
    );
    let line = "          x-source: {confidence: documented, pages: [events-en]}\n          minItems: 1\n";
    mentions(
        "import",
        line,
        "          minItems: 1\n",
        "LoadEventsRequest.properties.events: no x-source; ",
    );
    mentions(
        "responses",
        "      source: {confidence: documented, pages: [events-en]}\n",
        "",
        "import.codes[0]: no source: Where the row comes from",
    );
}

#[test]
fn malformed_sources() {
    let at = "x-rate-limits.event.x-source";
    let line = "{confidence: documented, pages: [limits-en]}";
    let refuses = |to: &str, words: &str| mentions("import", line, to, &format!("{at}{words}"));
    refuses("limits-en", ": must be a map, is the text `limits-en`");
    refuses("{confidence: documented}", ": no pages; say which pages it is from");
    refuses(
        "{confidence: sure, pages: [limits-en]}",
        ".confidence: `sure` must be one of: documented, derived, adjacent, assumed",
    );
    refuses(
        "{confidence: documented, pages: limits-en}",
        ".pages: must be a list, is the text `limits-en`",
    );
    refuses(
        "{confidence: documented, pages: []}",
        ".pages: is empty; only what is assumed may name no page",
    );
    refuses(
        "{confidence: documented, pages: [limit-en]}",
        ".pages[0]: `limit-en` is no page of spec/sources.yaml",
    );
    refuses(
        "{confidence: documented, pages: [limits-en, limits-en]}",
        ".pages[1]: `limits-en` stands here twice",
    );
    refuses(
        "{confidence: documented, pages: [limits-en], page: 1}",
        ".page: is no key that a source has here",
    );
    refuses(
        "{confidence: documented, pages: [limits-en], note: {en: A remark., ko: ''}}",
        ".note.ko: is empty",
    );
}

#[test]
fn sources_of_rows() {
    mentions(
        "responses",
        "source: {confidence: documented, pages: [export-ko]}",
        "source: {confidence: documented, pages: [export-en]}",
        "export.codes[0].source.pages[0]: `export-en` is no page of spec/sources.yaml",
    );
    mentions(
        "taxonomy",
        "confidence: adjacent",
        "confidence: probable",
        "events[0].source.confidence: `probable` must be one of: documented, derived",
    );
    mentions(
        "sources",
        "pages: [events-en, limits-en]",
        "pages: [events]",
        "contradictions[0].pages[0]: `events` is no page",
    );
}

#[test]
fn unknown_keys() {
    mentions(
        "import",
        "x-idempotent: false",
        "x-idempotant: false",
        "post.x-idempotant: is no extension that an operation has",
    );
    mentions(
        "import",
        "x-sensitive: true",
        "x-secret: true",
        "external_id.x-secret: is no extension that a property has",
    );
    mentions(
        "import",
        "required: true\n        content",
        "require: true\n        content",
        "requestBody.require: is no key",
    );
    mentions(
        "responses",
        "name: OK",
        "nom: OK",
        "import.codes[0].nom: is no key here; there are: code, name, http",
    );
    mentions(
        "taxonomy",
        "values: [Female, Male]",
        "value: [Female, Male]",
        "user_properties[0].value: is no key here; there are: name, type, values",
    );
    mentions(
        "sources",
        "seen: complete",
        "saw: complete",
        "pages[0].saw: is no key here; there are: id, title",
    );
}

#[test]
fn keys_that_this_project_does_without() {
    let at = "components.schemas.Identity";
    let refuses = |to: &str, words: &str| mentions("import", "      minProperties: 1\n", to, &format!("{at}.{words}"));
    refuses(
        "      anyOf: [{required: [email]}]\n",
        "anyOf: is not allowed in a schema: progenitor makes a type of it",
    );
    refuses(
        "      allOf: []\n",
        "allOf: is not allowed in a schema: only a property may have it",
    );
    mentions(
        "import",
        "          minLength: 1\n",
        "          pattern: a+\n",
        "external_id.pattern: is not allowed in a property",
    );
    mentions(
        "import",
        "        '200':",
        "        default:",
        "responses.default: progenitor counts it as success and as failure",
    );
    mentions(
        "import",
        "        '200':",
        "        '20x':",
        "responses.20x: `20x` is no HTTP status",
    );
    mentions(
        "import",
        "    post:",
        "    get:",
        "paths./api/v1/events.get.requestBody: a GET sends no body",
    );
}

#[test]
fn references() {
    let at = "paths./api/v1/events.post.parameters[0]";
    let reference = "- $ref: '#/components/parameters/ServiceId'";
    let none = "is none of the components/parameters of this document";
    for target in [
        "#/components/parameters/Service",
        "#/components/schemas/Event",
        "other.yaml#/ServiceId",
        "https://example.com/a",
    ] {
        refuses(
            "import",
            reference,
            &format!("- $ref: '{target}'"),
            &format!("spec/import.yaml: {at}.$ref: `{target}` {none}"),
        );
    }
    refuses(
        "import",
        reference,
        "- $ref: 7",
        &format!("spec/import.yaml: {at}.$ref: must be a text, is 7"),
    );
    mentions(
        "import",
        "$ref: '#/components/schemas/EventsCommon'",
        "$ref: '#/components/schemas/Common'",
        "properties.common.$ref: `#/",
    );
    mentions(
        "import",
        "common: {$ref: '#/components/schemas/EventsCommon'}",
        "common: {$ref: '#/components/schemas/EventsCommon', nullable: true}",
        "properties.common.nullable: stands beside a $ref, where every tool ignores it",
    );
}

#[test]
fn what_every_operation_has() {
    let at = "spec/import.yaml: paths./api/v1/events.post";
    let refuses = |from: &str, to: &str, words: &str| refuses("import", from, to, &format!("{at}{words}"));
    refuses(
        "      x-idempotent: false\n",
        "",
        ": no x-idempotent; say whether the same request may be sent twice",
    );
    refuses(
        "      x-rate-limit: event\n",
        "",
        ": no x-rate-limit; say which family's quota it spends",
    );
    refuses(
        "x-rate-limit: event",
        "x-rate-limit: evnt",
        ".x-rate-limit: `evnt` is none of the x-rate-limits",
    );
    refuses(
        "      security:\n        - import_token: []\n",
        "",
        ": no security; say which token it takes",
    );
    refuses(
        "- import_token: []",
        "- imported: []",
        ".security: `imported` is none of the components/securitySchemes",
    );
    refuses(
        "- import_token: []",
        "- {import_token: [], other_token: []}",
        ".security: names several tokens; an operation takes one",
    );
    refuses("      tags: [Event]\n", "", ": no tags; an operation has one");
    refuses(
        "tags: [Event]",
        "tags: [Event, Identity]",
        ".tags: must have exactly one element, has 2",
    );
    refuses(
        "tags: [Event]",
        "tags: []",
        ".tags: must have exactly one element, has 0",
    );
}

#[test]
fn request_bodies() {
    let at = "paths./api/v1/events.post.requestBody";
    let body = "schema: {$ref: '#/components/schemas/LoadEventsRequest'}";
    mentions(
        "import",
        "          application/json:\n            schema: {$ref: '#/components/schemas/Load",
        "          text/csv:\n            schema: {$ref: '#/components/schemas/Load",
        &format!("{at}.content.text/csv: a request body must be application/json, not `text/csv`"),
    );
    mentions(
        "import",
        body,
        "schema: {type: object}",
        &format!("{at}.content.application/json.schema: must be a $ref to components/schemas"),
    );
    mentions(
        "import",
        body,
        "schema: {$ref: '#/components/schemas/Timestamp'}",
        &format!("{at}: `Timestamp` has no properties"),
    );
}

#[test]
fn nameless_types() {
    let event_name = "          type: string\n          minLength: 1\n          description: The name of the event.";
    let at = "components.schemas.Event.properties.event_name";
    let nested = "          type: object\n          properties: {a: {type: string}}\n          description: The name of the event.";
    mentions(
        "import",
        event_name,
        nested,
        &format!("{at}.properties: is not allowed in a property: put it into components/schemas"),
    );
    let object = "          type: object\n          description: The name of the event.";
    mentions(
        "import",
        event_name,
        object,
        &format!("{at}: no field stands for a nameless object: put it into components/schemas"),
    );
    let values = "          type: string\n          enum: [a]\n          description: The name of the event.";
    mentions(
        "import",
        event_name,
        values,
        &format!("{at}.enum: is not allowed in a property: put it into components/schemas"),
    );
    let list = "          type: array\n          items: {type: array}\n          description: The name of the event.";
    mentions(
        "import",
        event_name,
        list,
        &format!("{at}: no field stands for a list of a list without items"),
    );
    let time = "          type: string\n          format: date-time\n          description: The name of the event.";
    mentions(
        "import",
        event_name,
        time,
        &format!("{at}: no field stands for string date-time"),
    );
    let alias = "      type: string\n      format: date-time\n      description: A point in time.\n      x-description-ko: 설명입니다.\n      x-source: {confidence: documented, pages: [events-en]}\n      x-rust-type-path: crate::Timestamp\n";
    let without = alias.replace("      x-rust-type-path: crate::Timestamp\n", "");
    mentions(
        "import",
        alias,
        &without,
        "components.schemas.Timestamp: gives no type: it has neither properties nor enum nor x-rust-type-path",
    );
    mentions(
        "import",
        "crate::Timestamp",
        "chrono::DateTime<Utc>",
        "x-rust-type-path: `chrono::DateTime<Utc>` is no path of this crate",
    );
}

#[test]
fn enums() {
    let at = "components.schemas.ConditionType";
    mentions(
        "export",
        "        exclude: {en: All but those listed., ko: 적힌 것을 뺀 나머지입니다.}\n",
        "",
        &format!("{at}.x-enum-descriptions: no `exclude`; say what it means"),
    );
    mentions(
        "export",
        "        exclude: {en: All",
        "        except: {en: All",
        &format!("{at}.x-enum-descriptions.except: is no value of the enum"),
    );
    mentions(
        "export",
        "[all, include, exclude]",
        "[all, include, exclude, 1]",
        &format!("{at}.enum[3]: must be a text, is 1"),
    );
    mentions(
        "export",
        "[all, include, exclude]",
        "[all, include, exclude, ALL]",
        &format!("{at}.enum[3]: `ALL` is the variant `All`, as `all` is elsewhere"),
    );
    mentions(
        "export",
        "[all, include, exclude]",
        "[all, include, exclude, self]",
        &format!("{at}.enum[3]: `self` gives no name of a variant"),
    );
}

#[test]
fn names() {
    mentions(
        "import",
        "        event_name:\n",
        "        type:\n",
        "Event.properties.type: `type` is a keyword of Rust",
    );
    mentions(
        "import",
        "        event_name:\n",
        "        eventName:\n",
        "Event.properties.eventName: `eventName` is not snake_case",
    );
    mentions(
        "import",
        "    EventsCommon:\n",
        "    events_common:\n",
        "schemas.events_common: `events_common` is not written as a type of Rust",
    );
    mentions(
        "import",
        "    EventsCommon:\n",
        "    Option:\n",
        "schemas.Option: `Option` would hide the type of Rust",
    );
    mentions(
        "import",
        "    EventsCommon:\n",
        "    Self:\n",
        "schemas.Self: `Self` is a keyword of Rust",
    );
    mentions(
        "import",
        "    import_token:\n",
        "    import:\n",
        "securitySchemes.import: `import` must end in `_token`",
    );
    mentions(
        "export",
        "    export_token:\n      type",
        "    import_token:\n      type",
        "`import_token` is the token `ImportToken`, as `import_token` is elsewhere",
    );
    mentions(
        "import",
        "  /api/v1/events:",
        "  api/v1/events:",
        "paths.api/v1/events: `api/v1/events` is no plain path",
    );
    mentions(
        "export",
        "  export:\n    requests",
        "  event:\n    requests",
        "x-rate-limits.event: `event` is the family `Event`, as `event` is elsewhere",
    );
}

#[test]
fn limits() {
    let at = "components.schemas.LoadEventsRequest";
    mentions(
        "import",
        "required: [common, events]",
        "required: [common, event]",
        &format!("{at}.required[1]: `event` is none of the properties"),
    );
    mentions(
        "import",
        "required: [common, events]",
        "required: [common, common, events]",
        &format!("{at}.required[1]: `common` stands twice"),
    );
    mentions(
        "import",
        "required: [common, events]",
        "required: [common]",
        &format!("{at}.properties.events.minItems: is for lists that are required"),
    );
    mentions(
        "import",
        "maxItems: 100",
        "maxItems: 1.5",
        &format!("{at}.properties.events.maxItems: must be a whole number from 1 on, is 1.5"),
    );
    mentions(
        "import",
        "maxItems: 100",
        "maxItems: -1",
        &format!("{at}.properties.events.maxItems: must be a whole number from 1 on, is -1"),
    );
    mentions(
        "import",
        "maxItems: 100",
        "minLength: 1",
        &format!("{at}.properties.events.minLength: is for texts"),
    );
    mentions(
        "import",
        "{array: events,",
        "{array: common,",
        &format!("{at}.x-max-total-items.array: `common` is no list of structs"),
    );
    mentions(
        "import",
        "items: event_items,",
        "items: event_name,",
        &format!("{at}.x-max-total-items.items: `event_name` is no list of the elements of `events`"),
    );
    mentions(
        "import",
        "minProperties: 1",
        "minProperties: 2",
        "Identity.minProperties: is 1, where all properties are optional",
    );
    mentions(
        "import",
        "          x-sensitive: true\n          minLength: 1\n        email:",
        "          x-sensitive: 1\n        email:",
        "x-sensitive: must be true or false, is 1",
    );
    mentions(
        "import",
        "requests: 1000\n",
        "requests: many\n",
        "x-rate-limits.event.requests: must be a whole number from 1 on, is the text `many`",
    );
    mentions(
        "export",
        "x-not-before: from_date",
        "x-not-before: audience",
        "to_date.x-not-before: is for a required date, and names another one",
    );
    mentions(
        "export",
        "x-not-before: from_date",
        "x-max-age-days: 0",
        "to_date.x-max-age-days: must be a whole number from 1 on, is 0",
    );
    mentions(
        "import",
        "        data:\n          type: boolean\n          nullable: true\n",
        "        data:\n          type: boolean\n          x-max-age-days: 3\n",
        "data.x-max-age-days: is for dates that are required",
    );
    mentions(
        "import",
        "          minItems: 1\n",
        "          nullable: true\n",
        "events.nullable: is for properties that are neither lists nor maps",
    );
}

#[test]
fn a_schema_that_holds_itself() {
    mentions(
        "import",
        "        identity: {$ref: '#/components/schemas/Identity'}",
        "        identity: {$ref: '#/components/schemas/LoadEventsRequest'}",
        "components.schemas.LoadEventsRequest: holds itself, directly or through other schemas",
    );
}

#[test]
fn one_request_for_two_operations() {
    let mut inputs = support::fixture();
    let start = inputs.import.find("  /api/v1/events:").unwrap();
    let end = inputs.import.find("components:").unwrap();
    let second = inputs.import[start..end]
        .replace("/events:", "/more:")
        .replace("load_events", "load_more");
    inputs.import.insert_str(end, &second);
    let problems = codegen::outputs(&inputs).unwrap_err().to_string();
    assert_eq!(
        problems.trim_end(),
        "spec/import.yaml:84: load_more: paths./api/v1/more.post.requestBody: `LoadEventsRequest` is already the request of `load_events`"
    );
}

#[test]
fn wrong_types_in_documents() {
    mentions(
        "import",
        "components:\n",
        "components: []\nx:\n",
        "components: must be a map, is a list",
    );
    mentions(
        "import",
        "required: [identity]",
        "required: identity",
        "required: must be a list, is the text `identity`",
    );
    mentions(
        "import",
        "description: The period.",
        "description: [The period.]",
        "description: must be a text, is a list",
    );
    mentions(
        "import",
        "          description: The events.\n",
        "          description:\n",
        "description: must be a text, is null",
    );
}

#[test]
fn wrong_types_in_tables() {
    mentions(
        "responses",
        "code: 20000",
        "code: '20000'",
        "import.codes[0].code: must be a whole number, is the text `20000`",
    );
    mentions(
        "responses",
        "code: 20000",
        "code: [20000]",
        "import.codes[0].code: must be a whole number, is a list",
    );
    mentions(
        "responses",
        "retry: after-reset",
        "retry: later",
        "import.codes[1].retry: `later` must be one of: never, backoff, after-reset",
    );
    mentions(
        "taxonomy",
        "required: unsettled",
        "required: perhaps",
        "events[0].properties[1].required: `perhaps` must be one of: true, false, unsettled",
    );
    mentions(
        "taxonomy",
        "type: double",
        "type: float",
        "event_properties[1].type: `float` must be one of: string, long, double",
    );
    mentions(
        "taxonomy",
        "events:\n  - name: df_purchase\n    label: {en: Purchase, ko: 구매}",
        "events:\n  - name: df_purchase\n    label: Purchase",
        "events[0].label: must be a map, is the text `Purchase`",
    );
    mentions(
        "sources",
        "language: ko",
        "language: jp",
        "pages[2].language: `jp` must be one of: ko, en",
    );
}

#[test]
fn codes() {
    mentions(
        "responses",
        "      name: OK\n",
        "",
        "import.codes[0]: no name: The wire `message`",
    );
    mentions(
        "responses",
        "    - message: unknown_error\n      http",
        "    - http",
        "export.codes[0]: no message: The wire `message`",
    );
    mentions(
        "responses",
        "code: 40401",
        "code: 20000",
        "import.codes[1].code: 20000 stands twice",
    );
    mentions(
        "responses",
        "name: TOO_MANY_REQUEST",
        "name: Ok",
        "import.codes[1].name: `Ok` is the variant `Ok`, as another row is",
    );
    mentions(
        "responses",
        "name: TOO_MANY_REQUEST",
        "name: 4TOO",
        "import.codes[1].name: `4TOO` gives no name of a variant",
    );
    mentions(
        "responses",
        "name: TOO_MANY_REQUEST",
        "name: SELF",
        "import.codes[1].name: `SELF` gives no name of a variant",
    );
    mentions(
        "responses",
        "name: TOO_MANY_REQUEST",
        "name: UNKNOWN",
        "import.codes[1].name: `Unknown` is the variant for codes that are not",
    );
    mentions(
        "responses",
        "name: TOO_MANY_REQUEST",
        "name: TOO-MANY",
        "import.codes[1].name: `TOO-MANY` holds other characters than",
    );
    mentions(
        "responses",
        "message: unknown_error",
        "message: ''",
        "export.codes[0].message: `` gives no name of a variant",
    );
    mentions(
        "responses",
        "code: 20000",
        "code: 20001",
        "import.codes: has no row for 20000, the code of success",
    );
    mentions(
        "responses",
        "http: 200\n",
        "http: 20\n",
        "import.codes[0].http: 20 is no HTTP status",
    );
    mentions(
        "responses",
        "http_alternative: 429",
        "http_alternative: 4290",
        "import.codes[1].http_alternative: 4290 is no HTTP status",
    );
    mentions(
        "responses",
        "phrase: Server Error",
        "phrase: ''",
        "export.http[0].phrase: is empty",
    );
}

#[test]
fn what_a_response_means_for_other_calls() {
    mentions(
        "responses",
        "retry: after-reset",
        "retry: never\n      means: token",
        "means: `token` must be one of: auth",
    );
    let words = "is auth, which is a failure that is never retried";
    for (from, to, at) in [
        ("retry: never", "retry: never\n      means: auth", "import.codes[0]"),
        (
            "retry: after-reset",
            "retry: after-reset\n      means: auth",
            "import.codes[1]",
        ),
        (
            "phrase: Too Many Requests",
            "phrase: Too Many Requests\n      means: auth",
            "import.http[0]",
        ),
        (
            "status: 429\n      phrase: Too Many Requests\n      retry: after-reset",
            "status: 200\n      phrase: OK\n      retry: never\n      means: auth",
            "import.http[0]",
        ),
    ] {
        refuses(
            "responses",
            from,
            to,
            &format!("spec/responses.yaml: {at}.means: {words}"),
        );
    }
}

#[test]
fn translations() {
    let words = "is empty; every text is needed in both languages";
    mentions(
        "responses",
        "meaning: {en: Done., ko: 성공.}",
        "meaning: {en: '', ko: 성공.}",
        &format!("import.codes[0].meaning.en: {words}"),
    );
    mentions(
        "responses",
        "meaning: {en: Done., ko: 성공.}",
        "meaning: {en: Done.}",
        "import.codes[0].meaning: no ko: Korean",
    );
    mentions(
        "taxonomy",
        "ko: 통합 ID.",
        "ko: ' '",
        &format!("system_columns[0].description.ko: {words}"),
    );
    mentions(
        "sources",
        "ko: 둘 다 읽는다.",
        "ko: ''",
        &format!("contradictions[0].treatment.ko: {words}"),
    );
    mentions(
        "sources",
        "ko: 가정.",
        "ko: ''",
        &format!("confidence.assumed.ko: {words}"),
    );
}

#[test]
fn taxonomy_rows() {
    mentions(
        "taxonomy",
        "- {name: df_discount, required",
        "- {name: df_price, required",
        "events[0].properties[1].name: `df_price` is none of the event_properties",
    );
    mentions(
        "taxonomy",
        "- {name: df_discount, required",
        "- {name: df_items, required",
        "events[0].properties[1].name: `df_items` stands twice",
    );
    mentions(
        "taxonomy",
        "- {name: df_discount, type",
        "- {name: df_items, type",
        "event_properties[1].name: `df_items` stands twice",
    );
    mentions(
        "taxonomy",
        "name: df_gender",
        "name: dfGender",
        "user_properties[0].name: `dfGender` is not snake_case",
    );
    mentions(
        "taxonomy",
        "examples: [1200.5]",
        "examples: [much]",
        "event_properties[1].examples[0]: \"much\" is not of the type of the property",
    );
    mentions(
        "taxonomy",
        "values: [Female, Male]",
        "values: [Female, Female]",
        "user_properties[0].values[1]: `Female` is empty or stands twice",
    );
    mentions(
        "taxonomy",
        "type: string, values",
        "type: long, values",
        "user_properties[0]: has a format or values, which only a string can have",
    );
    mentions(
        "taxonomy",
        "use: df_push_ads_optin",
        "use: df_push",
        "consent_properties[0].deprecated.use: `df_push` is no other of the consent_properties",
    );
    mentions(
        "taxonomy",
        "since: \"2025\"",
        "since: ''",
        "consent_properties[0].deprecated.since: is empty",
    );
}

#[test]
fn pages() {
    mentions(
        "sources",
        "id: limits-en",
        "id: events-en",
        "pages[1].id: `events-en` stands twice",
    );
    mentions(
        "sources",
        "id: limits-en",
        "id: Limits_EN",
        "pages[1].id: `Limits_EN` is not kebab-case",
    );
    mentions(
        "sources",
        "id: limits-en",
        "id: pages",
        "pages[1].id: `pages` would hide the list of all pages",
    );
    mentions(
        "sources",
        "url: https://docs.example.com/limits",
        "url: docs.example.com",
        "pages[1].url: `docs.example.com` is no https URL",
    );
    mentions("sources", "title: Limits", "title: ''", "pages[1].title: is empty");
}

#[test]
fn markers_of_the_readme() {
    refuses(
        "readme",
        "<!-- generated: pages -->",
        "",
        "spec/README.md: has no line `<!-- generated: pages -->`",
    );
    refuses(
        "readme",
        "<!-- generated: contradictions -->\n<!-- /generated -->",
        "<!-- generated: contradictions -->",
        "spec/README.md: has no line `<!-- /generated -->` after `<!-- generated: contradictions -->`",
    );
}
