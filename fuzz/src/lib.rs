//! A service that gives one answer, for the fuzz targets that read answers.

use std::{
    io,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

/// Runs the service and its clients.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// Answers each request on the loopback with the bytes set last.
pub struct Service {
    answer: Arc<Mutex<Vec<u8>>>,
    requests: Arc<Mutex<Vec<String>>>,
    base_url: String,
}

impl Service {
    /// Starts it.
    pub fn start() -> io::Result<Self> {
        let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let answer = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::<Mutex<Vec<_>>>::default();
        let (given, seen) = (Arc::clone(&answer), Arc::clone(&requests));
        RUNTIME.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = lock(&given).clone();
                tokio::spawn(serve(stream, answer, Arc::clone(&seen)));
            }
        });
        Ok(Self {
            answer,
            requests,
            base_url,
        })
    }

    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The requests since the last call of this.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.requests))
    }

    /// Answers with this status and body from now on.
    pub fn answers(&self, status: u16, kind: &str, body: &[u8]) {
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let answer = [head.as_bytes(), body].concat();
        *lock(&self.answer) = answer;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads one request, and answers it.
async fn serve(mut stream: TcpStream, answer: Vec<u8>, requests: Arc<Mutex<Vec<String>>>) -> io::Result<()> {
    let mut request = Vec::new();
    loop {
        if stream.read_buf(&mut request).await? == 0 || is_whole(&request) {
            break;
        }
    }
    lock(&requests).push(String::from_utf8_lossy(&request).into_owned());
    stream.write_all(&answer).await?;
    stream.shutdown().await
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}
