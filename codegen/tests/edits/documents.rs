//! Quotas, tokens, hosts, and further documents.

use serde_json::json;

use crate::{
    Then::{Makes, Refused},
    check,
};

#[test]
fn quotas_tokens_and_hosts() {
    check(&[
        (
            "a larger quota",
            |spec| spec.set("import", "/x-rate-limits/profile", json!({ "requests": 20000 })),
            Makes("operations.rs", "requests: 20_000"),
        ),
        (
            "another period",
            |spec| spec.set("export", "/x-rate-limits/export", json!({ "period_seconds": 86400 })),
            Makes("operations.rs", "period: Duration::from_secs(86_400)"),
        ),
        (
            "more at the same time",
            |spec| spec.set("export", "/x-rate-limits/export", json!({ "concurrent": 10 })),
            Makes("operations.rs", "concurrent: Some(10)"),
        ),
        (
            "another header of a token",
            |spec| {
                spec.set(
                    "import",
                    "/components/securitySchemes/import_token",
                    json!({ "name": "X-Import-Token" }),
                )
            },
            Makes("operations.rs", "Self::Import => \"x-import-token\","),
        ),
        (
            "a token in the query",
            |spec| {
                spec.set(
                    "import",
                    "/components/securitySchemes/import_token",
                    json!({ "in": "query" }),
                )
            },
            Refused("import_token.in: `query` must be one of: header"),
        ),
        (
            "OAuth",
            |spec| {
                spec.set(
                    "export",
                    "/components/securitySchemes/export_token",
                    json!({ "type": "oauth2" }),
                )
            },
            Refused("export_token.type: `oauth2` must be one of: apiKey, http"),
        ),
        (
            "another path",
            |spec| {
                let operation = spec.at("import", "/paths/~1api~1v1~1identities~1delete").clone();
                spec.set(
                    "import",
                    "/paths",
                    json!({ "/api/v1/identities/delete": null, "/api/v2/identities/delete": operation }),
                );
            },
            Makes("import.rs", "self.inner.url(\"/api/v2/identities/delete\")"),
        ),
        (
            "one host",
            |spec| spec.at("import", "/servers/0")["url"] = json!("https://openapi2.dfinery.ai"),
            Refused(
                "servers: `https://openapi.dfinery.ai` is another host than `https://openapi2.dfinery.ai`, and the clients have one: leave `servers` out here, and give the client of this API its base URL where it is built",
            ),
        ),
        (
            "both hosts",
            |spec| {
                for file in ["import", "export"] {
                    spec.at(file, "/servers/0")["url"] = json!("https://openapi2.dfinery.ai");
                }
            },
            Makes(
                "operations.rs",
                "pub(crate) const HOST: &str = \"https://openapi2.dfinery.ai\";",
            ),
        ),
        (
            "OpenAPI 3.1",
            |spec| spec.set("import", "", json!({ "openapi": "3.1.0" })),
            Refused("openapi: is 3.1.0; progenitor reads 3.0.x only"),
        ),
        (
            "webhooks",
            |spec| spec.set("import", "", json!({ "webhooks": {} })),
            Refused("webhooks: is no key that a document has here"),
        ),
    ]);
}

#[test]
fn further_documents() {
    check(&[
        (
            "a third API",
            |spec| spec.third_api("audience", |_| {}),
            Makes("audience.rs", "impl crate::request::GeneratedClient for Client"),
        ),
        (
            "a third API, its requests",
            |spec| spec.third_api("audience", |_| {}),
            Makes("requests.rs", "type Client = super::audience::Client;"),
        ),
        (
            "a third API, its operations",
            |spec| spec.third_api("audience", |_| {}),
            Makes("operations.rs", "\"find_audience\""),
        ),
        (
            "a third API with a token of its own",
            |spec| {
                spec.third_api("audience", |api| {
                    let token = api["components"]["securitySchemes"]["import_token"].clone();
                    api["components"]["securitySchemes"] = json!({ "audience_token": token });
                    api["paths"]["/api/v1/audiences"]["post"]["security"] = json!([{ "audience_token": [] }]);
                })
            },
            Makes("operations.rs", "token: Token::Audience,"),
        ),
        (
            "another token of the same name",
            |spec| {
                spec.third_api("audience", |api| {
                    api["components"]["securitySchemes"]["import_token"]["name"] = json!("token");
                })
            },
            Refused(
                "components.securitySchemes.import_token: `import_token` is the token `ImportToken`, as `import_token` is elsewhere: say the same of it in both documents, or give it another name",
            ),
        ),
        (
            "another quota of the same name",
            |spec| {
                spec.third_api("audience", |api| {
                    api["x-rate-limits"]["identity"]["requests"] = json!(7);
                })
            },
            Refused(
                "x-rate-limits.identity: `identity` is the family `Identity`, as `identity` is elsewhere: say the same of it in both documents, or give it another name",
            ),
        ),
        (
            "another host",
            |spec| {
                spec.third_api("audience", |api| {
                    api["servers"][0]["url"] = json!("https://audience.dfinery.ai");
                })
            },
            Refused("servers: `https://audience.dfinery.ai` is another host than"),
        ),
        (
            "an operation that is elsewhere",
            |spec| {
                spec.third_api("audience", |api| {
                    api["paths"]["/api/v1/audiences"]["post"]["operationId"] = json!("load_events");
                })
            },
            Refused(
                "paths./api/v1/audiences.post.operationId: `load_events` is the operation `LoadEvents`, as `load_events` is elsewhere",
            ),
        ),
        (
            "the name of a generated file",
            |spec| spec.third_api("requests", |_| {}),
            Refused(
                "spec/requests.yaml: cannot give its name to a module of generated/: call it by a word of the API, in snake_case",
            ),
        ),
        (
            "a name that gives no module",
            |spec| spec.third_api("audience-v2", |_| {}),
            Refused(
                "spec/audience-v2.yaml: cannot give its name to a module of generated/: call it by a word of the API, in snake_case",
            ),
        ),
        (
            "a table of codes for a third API",
            |spec| spec.at("responses", "")["audience"] = json!({ "codes": [], "http": [] }),
            Refused("audience: is no key here; there are: import, export"),
        ),
        (
            "a file that is no API",
            |spec| spec.file("limits", "events: 100\n"),
            Refused(
                "spec/limits.yaml: is none of the files that are read here: one of a further API begins with `openapi: 3.0.3`; remove any other",
            ),
        ),
        (
            "a file that is no YAML",
            |spec| spec.file("audience", "openapi: [\n"),
            Refused("spec/audience.yaml:1: is no valid YAML: unclosed bracket"),
        ),
        (
            "an empty file",
            |spec| spec.file("audience", ""),
            Refused("spec/audience.yaml: is empty"),
        ),
        (
            "a third API that breaks a rule",
            |spec| {
                spec.third_api("audience", |api| {
                    api["paths"]["/api/v1/audiences"]["post"]["summary"] = json!("");
                })
            },
            Refused("paths./api/v1/audiences.post.summary: is empty"),
        ),
    ]);
}
