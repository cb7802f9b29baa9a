//! A service that answers byte for byte what a function says, and remembers what it took.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use dfinery::{Family, ImportClient, RetryPolicy};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::chaos::{AMPLE, FAMILIES};

/// What happens to one request.
pub enum Reply {
    /// It is taken, and the answer says so.
    Take,
    /// It is not taken, and this is the answer.
    Instead(Vec<u8>),
}

/// The service. It ends with the runtime of the test.
pub struct Service {
    pub url: String,
    pub requests: Arc<AtomicUsize>,
    /// How often each user was taken, by external id.
    users: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Service {
    /// No service, but what a client needs to look for one.
    pub fn at(url: String) -> Self {
        Self {
            url,
            requests: Arc::default(),
            users: Arc::default(),
        }
    }

    /// Answers the request with this number, counted from 0, and this body.
    pub async fn start(answer: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self::at(format!("http://{}", listener.local_addr().unwrap()));
        let (requests, users) = (Arc::clone(&service.requests), Arc::clone(&service.users));
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (requests, users, answer) = (Arc::clone(&requests), Arc::clone(&users), Arc::clone(&answer));
                tokio::spawn(serve(stream, move |body| {
                    match answer(requests.fetch_add(1, Relaxed), body) {
                        Reply::Instead(answer) => answer,
                        Reply::Take => {
                            *users.lock().unwrap().entry(user_of(body)).or_default() += events_of(body);
                            http(200, "application/json", r#"{"status":true,"code":20000}"#)
                        }
                    }
                }));
            }
        });
        service
    }

    /// A client that pauses briefly.
    pub fn client(&self, retry: RetryPolicy) -> ImportClient {
        let builder = ImportClient::builder().service_id("s").token("t").base_url(&self.url);
        let quotas = |builder: dfinery::ClientBuilder<ImportClient>, family: Family| builder.rate_limit(family, AMPLE);
        FAMILIES.into_iter().fold(builder, quotas).retry(retry).build().unwrap()
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Relaxed)
    }

    /// How many events of a user it took.
    pub fn taken_of(&self, user: &str) -> usize {
        self.users.lock().unwrap().get(user).copied().unwrap_or_default()
    }

    pub fn taken(&self) -> usize {
        self.users.lock().unwrap().values().sum()
    }
}

/// An answer as bytes on the wire.
pub fn http(status: u16, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// The page of something on the way.
pub fn page(status: u16) -> Reply {
    Reply::Instead(http(status, "text/html", "<html>gateway</html>"))
}

fn user_of(body: &str) -> String {
    let rest = body.split_once(r#""external_id":""#).map_or("", |(_, rest)| rest);
    rest.split('"').next().unwrap_or_default().to_owned()
}

fn events_of(body: &str) -> usize {
    body.matches(r#""event_name""#).count().max(1)
}

async fn serve(mut stream: TcpStream, answer: impl Fn(&str) -> Vec<u8>) {
    let mut read = Vec::new();
    loop {
        let whole = loop {
            if let Some(whole) = length_of(&read).filter(|whole| read.len() >= *whole) {
                break whole;
            }
            let mut piece = [0; 16 * 1024];
            match stream.read(&mut piece).await {
                Ok(length) if length > 0 => read.extend_from_slice(&piece[..length]),
                _ => return,
            }
        };
        let request = String::from_utf8(read.drain(..whole).collect()).unwrap();
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        if stream.write_all(&answer(body)).await.is_err() {
            return;
        }
    }
}

/// The length of the first request, once its head is there.
fn length_of(read: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(read);
    let (head, _) = text.split_once("\r\n\r\n")?;
    let body: usize = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length:")?
            .trim()
            .parse()
            .ok()
    })?;
    Some(head.len() + 4 + body)
}
