//! Every setting, once: its option, its key in `dfinery.toml`, its environment variable, its default and its help.

use super::value::Kind;

/// A setting. Its option is its key with dashes unless it says otherwise, its environment variable `DFINERY_` and its key in capitals.
pub struct Setting {
    pub key: &'static str,
    /// Its option, if that is not its key: another setting with this option is for other commands.
    pub option: Option<&'static str>,
    /// The placeholder for the value in the help.
    pub takes: &'static str,
    pub kind: Kind,
    pub default: Option<&'static str>,
    /// What happens if it is not set.
    pub otherwise: &'static str,
    pub heading: &'static str,
    /// The commands that have it.
    pub on: u16,
    pub help: &'static str,
}

pub const LOAD: u16 = 1;
pub const DELETE: u16 = 1 << 1;
pub const REPLAY: u16 = 1 << 2;
pub const CHECK: u16 = 1 << 3;
pub const PREVIEW: u16 = 1 << 4;
pub const SHOW: u16 = 1 << 5;
pub const INIT: u16 = 1 << 6;
pub const EXPORT_EVENTS: u16 = 1 << 7;
pub const EXPORT_PROFILES: u16 = 1 << 8;
pub const STATUS: u16 = 1 << 9;
pub const PROBE: u16 = 1 << 10;
pub const VERIFY: u16 = 1 << 11;
pub const LOAD_STATUS: u16 = 1 << 12;
pub const STREAM: u16 = 1 << 13;
const EXPORTING: u16 = EXPORT_EVENTS | EXPORT_PROFILES | PROBE;
const SENDING: u16 = LOAD | DELETE | REPLAY | SHOW;
const READING: u16 = LOAD | DELETE | CHECK | PREVIEW | SHOW;
const PACKING: u16 = LOAD | PREVIEW | SHOW;

/// The token comes from the environment or a file, never from an argument: other users can read the arguments of a
/// process.
pub const TOKEN_VARIABLE: &str = "DFINERY_IMPORT_TOKEN";
pub const EXPORT_TOKEN_VARIABLE: &str = "DFINERY_EXPORT_TOKEN";

const CONNECTION: &str = "Connection";
const INPUT: &str = "Input";
const CALLS: &str = "Calls";
const PACE: &str = "Pace";
const REFUSALS: &str = "When records are refused";
const WARNINGS: &str = "Warnings";
const ACCOUNTS: &str = "Resuming";
const FILES: &str = "Files";
const DAYS: &str = "Days";
const QUOTA: &str = "Quota";
const OUTPUT: &str = "Output";

pub static SERVICE_ID: Setting = Setting {
    key: "service_id",
    option: None,
    takes: "ID",
    kind: Kind::Text,
    default: None,
    otherwise: "",
    heading: CONNECTION,
    on: SENDING | EXPORTING | STREAM,
    help: "The service id, from the console",
};
pub static BASE_URL: Setting = Setting {
    key: "base_url",
    option: None,
    takes: "URL",
    kind: Kind::Url,
    default: Some(dfinery::ImportClientBuilder::DEFAULT_BASE_URL),
    otherwise: "",
    heading: CONNECTION,
    on: SENDING | EXPORTING | STREAM,
    help: "The server; http:// only to this machine",
};
pub static TOKEN_FILE: Setting = Setting {
    key: "token_file",
    option: None,
    takes: "FILE",
    kind: Kind::Path,
    default: None,
    otherwise: "",
    heading: CONNECTION,
    on: SENDING | STREAM,
    help: "A file that holds the import token and nothing else. Or set the variable DFINERY_IMPORT_TOKEN",
};
pub static TIMEOUT: Setting = Setting {
    key: "timeout",
    option: None,
    takes: "DURATION",
    kind: Kind::Duration,
    default: Some("60s"),
    otherwise: "",
    heading: CONNECTION,
    on: SENDING | EXPORTING | STREAM,
    help: "How long one request may take; of an export, how long the service may send nothing, which is 5m unless this is set",
};

