//! What the vendor may change, in the forms that its pages have: each change is told on its line.

mod drift_support;

use codegen::drift::{
    Level::{Drift, Settle},
    run,
};
use drift_support::{Case, accepted, book, fixture, told};

const TERMINALS: &[Case] = &[
    (
        "rate-limit-ko",
        "> x-ratelimit-limit",
        "> x-quota-limit",
        Drift,
        "reads `header x-quota-limit`",
    ),
    (
        "rate-limit-ko",
        "> x-ratelimit-remaining",
        "> x-quota-remaining",
        Drift,
        "header x-ratelimit-remaining",
    ),
    (
        "rate-limit-ko",
        "> x-ratelimit-reset",
        "> x-ratelimit-resets-at",
        Drift,
        "x-ratelimit-resets-at",
    ),
    (
        "rate-limit-ko",
        "reset: 1682593200268",
        "reset: 2023-04-27T11:00:00Z",
        Drift,
        "something else",
    ),
    (
        "rate-limit-ko",
        "reset: 1682593200268",
        "reset: 1682593200",
        Drift,
        "the page says seconds",
    ),
    (
        "rate-limit-ko",
        "limit: 1d",
        "limit: 100000",
        Drift,
        "the page says integer",
    ),
    (
        "rate-limit-ko",
        "HTTP/2 429",
        "HTTP/2 403",
        Drift,
        "HTTP 403 comes with 0 calls left",
    ),
    (
        "rate-limit-ko",
        "HTTP/2 429",
        "HTTP/1.1 400 Bad Request",
        Drift,
        "HTTP 400 comes with 0 calls left",
    ),
    (
        "rate-limit-ko",
        "0\n> x",
        "0\n> retry-after: 60\n> x",
        Drift,
        "header retry-after",
    ),
    (
        "rate-limit-en",
        "HTTP/2 200\n> x-ratelimit-limit: 1d\n",
        "HTTP/2 200\n",
        Drift,
        "missing in the sample",
    ),
    (
        "rate-limit-ko",
        "dfinery.ai/api/v1/...",
        "dfinery.ai/api/v2/...",
        Drift,
        "begins with /api/v2",
    ),
    (
        "rate-limit-ko",
        "https://openapi.dfinery.ai",
        "https://api.dfinery.ai",
        Drift,
        "https://api.dfinery.ai",
    ),
    (
        "authentication-ko",
        "-H 'access_token: ",
        "-H 'x-api-key: ",
        Drift,
        "header x-api-key",
    ),
    ("load-events-ko", "?service_id=", "?app_id=", Drift, "query app_id"),
    (
        "load-events-ko",
        "?service_id=${your-service-id}",
        "",
        Drift,
        "query service_id: is missing",
    ),
    (
        "export-events-en",
        "dfinery.ai/api/v1/export/event?service_id=${your-service-id}' \\\n  -H 'Content-Type: application/json' \\\n",
        "dfinery.ai/api/v1/export/event?service_id=${your-service-id}' \\\n",
        Drift,
        "content-type: is missing",
    ),
    (
        "load-events-ko",
        "curl -L -X POST",
        "curl -L -X PUT",
        Drift,
        "the page says PUT",
    ),
    (
        "rate-limit-ko",
        "reset: 1682593200268",
        "reset: 60",
        Drift,
        "no Unix time",
    ),
];

#[test]
fn samples_of_a_terminal() {
    told(TERMINALS);
}

