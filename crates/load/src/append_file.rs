//! A file that only grows, and that holds whole writes or none of them.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use dfinery::engine::{NewFile, sync_folder_of, with_suffix};

use crate::state_error::StateError;

/// A file to append to. Only its owner may read it, since it may hold what the customers of the user wrote.
///
/// It is open from the beginning, so that a process without file handles left can still write to it.
#[derive(Debug)]
pub(crate) struct AppendFile {
    path: PathBuf,
    file: File,
    len: u64,
    /// A write failed, so there may be bytes beyond `len`.
    torn: bool,
}

impl AppendFile {
    /// Opens a file whose first `keep` bytes are good, and cuts off the rest. If the file does not exist and there is
    /// nothing to keep, it is created.
    ///
    /// # Errors
    /// If the file has fewer than `keep` bytes, or the disk fails. The error names the file.
    pub(crate) fn open(path: impl Into<PathBuf>, keep: u64) -> io::Result<Self> {
        let path = path.into();
        let mut file = match options().open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && keep == 0 => create(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StateError::Gone { path, had: keep }.into_io());
            }
            Err(error) => return Err(at(&path, "open", &error)),
        };
        cut(&mut file, keep, &path)?;
        Ok(Self {
            path,
            file,
            len: keep,
            torn: false,
        })
    }

    /// Appends all the bytes in one write, or, after an error, none of them.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.mend()?;
        self.still_there()?;
        self.torn = true;
        let written = self.file.write_all(bytes);
        match written {
            Ok(()) => {
                self.torn = false;
                self.len += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                // If this fails too, the next write tries it again before it writes.
                let _ = self.mend();
                Err(at(&self.path, "write to", &error))
            }
        }
    }

    /// Replaces bytes in the middle. After an error they may be the old ones, the new ones or some of each.
    pub(crate) fn overwrite(&mut self, place: u64, bytes: &[u8]) -> io::Result<()> {
        self.mend()?;
        let written = write_at(&self.file, place, bytes);
        // Where writing at a place moves the end of writing, mending moves it back.
        self.torn = cfg!(not(unix));
        written.map_err(|error| at(&self.path, "write to", &error))
    }

    /// Returns once everything appended is on the disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.mend()?;
        self.still_there()?;
        self.file
            .sync_data()
            .map_err(|error| at(&self.path, "write to", &error))
    }

    /// Closes the file, and removes it if nothing was written to it.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.still_there()?;
        if self.len > 0 {
            return Ok(());
        }
        fs::remove_file(&self.path).map_err(|error| at(&self.path, "remove", &error))
    }

    /// How many bytes it holds.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is written to a file without a name is lost. An empty one that was deleted is created again, unless its folder
    /// is gone too.
    fn still_there(&mut self) -> io::Result<()> {
        if has_name(&self.file, &self.path).map_err(|error| at(&self.path, "read", &error))? {
            return Ok(());
        }
        let deleted = || StateError::Deleted(self.path.clone()).into_io();
        if self.len > 0 {
            return Err(deleted());
        }
        self.file = create(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => deleted(),
            _ => error,
        })?;
        Ok(())
    }

    /// Cuts off what a failed write left behind.
    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            cut(&mut self.file, self.len, &self.path)?;
        }
        self.torn = false;
        Ok(())
    }
}

fn create(path: &Path) -> io::Result<File> {
    let created = options()
        .create_new(true)
        .open(path)
        .and_then(|file| sync_folder_of(path).map(|()| file));
    created.map_err(|error| at(path, "create", &error))
}

/// Writes a whole file so that a loss of power at any moment leaves the old one or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let write = || {
        // The name is the same every time, so that a part left by a killed process is overwritten.
        let part = with_suffix(path, ".new");
        let mut file = NewFile::open(path, part, options().create(true).truncate(true))?;
        file.write_all(bytes)?;
        file.finish()
    };
    write().map_err(|error| at(path, "write", &error))
}

/// A new file that takes its name when it is whole. Only its owner may read it.
pub(crate) fn create_new(path: &Path) -> io::Result<BufWriter<NewFile>> {
    let file = NewFile::create(path, options().create_new(true));
    file.map(BufWriter::new).map_err(|error| at(path, "create", &error))
}

/// Gives it its name.
pub(crate) fn finish(file: BufWriter<NewFile>) -> io::Result<()> {
    file.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
}

/// Adds the name of the file to the error.
pub(crate) fn at(path: &Path, verb: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {verb} {}: {error}", path.display()))
}

/// Options for writing; only its owner can read a file created with them.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Whether an open file is still in a folder.
#[cfg(unix)]
fn has_name(file: &File, _: &Path) -> io::Result<bool> {
    Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) > 0)
}