pub static MAPPING: Setting = Setting {
    key: "mapping",
    option: None,
    takes: "FILE",
    kind: Kind::Path,
    default: None,
    otherwise: "",
    heading: INPUT,
    on: READING | STREAM,
    help: "How the columns of a table, or JSON of another program, become records; `dfinery mapping init` writes one to begin with",
};
pub static TAXONOMY: Setting = Setting {
    key: "taxonomy",
    option: None,
    takes: "FILE",
    kind: Kind::Path,
    default: None,
    otherwise: "names are not checked, and columns of exports that the documentation does not know are text",
    heading: INPUT,
    on: READING | REPLAY | EXPORTING | STREAM,
    help: "The events and properties that your service has registered; `dfinery taxonomy init` writes one to begin with",
};
pub static FORMAT: Setting = Setting {
    key: "format",
    option: None,
    takes: "FORMAT",
    kind: Kind::Choice(&["ndjson", "json", "csv", "tsv"]),
    default: None,
    otherwise: "detected",
    heading: INPUT,
    on: READING | INIT,
    help: "The format of the files",
};
pub static ENCODING: Setting = Setting {
    key: "encoding",
    option: None,
    takes: "ENCODING",
    kind: Kind::Choice(&["utf-8", "cp949", "euc-kr", "utf-16le", "utf-16be"]),
    default: None,
    otherwise: "detected",
    heading: INPUT,
    on: READING | INIT,
    help: "The encoding of the text",
};

pub static ID_COLUMNS: Setting = Setting {
    key: "id_columns",
    option: None,
    takes: "A,B",
    kind: Kind::List,
    default: None,
    otherwise: "from the file and the position in it",
    heading: CALLS,
    on: PACKING,
    help: "Event properties, or fields of the event or the identity, that together name an event: its event_log_id is made \
           from their values, if it has none",
};
pub static SORT_BY_IDENTITY: Setting = Setting {
    key: "sort_by_identity",
    option: None,
    takes: "BOOL",
    kind: Kind::Flag,
    default: Some("false"),
    otherwise: "",
    heading: CALLS,
    on: PACKING,
    help: "Sort by user on disk first, so that fewer calls are made",
};
pub static ORDERED: Setting = Setting {
    key: "ordered",
    option: None,
    takes: "BOOL",
    kind: Kind::Flag,
    default: Some("false"),
    otherwise: "",
    heading: CALLS,
    on: PACKING,
    help: "For mixed files: send identities first, then profiles, then events",
};
pub static BATCH_BYTES: Setting = Setting {
    key: "batch_bytes",
    option: None,
    takes: "N",
    kind: Kind::Count,
    default: Some("1048576"),
    otherwise: "",
    heading: CALLS,
    on: PACKING | DELETE | REPLAY | STREAM,
    help: "How many bytes of records go into one call at most",
};

pub static RATE: Setting = Setting {
    key: "rate",
    option: None,
    takes: "N",
    kind: Kind::Count,
    default: None,
    otherwise: "the documented quota",
    heading: PACE,
    on: PACKING | SENDING,
    help: "How many calls to make in a minute at most, retries included; not for mixed files",
};
pub static RATE_SHARE: Setting = Setting {
    key: "rate_share",
    option: None,
    takes: "F",
    kind: Kind::Share,
    default: Some("1"),
    otherwise: "",
    heading: PACE,
    on: PACKING | SENDING | STREAM,
    help: "Which share of the quota to spend, over 0 and up to 1: leave some if other programs load into the same service",
};
pub static CONCURRENCY: Setting = Setting {
    key: "concurrency",
    option: None,
    takes: "N",
    kind: Kind::Count,
    default: Some("512"),
    otherwise: "",
    heading: PACE,
    on: SENDING | STREAM,
    help: "How many calls may be under way at most; fewer are while the service is slow or fails",
};
pub static PATIENCE: Setting = Setting {
    key: "patience",
    option: None,
    takes: "DURATION",
    kind: Kind::Duration,
    default: Some("10m"),
    otherwise: "",
    heading: PACE,
    on: SENDING | STREAM,
    help: "How long the service may fail without a single success before the load ends with exit code 75",
};

