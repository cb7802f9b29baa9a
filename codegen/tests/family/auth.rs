//! What `src/auth.rs` is for the client: the token, and where requests go.

use reqwest::{Request, Url};

#[derive(Clone, Debug)]
pub struct Auth {
    base: Url,
}

impl Auth {
    pub fn new(base: &str) -> Self {
        Self {
            base: Url::parse(base).unwrap(),
        }
    }

    pub fn base(&self) -> &Url {
        &self.base
    }

    pub fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    #[allow(clippy::unused_self, reason = "generated code calls it")]
    pub fn stamp(&self, request: &mut Request) {
        let headers = request.headers_mut();
        headers.insert("x-library-token", reqwest::header::HeaderValue::from_static("card-1"));
    }
}
