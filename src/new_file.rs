//! A file that takes its name only when it is whole, and keeps it through a loss of power.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// A file written under another name until it is finished. If dropped before that, it is removed.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    part: PathBuf,
    path: PathBuf,
}

impl NewFile {
    /// Creates the file under a name beside its own, which no other process uses, and removes what killed processes have
    /// left under such names in that folder. `options` must be to write a new file.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(path: &Path, options: &OpenOptions) -> io::Result<Self> {
        const TRIES: u32 = 10;
        remove_abandoned_beside(path);
        for _ in 0..TRIES {
            let new = Self::open(path, part_of(path), options)?;
            // A process that removes abandoned parts may have taken it for one before it was locked.
            match new.file.try_lock() {
                Err(TryLockError::WouldBlock) => {}
                Ok(()) if !new.part.try_exists()? => {}
                // Without locks on this disk, nobody removes parts.
                Ok(()) | Err(TryLockError::Error(_)) => return Ok(new),
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// Opens the file as `part`, which is in the same folder as `path`. Only a killed process leaves a part.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(path: &Path, part: PathBuf, options: &OpenOptions) -> io::Result<Self> {
        Ok(Self {
            file: options.open(&part)?,
            part,
            path: path.to_owned(),
        })
    }

    /// What is written so far.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives the file its name, replacing an existing file. A loss of power at any moment leaves the old file or the
    /// new one; after this has returned, only the new one.
    ///
    /// # Errors
    /// If the disk fails, or the name cannot be taken.
    pub fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.part, &self.path)?;
        sync_folder_of(&self.path)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // A finished file no longer has this name. A part that cannot be removed stays; it never has the name of a
        // whole file.
        let _ = fs::remove_file(&self.part);
    }
}

/// A name beside a path that no other process uses.
fn part_of(path: &Path) -> PathBuf {
    with_suffix(path, &format!(".{}.part", uuid::Uuid::new_v4().simple()))
}

/// Whether [`part_of`] makes such names.
fn is_part(name: &OsStr) -> bool {
    let random = name.to_string_lossy();
    let random = random.strip_suffix(".part").and_then(|name| name.rsplit_once('.'));
    random.is_some_and(|(name, random)| {
        !name.is_empty() && random.len() == 32 && random.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Removes the parts in the folder of a path that no process holds. What cannot be removed stays: it never has the name
/// of a whole file.
fn remove_abandoned_beside(path: &Path) {
    let Ok(entries) = fs::read_dir(folder_of(path)) else {
        return;
    };
    for entry in entries.flatten().filter(|entry| is_part(&entry.file_name())) {
        if let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The folder that a file is in.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// The path with a suffix appended.
#[must_use]
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes the creation or the renaming of a file outlast a loss of power, where the folder and its file system allow it: one that
/// may not be read, or cannot be synced, is left to the system.
///
/// # Errors
/// If the disk fails.
#[cfg(unix)]
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    let synced = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
    match synced {
        Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => Ok(()),
        synced => synced,
    }
}

/// Elsewhere a folder cannot be opened, and the system writes its entries in order.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "as on unix")]
pub fn sync_folder_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(path: &Path) -> NewFile {
        let mut file = NewFile::create(path, OpenOptions::new().write(true).create_new(true)).unwrap();
        file.write_all(b"new").unwrap();
        file
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_finished_file_appears_whole_in_place_of_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "old").unwrap();
        let file = begin(&path);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        file.finish().unwrap();
        assert_eq!(
            (fs::read(&path).unwrap(), names(folder.path())),
            (b"new".to_vec(), vec!["a".to_owned()])
        );
    }

    #[test]
    fn an_unfinished_file_leaves_the_old_one_and_no_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "old").unwrap();
        drop(begin(&path));
        assert_eq!(
            (fs::read(&path).unwrap(), names(folder.path())),
            (b"old".to_vec(), vec!["a".to_owned()])
        );
    }

    #[test]
    fn a_part_that_a_killed_process_has_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("monday.csv");
        let left = with_suffix(&path, ".0123456789abcdef0123456789abcdef.part");
        let others = ["a.part", "b.0123.part", ".0123456789abcdef0123456789abcdef.part"];
        for name in others {
            fs::write(folder.path().join(name), "another program's").unwrap();
        }
        fs::write(&left, "half").unwrap();
        let running = begin(&path);
        begin(&folder.path().join("tuesday.csv")).finish().unwrap();
        assert!(!left.exists());
        running.finish().unwrap();
        let mut expected = [&others[..], &["monday.csv", "tuesday.csv"]].concat();
        let mut names = names(folder.path());
        expected.sort_unstable();
        names.sort_unstable();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_file_whose_name_cannot_be_taken_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::create_dir(&path).unwrap();
        begin(&path).finish().unwrap_err();
        assert!(path.is_dir());
        assert_eq!(names(folder.path()), ["a"]);
    }
}