#[cfg(not(unix))]
fn has_name(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

#[cfg(unix)]
fn write_at(file: &File, place: u64, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, place)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, place: u64, bytes: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(place))?;
    file.write_all(bytes)
}

fn cut(file: &mut File, keep: u64, path: &Path) -> io::Result<()> {
    let len = file.metadata().map_err(|error| at(path, "read", &error))?.len();
    if len < keep {
        let path = path.to_owned();
        return Err(StateError::Cut {
            path,
            has: len,
            had: keep,
        }
        .into_io());
    }
    if len > keep {
        file.set_len(keep).map_err(|error| at(path, "cut", &error))?;
    }
    file.seek(SeekFrom::Start(keep))
        .map_err(|error| at(path, "write to", &error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_its_owner_may_read_it_and_an_empty_one_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut file = AppendFile::open(&path, 0).unwrap();
        file.append(b"").unwrap();
        file.sync().unwrap();
        file.close().unwrap();
        assert!(!path.exists());

        let mut file = AppendFile::open(&path, 0).unwrap();
        file.append(b"one").unwrap();
        file.append(b"two").unwrap();
        file.sync().unwrap();
        assert_eq!((fs::read(&path).unwrap(), file.len()), (b"onetwo".to_vec(), 6));
        file.close().unwrap();
        assert!(path.exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_follows_the_good_bytes_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "good and bad").unwrap();
        let mut file = AppendFile::open(&path, 4).unwrap();
        file.append(b"!").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "good!");
    }

    #[test]
    fn a_file_that_was_cut_or_is_gone_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead.ndjson");
        let gone = AppendFile::open(&path, 5).unwrap_err().to_string();
        assert!(gone.contains("dead.ndjson is gone"), "{gone}");
        fs::write(&path, "1234").unwrap();
        let cut = AppendFile::open(&path, 5).unwrap_err().to_string();
        assert!(cut.contains("dead.ndjson was cut: it has 4 bytes, though 5"), "{cut}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "1234");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_deleted_takes_no_more_and_what_has_its_name_now_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut file = AppendFile::open(&path, 0).unwrap();
        file.append(b"ours").unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "theirs").unwrap();
        for error in [file.append(b"ours"), file.sync(), file.close()] {
            assert!(error.unwrap_err().to_string().contains("was deleted"));
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }

    #[cfg(unix)]
    #[test]
    fn an_empty_file_that_was_deleted_is_created_again_in_a_folder_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        fs::create_dir(&state).unwrap();
        let path = state.join("a");
        let mut file = AppendFile::open(&path, 0).unwrap();
        fs::remove_file(&path).unwrap();
        file.append(b"ours").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "ours");

        let mut file = AppendFile::open(state.join("b"), 0).unwrap();
        fs::remove_dir_all(&state).unwrap();
        let error = file.append(b"ours").unwrap_err();
        assert!(error.to_string().contains("was deleted"), "{error}");
    }

    /// The shell limits the size of files to 1,024 bytes and runs this test again within that limit.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_write_that_the_disk_cuts_short_leaves_nothing_behind() {
        const INSIDE: &str = "DFINERY_TEST_LIMITED_FILE";
        if let Some(path) = std::env::var_os(INSIDE) {
            let path = PathBuf::from(path);
            let mut file = AppendFile::open(&path, 0).unwrap();
            file.append(&[b'a'; 1_000]).unwrap();
            let error = file.append(&[b'b'; 100]).unwrap_err().to_string();
            assert!(
                error.contains("cannot write to") && error.contains("limited"),
                "{error}"
            );
            assert_eq!(fs::metadata(&path).unwrap().len(), 1_000);
            file.append(&[b'c'; 24]).unwrap();
            assert_eq!(file.len(), 1_024);
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("limited");
        let name = "append_file::tests::a_write_that_the_disk_cuts_short_leaves_nothing_behind";
        let output = std::process::Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 2; \"$0\" --exact \"$1\" 2>&1"])
            .arg(std::env::current_exe().unwrap())
            .arg(name)
            .env(INSIDE, &path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        let mut expected = vec![b'a'; 1_000];
        expected.extend([b'c'; 24]);
        assert_eq!(fs::read(&path).unwrap(), expected);
    }

    #[test]
    fn what_could_not_be_cut_off_at_once_is_cut_off_before_the_next_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut file = AppendFile::open(&path, 0).unwrap();
        file.append(b"good").unwrap();
        file.file.write_all(b"half a li").unwrap();
        file.torn = true;
        file.append(b"!").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "good!");
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        replace(&path, b"a long first version").unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
