//! The byte order mark that may come before an answer.

/// Skips a byte order mark, however its bytes are divided among the pieces.
#[derive(Debug, Default)]
pub(crate) struct ByteOrderMark {
    /// How many bytes of it have come.
    come: usize,
    over: bool,
}

const MARK: &[u8] = "\u{feff}".as_bytes();

/// A whole body without the byte order mark at its beginning.
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(MARK).unwrap_or(body)
}

impl ByteOrderMark {
    /// What the next piece holds without the mark: bytes of earlier pieces that turn out to be none of it, and the rest
    /// of this one.
    pub(crate) fn skip<'a>(&mut self, piece: &'a [u8]) -> (&'static [u8], &'a [u8]) {
        let mut rest = piece;
        while !self.over {
            let Some((first, after)) = rest.split_first() else {
                return (&[], rest);
            };
            if MARK.get(self.come) != Some(first) {
                self.over = true;
                return (&MARK[..self.come], rest);
            }
            rest = after;
            self.come += 1;
            self.over = self.come == MARK.len();
        }
        (&[], rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(text: &[u8], length: usize) -> Vec<u8> {
        let mut mark = ByteOrderMark::default();
        let pieces = text.chunks(length).map(|piece| {
            let (before, rest) = mark.skip(piece);
            [before, rest].concat()
        });
        pieces.collect::<Vec<_>>().concat()
    }

    #[test]
    fn the_first_mark_is_skipped_and_nothing_else() {
        for length in 1..8 {
            for (text, left) in [
                (&b"\xef\xbb\xbfab\xef\xbb\xbf"[..], &b"ab\xef\xbb\xbf"[..]),
                (b"\xef\xbb\xbf\xef\xbb\xbf", b"\xef\xbb\xbf"),
                (b"\xef\xbbab", b"\xef\xbbab"),
                (b"\xef\xefab", b"\xef\xefab"),
                (b"ab", b"ab"),
            ] {
                assert_eq!(skipped(text, length), left, "in pieces of {length}");
            }
        }
    }
}
