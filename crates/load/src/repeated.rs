//! Standard input that an earlier run has read in part: what comes now must begin with the same bytes.

use std::{
    io::{self, Cursor, Read},
    sync::{Arc, OnceLock},
    vec,
};

use dfinery_input::{Beginning, Passed};

/// Passes on the bytes of a reader, as far as an earlier run has read them only once they are known to be the same: a
/// record is known by its position, which means nothing if other bytes come before it.
pub(crate) struct Repeated<R> {
    reader: R,
    /// Up to where the hash of what comes is known; ascending.
    known: vec::IntoIter<Beginning>,
    passed: Passed,
    same: Cursor<Vec<u8>>,
    differs: Differs,
}

/// How the bytes differ from those of the earlier run, once they do.
pub(crate) type Differs = Arc<OnceLock<String>>;

impl<R: Read> Repeated<R> {
    pub(crate) fn new(reader: R, known: Vec<Beginning>, differs: Differs) -> Self {
        Self {
            reader,
            known: known.into_iter(),
            passed: Passed::default(),
            same: Cursor::default(),
            differs,
        }
    }

    /// Takes the bytes up to the next known place.
    fn compare(&mut self, known: Beginning) -> io::Result<()> {
        let before = self.passed.bytes();
        let mut bytes = Vec::new();
        let wanted = known.bytes.saturating_sub(before);
        (&mut self.reader).take(wanted).read_to_end(&mut bytes)?;
        self.passed.add(&bytes);
        let now = self.passed.beginning();
        if now == known {
            self.same = Cursor::new(bytes);
            return Ok(());
        }
        let how = if now.bytes < known.bytes {
            format!(
                "it has {} bytes, and an earlier run of this load had read {}",
                now.bytes, known.bytes
            )
        } else {
            format!("it differs after byte {before} from what an earlier run of this load has read")
        };
        let error = io::Error::new(io::ErrorKind::InvalidData, how.clone());
        let _ = self.differs.set(how);
        Err(error)
    }
}

impl<R: Read> Read for Repeated<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.same.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(known) = self.known.next() else {
                return self.reader.read(buffer);
            };
            self.compare(known)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(bytes: &[u8], places: &[usize]) -> Vec<Beginning> {
        let beginning = |place: &usize| {
            let passed = Passed::default();
            passed.add(&bytes[..*place]);
            passed.beginning()
        };
        places.iter().map(beginning).collect()
    }

    fn read(bytes: &[u8], known: Vec<Beginning>) -> (Vec<u8>, Option<String>) {
        let differs = Differs::default();
        let mut read = Vec::new();
        let done = Repeated::new(bytes, known, Arc::clone(&differs)).read_to_end(&mut read);
        assert_eq!(done.is_err(), differs.get().is_some());
        (read, differs.get().cloned())
    }

    #[test]
    fn the_same_bytes_and_more_after_them_pass() {
        let before = b"one\ntwo\nthree\n";
        let places = known(before, &[4, 8, 14]);
        assert_eq!(read(before, places.clone()), (before.to_vec(), None));
        let more = [&before[..], b"four\n"].concat();
        assert_eq!(read(&more, places), (more, None));
        assert_eq!(read(before, Vec::new()).0, before);
    }

    #[test]
    fn of_other_bytes_nothing_passes_from_where_they_differ() {
        let before = b"one\ntwo\nthree\n";
        let places = known(before, &[4, 8, 14]);
        let (passed, differs) = read(b"one\ntwO\nthree\n", places.clone());
        assert_eq!(passed, b"one\n");
        assert!(differs.unwrap().contains("differs after byte 4"));
        let (passed, differs) = read(b"one\ntwo\nth", places);
        assert_eq!(passed, b"one\ntwo\n");
        assert!(
            differs
                .unwrap()
                .contains("has 10 bytes, and an earlier run of this load had read 14")
        );
    }
}
