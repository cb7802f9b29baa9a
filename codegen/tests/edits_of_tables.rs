//! What an edit of the real spec leads to: a change of what is generated, or a refusal that names the line. Never nothing.

mod support;

use std::{fmt::Write, path::Path};

enum Outcome {
    /// This file then has a text that it did not have.
    Accepted(&'static str, &'static str),
    /// One problem for each text, which ends with it.
    Refused(&'static [&'static str]),
}

use Outcome::{Accepted, Refused};

/// An edit: in this file, this text becomes another. Each `§` in the new text marks the line that the next problem names.
type Edit = (&'static str, &'static str, &'static str, Outcome);

const RESPONSES: &str = "generated/responses.rs";
const CATALOGUE: &str = "docs/catalogue.md";

const REQUEST_EXAMPLES: &[Edit] = &[
    (
        "import",
        "df_quantity: 2\n",
        "§df_quantity: 9223372036854775808\n",
        Refused(&["df_quantity: is 9223372036854775808; 9223372036854775807 is the most"]),
    ),
    (
        "import",
        "external_id: member-20817",
        "§external_id: 20817",
        Refused(&[
            "events.post.requestBody.content.application/json.examples.purchase.value.common.identity.external_id: must be a text, is 20817",
        ]),
    ),
    (
        "import",
        "                      external_id: member-20817\n",
        "                      external_id: member-20817\n§                      naver_id: n-1\n",
        Refused(&[
            "identity.naver_id: is no key here; there are: external_id, phone_no, email, kakao_user_id, line_user_id",
        ]),
    ),
    (
        "import",
        "value:\n                  identity:\n                    external_id: member-20817\n                  request_datetime: \"2026-09-30T15:00:00.000Z\"\n",
        "§value:\n                  identity:\n                    external_id: member-20817\n",
        Refused(&["examples.withdrawal.value: no request_datetime: When the deletion was requested, in UTC"]),
    ),
    (
        "import",
        "event_log_id: \"3f2b8c1e-7d54-",
        "§event_log_id: \"3f2b8c1e-7d5-",
        Refused(&["event_log_id: `3f2b8c1e-7d5-4c1a-9a36-52f0c7a1d9e4` is no uuid"]),
    ),
    (
        "import",
        "event_datetime: \"2026-09-14T03:21:07.512Z\"",
        "§event_datetime: \"2026-09-14 03:21\"",
        Refused(&["event_datetime: `2026-09-14 03:21` is no date-time"]),
    ),
    (
        "import",
        "event_name: df_purchase",
        "§event_name: df_purchas",
        Refused(&["event_name: `df_purchas` is none of the events in spec/taxonomy.yaml"]),
    ),
    (
        "import",
        "event_name: coupon_used",
        "event_name: coupon_taken",
        Accepted(CATALOGUE, "coupon_taken"),
    ),
    (
        "import",
        "df_quantity: 2",
        "§df_quantity: 2.5",
        Refused(&["event_items[0].df_quantity: must be a whole number, is 2.5"]),
    ),
    (
        "import",
        "df_quantity: 2",
        "§df_quantty: 2",
        Refused(&["df_quantty: `df_quantty` is none of the item_properties in spec/taxonomy.yaml"]),
    ),
    (
        "import",
        "df_item_id: TEE-1042",
        "§df_order_id: TEE-1042",
        Refused(&["df_order_id: `df_order_id` is none of the item_properties in spec/taxonomy.yaml"]),
    ),
    (
        "import",
        "df_delivery_charge: 2500.0",
        "§df_items: []",
        Refused(&["event_properties.df_items: `df_items` is none of the event_properties in spec/taxonomy.yaml"]),
    ),
    (
        "import",
        "store_name: 성수점",
        "shop_name: 성수점",
        Accepted(CATALOGUE, "shop_name"),
    ),
    (
        "import",
        "coupon_codes: [WELCOME10, AUTUMN]",
        "§coupon_codes: [WELCOME10, 1]",
        Refused(&["coupon_codes[1]: must be a text, is 1"]),
    ),
    (
        "import",
        "coupon_codes: [WELCOME10, AUTUMN]",
        "§coupon_codes: {first: WELCOME10}",
        Refused(&["coupon_codes: must be a text, true or false, a number, a list or null, is a map"]),
    ),
    (
        "import",
        "df_gender: Female",
        "§df_gender: F",
        Refused(&["user_properties.df_gender: `F` must be one of: Male, Female, NonBinary, Other"]),
    ),
    (
        "import",
        "df_birth: \"1999-01-01\"",
        "§df_birth: \"1999-02-29\"",
        Refused(&["user_properties.df_birth: `1999-02-29` is no date"]),
    ),
    (
        "import",
        "df_sms_ads_optin: false",
        "§df_sms_ads_optin: n",
        Refused(&["df_sms_ads_optin: must be true or false or null, is the text `n`"]),
    ),
    (
        "import",
        "df_sms_ads_optin: false",
        "df_sms_ads_optin: null",
        Accepted(CATALOGUE, "\"df_sms_ads_optin\": null"),
    ),
    (
        "export",
        "events_condition_type: include",
        "§events_condition_type: only",
        Refused(&["purchases.value.events_condition_type: `only` must be one of: all, include, exclude"]),
    ),
    (
        "export",
        "to_date: \"2026-09-13\"",
        "§to_date: \"2026-09-31\"",
        Refused(&["purchases.value.to_date: `2026-09-31` is no date"]),
    ),
    (
        "export",
        "to_date: \"2026-09-13\"",
        "§to_date: \"2026-09-06\"",
        Refused(&["purchases.value.to_date: 2026-09-06 is before from_date, 2026-09-07"]),
    ),
    (
        "export",
        "properties: [df_discount, df_items_df_price]",
        "§properties: [df_discount, df_item_df_price]",
        Refused(&["properties[1]: `df_item_df_price` is none of the columns of events in spec/taxonomy.yaml"]),
    ),
    (
        "export",
        "properties: [df_discount, df_items_df_price]",
        "§properties: [df_gender, df_items_df_price]",
        Refused(&["properties[0]: `df_gender` is none of the columns of events in spec/taxonomy.yaml"]),
    ),
    (
        "export",
        "properties: [df_gender, df_membership]",
        "§properties: [df_gender, df_discount]",
        Refused(&["properties[1]: `df_discount` is none of the columns of user profiles in spec/taxonomy.yaml"]),
    ),
];

const ANSWER_EXAMPLES: &[Edit] = &[
    (
        "import",
        "value: {status: false, code: 40402, message: TOO_MANY_EVENTS",
        "§value: {status: false, code: 49999, message: TOO_MANY_EVENTS",
        Refused(&["too_many_events.value.code: `49999` is in no row of spec/responses.yaml"]),
    ),
    (
        "import",
        "value: {status: false, code: 40402, message: TOO_MANY_EVENTS",
        "§value: {status: false, code: 40402, message: OK",
        Refused(&["too_many_events.value.message: `OK` stands beside 40402, whose message is `TOO_MANY_EVENTS`"]),
    ),
    (
        "import",
        "value: {status: false, code: 40402, message: TOO_MANY_EVENTS",
        "§value: {status: true, code: 40402, message: TOO_MANY_EVENTS",
        Refused(&["too_many_events.value.status: must be false, since the code is 40402"]),
    ),
    (
        "import",
        "value: {status: false, code: 40402, message: TOO_MANY_EVENTS",
        "§value: {status: false, code: 40402, massage: TOO_MANY_EVENTS",
        Refused(&["too_many_events.value.massage: is no key here; there are: status, code, message, data"]),
    ),
    (
        "import",
        "value: {status: false, code: 40402, message",
        "value: {status: false, code: \"40402\", message",
        Accepted(CATALOGUE, "\"code\": \"40402\""),
    ),
    (
        "import",
        "value: {status: false, code: 50000, message: INTERNAL_SERVER_ERROR",
        "§value: {status: false, code: 40000, message: BAD_REQUEST",
        Refused(&[
            "components.responses.ServerError.content.application/json.examples.internal_server_error.value.code: \
                   40000 is shown under HTTP 500, but spec/responses.yaml has it under 200 and 400",
        ]),
    ),
    (
        "export",
        "value: {result: fail, message: exceed_date_range_limit}",
        "§value: {result: fail, message: exceed_date_range}",
        Refused(&["value.message: `exceed_date_range` is in no row of spec/responses.yaml"]),
    ),
    (
        "export",
        "value: {result: fail, message: unauthorized_token}",
        "§value: {result: fail, message: query_error}",
        Refused(&[
            "value.message: query_error is shown under HTTP 401, but spec/responses.yaml has it under 500 and 200",
        ]),
    ),
    (
        "export",
        "value: |\n                    store_name,df_discount",
        "§value: |\n                    store_name,df_discont",
        Refused(&["success.value: `df_discont` is none of the columns of events in spec/taxonomy.yaml"]),
    ),
    (
        "export",
        "store_name,df_discount",
        "shop_name,df_discount",
        Accepted(CATALOGUE, "shop_name,df_discount"),
    ),
    (
        "export",
        "value: |\n                    store_name,df_discount",
        "§value: |\n                    df_items_df_price,df_discount",
        Refused(&[
            "success.value: column 3 is called `df_items_df_price`: empty, or as another is",
            "success.value: line 2: `성수점` is no value of df_items_df_price",
        ]),
    ),
    (
        "export",
        "value: |\n                    df_unified_id,df_gender,df_membership,df_external_id\n                    u-0001,Female",
        "§value: |\n                    df_unified_id,df_gender,df_membership,df_external_id\n                    u-0001,F",
        Refused(&["success.value: line 2: `F` is no value of df_gender"]),
    ),
    (
        "export",
        "value: |\n                    df_unified_id,df_gender,df_membership,df_external_id\n                    u-0001,Female,골드",
        "§value: |\n                    df_unified_id,df_gender,df_membership,df_external_id\n                    u-0001,Female,골,드",
        Refused(&["success.value: line 2 has 5 fields, the first 4"]),
    ),
    (
        "export",
        "example: 97",
        "§example: many",
        Refused(&["components.headers.TableRateLimitRemaining.example: must be a whole number, is the text `many`"]),
    ),
    (
        "export",
        "example: my-service-id",
        "§example: 7",
        Refused(&["components.parameters.ServiceId.example: must be a text, is 7"]),
    ),
];

const CODES: &[Edit] = &[
    (
        "responses",
        "    - code: 40401\n",
        "    - code: 49901\n      name: NEVER_DOCUMENTED\n      http: 200\n      http_alternative: 400\n      retry: never\n      \
         meaning: {en: Not allowed., ko: 권한이 없습니다.}\n      remedy: {en: Ask., ko: 문의하십시오.}\n      \
         source: {confidence: assumed, pages: [], note: {en: A test., ko: 시험입니다.}}\n\n    - code: 40401\n",
        Accepted(RESPONSES, "\"49901\" => Self::NeverDocumented,"),
    ),
    (
        "responses",
        "    - code: 40401\n",
        "    - code: 49901\n      name: NEVER_DOCUMENTED\n      http: 200\n§      http_alternative: 403\n      retry: never\n      \
         meaning: {en: Not allowed., ko: 권한이 없습니다.}\n      remedy: {en: Ask., ko: 문의하십시오.}\n      \
         source: {confidence: assumed, pages: [], note: {en: A test., ko: 시험입니다.}}\n\n    - code: 40401\n",
        Refused(&[
            "http_alternative: no operation of spec/import.yaml has a response 403; describe it there, or take a status that is",
        ]),
    ),
    (
        "responses",
        "    - code: 40000\n",
        "§    - code: 49901\n      name: NEVER_DOCUMENTED\n      http: 200\n      http_alternative: 400\n§      retry: later\n      \
         meaning: {en: Not allowed., ko: 권한이 없습니다.}\n§      remmedy: {en: Ask., ko: 문의하십시오.}\n      \
         source: {confidence: assumed, pages: [], note: {en: A test., ko: 시험입니다.}}\n\n    - code: 40000\n",
        Refused(&[
            "code 49901: import.codes[1]: no remedy: What to do about it",
            "code 49901: import.codes[1].retry: `later` must be one of: never, backoff, after-reset",
            "code 49901: import.codes[1].remmedy: is no key here; there are: code, name, http, http_alternative, retry, \
             means, meaning, remedy, source",
        ]),
    ),
    (
        "responses",
        "- code: 40000\n",
        "§- code: 400010\n",
        Refused(&["code 400010: import.codes[1].code: 400010 has 6 digits; codes have 5, as 20000 has"]),
    ),
    (
        "responses",
        "- code: 40000\n",
        "§- code: 20000\n",
        Refused(&["code 20000: import.codes[1].code: 20000 stands twice"]),
    ),
    (
        "responses",
        "name: BAD_REQUEST\n",
        "§name: Ok\n",
        Refused(&[
            "code 40000: import.codes[1].name: `Ok` is the variant `Ok`, as another row is",
            "code 40000: import.codes[1].name: `Ok` differs from `OK`, the name of 20000, only in case or in `_`",
        ]),
    ),
    (
        "responses",
        "name: VALIDATION_FAILURE\n",
        "§name: BADREQUEST\n",
        Refused(&[
            "code 40001: import.codes[2].name: `BADREQUEST` differs from `BAD_REQUEST`, the name of 40000, only in case or in `_`",
        ]),
    ),
    (
        "responses",
        "name: BAD_REQUEST\n",
        "§name: UNKNOWN\n",
        Refused(&["code 40000: import.codes[1].name: `Unknown` is the variant for codes that are not in the table"]),
    ),
    (
        "responses",
        "name: TOO_MANY_USER_PROFILES\n",
        "name: TOO_MANY_PROFILES\n",
        Accepted(RESPONSES, "TooManyProfiles"),
    ),
    (
        "responses",
        "http_alternative: 429\n      retry: after-reset",
        "http_alternative: 429\n      retry: backoff",
        Accepted(RESPONSES, "retry: RetryClass::Backoff"),
    ),
];

const TEXTS: &[Edit] = &[
    (
        "taxonomy",
        "label: {en: Log in, ko: 로그인}",
        "§label: {en: Log in, ko: Log in}",
        Refused(&["df_login: events[0].label.ko: has no Hangul; it is read by those who chose Korean"]),
    ),
    (
        "taxonomy",
        "label: {en: Log in, ko: 로그인}",
        "§label: {en: Log in (로그인), ko: 로그인}",
        Refused(&[
            "df_login: events[0].label.en: has Hangul, `로그인`, in an English text; a literal belongs in backticks",
        ]),
    ),
    (
        "taxonomy",
        "label: {en: Log in, ko: 로그인}",
        "label: {en: Log in `로그인`, ko: 로그인}",
        Accepted("generated/taxonomy.rs", "Log in `로그인`"),
    ),
    (
        "taxonomy",
        "label: {en: Log in, ko: 로그인}",
        "§label: {en: Log in}",
        Refused(&["df_login: events[0].label: no ko: Korean"]),
    ),
    (
        "taxonomy",
        "source: {confidence: adjacent, pages: [developer-guide-ko, android-sdk, web-sdk]}",
        "§source: {confidence: assumed, pages: []}",
        Refused(&["df_login: events[0].source: has neither pages nor a note; say in a note why it is assumed"]),
    ),
    (
        "taxonomy",
        "source: {confidence: adjacent, pages: [developer-guide-ko, android-sdk, web-sdk]}",
        "§source: {confidence: adjacent, pages: [developer-guide-kr]}",
        Refused(&["df_login: events[0].source.pages[0]: `developer-guide-kr` is no page of spec/sources.yaml"]),
    ),
];

const DOCUMENTS: &[Edit] = &[
    (
        "import",
        "\n  schemas:\n    Identity:\n",
        "\n  schemas:\n§    Group:\n      type: string\n      description: A group.\n      x-description-ko: 시험입니다.\n      \
         x-source: {confidence: assumed, pages: [], note: {en: A test., ko: 시험입니다.}}\n      x-rust-type-path: crate::Group\n    Identity:\n",
        Refused(&["components.schemas.Group: no operation uses it; remove it, or refer to it"]),
    ),
    (
        "import",
        "\n  headers:\n",
        "\n  headers:\n§    Extra:\n      description: A header.\n      x-description-ko: 시험입니다.\n      \
         x-source: {confidence: assumed, pages: [], note: {en: A test., ko: 시험입니다.}}\n      schema: {type: string}\n",
        Refused(&["components.headers.Extra: no operation uses it; remove it, or refer to it"]),
    ),
    (
        "import",
        "            X-Rate-Limit-Limit: {$ref: \"#/components/headers/TableRateLimitLimit\"}\n",
        "            X-Rate-Limit-Limit: {$ref: \"#/components/headers/TableRateLimitLimit\"}\n\
         §            X-Request-Id: {$ref: \"#/components/headers/TableRateLimitLimit\"}\n",
        Refused(&[
            "load_events: paths./api/v1/events.post.responses.200.headers.X-Request-Id: is no header that the client reads: \
                   those of the rate limit, which end in -limit, -remaining and -reset, and Retry-After",
        ]),
    ),
    (
        "export",
        "            text/csv:\n",
        "§            application/x-ndjson:\n",
        Refused(&[
            "content.application/x-ndjson: an answer must be application/json or text/csv, which the client can read, \
                   not `application/x-ndjson`",
        ]),
    ),
    (
        "import",
        "          application/json:\n            schema:\n              $ref: \"#/components/schemas/LoadEventsRequest\"",
        "§          multipart/form-data:\n            schema:\n              $ref: \"#/components/schemas/LoadEventsRequest\"",
        Refused(&[
            "content.multipart/form-data: a request body must be application/json, not `multipart/form-data`: the client \
                   sends one text again after a failure, and no files; leave the operation out, and say so in the \
                   description of the document",
        ]),
    ),
    (
        "import",
        "        event_name:\n          type: string\n          minLength: 1\n",
        "        event_name:\n          type: string\n§          enum: [df_login]\n          minLength: 1\n",
        Refused(&[
            "components.schemas.Event.properties.event_name.enum: is not allowed in a property: put it into \
                   components/schemas, so that the type has a name",
        ]),
    ),
    (
        "import",
        "{array: events, items: event_items, max: 100}",
        "{array: events, items: event_items, max: 250}",
        Accepted("generated/requests.rs", "pub const MAX_TOTAL_EVENT_ITEMS: usize = 250;"),
    ),
    (
        "import",
        "            x-ratelimit-reset: {$ref: \"#/components/headers/SampleRateLimitReset\"}\n",
        "            x-ratelimit-reset: {$ref: \"#/components/headers/SampleRateLimitReset\"}\n§            \
         X-Quota-Limit: {$ref: \"#/components/headers/SampleRateLimitReset\"}\n",
        Refused(&["200.headers.X-Quota-Limit: is read only together with `x-quota-remaining`, which no response has"]),
    ),
    (
        "import",
        "            x-ratelimit-reset: {$ref: \"#/components/headers/SampleRateLimitReset\"}\n",
        "            x-ratelimit-reset: {$ref: \"#/components/headers/SampleRateLimitReset\"}\n            \
         Retry-After: {$ref: \"#/components/headers/SampleRateLimitReset\"}\n",
        Accepted(CATALOGUE, "Retry-After"),
    ),
    (
        "export",
        "  export:\n    requests: 100\n",
        "§  audience:\n    requests: 1\n    period_seconds: 1\n    description: A limit.\n    \
         x-description-ko: 설명입니다.\n    x-source: {confidence: assumed, pages: [], note: {en: A test., ko: 시험입니다.}}\n  export:\n    requests: 100\n",
        Refused(&["x-rate-limits.audience: no operation is counted in it; remove it, or name it in an x-rate-limit"]),
    ),
    (
        "export",
        "x-source: {confidence: documented, pages: [rate-limit-ko]}",
        "§x-source: {confidence: assumed, pages: []}",
        Refused(&[
            "components.headers.TableRateLimitLimit.x-source: has neither pages nor a note; say in a note why it is \
                   assumed",
        ]),
    ),
    (
        "import",
        "      summary: Load events of one user\n",
        "§      summary: 이벤트 적재\n",
        Refused(&[
            "load_events: paths./api/v1/events.post.summary: has Hangul, `이벤트`, in an English text; a literal belongs \
                   in backticks",
        ]),
    ),
    (
        "import",
        "    post:\n      operationId: load_events\n      tags: [event]\n      summary: Load events of one user\n",
        "§    post:\n      operationId: load_events\n      tags: [event]\n",
        Refused(&["load_events: paths./api/v1/events.post: no summary; say in a line what it does"]),
    ),
];

#[test]
fn each_changes_what_is_generated_or_is_refused_with_its_line() {
    let before = codegen::outputs(&support::real()).unwrap();
    let mut wrong = String::new();
    for (file, from, to, outcome) in [REQUEST_EXAMPLES, ANSWER_EXAMPLES, CODES, TEXTS, DOCUMENTS]
        .into_iter()
        .flatten()
    {
        let mut inputs = support::real();
        let text = support::file(&mut inputs, file);
        assert!(text.contains(from), "{file} has no `{from}`");
        let marked = text.replacen(from, to, 1);
        *text = marked.replace('§', "");
        let marks = marked.match_indices('§');
        let lines: Vec<_> = marks
            .map(|(index, _)| marked[..index].matches('\n').count() + 1)
            .collect();

        let fault = match (codegen::outputs(&inputs), outcome) {
            (Ok(outputs), Accepted(output, text)) => {
                let (new, old) = (&outputs[Path::new(output)], &before[Path::new(output)]);
                let more = new.matches(text).count() > old.matches(text).count();
                (!more).then(|| format!("accepted, but {output} has no new `{text}`"))
            }
            (Ok(_), Refused(_)) => Some("accepted".to_owned()),
            (Err(problems), Accepted(..)) => Some(format!("refused:\n{problems}")),
            (Err(problems), Refused(words)) => {
                let problems = problems.to_string();
                // The last mark is for all problems that are left.
                let marked = lines.iter().chain(lines.last().into_iter().cycle());
                let expected = words
                    .iter()
                    .zip(marked)
                    .map(|(words, line)| (format!("spec/{file}.yaml:{line}: "), words));
                let right = problems.lines().count() == words.len()
                    && problems
                        .lines()
                        .zip(expected)
                        .all(|(problem, (place, words))| problem.starts_with(&place) && problem.ends_with(*words));
                (!right).then(|| format!("refused, but not on {lines:?} with {words:#?}:\n{problems}"))
            }
        };
        if let Some(fault) = fault {
            writeln!(wrong, "{file}: `{from}` -> `{to}`\n{fault}\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The row and the example of a code are in different files, and either may be the wrong one.
#[test]
fn an_example_of_a_code_that_was_renamed_is_found() {
    let mut inputs = support::real();
    let (from, to) = ("- message: query_error\n", "- message: query_failed\n");
    assert!(inputs.responses.contains(from));
    inputs.responses = inputs.responses.replacen(from, to, 1);
    let shown = |line: &str| line.contains("message: query_error}");
    let line = inputs.export.lines().position(shown).unwrap() + 1;
    let problems = codegen::outputs(&inputs).unwrap_err().to_string();
    let [problem] = problems.lines().collect::<Vec<_>>()[..] else {
        panic!("{problems}");
    };
    assert!(problem.starts_with(&format!("spec/export.yaml:{line}: ")), "{problem}");
    assert!(
        problem.ends_with("`query_error` is in no row of spec/responses.yaml"),
        "{problem}"
    );
}
