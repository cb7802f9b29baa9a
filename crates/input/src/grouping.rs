//! Rows that stand together as one record.
//!
//! The rows of a group go on until one with another key is read, which is held until the group has been given. A row whose
//! key cannot be read may belong to the group before it or to the one after it: both are bad, since a record without one
//! of its rows would have wrong sums. The row itself is counted as one of the group before it.

use std::path::Path;

use dfinery::Violation;

use crate::{
    found::{Bytes, Found},
    frame::Stop,
    mapping::{Gathered, Key, RowMapper},
    misfit::{Misfit, RowOfGroup},
    row_reader::{Origins, Problem, Row, RowReader},
    seen_groups::SeenGroups,
    sorted_rows::{RowSorter, SortedRow},
    unfit::at_line,
    window::{KEPT_OF_LONG, Window},
};

/// Rows to sort between two questions whether to go on.
const GLANCE: u64 = 1_024;

/// Makes a record of the rows that have the same key and stand together.
pub(crate) struct Grouping {
    key_columns: Key,
    group: Group,
    /// The next record of the group, once it is complete.
    next_record: Option<usize>,
    /// The row that ended the group; it is still in the window.
    held: Option<Row>,
    /// The line of a row that may belong to the next group.
    doubt: Option<u64>,
    /// The key of the row read last.
    key: Vec<u8>,
    seen: SeenGroups,
}

/// The rows of a group.
#[derive(Default)]
struct Group {
    is_open: bool,
    /// Empty if no row of it has a key that can be read.
    key: Vec<u8>,
    /// How many rows it has.
    rows: u64,
    line: u64,
    offset: u64,
    /// The bytes of its rows, with their line breaks.
    original: Vec<u8>,
    is_too_long: bool,
    origins: Origins,
    /// Why no record can be made of it.
    problem: Option<Misfit>,
    /// What the rows have given for each record of the mapping, or why there is none.
    records: Vec<(Gathered, Option<Misfit>)>,
}

impl Grouping {
    pub(crate) fn new(key_columns: Key) -> Self {
        Self {
            key_columns,
            group: Group::default(),
            next_record: None,
            held: None,
            doubt: None,
            key: Vec::new(),
            seen: SeenGroups::default(),
        }
    }

    /// Whether the rows have to be sorted before the first record.
    pub(crate) const fn is_to_sort(&self, reader: &RowReader) -> bool {
        self.key_columns.is_to_sort && !reader.is_sorted()
    }

    /// Reads all rows and sorts them in a folder; false if it was told not to go on.
    ///
    /// A row whose key cannot be read may belong to any group, so there is no group without it.
    pub(crate) fn sort(
        &mut self,
        reader: &mut RowReader,
        window: &mut Window,
        folder: &Path,
        mut goes_on: impl FnMut() -> bool,
    ) -> Result<bool, Stop> {
        let mut sorter = RowSorter::new(folder);
        let mut without = WithoutGroup::default();
        let mut scratch = Vec::new();
        for number in 0_u64.. {
            if number.is_multiple_of(GLANCE) && !goes_on() {
                return Ok(false);
            }
            let Some(row) = reader.next(window)? else { break };
            let problem = match &row.problem {
                Some(problem) => Err(problem.violation().problem().to_owned()),
                None => self.key_columns.read(&reader.cells, &mut self.key),
            };
            if let Err(problem) = problem {
                without.add(row.line, problem);
                continue;
            }
            let item = SortedRow {
                line: row.line,
                offset: row.offset,
                bytes: reader.stored(&row, window, &mut scratch),
            };
            sorter.push(&self.key, item).map_err(Stop::Sort)?;
        }
        without.stop()?;
        if !goes_on() {
            return Ok(false);
        }
        reader.read_from(sorter.finish(folder).map_err(Stop::Sort)?);
        Ok(true)
    }

