//! What the transport and the generated code agree on: a request, and a client that can send it.

use bytes::Bytes;
use progenitor_client::{ByteStream, ResponseValue};
use serde::Serialize;

use crate::{Operation, auth::Auth, parameters::Parameters, validate::Validate};

/// A request of the spec: what it is for, what it must fulfil, its parameters, and its body, which is what it
/// serializes to.
pub(crate) trait Request: Serialize + Validate {
    type Client;

    const OPERATION: Operation;
    const HAS_BODY: bool = true;

    fn parameters(&self) -> Parameters {
        Parameters::default()
    }
}

/// What codegen generates from one document.
pub(crate) trait GeneratedClient: Sized + Send + Sync {
    fn new(client: reqwest::Client, auth: Auth) -> Self;

    /// Sends a request of one of its operations.
    fn send(
        &self,
        operation: Operation,
        service_id: &str,
        parameters: &Parameters,
        body: Bytes,
    ) -> impl Future<Output = Sent> + Send;
}

/// What a generated method returns.
pub(crate) type Sent = Result<ResponseValue<ByteStream>, progenitor_client::Error<()>>;
