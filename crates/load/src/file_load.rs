//! What to load from files, and where the files beside them are.

use std::path::{Path, PathBuf};

use dfinery::engine::with_suffix;
use dfinery_input::{InputOptions, is_url};
use dfinery_records::{Accepts, RecordKind};

use crate::made_good::MadeGood;

/// A load of files: what they hold, how to read them, and where to keep the accounts.
///
/// ```
/// use dfinery_load::{FileLoad, RecordKind};
/// let sales = FileLoad::new(RecordKind::Event, ["sales.ndjson"]);
/// assert_eq!(sales.state_folder().unwrap(), std::path::Path::new("sales.ndjson.dfinery"));
/// ```
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct FileLoad {
    /// Which records the inputs may hold.
    pub accepts: Accepts,
    /// The inputs, in their order; `-` is standard input. With the feature `cloud` of `dfinery-input`, the URL of an object is
    /// one too.
    pub inputs: Vec<PathBuf>,
    /// How to read them.
    pub options: InputOptions,
    /// The folder for journal, dead letter and receipt. Default: [that of the first input](folder_of_load).
    pub state: Option<PathBuf>,
    /// Whether to keep a journal, so that the same load continues where it stopped. Default: yes. Standard input has one
    /// only in a [`state`](Self::state) folder that was named: give it the same bytes again, and more after them if there
    /// are. Calls that were in flight when a load was killed are sent again, whatever
    /// the client's [`resend_when_unsure`](dfinery::RetryPolicy::resend_when_unsure) says.
    pub resume: bool,
    /// Whether to start over although there is a journal. The old files are moved to a folder beside it.
    pub restart: bool,
    /// Whether to send identities first, then profiles, then events: the inputs are read up to three times, and
    /// once less for user properties or events if there are none.
    pub ordered: bool,
    /// Whether to sort the records by user on disk first, so that the records of a user share calls wherever they are.
    pub sort_by_identity: bool,
    /// Names of event properties, or of fields of the event or the identity, from whose values to make the
    /// `event_log_id` of an event without one. Default: the contents of the file and the position of the record in it.
    pub id_fields: Vec<String>,
    /// A file that remembers which identities and user properties were accepted last, so that unchanged ones are not sent
    /// again. A deletion makes it forget the user.
    pub delta: Option<PathBuf>,
    /// The records of a dead letter that are left out.
    pub(crate) made_good: MadeGood,
}

impl FileLoad {
    /// A load with the defaults.
    pub fn new<P: Into<PathBuf>>(accepts: impl Into<Accepts>, inputs: impl IntoIterator<Item = P>) -> Self {
        Self {
            accepts: accepts.into(),
            inputs: inputs.into_iter().map(Into::into).collect(),
            options: InputOptions::default(),
            state: None,
            resume: true,
            restart: false,
            ordered: false,
            sort_by_identity: false,
            id_fields: Vec::new(),
            delta: None,
            made_good: MadeGood::default(),
        }
    }

    /// The folder of journal, dead letter and receipt; none for standard input alone if no folder was named.
    #[must_use]
    pub fn state_folder(&self) -> Option<PathBuf> {
        if let Some(folder) = &self.state {
            return Some(folder.clone());
        }
        let first = self.inputs.first().filter(|path| !is_stdin(path))?;
        Some(folder_of_load(first))
    }

    /// Whether the load has a journal, so that a repeat of it continues where it stopped.
    #[must_use]
    pub fn keeps_journal(&self) -> bool {
        self.resume && (self.state.is_some() || !self.reads_stdin())
    }

    pub(crate) fn reads_stdin(&self) -> bool {
        self.inputs.iter().any(|path| is_stdin(path))
    }

    /// What is loaded, in a word.
    pub(crate) fn what(&self) -> &'static str {
        match self.accepts {
            Accepts::Only(RecordKind::Event) => "events",
            Accepts::Only(RecordKind::Identity) => "identities",
            Accepts::Only(RecordKind::Profile) => "profiles",
            Accepts::Only(RecordKind::Deletion) => "deletions",
            Accepts::Mixed => "mixed records",
        }
    }
}

/// The folder in which a load keeps journal, dead letter and receipt if no other is named: its input's name with `.dfinery` after
/// it, beside a file or a folder, and in the working folder for an object.
#[must_use]
pub fn folder_of_load(input: &Path) -> PathBuf {
    let name = match input.file_name() {
        Some(name) if is_url(input) => Path::new(name),
        _ => input.components().as_path(),
    };
    with_suffix(name, ".dfinery")
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