    /// The next record; `None` at the end.
    pub(crate) fn next(
        &mut self,
        reader: &mut RowReader,
        window: &mut Window,
        json: &mut String,
    ) -> Result<Option<Found>, Stop> {
        loop {
            if let Some(next) = &mut self.next_record {
                if let Some(found) = self.group.record(next, &reader.mapper, json) {
                    return Ok(Some(found));
                }
                self.next_record = None;
                self.group.clear();
            }
            let row = match self.held.take() {
                Some(row) => Some(row),
                None => reader.next(window)?,
            };
            let Some(row) = row else {
                if !self.group.is_open {
                    return Ok(None);
                }
                self.next_record = Some(0);
                continue;
            };
            let is_header = matches!(row.problem, Some(Problem::RepeatsHeader));
            let problem = if let Some(problem) = &row.problem {
                Some(problem.violation())
            } else {
                let read = self.key_columns.read(&reader.cells, &mut self.key);
                read.err()
                    .map(|problem| Violation::new(&self.key_columns.label, problem))
            };
            let ends = is_header || (problem.is_none() && self.group.key != self.key);
            if ends && self.group.is_open {
                self.held = Some(row);
                self.next_record = Some(0);
                continue;
            }
            match problem {
                Some(problem) if is_header => return Ok(Some(Found::of_row(&row, Some(problem)))),
                problem => self.add(&row, problem, reader, window),
            }
        }
    }

    /// The bytes of the rows of the group.
    pub(crate) fn original(&self) -> &[u8] {
        let bytes = &self.group.original;
        let breaks = bytes.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        bytes.get(..bytes.len() - breaks.count()).unwrap_or_default()
    }

    /// Whether these are not all of its bytes.
    pub(crate) const fn is_cut(&self) -> bool {
        self.group.is_too_long
    }

    /// The lines in front of the rows of the group, in a table of bad rows.
    pub(crate) fn origins(&self) -> &[u64] {
        self.group.origins.lines()
    }

    /// The line from which on it is not known whether the rows of a group stand together, if there is one.
    pub(crate) const fn unknown_from(&self) -> Option<u64> {
        self.seen.unknown_from()
    }

    /// Adds a row to the group, and begins it if it is the first.
    fn add(&mut self, row: &Row, problem: Option<Violation>, reader: &RowReader, window: &Window) {
        let doubt = self.doubt.take();
        if !self.group.is_open {
            self.begin(row, problem.is_none(), doubt, reader.is_sorted());
        }
        let group = &mut self.group;
        group.rows += 1;
        let place = RowOfGroup {
            line: row.line,
            number: group.rows,
        };
        let row_bytes = reader.bytes(row, window);
        group.origins.add(reader.source.origin(row_bytes));
        if reader.source.reason_has(row_bytes, TORN) {
            let problem = format!("{TORN}{STILL_TORN}");
            group.spoil(Misfit::of(Violation::new(&self.key_columns.label, problem), []));
        }
        let bytes = reader.source.without_about(row_bytes);
        let is_usable = problem.is_none();
        if let Some(problem) = problem {
            self.doubt = Some(row.line);
            group.spoil(Misfit::of(problem, [place]));
        }
        if let Err(problem) = group.keep(bytes, window.bounds.record) {
            group.spoil(Misfit::of(Violation::new(&self.key_columns.label, problem), []));
        }
        if is_usable && group.problem.is_none() {
            group.gather(place, reader, window.bounds.record);
        }
    }

    fn begin(&mut self, row: &Row, has_key: bool, doubt: Option<u64>, is_sorted: bool) {
        let group = &mut self.group;
        (group.is_open, group.line, group.offset) = (true, row.line, row.offset);
        if !has_key {
            return;
        }
        group.key.clone_from(&self.key);
        if is_sorted {
            return;
        }
        let label = &self.key_columns.label;
        if let Some(before) = self.seen.add(&self.key, row.line) {
            let problem = format!(
                "{TORN}: give sort_by_group: true in the mapping; the first of them became a record of their own"
            );
            group.spoil(Misfit::of(at_line(&Violation::new(label, problem), before), []));
        } else if let Some(line) = doubt {
            let problem =
                "the row before the first one may belong to it and cannot be used: mend that row, and load both";
            group.spoil(Misfit::of(at_line(&Violation::new(label, problem), line), []));
        }
    }
}

