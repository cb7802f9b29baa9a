//! The quota of the Export API, shared by all processes of a machine.
//!
//! A call takes two things: one of the places for calls at the same time, which is a lock that the system frees if the
//! process is killed, and a reservation in a file, which is written before the call is made. The file is changed only
//! under a lock of its own. Our own count is a sliding window: a call counts for one period from its answer on. The
//! server's headers override our count, up or down, until the reset that they name; after that one call at a time finds
//! out what is left.

mod book;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use dfinery::{RateLimitStatus, engine::NewFile, tables::RateLimit};
use jiff::{SignedDuration, Timestamp};

use self::book::{Book, State};
use crate::error::ExportError;

/// The quota as this process and others on the machine spend it.
#[derive(Debug)]
pub(crate) struct Quota {
    book: PathBuf,
    limit: RateLimit,
    /// How many calls are left for others.
    reserve: u32,
}

/// A call that may be made. Its place is free again once this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    /// The lock on its place.
    _place: File,
    id: u64,
}

/// Why no call may be made now.
#[derive(Debug)]
pub(crate) enum Refused {
    /// All places are taken, or the answers to other calls are to show what is left: look again soon.
    Busy,
    /// The quota is spent until then.
    Spent(Timestamp),
}

impl Quota {
    const LONGEST_LOCK: Duration = Duration::from_secs(60);

    /// The quota of an account, which is kept in a folder. `limit` holds unless the server says otherwise.
    pub(crate) fn open(folder: &Path, account: &str, limit: RateLimit, reserve: u32) -> Result<Self, ExportError> {
        if reserve >= limit.requests {
            return Err(ExportError::unfit(format!(
                "{reserve} calls cannot be left for others: the quota is {}",
                limit.requests
            )));
        }
        let folder = folder.join("quota");
        fs::create_dir_all(&folder).map_err(|error| ExportError::file(&folder, "made", error))?;
        // The service id is no secret, but it need not be in the name of a file either.
        let name = format!("export-{:032x}", xxhash_rust::xxh3::xxh3_128(account.as_bytes()));
        Ok(Self {
            book: folder.join(name),
            limit,
            reserve,
        })
    }

    /// Takes a place and one call of the quota, if both are free.
    pub(crate) fn reserve(&self, now: Timestamp) -> Result<Result<Reservation, Refused>, ExportError> {
        self.with_book(now, |book| {
            let Some(place) = self.free_place()? else {
                return Ok(Err(Refused::Busy));
            };
            let others = self.taken_places()? > 1;
            Ok(match book.state(now, &self.limit, self.reserve, others) {
                State::SpentUntil(at) => Err(Refused::Spent(at)),
                State::Unclear => Err(Refused::Busy),
                State::Free => Ok(Reservation {
                    _place: place,
                    id: book.reserve(now),
                }),
            })
        })
    }

    /// Notes that the server has answered a call, and what it said of the quota. `spent_for`: it refused the call for the
    /// quota, and for how long. Returns how many calls are left, as far as known.
    pub(crate) fn answered(
        &self,
        reservation: &Reservation,
        now: Timestamp,
        said: Option<&RateLimitStatus>,
        spent_for: Option<Duration>,
    ) -> Result<u64, ExportError> {
        self.with_book(now, |book| {
            book.answered(reservation.id, now);
            if let Some(remaining) = said.and_then(|said| said.remaining) {
                let reset = said.and_then(|said| said.reset).map(dfinery::Timestamp::to_jiff);
                book.told(remaining, reset, now, self.limit.period);
                // This one still has its place.
                book.counted(reservation.id, self.taken_places()?.saturating_sub(1));
            }
            if let Some(time) = spent_for {
                let reset = SignedDuration::try_from(time)
                    .ok()
                    .and_then(|time| now.checked_add(time).ok());
                book.told(0, reset, now, self.limit.period);
            }
            Ok(book.left(&self.limit, self.reserve))
        })
    }

    /// How long a call counts.
    pub(crate) const fn period(&self) -> Duration {
        self.limit.period
    }

    #[cfg(test)]
    fn left(&self, now: Timestamp) -> Result<u64, ExportError> {
        self.with_book(now, |book| Ok(book.left(&self.limit, self.reserve)))
    }

