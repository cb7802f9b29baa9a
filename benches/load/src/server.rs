//! A server that reads requests by their length and answers each with success. It is the program itself in another process,
//! which must call [`run`] when its arguments are `serve` and an address. Both benchmarks use it.

use std::{
    env,
    process::{Child, Command, Stdio},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 57\r\n\r\n\
                        {\"status\":true,\"code\":20000,\"message\":\"OK\",\"data\":null}  ";

pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        drop(listener);
        let child = Command::new(env::current_exe().expect("this program"))
            .args(["serve", &address])
            .stdin(Stdio::null())
            .spawn()
            .expect("a server");
        while std::net::TcpStream::connect(&address).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Self { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn run(address: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.expect("the port");
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut read = Vec::with_capacity(1 << 17);
                loop {
                    let Some(length) = request_length(&read) else {
                        match stream.read_buf(&mut read).await {
                            Ok(0) | Err(_) => return,
                            Ok(_) => continue,
                        }
                    };
                    read.drain(..length);
                    if stream.write_all(ANSWER).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
}

fn request_length(read: &[u8]) -> Option<usize> {
    let head = memchr::memmem::find(read, b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&read[..head]).ok()?;
    let length: usize = text
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())?;
    (read.len() >= head + length).then_some(head + length)
}
