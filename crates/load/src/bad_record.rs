//! The rows of records that were not accepted, and why, between a dead letter and a table of bad rows.

use dfinery_input::TableForm;

/// The rows of bad records, with the codes and the reasons of all of these.
#[derive(Default)]
pub(crate) struct BadRecord {
    /// The position of their input.
    pub(crate) file: u32,
    pub(crate) line: u64,
    codes: Vec<String>,
    reasons: Vec<String>,
    original: Vec<u8>,
}

impl BadRecord {
    /// The rows on a line, of which no record is known yet.
    pub(crate) fn on_line(line: u64, original: &[u8]) -> Self {
        Self {
            line,
            original: original.to_vec(),
            ..Self::default()
        }
    }

    /// Writes rows and the code and the reason of one of their records in the form that is sorted.
    pub(crate) fn write_item(file: u32, line: u64, cause: [&str; 2], original: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&file.to_be_bytes());
        out.extend_from_slice(&line.to_be_bytes());
        for text in cause {
            out.extend_from_slice(&(text.len() as u64).to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        out.extend_from_slice(original);
    }

    /// Reads them; `None` if the bytes hold none, which does not happen.
    pub(crate) fn read_item(item: &[u8]) -> Option<(Self, [&str; 2])> {
        let (file, rest) = item.split_first_chunk()?;
        let (line, mut rest) = rest.split_first_chunk()?;
        let mut text = || {
            let (length, behind) = rest.split_first_chunk()?;
            let (text, behind) = behind.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
            rest = behind;
            str::from_utf8(text).ok()
        };
        let cause = [text()?, text()?];
        let rows = Self {
            file: u32::from_be_bytes(*file),
            line: u64::from_be_bytes(*line),
            original: rest.to_vec(),
            ..Self::default()
        };
        Some((rows, cause))
    }

    /// Whether these are the rows on a line of an input.
    pub(crate) fn is_on(&self, file: u32, line: u64) -> bool {
        !self.codes.is_empty() && (self.file, self.line) == (file, line)
    }

    pub(crate) fn because(&mut self, [code, reason]: [&str; 2]) {
        self.codes.push(code.to_owned());
        if self.reasons.iter().all(|other| other != reason) {
            self.reasons.push(reason.to_owned());
        }
    }

    /// Appends them as they are in a table, if there are any.
    pub(crate) fn append(&self, form: &TableForm, out: &mut Vec<u8>) {
        if !self.codes.is_empty() {
            let codes: Vec<_> = self.codes.iter().map(String::as_str).collect();
            form.rows(self.line, &codes, &self.reasons.join("; "), &self.original, out);
        }
    }
}