const SAMPLES: &[Case] = &[
    ("export-events-ko", "custom_1,df", "custom_1;df", Drift, "CSV header"),
    (
        "load-events-ko",
        "\"df_purchase\"",
        "\"df_buy\"",
        Drift,
        "no event of this name",
    ),
    (
        "load-events-ko",
        "\"df_price\"",
        "\"df_item_price\"",
        Drift,
        "no item property of this name",
    ),
    (
        "load-events-ko",
        "\"df_order_id\"",
        "\"df_order\"",
        Drift,
        "no event property of this name",
    ),
    (
        "load-events-ko",
        "\"df_order_id\"",
        "\"df_item_id\"",
        Drift,
        "no event property of this name",
    ),
    (
        "load-events-ko",
        "\"df_quantity\": 2",
        "\"df_quantity\": \"2\"",
        Drift,
        "value of df_quantity",
    ),
    (
        "load-events-ko",
        "\"df_discount\": 100.0",
        "\"df_discount\": \"100\"",
        Drift,
        "value of df_discount",
    ),
    (
        "load-events-ko",
        "\"visits\": 3",
        "\"df_items\": []",
        Drift,
        "items are in `event_items`",
    ),
    (
        "load-events-ko",
        "4b7c8f0e-6f0b-4a52-9f6e",
        "4b7c8f0e6f0b4a529f6e",
        Drift,
        "uuid",
    ),
    (
        "load-events-ko",
        "05.678Z\",\n        \"event_items",
        "05.678+09:00\",\n        \"event_items",
        Settle,
        "contradiction 21",
    ),
    (
        "upsert-user-profile-ko",
        "\"Female\"",
        "\"F\"",
        Drift,
        "value of df_gender",
    ),
    (
        "upsert-user-profile-en",
        "\"df_gender\"",
        "\"df_sex\"",
        Drift,
        "no user property of this name",
    ),
    (
        "upsert-identity-ko",
        "\"821000000000\"",
        "\"+82-10-0000-0000\"",
        Drift,
        "form of phone_no",
    ),
    (
        "upsert-identity-ko",
        "\"821000000000\"",
        "821000000000",
        Drift,
        "is not of type",
    ),
    (
        "export-events-ko",
        "[\"df_purchase\"]",
        "[\"df_purchased\"]",
        Drift,
        "no event of this name",
    ),
    (
        "export-events-ko",
        "\"df_items_df_price\"]",
        "\"df_item_df_price\"]",
        Drift,
        "name df_item_df_price",
    ),
    (
        "export-events-ko",
        "custom_1,df_items_df_price",
        "custom_1,df_item_df_price",
        Drift,
        "column df_item_df_price",
    ),
    (
        "export-events-ko",
        "custom_1,df_items_df_price,df_unified_id,event_name",
        "custom_1;df_items_df_price;df_unified_id;event_name",
        Drift,
        "CSV delimiter",
    ),
    (
        "export-events-ko",
        ",df_purchase\n",
        ",df_buy\n",
        Drift,
        "no event of this name",
    ),
    ("export-events-ko", "a,1500.0,c", "a,1500.0", Drift, "has 3 fields"),
    (
        "export-user-profiles-ko",
        "[\"df_name\"]",
        "[\"df_nickname\"]",
        Drift,
        "name df_nickname",
    ),
    (
        "import-responses-ko",
        "200 OK\n{\n  \"status\": false,\n  \"code\": 40001",
        "HTTP/1.1 400\n{\n  \"status\": false,\n  \"code\": 40001",
        Settle,
        "contradiction 3",
    ),
    ("import-responses-ko", "200 OK", "204 OK", Drift, "HTTP status 204"),
    (
        "load-events-ko",
        "-H 'access_token: $",
        "-H 'Authorization: Bearer $",
        Drift,
        "reads `header authorization`",
    ),
    (
        "export-events-en",
        "-H 'Authorization: Bearer $",
        "-H 'access_token: $",
        Drift,
        "reads `header access_token`",
    ),
    (
        "export-events-ko",
        "\"df_items_df_price\"",
        "\"items.df_price\"",
        Drift,
        "name items.df_price",
    ),
    (
        "export-events-ko",
        "custom_1,df_items_df_price",
        "custom_1,items_df_price",
        Drift,
        "column items_df_price",
    ),
    (
        "export-events-en",
        "## Sample response\n",
        "Fields are separated by `;`.\n\n## Sample response\n",
        Drift,
        "CSV delimiter",
    ),
    (
        "export-events-ko",
        "## 응답 예\n",
        "값은 탭으로 구분합니다.\n\n## 응답 예\n",
        Drift,
        "CSV delimiter",
    ),
];

#[test]
fn names_and_values_in_samples() {
    told(SAMPLES);
}

