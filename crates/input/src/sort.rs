//! Sorts more than fits in memory: sorted runs in one temporary file, merged as they are read.
//!
//! It is written here because existing crates bound their memory by the number of items instead of bytes, do not
//! promise that equal keys keep their order, or open all runs at once.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// How many runs to merge at a time.
const FAN_IN: usize = 64;

/// Takes items, each with a key, in any order.
///
/// Items that do not fit in memory go to a temporary file without a name, or one that the system removes when the
/// process ends for any reason.
pub struct Sorter {
    dir: PathBuf,
    memory: usize,
    items: KeyedItems,
    spilled: Spilled,
}

impl Sorter {
    /// Keeps `memory` bytes, or a single larger item, in memory, and the rest in a file in the folder `dir`.
    pub fn new(dir: impl Into<PathBuf>, memory: usize) -> Self {
        Self {
            dir: dir.into(),
            memory,
            items: KeyedItems::default(),
            spilled: Spilled::default(),
        }
    }

    /// Takes an item.
    ///
    /// # Errors
    /// If the disk fails or is full; the error names the folder.
    pub fn push(&mut self, key: &[u8], item: &[u8]) -> io::Result<()> {
        let needed = KeyedItems::HEAD + key.len() + item.len() + KeyedItems::INDEX;
        if !self.items.is_empty() && self.items.size() + needed > self.memory {
            self.spill()?;
        }
        self.items.push(key, item, self.memory)
    }

    /// The items, sorted by key; items with equal keys stay in the order in which they were pushed.
    ///
    /// # Errors
    /// As for [`push`](Self::push).
    pub fn finish(mut self) -> io::Result<Sorted> {
        let held = if self.spilled.runs.is_empty() {
            self.items.sort();
            Held::Memory {
                items: self.items,
                next: 0,
            }
        } else {
            self.spill()?;
            self.items = KeyedItems::default();
            let buffer = self.buffer();
            let merged = self.spilled.merge(&self.dir, buffer);
            Held::Runs(merged.map_err(|error| disk(&self.dir, &error))?)
        };
        Ok(Sorted { dir: self.dir, held })
    }

    fn spill(&mut self) -> io::Result<()> {
        self.items.sort();
        let written = self.spilled.write_run(&self.dir, |out| self.items.write(out));
        self.items.clear();
        written.map_err(|error| disk(&self.dir, &error))
    }

    /// How much of each run to read at once.
    fn buffer(&self) -> usize {
        (self.memory / (FAN_IN + 1)).clamp(4 << 10, 256 << 10)
    }
}

/// Returns the items, smallest key first.
pub struct Sorted {
    dir: PathBuf,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Memory { items: KeyedItems, next: usize },
    Runs(Merge),
}

impl Sorted {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// If the disk fails; the error names the folder.
    #[allow(clippy::should_implement_trait, reason = "an iterator could not lend its items")]
    pub fn next(&mut self) -> io::Result<Option<&[u8]>> {
        Ok(self.next_with_key()?.map(|(_, item)| item))
    }

    /// The next item with its key; `None` at the end.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub fn next_with_key(&mut self) -> io::Result<Option<(&[u8], &[u8])>> {
        let next = match &mut self.held {
            Held::Memory { items, next } => {
                *next += 1;
                Ok(items.get(*next - 1))
            }
            Held::Runs(merge) => merge.next(),
        };
        match next {
            Ok(next) => Ok(next.map(|keyed| (keyed.key, keyed.item))),
            Err(error) => Err(disk(&self.dir, &error)),
        }
    }
}

/// A key and its item, as stored in memory and in runs: both lengths, then both values.
#[derive(Clone, Copy)]
struct KeyedItem<'a> {
    whole: &'a [u8],
    key: &'a [u8],
    item: &'a [u8],
}

impl<'a> KeyedItem<'a> {
    /// The item at the start of some bytes; empty if they hold none, which does not happen.
    fn first(bytes: &'a [u8]) -> Self {
        let (key, item) = lengths(bytes.first_chunk().copied().unwrap_or_default());
        let part = |range: Range<usize>| bytes.get(range).unwrap_or_default();
        let end_of_key = KeyedItems::HEAD + key;
        Self {
            whole: part(0..end_of_key + item),
            key: part(KeyedItems::HEAD..end_of_key),
            item: part(end_of_key..end_of_key + item),
        }
    }
}

fn lengths(head: [u8; KeyedItems::HEAD]) -> (usize, usize) {
    let both = u64::from_le_bytes(head);
    let length = |bits: u64| usize::try_from(bits & u64::from(u32::MAX)).unwrap_or(usize::MAX);
    (length(both), length(both >> 32))
}

