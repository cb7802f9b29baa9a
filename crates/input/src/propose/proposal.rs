//! A proposed mapping, and what is known in advance.

use dfinery_records::Accepts;

/// What is known about a table in advance.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProposalOptions {
    /// The name of the event that each row is.
    pub event: Option<String>,
    /// The time zone of times without an offset, such as `Asia/Seoul`.
    pub timezone: Option<String>,
}

/// A proposed mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proposal {
    /// The mapping as YAML with comments. [`Mapping::from_yaml`](crate::Mapping::from_yaml) reads it. It holds column
    /// names and no cell values.
    pub yaml: String,
    /// What it leaves to you, one sentence each; its comments say the same.
    pub unsure: Vec<String>,
    /// The kinds of records that it makes.
    pub accepts: Accepts,
    /// Whether the table can be loaded with it as it is.
    pub complete: bool,
    /// How many rows were read.
    pub rows: u64,
}