/// Why rows cannot be used whose record was made without them. It is recognised in front of a bad row.
const TORN: &str = "rows with the same key do not stand together";
/// What follows when such rows are loaded by themselves.
const STILL_TORN: &str = " in the first file: a record was made of the first of them, and these would become a second one with \
                          the same key; to load them as such, empty their dfinery_reason";

/// Rows whose group is not known.
#[derive(Default)]
struct WithoutGroup {
    rows: u64,
    first_lines: Vec<u64>,
    /// What is wrong with the first one.
    problem: String,
}

impl WithoutGroup {
    fn add(&mut self, line: u64, problem: String) {
        const MOST_LINES: usize = 5;
        self.rows += 1;
        if self.first_lines.len() < MOST_LINES {
            self.first_lines.push(line);
        }
        if self.rows == 1 {
            self.problem = problem;
        }
    }

    fn stop(self) -> Result<(), Stop> {
        let Some(first) = self.first_lines.first() else {
            return Ok(());
        };
        let lines: Vec<_> = self.first_lines.iter().map(u64::to_string).collect();
        let rows = if self.rows == 1 { "row has" } else { "rows have" };
        let problem = format!(
            "{}; {} {rows} no group that is known, first on line {}: with sort_by_group they may belong to any, so mend them, or \
             pass over them by skip_if",
            self.problem,
            self.rows,
            lines.join(", ")
        );
        Err(Stop::Format(Some(*first), problem))
    }
}

impl Group {
    fn clear(&mut self) {
        self.is_open = false;
        self.key.clear();
        self.rows = 0;
        self.original.clear();
        self.is_too_long = false;
        self.origins.clear();
        self.problem = None;
        for (gathered, problem) in &mut self.records {
            gathered.clear();
            *problem = None;
        }
    }

    /// No record can be made of it; the first reason counts.
    fn spoil(&mut self, problem: Misfit) {
        self.problem.get_or_insert(problem);
    }

    /// Keeps the bytes of a row, or the first bytes of the group if it is too long.
    fn keep(&mut self, bytes: &[u8], most: usize) -> Result<(), String> {
        if self.is_too_long {
            return Ok(());
        }
        // Rows of JSON and Parquet have no line break, nor has the last row of a table.
        if self.original.last().is_some_and(|last| !matches!(last, b'\n' | b'\r')) {
            self.original.push(b'\n');
        }
        self.original.extend(bytes);
        if self.original.len() <= most {
            return Ok(());
        }
        self.is_too_long = true;
        self.original.truncate(KEPT_OF_LONG);
        self.original.shrink_to(most / 2);
        Err(too_long("rows", most))
    }

    /// Adds a row to the records that take it.
    fn gather(&mut self, row: RowOfGroup, reader: &RowReader, most: usize) {
        let mut next = 0;
        while let Some(record) = reader.mapper.record_for(&reader.cells, next) {
            next = record.position + 1;
            if self.records.len() < next {
                self.records.resize_with(next, Default::default);
            }
            let Some((gathered, problem)) = self.records.get_mut(record.position) else {
                continue;
            };
            if problem.is_some() {
                continue;
            }
            *problem = gathered.add(record.mapper, &reader.cells, row).err();
            if gathered.length() > most {
                let violation = Violation::new("event.event_items", too_long("items", most));
                *problem = Some(Misfit::of(violation, []));
            }
        }
    }

    /// The next record of the complete group.
    fn record(&mut self, next: &mut usize, mapper: &RowMapper, json: &mut String) -> Option<Found> {
        let found = |problem| Found {
            line: self.line,
            offset: self.offset,
            bytes: Bytes::Group,
            problem,
        };
        if let Some(problem) = self.problem.take() {
            *next = usize::MAX;
            return Some(found(Some(problem.in_group_of(self.rows))));
        }
        while let Some((gathered, problem)) = self.records.get_mut(*next) {
            let position = *next;
            *next += 1;
            if gathered.has_rows() {
                let problem = problem.take().map(|problem| problem.in_group_of(self.rows));
                return Some(found(
                    problem.or_else(|| mapper.write_group(position, gathered, json).err()),
                ));
            }
        }
        None
    }
}

fn too_long(what: &str, most: usize) -> String {
    format!("the {what} of one record have more than {most} bytes together: check that group_by names the right column")
}
