//! What a client adds to every request: its token, and where the request goes.

use reqwest::{
    Request, Url,
    header::{ACCEPT, HeaderName, HeaderValue},
};

use crate::{Error, Token, destination::is_loopback, generated::operations::HOST};

/// What a generated client holds for us.
#[derive(Clone, Debug)]
pub(crate) struct Auth {
    header: HeaderName,
    /// Marked sensitive, so that `Debug` hides it.
    value: HeaderValue,
    accept: HeaderValue,
    base: Url,
}

impl Auth {
    /// Checks that the token can be sent, and where to.
    pub(crate) fn new(token: Token, secret: &str, accept: &'static str, base_url: &str) -> Result<Self, Error> {
        Ok(Self {
            header: HeaderName::from_static(token.header()),
            value: token_value(token, secret)?,
            accept: HeaderValue::from_static(accept),
            base: checked_base_url(base_url)?,
        })
    }

    /// The URL of a path, built from the base that is already parsed.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// The scheme, the host and what comes before every path.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Adds the headers.
    pub(crate) fn stamp(&self, request: &mut Request) {
        let headers = request.headers_mut();
        headers.insert(self.header.clone(), self.value.clone());
        headers.insert(ACCEPT, self.accept.clone());
    }
}

fn token_value(token: Token, secret: &str) -> Result<HeaderValue, Error> {
    let name = match token {
        Token::Import => "Import API token",
        Token::Export => "Export API token",
    };
    if secret.is_empty() {
        return Err(Error::config(format!("the {name} is empty")));
    }
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::config(format!(
            "the {name} holds a space, a line break or another character that no header can carry; \
             was it read from a file with its last line break?"
        )));
    }
    let mut value = HeaderValue::try_from(format!("{}{secret}", token.scheme()))
        .map_err(|_| Error::config(format!("the {name} cannot be sent in a header")))?;
    value.set_sensitive(true);
    Ok(value)
}

fn checked_base_url(text: &str) -> Result<Url, Error> {
    let example = format!("give one such as {HOST}");
    let url = Url::parse(text)
        .map_err(|error| Error::config(format!("the base URL is not a valid URL ({error}): {example}")))?;
    if url.host_str().is_none_or(str::is_empty) || !matches!(url.scheme(), "http" | "https") {
        return Err(Error::config(format!(
            "the base URL needs http:// or https:// and a host: {example}"
        )));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(Error::config(format!(
            "the base URL must not hold a user, a password, a query or a fragment: {example}"
        )));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(Error::config(
            "the base URL is http:// to another machine, which would show the token to the network: use https://",
        ));
    }
    if url.scheme() == "https" && !cfg!(feature = "rustls") {
        return Err(Error::config(
            "the base URL is https://, but dfinery was built without TLS: enable the feature rustls",
        ));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_in_a_path_stays_so() {
        let auth = Auth::new(Token::Import, "t-1", "*/*", "http://127.0.0.1/base/").unwrap();
        let url = auth.url("/shelves/a%2F..%2F%3Fb/books");
        assert_eq!(url.as_str(), "http://127.0.0.1/base/shelves/a%2F..%2F%3Fb/books");
    }
}
