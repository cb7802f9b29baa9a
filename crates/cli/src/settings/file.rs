//! `dfinery.toml`: settings by their keys, on one level.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::bail;
use dfinery_input::read_text;
use dfinery_records::nearest;
use toml::de::{DeTable, DeValue};

use super::{
    table::{Setting, TABLE},
    value::Kind,
};

/// Looked for in the working folder.
pub const NAME: &str = "dfinery.toml";
/// No handwritten file is longer.
pub const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// The variable that names another file.
pub const VARIABLE: &str = "DFINERY_CONFIG";

/// A file that was read: the text of each value, and its line.
#[derive(Default)]
pub struct File {
    pub path: Option<PathBuf>,
    values: BTreeMap<&'static str, (OsString, usize)>,
}

impl File {
    /// Reads the file named by option or environment, or else the one in the working folder, if there is one.
    pub fn find(named: Option<&Path>) -> anyhow::Result<Self> {
        let variable = env::var_os(VARIABLE).filter(|value| !value.is_empty());
        let path = match (named, variable) {
            (Some(path), _) => path.to_owned(),
            (None, Some(path)) => path.into(),
            (None, None) => match fs::metadata(NAME) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
                _ => NAME.into(),
            },
        };
        let text = read_text(&path, MOST_BYTES)?;
        Self::read(path, &text)
    }

    pub fn get(&self, setting: &Setting) -> Option<(&OsStr, usize)> {
        self.values
            .get(setting.key)
            .map(|(text, line)| (text.as_os_str(), *line))
    }

    fn read(path: PathBuf, text: &str) -> anyhow::Result<Self> {
        let name = path.display();
        let line = |position: usize| 1 + text.bytes().take(position).filter(|byte| *byte == b'\n').count();
        let table = match DeTable::parse(text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                let line = line(error.span().map_or(0, |span| span.start));
                bail!(
                    "{name}, line {line}: this is not TOML: {}; write name = value, a text in quotes",
                    error.message()
                );
            }
        };
        let mut values = BTreeMap::new();
        for (key, value) in table {
            let line = line(key.span().start);
            let Some(setting) = TABLE.iter().find(|setting| setting.key == key.get_ref().as_ref()) else {
                bail!("{name}, line {line}: {}", unknown(key.get_ref()));
            };
            let Some(text) = plain(value.get_ref()) else {
                bail!("{name}, line {line}: {} must be a plain value", setting.key);
            };
            // Paths in a file elsewhere are relative to that file.
            let text = match (setting.kind, path.parent()) {
                (Kind::Path, Some(folder)) => folder.join(text).into_os_string(),
                _ => text.into(),
            };
            values.insert(setting.key, (text, line));
        }
        Ok(Self {
            path: Some(path),
            values,
        })
    }
}

fn unknown(key: &str) -> String {
    match key {
        "token" | "import_token" | "export_token" => {
            "a token does not belong here: write it to a file of its own and name that as token_file or export_token_file".to_owned()
        }
        "restart" | "dry_run" | "yes" | "receipt" | "state" | "config" => {
            format!("`{key}` can be given on the command line only")
        }
        _ => match nearest(key, TABLE.iter().map(|setting| setting.key)) {
            Some(meant) => format!("there is no setting `{key}`: did you mean `{meant}`?"),
            None => format!("there is no setting `{key}`: see `dfinery config show`. Settings stand in no [section]"),
        },
    }
}

fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Array(array) => {
            let all: Option<Vec<_>> = array.iter().map(|value| plain(value.get_ref())).collect();
            Some(all?.join(","))
        }
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let read = File::read("dfinery.toml".into(), text);
        read.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        for (text, words) in [
            (
                "rate = 5\n\nrat = 1",
                "dfinery.toml, line 3: there is no setting `rat`: did you mean `rate`?",
            ),
            ("colour = 1", "there is no setting `colour`: see `dfinery config show`"),
            ("rate = 5\nrate = 6", "line 2: this is not TOML"),
            ("[rate]\nx = 1", "line 1: rate must be a plain value"),
            ("token = \"hidden\"", "does not belong here"),
            ("restart = true", "command line only"),
        ] {
            let problem = problem(text);
            assert!(problem.contains(words) && !problem.contains("hidden"), "{problem}");
        }
    }

    #[test]
    fn paths_start_from_the_folder_of_the_file() {
        let file = File::read(
            "/etc/load/dfinery.toml".into(),
            "mapping = \"m.yaml\"\nid_columns = [\"a\", \"b\"]",
        )
        .unwrap();
        let get = |key| file.values.get(key).cloned();
        assert_eq!(get("mapping"), Some(("/etc/load/m.yaml".into(), 1)));
        assert_eq!(get("id_columns"), Some(("a,b".into(), 2)));
    }
}
