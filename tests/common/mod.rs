//! A server that answers byte for byte as it is told, for faults that no HTTP library would write.

#![allow(dead_code, reason = "every test file uses a part of it")]

use std::time::Duration;

use dfinery::{ClientBuilder, ExportClient, Family, ImportClient, RetryPolicy, tables::RateLimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Answers one request per connection with the next text of the script, then closes; the last text is repeated.
pub async fn scripted(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut answers = answers.into_iter();
        let mut answer = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            if let Some(next) = answers.next() {
                answer = next;
            }
            let answer = answer.clone();
            tokio::spawn(async move {
                if read_request(&mut stream).await.is_some() {
                    let _ = stream.write_all(&answer).await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    format!("http://{address}")
}

/// Reads a request with its body.
pub async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.ok()?;
        if length == 0 {
            return None;
        }
        read.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let expected = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length:")?
                        .trim()
                        .parse::<usize>()
                        .ok()
                })
                .unwrap_or(0);
            if body.len() >= expected {
                return Some(text);
            }
        }
    }
}

/// An answer with a length, as bytes on the wire.
pub fn answer(status: u16, content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A policy whose pauses take no time worth waiting for.
pub fn quick() -> RetryPolicy {
    RetryPolicy::default()
        .base_delay(Duration::from_millis(1))
        .max_attempts(3)
}

/// Quotas that are full again at once.
pub fn short_periods<C>(builder: ClientBuilder<C>) -> ClientBuilder<C> {
    let limit = RateLimit {
        requests: 1_000_000,
        period: Duration::from_millis(5),
        concurrent: None,
    };
    let families = Family::ALL.iter().filter(|family| **family != Family::Export);
    families.fold(builder, |builder, family| builder.rate_limit(*family, limit))
}

pub fn import(base_url: &str) -> ImportClient {
    let builder = ImportClient::builder()
        .service_id("test-service")
        .token("test-token")
        .base_url(base_url)
        .retry(quick());
    short_periods(builder).build().unwrap()
}

pub fn export(base_url: &str) -> ExportClient {
    ExportClient::builder()
        .service_id("test-service")
        .token("test-token")
        .base_url(base_url)
        .retry(quick())
        .build()
        .unwrap()
}
