//! The grammar of a row, read strictly: what is not plainly a row is a fault.

/// The most columns of a table; further cells are counted and not kept.
pub(super) const MAX_COLUMNS: usize = 4096;

/// The characters with a meaning.
#[derive(Clone, Copy)]
pub(super) struct Grammar {
    pub(super) delimiter: u8,
    /// Takes the meaning from the quote, delimiter, line break or escape that follows it.
    pub(super) escape: Option<u8>,
    pub(super) breaks: Breaks,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breaks {
    /// The end of the first row decides.
    Undecided,
    /// A line feed, also behind carriage returns.
    LineFeed,
    /// A carriage return, as on old Macintoshes.
    CarriageReturn,
}

impl Breaks {
    /// The byte that is counted as the end of a line.
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::CarriageReturn => b'\r',
            Self::Undecided | Self::LineFeed => b'\n',
        }
    }
}

/// Why bytes are not a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Text follows a closing quote; `escaped` if a backslash stands before that quote.
    AfterQuote { escaped: bool },
    /// A quote is still open at the end.
    Unclosed,
    /// A carriage return that is not part of a line break, outside quotes.
    LoneReturn,
    /// An escape before a character that needs none.
    Escape,
}

/// How far a scan came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The row goes on behind these bytes.
    More,
    /// The row ends, with its line break, behind the bytes read.
    End,
    /// The last byte read cannot belong to the row.
    Fault(Fault),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the beginning of a cell.
    Start,
    Plain,
    Quoted,
    /// Behind a quote within a quoted cell: its end, or the first of two quotes that mean one.
    Closed,
    Escaped {
        quoted: bool,
    },
    /// Behind an escaped N, which means an empty cell if nothing else is in it.
    Null,
    /// Behind a carriage return outside quotes.
    Return,
}

/// Reads one row after another, each in any number of pieces.
pub(super) struct Scanner {
    grammar: Grammar,
    /// The bytes that may end the plain text of a cell.
    is_special: [bool; 256],
    state: State,
    /// The unquoted cells, one after another, still in the encoding of the input.
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// How many cells have ended, those not kept included.
    columns: usize,
    has_quotes: bool,
    has_bare_quote: bool,
    /// What makes the row bad without hiding its end.
    fault: Option<Fault>,
}

impl Scanner {
    pub(super) fn new(grammar: Grammar) -> Self {
        Self {
            grammar,
            is_special: std::array::from_fn(|byte| {
                u8::try_from(byte).is_ok_and(|byte| {
                    byte == grammar.delimiter || matches!(byte, b'\n' | b'\r' | b'"') || Some(byte) == grammar.escape
                })
            }),
            state: State::Start,
            cells: Vec::new(),
            ends: Vec::new(),
            columns: 0,
            has_quotes: false,
            has_bare_quote: false,
            fault: None,
        }
    }

    pub(super) const fn grammar(&self) -> Grammar {
        self.grammar
    }

    /// Reads the following rows in another grammar.
    pub(super) fn set_grammar(&mut self, grammar: Grammar) {
        *self = Self::new(grammar);
    }

    /// Begins a row.
    pub(super) fn begin(&mut self) {
        self.state = State::Start;
        self.forget_cells();
        self.columns = 0;
        self.has_quotes = false;
        self.has_bare_quote = false;
        self.fault = None;
    }

    /// Frees the cells of a row that is too long to be used.
    pub(super) fn forget_cells(&mut self) {
        self.cells.clear();
        self.ends.clear();
    }

