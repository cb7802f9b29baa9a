//! How many calls the file handles of this process are enough for.

/// Handles kept for inputs, sorting, the journal and the receipt.
#[cfg(unix)]
const KEPT: u64 = 24;
/// A call takes a connection; looking a name up, or connecting to two addresses of it, takes another handle meanwhile.
#[cfg(unix)]
const OF_A_CALL: u64 = 2;

/// How many calls may be in flight if they leave file handles for everything else.
#[cfg(unix)]
pub(crate) fn calls_with_handles() -> usize {
    let limit = rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(u64::MAX, |(limit, _)| limit);
    let free = limit.saturating_sub(open_now()).saturating_sub(KEPT);
    usize::try_from(free / OF_A_CALL).unwrap_or(usize::MAX)
}

/// How many files, connections and the like this process has open.
#[cfg(unix)]
fn open_now() -> u64 {
    /// Where the system does not say: more than a program mostly has.
    const UNKNOWN: u64 = 64;
    std::fs::read_dir("/dev/fd").map_or(UNKNOWN, |open| open.count() as u64)
}

/// Handles are not limited there.
#[cfg(not(unix))]
pub(crate) fn calls_with_handles() -> usize {
    usize::MAX
}
