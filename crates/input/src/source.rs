//! The bytes of an input: from a file or a pipe, counted and hashed, and decompressed.

use std::{
    fs::{File, Metadata},
    io::{self, BufReader, Cursor, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use crate::{
    error::{InputError, LOAD_AGAIN},
    fingerprint::Passed,
    object::{Object, of_store},
};

/// How much a decompressor reads from the system at once.
const COMPRESSED_CHUNK: usize = 64 * 1024;

/// Where the bytes come from: the part that does not change during reading.
pub(crate) struct Origin {
    passed: Arc<Passed>,
    opened: Option<Opened>,
}

/// What the bytes are of, if it can be looked at again.
enum Opened {
    File(OpenedFile),
    Object(Arc<Object>),
}

/// What is read at any position.
#[cfg(feature = "_typed")]
pub(crate) enum Handle {
    File(File),
    Object(Arc<Object>),
}

#[cfg(feature = "spreadsheet")]
impl Handle {
    /// A file, since some are read by what needs one: of an object a temporary copy of at most this many bytes.
    pub(crate) fn into_file(self, most: u64) -> io::Result<File> {
        match self {
            Self::File(file) => Ok(file),
            Self::Object(object) => {
                let mut file = tempfile::tempfile()?;
                io::copy(&mut object.reader().take(most), &mut file)?;
                Ok(file)
            }
        }
    }
}

struct OpenedFile {
    path: PathBuf,
    handle: File,
    opened: Stamp,
}

/// The attributes of a file that change with its content.
#[derive(PartialEq, Eq, Clone, Copy)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// The device and the number of the file, where the system has them.
    place: Option<(u64, u64)>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let place = {
            use std::os::unix::fs::MetadataExt as _;
            Some((metadata.dev(), metadata.ino()))
        };
        #[cfg(not(unix))]
        let place = None;
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            place,
        }
    }
}

impl Origin {
    /// Opens a file. Bytes appended later are not read.
    pub(crate) fn open(path: &Path) -> Result<(Self, Box<dyn Read + Send>), InputError> {
        let name = path.display().to_string();
        let opening = |error| InputError::opening(&name, error);
        if let Some(object) = Object::open(path).map_err(opening)? {
            if object.length() == 0 {
                return Err(empty(&name));
            }
            let (mut origin, reader) = Self::read(&name, object.reader())?;
            origin.opened = Some(Opened::Object(Arc::new(object)));
            return Ok((origin, reader));
        }
        let handle = File::open(path).map_err(opening)?;
        let metadata = handle.metadata().map_err(opening)?;
        if metadata.is_dir() {
            return Err(InputError::new(&name, "it is a directory: name the files in it"));
        }
        if !metadata.is_file() {
            return Self::read(&name, Box::new(handle));
        }
        if metadata.len() == 0 {
            return Err(empty(&name));
        }
        let reader = handle.try_clone().map_err(opening)?.take(metadata.len());
        let (mut origin, reader) = Self::read(&name, Box::new(reader))?;
        origin.opened = Some(Opened::File(OpenedFile {
            path: path.to_owned(),
            handle,
            opened: Stamp::of(&metadata),
        }));
        Ok((origin, reader))
    }

