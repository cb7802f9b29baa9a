//! The health and the figures of a stream, over HTTP.
//!
//! By hand, since it answers three requests and reads none: the first line of the head is all that counts. What a client may
//! take of it is bounded: `CONNECTIONS` at a time, `HEAD` bytes, and `PATIENCE` for all of a connection.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};

/// An answer: its status line, and its body.
pub struct Answer(pub &'static str, pub String);

pub const OK: &str = "200 OK";
pub const UNAVAILABLE: &str = "503 Service Unavailable";

const CONNECTIONS: usize = 8;
const HEAD: usize = 8 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers until it is dropped. `answer` gives the answer for a path; `None` if there is nothing there.
pub async fn serve(listener: TcpListener, answer: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) {
    let (places, answer) = (Arc::new(Semaphore::new(CONNECTIONS)), Arc::new(answer));
    loop {
        // Others wait in the queue of the system.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((socket, _)) = listener.accept().await else {
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            // A client that is too slow, or gone, gets no answer.
            let _ = timeout(PATIENCE, converse(socket, &*answer)).await;
            drop(place);
        });
    }
}

async fn converse(mut socket: TcpStream, answer: &(impl Fn(&str) -> Option<Answer> + Sync)) -> io::Result<()> {
    let head = read_head(&mut socket).await?;
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let Answer(status, body) = match method {
        "GET" | "HEAD" => answer(path).unwrap_or_else(|| {
            let known = "there are /live, /ready and /metrics\n";
            Answer("404 Not Found", known.to_owned())
        }),
        _ => Answer("405 Method Not Allowed", "only GET and HEAD\n".to_owned()),
    };
    let allow = if status.starts_with("405") {
        "allow: GET, HEAD\r\n"
    } else {
        ""
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\ncontent-length: {}\r\n{allow}connection: \
         close\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await?;
    if method != "HEAD" {
        socket.write_all(body.as_bytes()).await?;
    }
    socket.shutdown().await
}

/// Reads to the end of the head, so that closing the connection does not discard what the client has not sent yet.
async fn read_head(socket: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = socket.read(&mut piece).await?;
        if length == 0 || head.len() + length > HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.extend_from_slice(piece.get(..length).unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    async fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, |path| {
            (path == "/live").then(|| Answer(OK, "fine\n".to_owned()))
        }));
        address
    }

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut socket = TcpStream::connect(address).await.unwrap();
        // The server may have closed the connection by then.
        let _ = socket.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn a_path_is_answered_and_others_are_not_there() {
        let server = server().await;
        let answer = ask(server, "GET /live?x=1 HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nfine\n"),
            "{answer}"
        );
        let answer = ask(server, "HEAD /live HTTP/1.1\r\n\r\n").await;
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n"),
            "{answer}"
        );
        for (request, status) in [
            ("GET /secret HTTP/1.1\r\n\r\n", "404"),
            ("POST /live HTTP/1.1\r\n\r\n", "405"),
        ] {
            let answer = ask(server, request).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        }
    }

    #[tokio::test]
    async fn what_is_no_request_ends_the_connection_only() {
        let server = server().await;
        for request in ["", "GET /live", &"a".repeat(2 * HEAD), "\u{0}\r\n\r\n"] {
            let mut socket = TcpStream::connect(server).await.unwrap();
            let _ = socket.write_all(request.as_bytes()).await;
            let _ = socket.shutdown().await;
            let _ = socket.read_to_end(&mut Vec::new()).await;
        }
        assert!(ask(server, "GET /live HTTP/1.1\r\n\r\n").await.contains("200 OK"));
    }

    #[tokio::test]
    async fn clients_that_say_nothing_hold_their_places_for_a_while_only() {
        let server = server().await;
        let mut silent = Vec::new();
        for _ in 0..CONNECTIONS {
            silent.push(TcpStream::connect(server).await.unwrap());
        }
        assert!(ask(server, "GET /live HTTP/1.1\r\n\r\n").await.contains("200 OK"));
    }
}