    /// Reads the book, changes it and writes it again, while no other process does.
    fn with_book<T>(
        &self,
        now: Timestamp,
        change: impl FnOnce(&mut Book) -> Result<T, ExportError>,
    ) -> Result<T, ExportError> {
        let lock = self.file("lock")?;
        self.wait_for(&lock)?;
        let before = match fs::read(&self.book) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(self.error("read", error)),
        };
        let mut book = match &before {
            None => Book::default(),
            Some(text) => Book::read(text).unwrap_or_else(|| Book::unknown(now, &self.limit)),
        };
        book.forget(now, &self.limit, self.reserve);
        let changed = change(&mut book)?;
        let text = book.to_text();
        if before.as_deref() != Some(text.as_slice()) {
            self.write(&text).map_err(|error| self.error("written", error))?;
        }
        Ok(changed)
    }

    fn write(&self, text: &[u8]) -> io::Result<()> {
        let mut new = NewFile::create(&self.book, OpenOptions::new().write(true).create_new(true))?;
        io::Write::write_all(&mut new, text)?;
        new.finish()
    }

    /// Locks a file that others lock for moments only. A process that was halted in such a moment must not halt all others.
    fn wait_for(&self, lock: &File) -> Result<(), ExportError> {
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) if began.elapsed() < Self::LONGEST_LOCK => {
                    thread::sleep(Duration::from_millis(2));
                }
                Err(TryLockError::WouldBlock) => return Err(self.error("locked", io::ErrorKind::ResourceBusy.into())),
                Err(TryLockError::Error(error)) => return Err(self.error("locked", error)),
            }
        }
    }

    fn free_place(&self) -> Result<Option<File>, ExportError> {
        for place in 0..self.places() {
            let file = self.file(&format!("place-{place}"))?;
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(self.error("locked", error)),
            }
        }
        Ok(None)
    }

    fn taken_places(&self) -> Result<u64, ExportError> {
        let mut taken = 0;
        for place in 0..self.places() {
            let file = self.file(&format!("place-{place}"))?;
            taken += u64::from(matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
        }
        Ok(taken)
    }

    fn places(&self) -> u32 {
        self.limit.concurrent.unwrap_or(1).clamp(1, 64)
    }

    fn file(&self, suffix: &str) -> Result<File, ExportError> {
        let path = self.book.with_extension(suffix);
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        opened.map_err(|error| ExportError::file(&path, "opened", error))
    }

    fn error(&self, what: &str, error: io::Error) -> ExportError {
        ExportError::file(&self.book, what, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit() -> RateLimit {
        RateLimit {
            requests: 10,
            period: Duration::from_secs(3_600),
            concurrent: Some(5),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn open(folder: &Path, reserve: u32) -> Quota {
        Quota::open(folder, "service host:443", limit(), reserve).unwrap()
    }

    fn call(quota: &Quota, now: Timestamp) -> Result<(), Refused> {
        let reservation = quota.reserve(now).unwrap()?;
        quota.answered(&reservation, now, None, None).unwrap();
        Ok(())
    }

    #[test]
    fn a_call_takes_a_place_until_it_is_dropped_whichever_process_makes_it() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (open(folder.path(), 0), open(folder.path(), 0));
        let mut held: Vec<_> = (0..3).map(|_| one.reserve(at(0)).unwrap().unwrap()).collect();
        held.extend((0..2).map(|_| other.reserve(at(0)).unwrap().unwrap()));
        assert!(matches!(one.reserve(at(0)).unwrap(), Err(Refused::Busy)));
        held.pop();
        assert!(one.reserve(at(0)).unwrap().is_ok());
    }

    #[test]
    fn what_one_process_spends_another_does_not_have_and_it_comes_back_after_a_period() {
        let folder = tempfile::tempdir().unwrap();
        for second in 0..8 {
            call(&open(folder.path(), 2), at(second)).unwrap();
        }
        let quota = open(folder.path(), 2);
        let Err(Refused::Spent(until)) = call(&quota, at(60)) else {
            panic!("the quota was spent")
        };
        assert!(until > at(3_600) && until < at(3_610), "{until}");
        assert_eq!(quota.left(at(60)).unwrap(), 0);
        call(&quota, until).unwrap();
        assert!(call(&quota, until).is_err());
        assert!(call(&open(folder.path(), 1), until).is_ok(), "what is left for others");
        let other = Quota::open(folder.path(), "another host:443", limit(), 0).unwrap();
        assert!(call(&other, at(60)).is_ok());
    }

    #[test]
    fn the_server_overrules_our_count_both_ways() {
        let folder = tempfile::tempdir().unwrap();
        let quota = open(folder.path(), 0);
        let mut said = RateLimitStatus::default();
        said.reset = Some(at(600).into());
        said.remaining = Some(1);
        let reservation = quota.reserve(at(0)).unwrap().unwrap();
        quota.answered(&reservation, at(0), Some(&said), None).unwrap();
        drop(reservation);
        assert_eq!(quota.left(at(1)).unwrap(), 1);
        call(&quota, at(1)).unwrap();
        assert!(matches!(call(&quota, at(2)), Err(Refused::Spent(until)) if until == at(601)));
        // After the reset one call finds out what is left.
        let reservation = quota.reserve(at(601)).unwrap().unwrap();
        said.remaining = Some(50);
        said.reset = Some(at(4_200).into());
        quota.answered(&reservation, at(601), Some(&said), None).unwrap();
        drop(reservation);
        for _ in 0..50 {
            call(&quota, at(601)).unwrap();
        }
        assert!(call(&quota, at(601)).is_err());
    }

    #[test]
    fn calls_under_way_are_taken_off_what_the_server_says_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let quota = open(folder.path(), 0);
        let held: Vec<_> = (0..4).map(|_| quota.reserve(at(0)).unwrap().unwrap()).collect();
        let mut said = RateLimitStatus::default();
        said.remaining = Some(5);
        said.reset = Some(at(600).into());
        quota.answered(&held[0], at(0), Some(&said), None).unwrap();
        assert_eq!(quota.left(at(0)).unwrap(), 2);
    }

    #[test]
    fn answers_may_come_in_another_order_than_they_were_given() {
        let folder = tempfile::tempdir().unwrap();
        let quota = open(folder.path(), 0);
        let held: Vec<_> = (0..4).map(|_| quota.reserve(at(0)).unwrap().unwrap()).collect();
        let mut said = RateLimitStatus::default();
        said.reset = Some(at(600).into());
        for (call, remaining) in [(3, 6), (1, 8), (2, 7), (0, 9)] {
            said.remaining = Some(remaining);
            quota.answered(&held[call], at(0), Some(&said), None).unwrap();
        }
        assert_eq!(quota.left(at(0)).unwrap(), 6);
        said.reset = Some(at(300).into());
        said.remaining = Some(2);
        quota.answered(&held[0], at(0), Some(&said), None).unwrap();
        assert_eq!(quota.left(at(0)).unwrap(), 6, "of an earlier window");
    }

    #[test]
    fn a_killed_call_counts_until_an_answer_counts_it() {
        let folder = tempfile::tempdir().unwrap();
        let quota = open(folder.path(), 0);
        let mut said = RateLimitStatus::default();
        said.reset = Some(at(600).into());
        said.remaining = Some(3);
        let answer = |reservation: Reservation, said: &RateLimitStatus| {
            quota.answered(&reservation, at(0), Some(said), None).unwrap();
        };
        answer(quota.reserve(at(0)).unwrap().unwrap(), &said);
        drop(quota.reserve(at(1)).unwrap().unwrap());
        assert_eq!(quota.left(at(1)).unwrap(), 2);
        said.remaining = Some(1);
        answer(quota.reserve(at(2)).unwrap().unwrap(), &said);
        assert_eq!(quota.left(at(2)).unwrap(), 1);
        drop(quota.reserve(at(3)).unwrap().unwrap());
        assert!(matches!(quota.reserve(at(4)).unwrap(), Err(Refused::Spent(until)) if until == at(601)));
    }

    #[test]
    fn a_clock_that_goes_back_gives_no_calls_back_and_takes_none_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let quota = open(folder.path(), 0);
        for _ in 0..10 {
            call(&quota, at(1_000_000)).unwrap();
        }
        let Err(Refused::Spent(until)) = call(&quota, at(0)) else {
            panic!("the quota was spent")
        };
        assert!(until >= at(3_600) && until < at(3_700), "{until}");
        call(&quota, until).unwrap();
    }

    #[test]
    fn a_damaged_book_counts_as_a_spent_quota() {
        let folder = tempfile::tempdir().unwrap();
        let quota = open(folder.path(), 0);
        call(&quota, at(0)).unwrap();
        fs::write(&quota.book, "{").unwrap();
        assert!(call(&quota, at(0)).is_err());
        call(&quota, at(3_700)).unwrap();
    }
}
