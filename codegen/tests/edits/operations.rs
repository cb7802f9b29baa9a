//! Methods and bodies.

use serde_json::json;

use crate::{
    DELETE, Edited,
    Then::{Makes, Refused},
    check,
};

#[test]
fn methods_and_bodies() {
    check(&[
        (
            "GET",
            |spec| spec.operation("get", "/api/v1/users", false, &[]),
            Makes(
                "import.rs",
                "self.inner.url(\"/api/v1/users\"); #[allow(unused_mut)] let mut request = self.client.get(url)",
            ),
        ),
        (
            "GET, its request",
            |spec| spec.operation("get", "/api/v1/users", false, &[]),
            Makes(
                "requests.rs",
                "const OPERATION: Operation = Operation::CallUser; const HAS_BODY: bool = false;",
            ),
        ),
        (
            "GET with a body",
            |spec| spec.operation("get", "/api/v1/users", true, &[]),
            Refused("/api/v1/users.get.requestBody: a GET sends no body: use parameters, or another method"),
        ),
        (
            "PUT",
            |spec| spec.operation("put", "/api/v1/users", true, &[]),
            Makes(
                "import.rs",
                "self.inner.url(\"/api/v1/users\"); #[allow(unused_mut)] let mut request = self.client.put(url)",
            ),
        ),
        (
            "PATCH",
            |spec| spec.operation("patch", "/api/v1/users", true, &[]),
            Makes(
                "import.rs",
                "self.inner.url(\"/api/v1/users\"); #[allow(unused_mut)] let mut request = self.client.patch(url)",
            ),
        ),
        (
            "DELETE",
            |spec| spec.operation("delete", "/api/v1/users", false, &[]),
            Makes(
                "import.rs",
                "self.inner.url(\"/api/v1/users\"); #[allow(unused_mut)] let mut request = self.client.delete(url)",
            ),
        ),
        (
            "DELETE with a body",
            |spec| spec.operation("delete", "/api/v1/users", true, &[]),
            Makes("import.rs", "self.call_user(service_id, body).await"),
        ),
        (
            "POST without a body",
            |spec| spec.operation("post", "/api/v1/users", false, &[]),
            Makes("import.rs", "self.call_user(service_id).await"),
        ),
        (
            "two methods of a path",
            |spec| spec.operation("get", "/api/v1/identities", false, &[]),
            Makes("operations.rs", "method: \"GET\", path: \"/api/v1/identities\","),
        ),
        (
            "HEAD",
            |spec| spec.operation("head", "/api/v1/users", false, &[]),
            Refused("users.head: `head` must be one of: get, post, put, patch, delete"),
        ),
        (
            "a file",
            |spec| body(spec, "multipart/form-data"),
            Refused(
                "a request body must be application/json, not `multipart/form-data`: the client sends one text again after a failure, and no files; leave the operation out",
            ),
        ),
        (
            "a form",
            |spec| body(spec, "application/x-www-form-urlencoded"),
            Refused("a request body must be application/json, not `application/x-www-form-urlencoded`"),
        ),
        (
            "the body of another operation",
            |spec| {
                spec.operation("put", "/api/v1/users", true, &[]);
                let content = "/paths/~1api~1v1~1users/put/requestBody/content/application~1json";
                spec.set(
                    "import",
                    content,
                    json!({ "schema": { "$ref": "#/components/schemas/DeleteIdentityRequest" } }),
                );
            },
            Refused("`DeleteIdentityRequest` is already the request of"),
        ),
        (
            "deprecated",
            |spec| spec.set("import", DELETE, json!({ "deprecated": true })),
            Makes(
                "requests.rs",
                "#[deprecated = \"the documentation of the API calls it deprecated\"] pub struct DeleteIdentity<'a>",
            ),
        ),
        (
            "deprecated, in the table",
            |spec| spec.set("import", DELETE, json!({ "deprecated": true })),
            Makes("operations.rs", ". Deprecated. ///"),
        ),
        (
            "a taken name",
            |spec| spec.set("import", DELETE, json!({ "operationId": "request" })),
            Refused("`request` gives a struct of a name that is taken: say what it does, such as `get_request`"),
        ),
        (
            "a callback",
            |spec| spec.set("import", DELETE, json!({ "callbacks": {} })),
            Refused("callbacks: is not allowed in an operation: the client is never called"),
        ),
    ]);
}

fn body(spec: &mut Edited, media_type: &str) {
    spec.operation("post", "/api/v1/users", true, &[]);
    let content = spec.at("import", "/paths/~1api~1v1~1users/post/requestBody/content");
    let json = content
        .as_object_mut()
        .unwrap()
        .shift_remove("application/json")
        .unwrap();
    content[media_type] = json;
}
