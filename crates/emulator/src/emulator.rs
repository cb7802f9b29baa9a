//! A running emulator, and the builder with which to start it.

use std::{
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use dfinery::{ClientBuilder, ExportClient, ImportClient, Operation};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    fault::{Fault, FaultRate},
    ledger::Ledger,
    server,
    settings::Settings,
    state::{Credentials, Shared},
};

/// A running emulator. It stops, and closes all its connections, when it is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dfinery::{Event, Identity, ImportCode, Operation};
/// use dfinery_emulator::{Emulator, Fault};
///
/// let emulator = Emulator::start().await?;
/// let import = emulator.import_client().build()?;
/// let user = Identity::external_id("dfn-user-123");
///
/// // The first answer is lost, though the event was taken: the client sends it again.
/// emulator.script([Fault::CloseAfterReading.after_applying()]);
/// import.load_events(&user, &[Event::new("df_login")]).await?;
///
/// let ledger = emulator.ledger();
/// assert_eq!(ledger.requests(Operation::LoadEvents).count(), 2);
/// assert_eq!(ledger.duplicates(), 1);
///
/// // An event that nobody registered is refused.
/// let refused = import.load_events(&user, &[Event::new("no_such_event")]).await;
/// assert_eq!(refused.unwrap_err().import_code(), Some(&ImportCode::ValidationFailure));
/// # Ok(())
/// # }
/// ```
///
/// It needs a tokio runtime with I/O and time enabled, and serves while that runtime runs.
pub struct Emulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    base_url: String,
    server: JoinHandle<Infallible>,
}

impl Emulator {
    /// Starts on a free port of 127.0.0.1 with the default settings.
    ///
    /// # Errors
    /// If no port is available.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// A builder, to change settings before it starts.
    #[must_use]
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as the base URL of a client: `http://127.0.0.1:12345`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The service id that it accepts.
    #[must_use]
    pub fn service_id(&self) -> &str {
        &self.shared.credentials.service_id
    }

    /// The token that its Import API accepts.
    #[must_use]
    pub fn import_token(&self) -> &str {
        &self.shared.credentials.import_token
    }

    /// The token that its Export API accepts.
    #[must_use]
    pub fn export_token(&self) -> &str {
        &self.shared.credentials.export_token
    }

    /// An [`ImportClient`] that talks to it.
    #[must_use]
    pub fn import_client(&self) -> ClientBuilder<ImportClient> {
        ImportClient::builder()
            .base_url(self.base_url())
            .service_id(self.service_id())
            .token(self.import_token())
    }

    /// An [`ExportClient`] that talks to it.
    #[must_use]
    pub fn export_client(&self) -> ClientBuilder<ExportClient> {
        ExportClient::builder()
            .base_url(self.base_url())
            .service_id(self.service_id())
            .token(self.export_token())
    }

    /// Changes settings for future requests; those in progress keep theirs.
    ///
    /// Do not call the emulator from within `change`: it would deadlock.
    pub fn settings(&self, change: impl FnOnce(&mut Settings)) {
        change(Arc::make_mut(&mut self.shared.lock().settings));
    }

    /// Appends faults for the next requests, one each. [`Fault::None`] lets one pass.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.lock().plan.script(None, faults);
    }

    /// Appends faults for the next requests for one operation; other requests do not meet them.
    pub fn script_for(&self, operation: Operation, faults: impl IntoIterator<Item = Fault>) {
        self.shared.lock().plan.script(Some(operation), faults);
    }

    /// How many scripted faults are still unused.
    #[must_use]
    pub fn scripted(&self) -> usize {
        self.shared.lock().plan.scripted()
    }

    /// From now on, lets faults happen by chance to every request without a scripted fault. A probability of 0 ends
    /// this.
    pub fn fault_rate(&self, rate: FaultRate) {
        self.shared.lock().plan.set_rate(rate);
    }

    /// What has arrived so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.shared.snapshot()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// Builder of an [`Emulator`]. `Debug` shows neither the tokens nor the service id.
pub struct EmulatorBuilder {
    address: SocketAddr,
    settings: Settings,
    credentials: Credentials,
}

impl Default for EmulatorBuilder {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            settings: Settings::default(),
            credentials: Credentials {
                service_id: "emulated-service".to_owned(),
                import_token: "emulated-import-token".into(),
                export_token: "emulated-export-token".into(),
            },
        }
    }
}

impl EmulatorBuilder {
    /// Where to listen: a loopback address. Port 0, the default, means any free port.
    #[must_use]
    pub fn address(mut self, address: impl Into<SocketAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// How to behave where the documentation is silent.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The service id to accept.
    #[must_use]
    pub fn service_id(mut self, service_id: impl Into<String>) -> Self {
        self.credentials.service_id = service_id.into();
        self
    }

    /// The token that the Import API accepts.
    #[must_use]
    pub fn import_token(mut self, token: impl Into<String>) -> Self {
        self.credentials.import_token = token.into();
        self
    }

    /// The token that the Export API accepts.
    #[must_use]
    pub fn export_token(mut self, token: impl Into<String>) -> Self {
        self.credentials.export_token = token.into();
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// If the address is not on the loopback, or is taken. An emulator that others can reach would store what they
    /// send.
    pub async fn start(self) -> io::Result<Emulator> {
        if !self.address.ip().is_loopback() {
            let problem = format!("the emulator listens on the loopback only, not on {}", self.address);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let listener = TcpListener::bind(self.address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(self.credentials, self.settings));
        Ok(Emulator {
            server: tokio::spawn(server::run(listener, Arc::clone(&shared))),
            base_url: format!("http://{address}"),
            address,
            shared,
        })
    }
}

impl fmt::Debug for EmulatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatorBuilder")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
