//! The mark that old programs put at the end of a text.

use std::io::{self, Read};

/// Control-Z, the end of a text under CP/M and DOS.
const END_MARK: u8 = 0x1A;

/// Leaves out the marks at the very end of what a reader gives.
pub(crate) struct WithoutEndMark<R> {
    reader: R,
    /// How many marks have been read that may be at the end.
    held: usize,
    /// A byte read behind the held marks.
    next: Option<u8>,
}

impl<R: Read> WithoutEndMark<R> {
    pub(crate) const fn new(reader: R) -> Self {
        Self {
            reader,
            held: 0,
            next: None,
        }
    }
}

impl<R: Read> Read for WithoutEndMark<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.next.is_some() {
                let count = self.held.min(buffer.len());
                if count > 0 {
                    buffer.get_mut(..count).unwrap_or_default().fill(END_MARK);
                    self.held -= count;
                    return Ok(count);
                }
                if let Some((first, byte)) = buffer.first_mut().zip(self.next.take()) {
                    *first = byte;
                    return Ok(1);
                }
            }
            if self.held > 0 {
                let mut byte = [0];
                match self.reader.read(&mut byte)? {
                    0 => return Ok(0),
                    _ if byte == [END_MARK] => self.held += 1,
                    _ => self.next = Some(byte[0]),
                }
                continue;
            }
            let count = self.reader.read(buffer)?;
            let read = buffer.get(..count).unwrap_or_default();
            let marks = read.iter().rev().take_while(|byte| **byte == END_MARK).count();
            self.held = marks;
            if count == 0 || count > marks {
                return Ok(count - marks);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn only_marks_at_the_end_are_left_out(
            bytes in proptest::collection::vec(prop_oneof![Just(END_MARK), Just(b'a')], 0..40), piece in 1_usize..10,
        ) {
            struct Pieces<'a>(&'a [u8], usize);
            impl Read for Pieces<'_> {
                fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                    let count = buffer.len().min(self.1);
                    self.0.read(&mut buffer[..count])
                }
            }
            let mut out = Vec::new();
            WithoutEndMark::new(Pieces(&bytes, piece)).read_to_end(&mut out).unwrap();
            let marks = bytes.iter().rev().take_while(|byte| **byte == END_MARK).count();
            prop_assert_eq!(out, &bytes[..bytes.len() - marks]);
        }
    }
}