pub static MAX_BAD: Setting = Setting {
    key: "max_bad",
    option: None,
    takes: "N|P%",
    kind: Kind::MostBad,
    default: None,
    otherwise: "any number",
    heading: REFUSALS,
    on: SENDING,
    help: "End the load once more records than this are bad; a percentage counts from the first thousand records on",
};
pub static KEEP_GOING: Setting = Setting {
    key: "keep_going",
    option: None,
    takes: "BOOL",
    kind: Kind::Flag,
    default: Some("false"),
    otherwise: "",
    heading: REFUSALS,
    on: SENDING,
    help: "Go on although the first 1,000 records were all refused, or are all invalid",
};
pub static ON_REFUSAL: Setting = Setting {
    key: "on_refusal",
    option: None,
    takes: "WHAT",
    kind: Kind::Choice(&["divide", "reject-all"]),
    default: Some("divide"),
    otherwise: "",
    heading: REFUSALS,
    on: SENDING | STREAM,
    help: "When a call with several events is refused: `divide` it until the bad events are found, or count all of its \
           events as rejected",
};

pub static STRICT: Setting = Setting {
    key: "strict",
    option: None,
    takes: "BOOL",
    kind: Kind::Flag,
    default: Some("false"),
    otherwise: "",
    heading: WARNINGS,
    on: READING | REPLAY | STREAM,
    help: "Make every warning an error: a record with one is invalid and is not sent",
};
pub static DENY: Setting = Setting {
    key: "deny",
    option: None,
    takes: "NAMES",
    kind: Kind::Warnings,
    default: None,
    otherwise: "none",
    heading: WARNINGS,
    on: READING | REPLAY | STREAM,
    help: "Make these warnings errors, such as placeholder-id; may be given more than once",
};
pub static ALLOW: Setting = Setting {
    key: "allow",
    option: None,
    takes: "NAMES",
    kind: Kind::Warnings,
    default: None,
    otherwise: "none",
    heading: WARNINGS,
    on: READING | REPLAY | STREAM,
    help: "Silence these warnings, even if --strict or --deny makes them errors; may be given more than once",
};

pub static DELTA: Setting = Setting {
    key: "delta",
    option: None,
    takes: "FILE",
    kind: Kind::Path,
    default: None,
    otherwise: "all are sent",
    heading: ACCOUNTS,
    on: SENDING,
    help: "A file that remembers what was accepted, so that unchanged identities and user properties are not sent again",
};
pub static NO_RESUME: Setting = Setting {
    key: "no_resume",
    option: None,
    takes: "BOOL",
    kind: Kind::Flag,
    default: Some("false"),
    otherwise: "",
    heading: ACCOUNTS,
    on: LOAD | SHOW,
    help: "Keep no journal: a load that is stopped cannot go on where it was",
};

pub static EXPORT_TOKEN_FILE: Setting = Setting {
    key: "export_token_file",
    option: Some("token-file"),
    takes: "FILE",
    kind: Kind::Path,
    default: None,
    otherwise: "",
    heading: CONNECTION,
    on: EXPORTING,
    help: "A file that holds the export token and nothing else. Or set the variable DFINERY_EXPORT_TOKEN",
};
pub static EXPORT_FORMAT: Setting = Setting {
    key: "export_format",
    option: Some("format"),
    takes: "FORMAT",
    kind: Kind::Choice(&["csv", "ndjson", "parquet"]),
    default: None,
    otherwise: "by the name of the file, or else csv",
    heading: FILES,
    on: EXPORT_EVENTS | EXPORT_PROFILES,
    help: "The format of the files",
};
pub static COMPRESS: Setting = Setting {
    key: "compress",
    option: None,
    takes: "HOW",
    kind: Kind::Choice(&["none", "gzip", "zstd"]),
    default: None,
    otherwise: "by the name of the file, or else none; Parquet is zstd inside",
    heading: FILES,
    on: EXPORT_EVENTS | EXPORT_PROFILES,
    help: "How the files are compressed",
};
pub static TIME_ZONE: Setting = Setting {
    key: "time_zone",
    option: None,
    takes: "ZONE",
    kind: Kind::Text,
    default: None,
    otherwise: "unknown: a day has ended once it has everywhere on earth",
    heading: DAYS,
    on: EXPORTING | STATUS | SHOW,
    help: "The time zone in which the service's days begin, and of times that name none, such as Asia/Seoul. It is \
           undocumented: `dfinery export probe` measures it",
};
pub static CALIBRATION: Setting = Setting {
    key: "calibration",
    option: None,
    takes: "FILE",
    kind: Kind::Path,
    default: None,
    otherwise: "nothing is known",
    heading: DAYS,
    on: EXPORT_EVENTS | STATUS | SHOW,
    help: "What `dfinery export probe --write FILE` has measured: the time zone of a day, unless --time-zone says it, and \
           whether a query has its last day",
};
pub static LOOK_BACK: Setting = Setting {
    key: "look_back",
    option: None,
    takes: "DAYS",
    kind: Kind::Natural,
    default: Some("3"),
    otherwise: "",
    heading: DAYS,
    on: EXPORT_EVENTS | SHOW,
    help: "For how many days after a day is closed to ask for it again, and to replace it if it has changed",
};
pub static SETTLE: Setting = Setting {
    key: "settle",
    option: None,
    takes: "DURATION",
    kind: Kind::Time,
    default: None,
    otherwise: "24h, or as a probe measured",
    heading: DAYS,
    on: EXPORT_EVENTS | STATUS | SHOW,
    help: "How long after its end a day is closed, since rows may come late",
};
pub static RESERVE: Setting = Setting {
    key: "reserve",
    option: None,
    takes: "CALLS",
    kind: Kind::Natural,
    default: Some("10"),
    otherwise: "",
    heading: QUOTA,
    on: EXPORTING | SHOW,
    help: "How many calls of the 100 an hour to leave for others",
};
pub static WAIT: Setting = Setting {
    key: "wait",
    option: None,
    takes: "BOOL",
    kind: Kind::Flag,
    default: Some("false"),
    otherwise: "",
    heading: QUOTA,
    on: EXPORTING | SHOW,
    help: "Wait when the quota is spent, instead of ending with exit code 75",
};