const DESCRIPTIONS: &[Case] = &[
    (
        "export-events-ko",
        "2026-01-02</code>",
        "02.01.2026</code>",
        Drift,
        "02.01.2026 is no Date",
    ),
    (
        "export-events-ko",
        "<code>exclude</code>",
        "<code>except</code>",
        Drift,
        "values: the page says all, except, include",
    ),
    (
        "export-events-ko",
        "<code>all</code>: 모두<br>",
        "",
        Drift,
        "values: the page says exclude, include",
    ),
    (
        "export-events-en",
        "exclude: everything",
        "except: everything",
        Drift,
        "values: the page says all",
    ),
    (
        "export-events-ko",
        "yyyy-MM-dd",
        "yyyyMMdd",
        Drift,
        "the page says yyyyMMdd",
    ),
    (
        "export-events-ko",
        "2026-01-02</code>",
        "2026/01/02</code>",
        Drift,
        "2026/01/02 is no Date",
    ),
    (
        "export-events-en",
        "as yyyy-MM-dd",
        "in KST as yyyy-MM-dd",
        Settle,
        "the page says KST",
    ),
    (
        "upsert-identity-ko",
        "UTC 기준",
        "KST 기준",
        Drift,
        "the page says KST, the spec says UTC",
    ),
    (
        "upsert-identity-ko",
        "UTC 기준",
        "한국 시간 기준",
        Drift,
        "the page says KST",
    ),
    (
        "upsert-identity-ko",
        "ISODate 8601",
        "Unix timestamp",
        Drift,
        "the page says Unix time",
    ),
    (
        "upsert-identity-ko",
        "05.678Z</code>",
        "05.678+09:00</code>",
        Settle,
        "contradiction 21",
    ),
    ("load-events-ko", "UUID 형식", "ULID 형식", Drift, "the page says ulid"),
    (
        "load-events-en",
        "xxxxxxxx-xxxx-Mxxx-Nxxx-xxxxxxxxxxxx",
        "xxxxxxxx-xxxxxxxx-xxxxxxxx",
        Drift,
        "form",
    ),
    (
        "export-events-en",
        "all: everything<br>",
        "",
        Drift,
        "the page says exclude, include",
    ),
    (
        "export-events-en",
        "exclude: everything but the list",
        "exclude: everything but the list<br>regex: what fits",
        Drift,
        "regex",
    ),
    (
        "export-events-ko",
        "<code>yyyy-MM-dd</code>",
        "<code>yyyy-MM-dd HH:mm:ss</code>",
        Drift,
        "yyyy-MM-dd HH:mm:ss",
    ),
    (
        "upsert-user-profile-ko",
        "UTC 기준",
        "서비스 타임존 기준",
        Drift,
        "the page says service zone",
    ),
    (
        "upsert-user-profile-ko",
        "<br><code>2026-01-02T03:04:05.678Z",
        "<br><code>1767323045678",
        Drift,
        "1767323045678",
    ),
    (
        "load-events-ko",
        "xxxxxxxx-xxxx-Mxxx-Nxxx-xxxxxxxxxxxx",
        "xxxxxxxxxxxxxxxxxxxxxxxxxx",
        Drift,
        "body events[].event_log_id form",
    ),
    ("rate-limit-ko", "1s: 1초", "1s: 1초, 1w: 1주", Drift, "period week"),
    (
        "rate-limit-ko",
        "Timestamp입니다",
        "ISO 8601입니다",
        Drift,
        "the page says ISO 8601",
    ),
    ("data-types-en", "`1.0`", "`1.0f`", Drift, "type Double example"),
];

#[test]
fn values_in_descriptions() {
    told(DESCRIPTIONS);
}

const TOKENS: &[Case] = &[
    (
        "export-events-ko",
        "<code>Bearer your-auth-token</code>",
        "<code>your-auth-token</code>",
        Drift,
        "no scheme",
    ),
    (
        "load-events-ko",
        "<code>your-api-token-key</code>",
        "<code>Bearer your-api-token-key</code>",
        Drift,
        "the page says bearer",
    ),
    (
        "authentication-ko",
        "`access_token` 헤더",
        "`x-api-key` 헤더",
        Drift,
        "x-api-key",
    ),
    (
        "authentication-ko",
        "`Authorization` 헤더",
        "`X-Export-Token` 헤더",
        Drift,
        "x-export-token",
    ),
    (
        "authentication-en",
        "header `access_token`",
        "header `import_auth`",
        Drift,
        "import_auth",
    ),
    (
        "authentication-ko",
        "`Bearer`와",
        "`Basic`과",
        Drift,
        "the page says basic",
    ),
    (
        "authentication-ko",
        "`Authorization: Bearer ",
        "`Authorization: ",
        Drift,
        "header authorization value",
    ),
];

#[test]
fn tokens_in_tables_and_prose() {
    told(TOKENS);
    // Without its last word for the scheme the page is still the one on tokens.
    let book = book();
    let fixture = fixture("authentication-ko");
    let (report, _) = run(
        &[fixture.with(fixture.text.replace("Bearer ", ""))],
        &book,
        &accepted(&book),
    );
    assert_eq!(report.pages[0].page.as_deref(), Some("authentication-ko"), "{report}");
}

const GUIDES: &[Case] = &[
    (
        "get-started-en",
        "\n| API | Use |",
        "\nUp to 200 events at a time.\n\n| API | Use |",
        Drift,
        "limit of events",
    ),
    (
        "get-started-en",
        "\n| API | Use |",
        "\n40499 TOO\\_MANY\\_EVENTS\n\n| API | Use |",
        Drift,
        "no code 40499",
    ),
    (
        "get-started-en",
        "\n| API | Use |",
        "\n```json\n{\"identity\": {\"external\": \"a\"}, \"request_datetime\": \"2026-01-02T03:04:05Z\"}\n```\n\n| API | Use |",
        Drift,
        "external",
    ),
    (
        "get-started-en",
        "\n| API | Use |",
        "\nSend df_buy to `/api/v1/event`.\n\n| API | Use |",
        Drift,
        "df_buy",
    ),
    (
        "get-started-en",
        "\n| API | Use |",
        "\nThen call `PUT /api/v1/events`.\n\n| API | Use |",
        Drift,
        "the page says PUT",
    ),
];

#[test]
fn a_guide_is_read_for_codes_limits_and_samples() {
    told(GUIDES);
}
