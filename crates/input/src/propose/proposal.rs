//! A proposed mapping, and what is known beforehand.

/// What is known of a table before it is looked at.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProposalOptions {
    /// The name of the event that each row is.
    pub event: Option<String>,
    /// The time zone of times without an offset, such as `Asia/Seoul`.
    pub timezone: Option<String>,
}

/// A proposal of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proposal {
    /// The mapping as YAML with comments. [`Mapping::from_yaml`](crate::Mapping::from_yaml) reads it. It holds names of
    /// columns and no values of cells.
    pub yaml: String,
    /// What it leaves to you, one sentence each; the same stands in its comments.
    pub unsure: Vec<String>,
    /// Whether the table can be loaded with it as it stands.
    pub complete: bool,
    /// How many rows were looked at.
    pub rows: u64,
}
