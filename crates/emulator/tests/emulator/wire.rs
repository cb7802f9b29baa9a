//! A client that sees every byte.

use std::{collections::HashMap, fmt::Write, net::SocketAddr};

use dfinery::{ExportCode, ImportCode, Operation, Token};
use dfinery_emulator::Emulator;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A request before it is sent.
#[derive(Clone)]
pub struct Call {
    pub address: SocketAddr,
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Call {
    /// A request with the right credentials.
    pub fn new(emulator: &Emulator, operation: Operation, body: &Value) -> Self {
        let token = operation.token();
        let secret = match token {
            Token::Import => emulator.import_token(),
            Token::Export => emulator.export_token(),
        };
        Self {
            address: emulator.address(),
            method: operation.method().to_owned(),
            path: operation.path().to_owned(),
            query: format!("service_id={}", emulator.service_id()),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                (token.header(), format!("{}{secret}", token.scheme())),
            ],
            body: body.to_string().into_bytes(),
        }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self
    }

    pub fn query(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn head(&self) -> String {
        let mut head = format!("{} {}?{} HTTP/1.1\r\n", self.method, self.path, self.query);
        let length = self.body.len().to_string();
        let fixed = [
            ("host", "emulator"),
            ("connection", "close"),
            ("content-length", &length),
        ];
        let given = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in fixed.into_iter().chain(given) {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head + "\r\n"
    }

    pub fn bytes(&self) -> Vec<u8> {
        [self.head().as_bytes(), &self.body].concat()
    }

    /// Sends it and leaves the answer unread.
    pub async fn begin(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(&self.bytes()).await.unwrap();
        stream
    }

    /// Sends it and reads until the connection ends; nothing if it ends without a byte.
    pub async fn try_send(&self) -> Option<Reply> {
        let mut stream = TcpStream::connect(self.address).await.ok()?;
        // The emulator may close before it has read everything.
        let _ = stream.write_all(&self.bytes()).await;
        let mut read = Vec::new();
        let _ = stream.read_to_end(&mut read).await;
        Reply::parse(&read)
    }

    pub async fn send(&self) -> Reply {
        self.try_send().await.expect("an answer")
    }

    /// Sends it to the Import API and gives the code of its answer.
    pub async fn code(&self) -> ImportCode {
        self.send().await.import_code()
    }

    /// Sends it to the Export API, which must refuse it.
    pub async fn failure(&self) -> ExportCode {
        self.send().await.export_code()
    }
}

/// An answer, and whether it was whole.
#[derive(Debug)]
pub struct Reply {
    pub version: String,
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
    pub complete: bool,
}

impl Reply {
    pub fn parse(read: &[u8]) -> Option<Self> {
        let end = read.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8(read[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let (version, status) = lines.next().unwrap().split_once(' ').unwrap();
        let headers: HashMap<String, String> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let rest = &read[end + 4..];
        let (body, complete) = if let Some(length) = headers.get("content-length") {
            (rest.to_vec(), rest.len() == length.parse::<usize>().unwrap())
        } else if headers.contains_key("transfer-encoding") {
            dechunk(rest)
        } else {
            (rest.to_vec(), true)
        };
        Some(Self {
            version: version.to_owned(),
            status: status[..3].parse().unwrap(),
            headers,
            body,
            complete,
        })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn import_code(&self) -> ImportCode {
        match &self.json()["code"] {
            Value::String(digits) => ImportCode::from_raw(digits),
            number => ImportCode::from_raw(&number.to_string()),
        }
    }

    pub fn export_code(&self) -> ExportCode {
        let json = self.json();
        assert_eq!(json["result"], "fail");
        ExportCode::from_raw(json["message"].as_str().unwrap())
    }

    /// The header line of a CSV.
    pub fn columns(&self) -> Vec<String> {
        let mut reader = csv::Reader::from_reader(&self.body[..]);
        reader.headers().unwrap().iter().map(str::to_owned).collect()
    }

    pub fn rows(&self) -> Vec<HashMap<String, String>> {
        let mut reader = csv::Reader::from_reader(&self.body[..]);
        reader.deserialize().map(Result::unwrap).collect()
    }

    /// The values of one column of a CSV.
    pub fn column(&self, name: &str) -> Vec<String> {
        self.rows().into_iter().map(|row| row[name].clone()).collect()
    }
}

/// The bytes in the chunks, and whether the last chunk was among them.
fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        rest = &rest[end + 2..];
        if size == 0 {
            return (body, true);
        }
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        rest = rest.get(size + 2..).unwrap_or_default();
    }
    (body, false)
}
