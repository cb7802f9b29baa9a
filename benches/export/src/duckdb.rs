//! DuckDB in Python. It reads what curl gets, since the service answers only POST, which DuckDB does not send.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    data,
    rounds::{Written, curl, is_there},
};

pub struct Duckdb {
    python: String,
}

impl Duckdb {
    /// With the Python of the tests, or else of the system, if that has it.
    pub fn find() -> Option<Self> {
        let python = env::var("DFINERY_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        is_there(Command::new(&python).args(["-c", "import duckdb"])).then_some(Self { python })
    }

    pub fn version(&self) -> String {
        let print = "import duckdb; print(duckdb.__version__, end='')";
        let output = Command::new(&self.python).args(["-c", print]).output();
        String::from_utf8(output.expect("Python runs").stdout).expect("text")
    }

    /// Reads the answer while curl receives it.
    pub fn piped(&self, folder: &Path, url: &str, options: &str) -> Written {
        let mut curl = curl(url).stdout(Stdio::piped()).spawn().expect("curl runs");
        let answer = curl.stdout.take().expect("its output");
        let written = Written::by(self.copy(Path::new("/dev/stdin"), folder, options).stdin(answer));
        assert!(curl.wait().expect("curl ends").success(), "curl failed");
        written
    }

    /// Reads the file that curl has made of the answer, so that it can be read by several threads.
    pub fn after(&self, folder: &Path, url: &str, options: &str) -> Written {
        let answer = folder.join("answer.csv");
        let status = curl(url).arg("--output").arg(&answer).status();
        assert!(status.expect("curl runs").success(), "curl failed");
        Written::by(&mut self.copy(&answer, folder, options))
    }

    fn copy(&self, answer: &Path, folder: &Path, options: &str) -> Command {
        let file = folder.join("events");
        let columns: Vec<_> = data::columns()
            .map(|(name, of_type)| format!("'{name}': '{}'", sql_type(of_type)))
            .collect();
        let statement = format!(
            "COPY (FROM read_csv('{}', columns = {{{}}}, header = true, auto_detect = false, \
             delim = ',', quote = '\"', escape = '\"')) TO '{}' ({options})",
            answer.display(),
            columns.join(", "),
            file.display(),
        );
        let mut python = Command::new(&self.python);
        python.args(["-c", include_str!("duckdb.py"), &statement]).arg(file);
        python
    }
}

fn sql_type(of_type: &str) -> &'static str {
    match of_type {
        "long" => "BIGINT",
        "datetime" => "TIMESTAMPTZ",
        "boolean" => "BOOLEAN",
        _ => "VARCHAR",
    }
}
