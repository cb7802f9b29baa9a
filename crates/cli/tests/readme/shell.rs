//! Where the commands of a page run.

use std::{
    env,
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

use dfinery_emulator::Emulator;

/// A folder, an emulator and a chat for the commands of a page.
pub struct Shell {
    pub emulator: Emulator,
    pub folder: tempfile::TempDir,
    chat_url: String,
    /// What was posted to the chat.
    pub posts: mpsc::Receiver<String>,
}

impl Shell {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let chat_url = format!("http://{}/", listener.local_addr().unwrap());
        let (sender, posts) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(()) = sender.send(post(stream.unwrap()).unwrap()) else {
                    return;
                };
            }
        });
        Self {
            emulator: Emulator::start().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            chat_url,
            posts,
        }
    }

    fn command(&self, line: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_dfinery")).parent().unwrap();
        let mut path = program.as_os_str().to_owned();
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("DFINERY_") {
                command.env_remove(name);
            }
        }
        command
            .args(["-c", line])
            .current_dir(&self.folder)
            .env("PATH", path)
            .env("DFINERY_BASE_URL", self.emulator.base_url())
            .env("DFINERY_SERVICE_ID", self.emulator.service_id())
            .env("DFINERY_IMPORT_TOKEN", self.emulator.import_token())
            .env("DFINERY_EXPORT_TOKEN", self.emulator.export_token())
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env("DFINERY_PROGRESS", "none")
            .env("CHAT_URL", &self.chat_url)
            .stdin(Stdio::null());
        command
    }

    /// What a terminal would show, and the exit code.
    pub async fn run(&self, line: &str) -> (String, Option<i32>) {
        let mut terminal = tempfile::tempfile().unwrap();
        let same = |file: &File| Stdio::from(file.try_clone().unwrap());
        let mut command = self.command(line);
        command.stdout(same(&terminal)).stderr(same(&terminal));
        let status = tokio::task::spawn_blocking(move || command.status().unwrap())
            .await
            .unwrap();
        let mut text = String::new();
        terminal.rewind().unwrap();
        terminal.read_to_string(&mut text).unwrap();
        (text, status.code())
    }

    /// What a command that runs until it is stopped says at first. A port of the page may be taken here.
    pub fn begin(&self, line: &str) -> String {
        let (command, port) = line.split_once(" --port ").unwrap();
        let mut child = self
            .command(&format!("exec {command} --port 0 2>&1"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.map(Result::unwrap).take(5) {
            let url = line.rsplit_once(':').filter(|_| line.starts_with("DFINERY_BASE_URL="));
            said += &url.map_or(line.clone(), |(url, _)| format!("{url}:{port}"));
            said.push('\n');
        }
        child.kill().unwrap();
        child.wait().unwrap();
        said
    }
}

/// The body of a request, which is answered.
fn post(mut stream: TcpStream) -> io::Result<String> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")?;
    Ok(String::from_utf8(body).unwrap())
}

/// Whether a program that not every machine has is here. CI has them all.
pub fn is_here(program: &str) -> bool {
    let quiet = |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet(Command::new(program).arg("--version")).is_ok_and(|status| status.success())
}
