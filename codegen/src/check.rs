//! Writes the outputs to the files, or only compares them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
};

use similar::TextDiff;

/// Texts by path from the root of the workspace.
pub type Outputs = BTreeMap<PathBuf, String>;

/// The folder that holds only outputs.
const FOLDER: &str = "generated";

/// What became of the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many were written, because they were missing or different.
    pub written: usize,
    /// How many were removed, because they are no longer outputs.
    pub removed: usize,
    /// How many were up to date.
    pub unchanged: usize,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = |count: usize| {
            if count == 1 {
                "1 file".to_owned()
            } else {
                format!("{count} files")
            }
        };
        match (self.written, self.removed) {
            (0, 0) => write!(f, "nothing to write: {} up to date", files(self.unchanged)),
            (written, 0) => write!(f, "wrote {}", files(written)),
            (written, removed) => write!(f, "wrote {}, removed {}", files(written), files(removed)),
        }
    }
}

/// Writes what has changed, and removes from `generated/` files that are no longer outputs.
///
/// # Errors
/// If a file cannot be read, written or removed.
pub fn write(root: &Path, outputs: &Outputs) -> io::Result<Written> {
    let mut done = Written::default();
    for path in superfluous(root, outputs)? {
        fs::remove_file(root.join(path))?;
        done.removed += 1;
    }
    for (path, text) in outputs {
        let path = root.join(path);
        if read(&path)?.as_deref() == Some(text) {
            done.unchanged += 1;
        } else {
            fs::create_dir_all(path.parent().unwrap_or(root))?;
            fs::write(path, text)?;
            done.written += 1;
        }
    }
    Ok(done)
}

/// What writing would change, as a unified diff; empty if it would change nothing.
///
/// # Errors
/// If a file cannot be read.
pub fn diff(root: &Path, outputs: &Outputs) -> io::Result<String> {
    let mut diff = String::new();
    let superfluous = superfluous(root, outputs)?;
    // The catalogue repeats for people what the other files show.
    let paths: BTreeSet<_> = outputs
        .keys()
        .chain(&superfluous)
        .map(|path| (path.starts_with("docs"), path))
        .collect();
    for (_, path) in paths {
        let old = read(&root.join(path))?;
        let new = outputs.get(path);
        if old.as_ref() == new {
            continue;
        }
        let name = |there: bool, side: &str| {
            if there {
                format!("{side}/{}", path.display())
            } else {
                "/dev/null".to_owned()
            }
        };
        let lines = TextDiff::from_lines(old.as_deref().unwrap_or_default(), new.map_or("", String::as_str));
        let mut lines = lines.unified_diff();
        let lines = lines.header(&name(old.is_some(), "a"), &name(new.is_some(), "b"));
        diff.extend(lines.to_string().lines().flat_map(|line| [shortened(line), "\n"]));
    }
    Ok(diff)
}

/// A line of the HTML page may be as long as a section.
fn shortened(line: &str) -> &str {
    line.char_indices().nth(240).map_or(line, |(end, _)| &line[..end])
}

/// `None` if there is no such file. A text in another encoding differs from every output.
fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The files in the folder that are no longer outputs; none if the outputs do not include the folder.
fn superfluous(root: &Path, outputs: &Outputs) -> io::Result<Vec<PathBuf>> {
    if !outputs.keys().any(|path| path.starts_with(FOLDER)) {
        return Ok(Vec::new());
    }
    let entries = match fs::read_dir(root.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = Path::new(FOLDER).join(entry?.file_name());
        if !outputs.contains_key(&path) {
            paths.push(path);
        }
    }
    Ok(paths)
}