    /// Reads on in the row, and returns how many of the bytes belong to it.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> (usize, Step) {
        let Grammar {
            delimiter,
            escape,
            breaks,
        } = self.grammar;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self.state {
                State::Start if byte == b'"' => {
                    self.has_quotes = true;
                    self.state = State::Quoted;
                }
                State::Start | State::Plain => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let special = rest.iter().position(|byte| self.is_special[usize::from(*byte)]);
                    let run = special.unwrap_or(rest.len());
                    self.cells.extend_from_slice(rest.get(..run).unwrap_or_default());
                    self.state = State::Plain;
                    at += run;
                    let Some(&byte) = bytes.get(at) else { break };
                    if byte == b'"' {
                        self.has_bare_quote = true;
                        self.cells.push(byte);
                    } else if Some(byte) == escape {
                        self.state = State::Escaped { quoted: false };
                    } else if self.separator(byte) {
                        return (at + 1, Step::End);
                    }
                }
                State::Quoted => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let run = memchr::memchr2(b'"', escape.unwrap_or(b'"'), rest).unwrap_or(rest.len());
                    self.cells.extend_from_slice(rest.get(..run).unwrap_or_default());
                    at += run;
                    match bytes.get(at) {
                        Some(b'"') => self.state = State::Closed,
                        Some(_) => self.state = State::Escaped { quoted: true },
                        None => break,
                    }
                }
                State::Closed if byte == b'"' => {
                    self.cells.push(byte);
                    self.state = State::Quoted;
                }
                State::Closed | State::Null if byte == delimiter || matches!(byte, b'\n' | b'\r') => {
                    if self.separator(byte) {
                        return (at + 1, Step::End);
                    }
                }
                State::Closed => {
                    let escaped = self.cells.last() == Some(&b'\\');
                    return (at + 1, Step::Fault(Fault::AfterQuote { escaped }));
                }
                State::Null => {
                    self.fault = Some(Fault::Escape);
                    self.state = State::Plain;
                    continue;
                }
                State::Escaped { quoted } => {
                    let is_empty = self.ends.last().copied().unwrap_or(0) == self.cells.len();
                    let means_itself =
                        byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r') || Some(byte) == escape;
                    self.state = if quoted { State::Quoted } else { State::Plain };
                    if byte == b'N' && !quoted && is_empty {
                        self.state = State::Null;
                    } else if means_itself {
                        self.cells.push(byte);
                    } else {
                        self.fault = Some(Fault::Escape);
                    }
                }
                State::Return if byte == b'\n' => {
                    self.end_cell();
                    self.state = State::Start;
                    return (at + 1, Step::End);
                }
                State::Return if byte == b'\r' => {}
                State::Return if breaks == Breaks::LineFeed => {
                    self.fault = Some(Fault::LoneReturn);
                    self.state = State::Plain;
                    continue;
                }
                State::Return => {
                    self.end_cell();
                    return (at, Step::End);
                }
            }
            at += 1;
        }
        (bytes.len(), Step::More)
    }

    /// Ends a cell; true if the row ends with it.
    fn separator(&mut self, byte: u8) -> bool {
        match byte {
            b'\r' if self.grammar.breaks != Breaks::CarriageReturn => {
                self.state = State::Return;
                false
            }
            b'\n' | b'\r' => {
                self.end_cell();
                true
            }
            _ => {
                self.end_cell();
                self.state = State::Start;
                false
            }
        }
    }

    fn end_cell(&mut self) {
        self.columns += 1;
        if self.ends.len() < MAX_COLUMNS {
            self.ends.push(self.cells.len());
        }
    }

    /// Ends the row with the input, or with the line if it is read alone.
    pub(super) fn finish(&mut self) -> Step {
        if matches!(self.state, State::Quoted | State::Escaped { .. }) {
            return Step::Fault(Fault::Unclosed);
        }
        self.end_cell();
        Step::End
    }

    /// What makes the row bad, if anything does, once it has ended.
    pub(super) const fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// How many cells have ended.
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// Whether a cell is quoted, so that the row may hold line breaks.
    pub(super) const fn has_quotes(&self) -> bool {
        self.has_quotes
    }

    /// Whether a quote is within a cell that is not quoted.
    pub(super) const fn has_bare_quote(&self) -> bool {
        self.has_bare_quote
    }

    /// Whether the carriage return of this row's end was not followed by a line feed.
    pub(super) fn ended_with_return(&self) -> bool {
        self.state == State::Return
    }

    /// The cells of the row, and where each ends.
    pub(super) fn cells(&self) -> (&[u8], &[usize]) {
        let length = self.ends.last().copied().unwrap_or(0);
        (self.cells.get(..length).unwrap_or_default(), &self.ends)
    }

    /// The text of the cell that has not ended.
    pub(super) fn open_cell(&self) -> &[u8] {
        self.cells
            .get(self.ends.last().copied().unwrap_or(0)..)
            .unwrap_or_default()
    }
}

/// A row without the line break that ends it.
pub(super) fn without_break(row: &[u8]) -> &[u8] {
    let length = row
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count();
    row.get(..row.len() - length).unwrap_or_default()
}