pub static OUTPUT_FORMAT: Setting = Setting {
    key: "output",
    option: None,
    takes: "FORMAT",
    kind: Kind::Choice(&["text", "json"]),
    default: Some("text"),
    otherwise: "",
    heading: OUTPUT,
    on: READING | SENDING | EXPORTING | STATUS | VERIFY | LOAD_STATUS,
    help: "How the result is written on standard output",
};
pub static PROGRESS: Setting = Setting {
    key: "progress",
    option: None,
    takes: "HOW",
    kind: Kind::Choice(&["auto", "bar", "line", "json", "none"]),
    default: Some("auto"),
    otherwise: "",
    heading: OUTPUT,
    on: SENDING | CHECK | EXPORTING,
    help: "How progress is shown on standard error: a bar, a line each minute or a JSON object each second; `auto` is a bar on a \
           terminal and lines elsewhere",
};

pub static TABLE: &[&Setting] = &[
    &SERVICE_ID,
    &BASE_URL,
    &TOKEN_FILE,
    &TIMEOUT,
    &MAPPING,
    &TAXONOMY,
    &FORMAT,
    &ENCODING,
    &ID_COLUMNS,
    &SORT_BY_IDENTITY,
    &ORDERED,
    &BATCH_BYTES,
    &RATE,
    &RATE_SHARE,
    &CONCURRENCY,
    &PATIENCE,
    &MAX_BAD,
    &KEEP_GOING,
    &ON_REFUSAL,
    &STRICT,
    &DENY,
    &ALLOW,
    &DELTA,
    &NO_RESUME,
    &EXPORT_TOKEN_FILE,
    &EXPORT_FORMAT,
    &COMPRESS,
    &TIME_ZONE,
    &CALIBRATION,
    &LOOK_BACK,
    &SETTLE,
    &RESERVE,
    &WAIT,
    &OUTPUT_FORMAT,
    &PROGRESS,
];

/// What most people set. The short help shows these only.
static USUAL: [&Setting; 10] = [
    &SERVICE_ID,
    &TOKEN_FILE,
    &EXPORT_TOKEN_FILE,
    &MAPPING,
    &TAXONOMY,
    &MAX_BAD,
    &DELTA,
    &EXPORT_FORMAT,
    &TIME_ZONE,
    &OUTPUT_FORMAT,
];

impl Setting {
    pub fn is_usual(&self) -> bool {
        USUAL.iter().any(|usual| usual.key == self.key)
    }

    pub fn option(&self) -> String {
        self.option.map_or_else(|| self.key.replace('_', "-"), str::to_owned)
    }

    pub fn variable(&self) -> String {
        format!("DFINERY_{}", self.key.to_uppercase())
    }
}