/// Items in memory, one after another.
#[derive(Debug, Default)]
struct KeyedItems {
    bytes: Vec<u8>,
    /// Where each begins.
    index: Vec<usize>,
}

impl KeyedItems {
    const HEAD: usize = 8;
    /// The index size of an item, including spare capacity.
    const INDEX: usize = 2 * size_of::<usize>();

    fn push(&mut self, key: &[u8], item: &[u8], memory: usize) -> io::Result<()> {
        let too_long = || {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "a record of 4 GiB or more cannot be sorted",
            )
        };
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| too_long());
        let (key_length, item_length) = (length(key)?, length(item)?);
        let needed = Self::HEAD + key.len() + item.len();
        let free = self.bytes.capacity() - self.bytes.len();
        if needed > free {
            // Doubling could exceed the limit by as much again.
            let grown = (self.bytes.capacity() * 2).min(memory).max(self.bytes.len() + needed);
            self.bytes.reserve_exact(grown - self.bytes.len());
        }
        self.index.push(self.bytes.len());
        self.bytes.extend_from_slice(&key_length.to_le_bytes());
        self.bytes.extend_from_slice(&item_length.to_le_bytes());
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(item);
        Ok(())
    }

    fn at(bytes: &[u8], position: usize) -> KeyedItem<'_> {
        KeyedItem::first(bytes.get(position..).unwrap_or_default())
    }

    fn get(&self, number: usize) -> Option<KeyedItem<'_>> {
        self.index.get(number).map(|position| Self::at(&self.bytes, *position))
    }

    fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    fn size(&self) -> usize {
        self.bytes.len() + self.index.len() * Self::INDEX
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        // The position breaks ties between equal keys, so keeping their order needs no second array.
        self.index
            .sort_unstable_by(|a, b| (Self::at(bytes, *a).key, a).cmp(&(Self::at(bytes, *b).key, b)));
    }

    fn write(&self, out: &mut impl io::Write) -> io::Result<()> {
        for position in &self.index {
            out.write_all(Self::at(&self.bytes, *position).whole)?;
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.index.clear();
    }
}

/// Sorted runs, one after another in a file.
#[derive(Debug, Default)]
struct Spilled {
    file: Option<BufWriter<File>>,
    runs: Vec<Range<u64>>,
}

impl Spilled {
    const WRITE_BUFFER: usize = 256 << 10;

    fn write_run(&mut self, dir: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
        if self.file.is_none() {
            let file = tempfile::tempfile_in(dir)?;
            self.file = Some(BufWriter::with_capacity(Self::WRITE_BUFFER, file));
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let start = file.stream_position()?;
        write(file)?;
        self.runs.push(start..file.stream_position()?);
        Ok(())
    }

    /// Merges until few enough runs are left to merge while reading.
    fn merge(mut self, dir: &Path, buffer: usize) -> io::Result<Merge> {
        loop {
            let Some(file) = self.file.take() else {
                return Ok(Merge::default());
            };
            let file = Arc::new(file.into_inner().map_err(io::IntoInnerError::into_error)?);
            if self.runs.len() <= FAN_IN {
                return Merge::new(&file, &self.runs, buffer);
            }
            let mut longer = Self::default();
            for runs in self.runs.chunks(FAN_IN) {
                let mut merge = Merge::new(&file, runs, buffer)?;
                longer.write_run(dir, |out| {
                    while let Some(item) = merge.next()? {
                        out.write_all(item.whole)?;
                    }
                    Ok(())
                })?;
            }
            self = longer;
        }
    }
}

/// Several runs read as one.
#[derive(Debug, Default)]
struct Merge {
    runs: Vec<Run>,
    /// For each unfinished run, the next key and the number of the run, which breaks ties between equal keys.
    heads: BinaryHeap<Reverse<(Vec<u8>, usize)>>,
    /// Whether the item with the smallest key was already returned.
    given: bool,
}

impl Merge {
    fn new(file: &Arc<File>, ranges: &[Range<u64>], buffer: usize) -> io::Result<Self> {
        let mut merge = Self::default();
        for (number, range) in ranges.iter().enumerate() {
            let extent = Extent {
                file: Arc::clone(file),
                range: range.clone(),
            };
            let mut run = Run {
                next: Vec::new(),
                input: BufReader::with_capacity(buffer, extent),
            };
            if run.advance()? {
                merge.heads.push(Reverse((run.item().key.to_vec(), number)));
            }
            merge.runs.push(run);
        }
        Ok(merge)
    }

