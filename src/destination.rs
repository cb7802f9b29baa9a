//! Where the requests of a client go, and why no connection is made to it.

use std::{error::Error as StdError, fmt, io};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// The host and the port of a client.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    host: String,
    port: u16,
    loopback: bool,
}

/// A connection that could not be made.
#[derive(Debug)]
pub(crate) struct NoConnection {
    destination: Destination,
    why: Why,
}

#[derive(Debug)]
enum Why {
    /// Nothing listens on the port.
    Refused,
    /// A name has no address: that of the host, or of a proxy.
    Unresolved(String),
    Other,
}

impl Destination {
    pub(crate) fn of(url: &Url) -> Self {
        Self {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
            loopback: is_loopback(url),
        }
    }

    /// Why a connection failed, by the causes of its error.
    pub(crate) fn unreachable(&self, error: &(dyn StdError + 'static)) -> NoConnection {
        let mut cause = Some(error);
        let mut why = Why::Other;
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<Unresolved>() {
                why = Why::Unresolved(error.name.clone());
            }
            if let Some(error) = error.downcast_ref::<io::Error>()
                && error.kind() == io::ErrorKind::ConnectionRefused
            {
                why = Why::Refused;
            }
            cause = error.source();
        }
        NoConnection {
            destination: self.clone(),
            why,
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl NoConnection {
    /// Whether the name of the host is wrong.
    pub(crate) fn is_misdirected(&self) -> bool {
        matches!(self.why, Why::Unresolved(_))
    }

    /// Whether another attempt soon would fail as well: the name has no address, or nothing runs on this machine.
    pub(crate) fn is_certain(&self) -> bool {
        match self.why {
            Why::Unresolved(_) => true,
            Why::Refused => self.destination.loopback,
            Why::Other => false,
        }
    }
}

impl fmt::Display for NoConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let destination = &self.destination;
        match &self.why {
            Why::Refused if destination.loopback => write!(f, "nothing listens on {destination}"),
            Why::Refused => write!(f, "the connection to {destination} was refused"),
            Why::Unresolved(name) => write!(f, "no connection to {destination}: the name {name} cannot be resolved"),
            Why::Other => write!(f, "no connection to {destination}"),
        }
    }
}

/// Whether a URL leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Resolves names as the system does, with an error that can be recognized among the causes of a failed connection.
#[derive(Debug)]
pub(crate) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            // The addresses outlive the name.
            let found = found.map(|addresses| addresses.collect::<Vec<_>>().into_iter());
            match found {
                Ok(addresses) => Ok(Box::new(addresses) as Addrs),
                Err(source) => Err(Unresolved { name, source }.into()),
            }
        })
    }
}

#[derive(Debug)]
struct Unresolved {
    name: String,
    source: io::Error,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name {} cannot be resolved", self.name)
    }
}

impl StdError for Unresolved {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.source)
    }
}