    /// Opens a file that begins as it should, to be read at any position; `None` if it does not.
    #[cfg(feature = "_typed")]
    pub(crate) fn open_if(
        path: &Path,
        begins: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Option<(Self, Handle, u64)>, InputError> {
        let name = path.display().to_string();
        let opening = |error| InputError::opening(&name, error);
        if let Some(object) = Object::open(path).map_err(opening)? {
            let length = object.length();
            let beginning = object.range(0..length.min(BEGINNING as u64)).map_err(opening)?;
            if !begins(&beginning) {
                return Ok(None);
            }
            let object = Arc::new(object);
            let origin = Self {
                passed: Arc::new(Passed::default()),
                opened: Some(Opened::Object(Arc::clone(&object))),
            };
            return Ok(Some((origin, Handle::Object(object), length)));
        }
        let handle = File::open(path).map_err(opening)?;
        let metadata = handle.metadata().map_err(opening)?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let mut beginning = Vec::with_capacity(BEGINNING);
        let read = (&handle).take(BEGINNING as u64).read_to_end(&mut beginning);
        read.map_err(|error| InputError::reading(&name, error))?;
        if !begins(&beginning) {
            return Ok(None);
        }
        let file = handle.try_clone().map_err(opening)?;
        let origin = Self {
            passed: Arc::new(Passed::default()),
            opened: Some(Opened::File(OpenedFile {
                path: path.to_owned(),
                handle,
                opened: Stamp::of(&metadata),
            })),
        };
        Ok(Some((origin, Handle::File(file), metadata.len())))
    }

    /// Takes a reader.
    pub(crate) fn read(name: &str, reader: Box<dyn Read + Send>) -> Result<(Self, Box<dyn Read + Send>), InputError> {
        let passed = Arc::new(Passed::default());
        let watched = Watched {
            reader,
            passed: Arc::clone(&passed),
        };
        let reader = decompress(name, watched)?;
        Ok((Self { passed, opened: None }, reader))
    }

    /// What has been read so far, before decompression.
    pub(crate) fn passed(&self) -> Arc<Passed> {
        Arc::clone(&self.passed)
    }

    /// How long it was when it was opened; `None` for a pipe.
    pub(crate) fn length(&self) -> Option<u64> {
        self.opened.as_ref().map(|opened| match opened {
            Opened::File(file) => file.opened.length,
            Opened::Object(object) => object.length(),
        })
    }

    /// The version of the object.
    pub(crate) fn etag(&self) -> Option<&str> {
        match &self.opened {
            Some(Opened::Object(object)) => object.etag(),
            _ => None,
        }
    }

    /// Whether it is still what was opened.
    pub(crate) fn finish(&self, name: &str) -> Result<(), InputError> {
        let file = match &self.opened {
            None => return Ok(()),
            Some(Opened::Object(object)) => {
                return object.check().map_err(|error| InputError::reading(name, error));
            }
            Some(Opened::File(file)) => file,
        };
        let changed = |how: &str| {
            Err(InputError::changed(
                name,
                format_args!("it {how} while it was read: {LOAD_AGAIN}"),
            ))
        };
        let now = match file.handle.metadata() {
            Ok(metadata) => Stamp::of(&metadata),
            Err(error) => return Err(InputError::reading(name, error)),
        };
        if now.length > file.opened.length {
            let more = now.length - file.opened.length;
            return changed(&format!("grew by {more} bytes, which were not read,"));
        }
        if now.length < file.opened.length {
            return changed("was cut");
        }
        if now.modified != file.opened.modified {
            return changed("was modified");
        }
        match std::fs::metadata(&file.path) {
            Ok(metadata) if Stamp::of(&metadata).place == file.opened.place => Ok(()),
            Ok(_) => changed("was replaced"),
            Err(_) => changed("was moved or deleted"),
        }
    }
}

pub(crate) const EMPTY: &str = "it is empty: there is nothing to load";

pub(crate) fn empty(name: &str) -> InputError {
    InputError::new(name, EMPTY)
}

/// Counts and hashes the bytes that pass through.
struct Watched {
    reader: Box<dyn Read + Send>,
    passed: Arc<Passed>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.passed.add(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const UNPACK: &str = "unpack it, or compress with gzip or zstd";
/// Containers that are not read: how they begin, what they are, and what to do with them.
const REFUSED: [(&[u8], &str, &str); 16] = [
    (ARCHIVE, "a ZIP archive", "unpack it, and load the files in it"),
    (b"PK\x05\x06", "an empty ZIP archive", "there is nothing to load"),
    (b"BZh", "a bzip2 archive", UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\x04\x22\x4d\x18", "an LZ4 archive", UNPACK),
    (b"\xff\x06\0\0sNaPpY", "a Snappy archive", UNPACK),
    (b"\x1f\x9d", "an archive of compress", UNPACK),
    (b"Obj\x01", "an Avro file", CONVERT),
    (b"ARROW1", "an Arrow file", CONVERT),
    (b"ORC", "an ORC file", CONVERT),
    (b"SQLite format 3\0", "an SQLite database", CONVERT),
    (b"%PDF-", "a PDF document", CONVERT),
    (b"{\\rtf", "an RTF document", CONVERT),
    (b"\x89PNG", "a picture", CONVERT),
];
const CONVERT: &str = "convert it to NDJSON or CSV";
/// Where a tar archive shows that it is one.
const TAR: (usize, &[u8]) = (257, b"ustar");
/// How many bytes show what a container is.
pub(crate) const BEGINNING: usize = 512;
/// How often an input may be compressed.
const MOST_LAYERS: usize = 3;

/// What is wrong with an input that begins like this, if it is a container that is not read.
fn refused(beginning: &[u8]) -> Option<String> {
    if beginning.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
        return Some("it is a tar archive: unpack it, and load the files in it".to_owned());
    }
    let (_, what, advice) = REFUSED.iter().find(|(bytes, ..)| {
        // Letters alone may also begin the header of a table.
        let is_text = bytes.iter().all(u8::is_ascii_alphanumeric);
        beginning.starts_with(bytes) && (!is_text || beginning.iter().copied().any(is_control))
    })?;
    Some(format!("it is {what}: {advice}"))
}

/// How a Parquet file begins and ends, and one that is encrypted as a whole.
pub(crate) const PARQUET: &[u8] = b"PAR1";
pub(crate) const ENCRYPTED_PARQUET: &[u8] = b"PARE";

/// Whether it is a Parquet file that begins like this, and not a table whose header does.
pub(crate) fn is_parquet(beginning: &[u8]) -> bool {
    let begins = [PARQUET, ENCRYPTED_PARQUET]
        .iter()
        .any(|mark| beginning.starts_with(mark));
    begins && beginning.iter().copied().any(is_control)
}

/// How a ZIP archive begins, and a compound file, as the programs of Office before 2007 write it.
const ARCHIVE: &[u8] = b"PK\x03\x04";
pub(crate) const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0";

/// Whether what begins like this may be a workbook.
#[cfg(feature = "spreadsheet")]
pub(crate) fn begins_like_workbook(beginning: &[u8]) -> bool {
    beginning.starts_with(ARCHIVE) || beginning.starts_with(COMPOUND)
}

/// Whether what begins like this is a workbook, or another document of Office.
pub(crate) fn is_workbook(beginning: &[u8]) -> bool {
    const PARTS: [&[u8]; 4] = [b"xl/", b"[Content_Types].xml", b"docProps/", b"_rels/.rels"];
    let has = |part: &&[u8]| memchr::memmem::find(beginning, part).is_some();
    beginning.starts_with(COMPOUND) || (beginning.starts_with(ARCHIVE) && PARTS.iter().any(has))
}

/// Whether a byte is in no text.
const fn is_control(byte: u8) -> bool {
    matches!(byte, 0..=8 | 14..=25 | 28..=31)
}

/// What is wrong with a text that begins like this, if it is markup that people take for a table.
pub(crate) fn refused_text(beginning: &[u8]) -> Option<&'static str> {
    const MARKUP: [&[u8]; 8] = [
        b"<!doctype",
        b"<html",
        b"<head",
        b"<meta",
        b"<table",
        b"<script",
        b"<body",
        b"<?xml",
    ];
    let begins = |with: &[u8]| {
        beginning
            .get(..with.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(with))
    };
    MARKUP.iter().any(|with| begins(with)).then_some(
        "it is an HTML or XML page: a page of an error or a login, or a download that only has the name of a workbook, \
         which a spreadsheet can save as \"CSV UTF-8\"",
    )
}

/// A kind of file that lists its parts at its end, so it cannot be read as it comes. A feature reads it.
struct WholeFile {
    what: &'static str,
    list: &'static str,
    feature: &'static str,
    is_built: bool,
}

const PARQUET_FILE: WholeFile = WholeFile {
    what: "a Parquet file",
    list: "schema",
    feature: "parquet",
    is_built: cfg!(feature = "parquet"),
};
const WORKBOOK: WholeFile = WholeFile {
    what: "an Excel workbook",
    list: "list of parts",
    feature: "spreadsheet",
    is_built: cfg!(feature = "spreadsheet"),
};

impl WholeFile {
    /// Why it is not read where others are.
    fn refused(&self, name: &str, is_compressed: bool) -> InputError {
        let Self { what, list, .. } = self;
        if !self.is_built {
            return InputError::left_out(name, what, self.feature);
        }
        let problem = if is_compressed {
            format!("it is {what} that is compressed as a whole: unpack it")
        } else {
            format!(
                "it is {what}, whose {list} is at its end, so it cannot be read from a pipe: write it to a file first"
            )
        };
        InputError::new(name, problem)
    }
}

fn decompress(name: &str, reader: Watched) -> Result<Box<dyn Read + Send>, InputError> {
    let mut reader: Box<dyn Read + Send> = Box::new(reader);
    for layer in 0..=MOST_LAYERS {
        let mut beginning = Vec::with_capacity(BEGINNING);
        (&mut reader)
            .take(BEGINNING as u64)
            .read_to_end(&mut beginning)
            .map_err(|error| InputError::reading(name, error))?;
        if beginning.is_empty() {
            return Err(empty(name));
        }
        if is_parquet(&beginning) {
            return Err(PARQUET_FILE.refused(name, layer > 0));
        }
        if is_workbook(&beginning) {
            return Err(WORKBOOK.refused(name, layer > 0));
        }
        if let Some(problem) = refused(&beginning) {
            return Err(InputError::new(name, problem));
        }
        let (gzip, zstd) = (beginning.starts_with(GZIP), beginning.starts_with(ZSTD));
        let whole = Cursor::new(beginning).chain(reader);
        if !gzip && !zstd {
            return Ok(Box::new(whole));
        }
        if layer == MOST_LAYERS {
            break;
        }
        let buffered = BufReader::with_capacity(COMPRESSED_CHUNK, whole);
        reader = if gzip {
            Box::new(Archive {
                format: "gzip",
                reader: flate2::bufread::MultiGzDecoder::new(buffered),
            })
        } else {
            let reader = zstd::Decoder::with_buffer(buffered).map_err(|error| InputError::opening(name, error))?;
            Box::new(Archive { format: "zstd", reader })
        };
    }
    Err(InputError::new(
        name,
        format_args!("it is compressed more than {MOST_LAYERS} times: unpack it"),
    ))
}

/// A decompressor whose errors blame the archive.
struct Archive<R> {
    format: &'static str,
    reader: R,
}

impl<R: Read> Read for Archive<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let format = self.format;
        self.reader.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ if of_store(&error).is_some() => error,
            io::ErrorKind::UnexpectedEof => io::Error::other(format!(
                "the {format} archive is cut: it ends in the middle of compressed data; fetch or write it again"
            )),
            _ => io::Error::other(format!(
                "the {format} archive is damaged ({error}); fetch or write it again"
            )),
        })
    }
}
