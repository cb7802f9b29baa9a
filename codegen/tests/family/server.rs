//! A server that answers one request and tells what arrived, and a client that sends one.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    thread,
};

use futures_util::StreamExt;

use crate::{
    auth::Auth,
    generated::library::Client,
    request::{GeneratedClient, Request},
    validate::Violations,
};

/// What arrived.
#[derive(Debug, Default)]
pub struct Arrived {
    /// The method, and the path with the query.
    pub line: String,
    /// In the order of arrival, with the names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Arrived {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// Checks and sends a request as the transport does, to a server that gives this answer.
pub async fn call<R: Request>(request: &R, status: &str, answer: &str) -> Result<(Arrived, Answer), Violations> {
    request.violations()?;
    let body = if R::HAS_BODY {
        serde_json::to_vec(request).unwrap()
    } else {
        Vec::new()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let response = format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n{answer}");
    let server = thread::spawn(move || serve(&listener, &response));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let client = <Client as GeneratedClient>::new(http, Auth::new(&base));
    let parameters = request.parameters();
    let sent = client.send(R::OPERATION, "service 1", &parameters, body.into());
    let answer = sent.await.unwrap();
    let status = answer.status().as_u16();
    let mut pieces = answer.into_inner_stream();
    let mut body = Vec::new();
    while let Some(piece) = pieces.next().await {
        body.extend_from_slice(&piece.unwrap());
    }
    let body = String::from_utf8(body).unwrap();
    Ok((server.join().unwrap(), Answer { status, body }))
}

fn serve(listener: &TcpListener, response: &str) -> Arrived {
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut arrived = Arrived::default();
    reader.read_line(&mut arrived.line).unwrap();
    arrived.line = arrived.line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        arrived.headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = arrived
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    arrived.body = String::from_utf8(body).unwrap();
    stream.write_all(response.as_bytes()).unwrap();
    arrived
}