    fn next(&mut self) -> io::Result<Option<KeyedItem<'_>>> {
        if std::mem::take(&mut self.given)
            && let Some(mut head) = self.heads.peek_mut()
        {
            let Reverse((key, number)) = &mut *head;
            let run = &mut self.runs[*number];
            if run.advance()? {
                key.clear();
                key.extend_from_slice(run.item().key);
            } else {
                PeekMut::pop(head);
            }
        }
        let Some(Reverse((_, number))) = self.heads.peek() else {
            return Ok(None);
        };
        self.given = true;
        Ok(Some(self.runs[*number].item()))
    }
}

/// A run that is being read.
#[derive(Debug)]
struct Run {
    /// The bytes of its next item.
    next: Vec<u8>,
    input: BufReader<Extent>,
}

impl Run {
    fn item(&self) -> KeyedItem<'_> {
        KeyedItem::first(&self.next)
    }

    /// Reads the next item; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        let mut head = [0; KeyedItems::HEAD];
        let Self { next, input } = self;
        next.clear();
        if input.buffer().is_empty() && input.get_ref().range.is_empty() {
            return Ok(false);
        }
        input.read_exact(&mut head)?;
        let (key, item) = lengths(head);
        let length = (key + item) as u64;
        next.extend_from_slice(&head);
        if input.take(length).read_to_end(next)? as u64 == length {
            Ok(true)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

/// A part of a file. Reading moves the position in the file, which all parts share.
#[derive(Debug)]
struct Extent {
    file: Arc<File>,
    range: Range<u64>,
}

impl Read for Extent {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(self.range.start))?;
        let read = file.read(buffer.get_mut(..length).unwrap_or_default())?;
        self.range.start += read as u64;
        Ok(read)
    }
}

fn disk(dir: &Path, error: &io::Error) -> io::Error {
    let problem = format!("cannot keep the records to be sorted in {}: {error}", dir.display());
    io::Error::new(error.kind(), problem)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn sort(memory: usize, items: &[(Vec<u8>, Vec<u8>)]) -> Vec<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(folder.path(), memory);
        for (key, item) in items {
            sorter.push(key, item).unwrap();
        }
        let mut items = sorter.finish().unwrap();
        let mut out = Vec::new();
        while let Some(item) = items.next().unwrap() {
            out.push(item.to_vec());
        }
        assert!(items.next().unwrap().is_none());
        out
    }

    fn numbered(keys: impl IntoIterator<Item = u64>) -> Vec<(Vec<u8>, Vec<u8>)> {
        let keys = keys.into_iter().enumerate();
        keys.map(|(number, key)| (key.to_be_bytes().to_vec(), number.to_string().into_bytes()))
            .collect()
    }

    fn expected(mut items: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<Vec<u8>> {
        items.sort_by(|(a, _), (b, _)| a.cmp(b));
        items.into_iter().map(|(_, item)| item).collect()
    }

    #[test]
    fn more_runs_than_can_be_merged_at_once_are_merged_in_passes() {
        // One run for each item, so there are two passes before the last.
        let items = numbered((0..5_000).map(|number| number * 7_919 % 97));
        assert_eq!(sort(1, &items), expected(items));
    }

    #[test]
    fn an_error_of_the_disk_names_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("gone");
        let mut sorter = Sorter::new(&dir, 1);
        sorter.push(b"a", b"1").unwrap();
        let error = sorter.push(b"b", b"2").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("gone"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn the_temporary_file_has_no_name_while_it_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(folder.path(), 1);
        for (key, item) in numbered(0..10) {
            sorter.push(&key, &item).unwrap();
        }
        assert!(sorter.spilled.file.is_some());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut items = sorter.finish().unwrap();
        assert_eq!(items.next().unwrap(), Some(&b"0"[..]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_fits_into_memory_needs_no_disk() {
        let mut sorter = Sorter::new("/nowhere", 1 << 20);
        for (key, item) in numbered([3, 1, 2]) {
            sorter.push(&key, &item).unwrap();
        }
        let mut items = sorter.finish().unwrap();
        assert_eq!(items.next().unwrap(), Some(&b"1"[..]));
    }

    #[test]
    fn memory_stays_within_its_limit() {
        const MEMORY: usize = 64 << 10;
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(folder.path(), MEMORY);
        for (key, item) in numbered(0..20_000) {
            sorter.push(&key, &item).unwrap();
            let held = sorter.items.bytes.capacity() + sorter.items.index.capacity() * size_of::<usize>();
            assert!(held <= MEMORY * 3 / 2, "{held}");
        }
        assert!(sorter.spilled.runs.len() > 1);
    }

    proptest! {
        #[test]
        fn it_sorts_like_a_stable_sort_in_memory(
            items in vec((vec(0..3_u8, 0..3), vec(any::<u8>(), 0..40)), 0..300),
            memory in 0..4_000_usize,
        ) {
            prop_assert_eq!(sort(memory, &items), expected(items));
        }
    }
}
