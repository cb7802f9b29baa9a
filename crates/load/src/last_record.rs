//! Standard input that an earlier run has read to its end: its last record must not go on in what comes now.

use serde::{Deserialize, Serialize};

use dfinery_input::{Beginning, Line, Passed};

/// The last record of an input that was read to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LastRecord {
    position: u64,
    /// The line on which it begins, from 1.
    line: u64,
    offset: u64,
    /// Its length, and a hash of it.
    contents: Beginning,
}

impl LastRecord {
    #[cfg(test)]
    pub(crate) fn new(position: u64, line: u64, offset: u64, contents: Beginning) -> Self {
        Self {
            position,
            line,
            offset,
            contents,
        }
    }
}

/// Watches the records of standard input go by.
///
/// The end of an input ends its last record, even without a line break or a closing quote. If an earlier run has settled
/// it so, and more bytes now come after that place, the record in the same position may be another one, which would never
/// be sent. So the record is compared, and not the byte before the end: that shows nothing in a compressed input, and a
/// quoted cell may hold line breaks.
#[derive(Default)]
pub(crate) struct Tail {
    /// What must come again, until it has.
    expected: Option<LastRecord>,
    /// The latest record; the contents are hashed only once it is known to be the last.
    latest: Option<LastRecord>,
    original: Vec<u8>,
}

impl Tail {
    pub(crate) fn new(expected: Option<LastRecord>) -> Self {
        Self {
            expected,
            ..Self::default()
        }
    }

    /// Whether what was read may still be another input than the one that ended. Nothing new may be noted until then: the
    /// earlier input must be able to go on.
    pub(crate) fn may_differ(&self) -> bool {
        self.expected.is_some()
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// How the input differs, if it does.
    pub(crate) fn record(&mut self, position: u64, line: &Line<'_>) -> Result<(), String> {
        self.original.clear();
        self.original.extend_from_slice(line.original);
        self.latest = Some(LastRecord {
            position,
            line: line.number,
            offset: line.offset,
            contents: Beginning::default(),
        });
        match self.expected.take() {
            Some(expected) if expected.position == position && self.last().as_ref() != Some(&expected) => {
                Err(goes_on_within(&expected))
            }
            Some(expected) if expected.position > position => {
                self.expected = Some(expected);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The last record, if there was one.
    ///
    /// # Errors
    /// How the input differs, if it does: several records of the earlier run are now one.
    pub(crate) fn end(&self) -> Result<Option<LastRecord>, String> {
        match &self.expected {
            Some(expected) => Err(goes_on_within(expected)),
            None => Ok(self.last()),
        }
    }

    fn last(&self) -> Option<LastRecord> {
        let passed = Passed::default();
        passed.add(&self.original);
        let contents = passed.beginning();
        self.latest.clone().map(|latest| LastRecord { contents, ..latest })
    }
}

fn goes_on_within(last: &LastRecord) -> String {
    format!(
        "it ended within the record on line {} when an earlier run of this load read it, which took the record as it was; \
         now the record goes on",
        last.line
    )
}
