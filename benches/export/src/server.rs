//! A server that answers each request with an export, in chunks if its path begins with `/chunked`.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use crate::data;

/// As servers write them.
const CHUNK: usize = 16 * 1024;

/// Runs in threads of this process; returns its address.
pub fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that leaves ends its own answer only.
            thread::spawn(|| answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    let chunked = read_request(&stream)?.starts_with("POST /chunked");
    let (header, block, times) = data::csv();
    let (framing, end) = if chunked {
        ("transfer-encoding: chunked".to_owned(), &b"0\r\n\r\n"[..])
    } else {
        (format!("content-length: {}", data::bytes()), &b""[..])
    };
    let framed = |bytes: &[u8]| if chunked { in_chunks(bytes) } else { bytes.to_vec() };
    let (header, block) = (framed(header), framed(block));
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\nconnection: close\r\n{framing}\r\n\r\n"
    )?;
    stream.write_all(&header)?;
    for _ in 0..*times {
        stream.write_all(&block)?;
    }
    stream.write_all(end)
}

/// The first line of a request, which is read to its end.
fn read_request(stream: &TcpStream) -> io::Result<String> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    io::copy(&mut reader.take(length), &mut io::sink())?;
    Ok(first)
}

fn in_chunks(bytes: &[u8]) -> Vec<u8> {
    let chunks = bytes.chunks(CHUNK).map(|chunk| {
        let length = format!("{:x}\r\n", chunk.len());
        [length.as_bytes(), chunk, b"\r\n"].concat()
    });
    chunks.collect::<Vec<_>>().concat()
}
