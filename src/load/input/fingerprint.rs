//! A name for the content of a file.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use xxhash_rust::xxh3::Xxh3;

/// To be changed with what goes into a fingerprint, so that no old one is taken for a new one.
const SEED: u64 = 1;
const CHUNK: usize = 64 * 1024;

/// A number that differs if a file's bytes or their count do, over the length that the file has when it is opened.
pub(crate) fn fingerprint(path: &Path) -> io::Result<u128> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut reader = file.take(length);
    let mut buffer = vec![0; CHUNK];
    let mut hash = Xxh3::with_seed(SEED);
    let mut hashed: u64 = 0;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(buffer.get(..count).unwrap_or_default());
        hashed += count as u64;
    }
    hash.update(&hashed.to_le_bytes());
    Ok(hash.digest128())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_contents_apart_and_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let of = |content: &[u8]| {
            let path = folder.path().join("a");
            std::fs::write(&path, content).unwrap();
            fingerprint(&path).unwrap()
        };
        let long = vec![b'a'; 2 * CHUNK + 1];
        assert_eq!(of(&long), of(&long));
        assert_ne!(of(&long), of(&long[1..]));
        assert_ne!(of(b""), of(b"\0"));
        assert_ne!(of(b"ab"), of(b"ba"));
    }

    #[test]
    fn a_fingerprint_is_the_same_in_every_build() {
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), "dfinery").unwrap();
        assert_eq!(
            format!("{:032x}", fingerprint(path.path()).unwrap()),
            "b5918551d57404c90c93947d48821afe"
        );
    }
}
