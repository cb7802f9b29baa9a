//! Parameters in the path, the query and the headers.

use serde_json::json;

use crate::{
    SERVICE,
    Then::{Makes, Refused},
    check,
};

#[test]
fn parameters() {
    check(&[
        (
            "in the query",
            |spec| spec.parameter(json!({ "name": "dry_run", "required": false, "schema": { "type": "boolean" } })),
            Makes("requests.rs", "#[serde(skip)] pub dry_run: Option<bool>,"),
        ),
        (
            "in the query, sent",
            |spec| spec.parameter(json!({ "name": "dry_run", "required": false, "schema": { "type": "boolean" } })),
            Makes(
                "import.rs",
                "self.call_user(parameters.get(\"dry_run\"), service_id, body).await",
            ),
        ),
        (
            "required in the query",
            |spec| spec.parameter(json!({ "name": "mode" })),
            Makes("requests.rs", ".with(\"mode\", Some(self.mode))"),
        ),
        (
            "of an enum",
            |spec| {
                spec.operation(
                    "post",
                    "/api/v1/users/call",
                    true,
                    &[json!({ "name": "mode", "schema": { "type": null, "$ref": "#/components/schemas/Timestamp" } })],
                )
            },
            Makes("requests.rs", "pub mode: &'a crate::Timestamp,"),
        ),
        (
            "with limits",
            |spec| {
                spec.parameter(json!({ "name": "limit", "schema": { "type": "integer", "minimum": 1, "maximum": 50 } }))
            },
            Makes(
                "requests.rs",
                "if self.limit > 50 { out.push(&at.field(\"limit\"), \"must not be above 50\"); }",
            ),
        ),
        (
            "in the path",
            |spec| {
                spec.operation(
                    "get",
                    "/api/v1/users/{user_id}",
                    false,
                    &[json!({ "name": "user_id", "in": "path" })],
                )
            },
            Makes(
                "import.rs",
                "self.inner.url(&format!(\"/api/v1/users/{}\", encode_path(& user_id.to_string())))",
            ),
        ),
        (
            "in the path, with another name",
            |spec| {
                spec.operation(
                    "get",
                    "/api/v1/users/{user-id}",
                    false,
                    &[json!({ "name": "user-id", "in": "path", "x-rust-name": "user" })],
                )
            },
            Makes("requests.rs", ".with(\"user-id\", Some(self.user))"),
        ),
        (
            "a header",
            |spec| spec.parameter(json!({ "name": "Idempotency-Key", "in": "header" })),
            Refused("`Idempotency-Key` is not snake_case: add x-rust-name, such as `x-rust-name: idempotency_key`"),
        ),
        (
            "a header with a name",
            |spec| {
                spec.parameter(json!({ "name": "Idempotency-Key", "in": "header", "x-rust-name": "idempotency_key" }))
            },
            Makes(
                "import.rs",
                "header_map.append(\"Idempotency-Key\", idempotency_key.to_string().try_into()?);",
            ),
        ),
        (
            "a keyword",
            |spec| spec.parameter(json!({ "name": "type" })),
            Refused("parameters[1]: `type` is a keyword of Rust or no identifier: add x-rust-name"),
        ),
        (
            "a keyword with a name",
            |spec| spec.parameter(json!({ "name": "type", "x-rust-name": "kind" })),
            Makes("import.rs", "progenitor_client::QueryParam::new(\"type\", &kind)"),
        ),
        (
            "deprecated",
            |spec| spec.parameter(json!({ "name": "mode", "deprecated": true })),
            Makes(
                "requests.rs",
                "#[deprecated = \"the documentation of the API calls it deprecated\"] pub mode: &'a str,",
            ),
        ),
        (
            "the token",
            |spec| spec.parameter(json!({ "name": "access_token", "in": "header" })),
            Refused("the client sends the header `access_token` itself: leave it out"),
        ),
        (
            "a header of HTTP",
            |spec| spec.parameter(json!({ "name": "Content-Type", "in": "header", "x-rust-name": "kind" })),
            Refused("the client sends the header `Content-Type` itself: leave it out"),
        ),
        (
            "no header",
            |spec| spec.parameter(json!({ "name": "A b", "in": "header", "x-rust-name": "kind" })),
            Refused("`A b` is no name of a header"),
        ),
        (
            "a cookie",
            |spec| spec.parameter(json!({ "name": "mode", "in": "cookie" })),
            Refused("in: `cookie` must be one of: path, query, header"),
        ),
        (
            "a list",
            |spec| spec.parameter(json!({ "name": "ids", "schema": { "type": "array" } })),
            Refused(
                "schema.type: `array` must be one of: string, integer, number, boolean; a list has no single form outside of a body, so describe the text that is sent",
            ),
        ),
        (
            "an object",
            |spec| {
                spec.parameter(
                    json!({ "name": "by", "schema": { "type": null, "$ref": "#/components/schemas/Identity" } }),
                )
            },
            Refused("`by` must be one plain value: a text, a number, true or false, a date or one of an enum"),
        ),
        (
            "a default",
            |spec| spec.parameter(json!({ "name": "limit", "schema": { "type": "integer", "default": 20 } })),
            Refused(
                "default: is not allowed in the schema of a parameter: the server fills it in, so say it in the description",
            ),
        ),
        (
            "a style",
            |spec| spec.parameter(json!({ "name": "ids", "style": "form" })),
            Refused("style: is not allowed in a parameter: a parameter is one plain value"),
        ),
        (
            "a placeholder without a parameter",
            |spec| spec.operation("get", "/api/v1/users/{user_id}", false, &[]),
            Refused("`{user_id}` stands in the path, but no parameter has this name and `in: path`"),
        ),
        (
            "a parameter without a placeholder",
            |spec| spec.parameter(json!({ "name": "user_id", "in": "path" })),
            Refused("`user_id` is in the path, which has no `{user_id}`"),
        ),
        (
            "an optional part of the path",
            |spec| {
                spec.operation(
                    "get",
                    "/api/v1/users/{user_id}",
                    false,
                    &[json!({ "name": "user_id", "in": "path", "required": false })],
                )
            },
            Refused("`user_id` is in the path, so it is `required: true`"),
        ),
        (
            "a part of a segment",
            |spec| {
                spec.operation(
                    "get",
                    "/api/v1/users/{user_id}.csv",
                    false,
                    &[json!({ "name": "user_id", "in": "path" })],
                )
            },
            Refused(
                "`/api/v1/users/{user_id}.csv` is no plain path, such as `/api/v1/events` or `/api/v1/events/{event_id}`",
            ),
        ),
        (
            "the name of a field of the body",
            |spec| spec.parameter(json!({ "name": "identity" })),
            Refused("`identity` is the name of a field of the body, too: add an x-rust-name to the parameter"),
        ),
        (
            "one name twice",
            |spec| {
                spec.operation(
                    "post",
                    "/api/v1/users",
                    true,
                    &[json!({ "name": "a" }), json!({ "name": "A", "x-rust-name": "a" })],
                )
            },
            Refused("`a` is the name of a field of another parameter, too: add an x-rust-name to the parameter"),
        ),
        (
            "called body",
            |spec| spec.parameter(json!({ "name": "body" })),
            Refused("the client has a `body` of its own: add an x-rust-name to the parameter"),
        ),
        (
            "an optional service",
            |spec| spec.set("import", SERVICE, json!({ "required": false })),
            Refused("`service_id` is a required string, which the client knows"),
        ),
        (
            "for all methods of a path",
            |spec| spec.set("import", "/paths/~1api~1v1~1identities", json!({ "parameters": [] })),
            Refused("`parameters` belongs into each operation of the path"),
        ),
    ]);
}
