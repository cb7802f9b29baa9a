//! A server that reads requests by their length and answers each with success, or, if their path begins with `/failing-20`,
//! after 5 ms and by chance 20 of a hundred with HTTP 503. It is the program itself in another process,
//! which must call [`run`] when its arguments are `serve` and an address. Both benchmarks use it.

use std::{
    cell::Cell,
    env,
    process::{Child, Command, Stdio},
    rc::Rc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 57\r\n\r\n\
                        {\"status\":true,\"code\":20000,\"message\":\"OK\",\"data\":null}  ";

const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
const LATENCY: Duration = Duration::from_millis(5);

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
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        let listener = TcpListener::bind(address).await.expect("the port");
        let chance = Rc::new(Cell::new(1_u64));
        while let Ok((mut stream, _)) = listener.accept().await {
            let chance = Rc::clone(&chance);
            tokio::task::spawn_local(async move {
                let mut read = Vec::with_capacity(1 << 17);
                loop {
                    let Some(length) = request_length(&read) else {
                        match stream.read_buf(&mut read).await {
                            Ok(0) | Err(_) => return,
                            Ok(_) => continue,
                        }
                    };
                    let failing = failing_share(&read);
                    read.drain(..length);
                    let mut answer = ANSWER;
                    if let Some(share) = failing {
                        tokio::time::sleep(LATENCY).await;
                        if next(&chance) % 100 < share {
                            answer = UNAVAILABLE;
                        }
                    }
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
}

fn failing_share(request: &[u8]) -> Option<u64> {
    let path = request.strip_prefix(b"POST /failing-")?;
    let end = path.iter().position(|byte| *byte == b'/')?;
    std::str::from_utf8(&path[..end]).ok()?.parse().ok()
}

/// The next number of a xorshift generator.
fn next(chance: &Cell<u64>) -> u64 {
    let mut number = chance.get();
    number ^= number << 13;
    number ^= number >> 7;
    number ^= number << 17;
    chance.set(number);
    number >> 11
}

fn request_length(read: &[u8]) -> Option<usize> {
    let head = memchr::memmem::find(read, b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&read[..head]).ok()?;
    let length: usize = text
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())?;
    (read.len() >= head + length).then_some(head + length)
}
