//! What the documentation leaves open, as plain data: one field for each open question.

use std::collections::{BTreeSet, HashMap};

use super::{clock::Clock, registered::Registered};
use dfinery::{Family, tables::RateLimit};

/// How the emulator behaves where DFINERY's documentation is silent or contradicts itself.
///
/// The defaults are the readings we consider most likely. A robust client passes its tests under the others too.
///
/// ```
/// use dfinery_emulator::{CodeStyle, Settings};
/// let settings = Settings { code_style: CodeStyle::Digits, ..Settings::default() };
/// ```
#[derive(Clone, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is the answer to a question of its own"
)]
pub struct Settings {
    /// Which is checked first when both the token and the service id are wrong. Undocumented; default: the token.
    pub check_order: CheckOrder,
    /// Whether a request without `content-type: application/json` is refused. The header is documented as required, but
    /// not what happens without it; default: refused.
    pub require_content_type: bool,
    /// Longest request body in bytes; a longer one is answered with HTTP 413. Undocumented; default: 8 MiB.
    pub body_limit: usize,

    /// How an import answer writes its `code`: the pages show both. Default: as a number.
    pub code_style: CodeStyle,
    /// The `data` of an import success: the pages show both. Default: `true`.
    pub success_data: SuccessData,
    /// The HTTP status of import failures: the detail table and the HTTP table differ. Default: the detail table, so HTTP 200.
    pub import_failures: FailureStyle,
    /// The HTTP status of export failures. Default: the detail table.
    pub export_failures: FailureStyle,
    /// How a spent quota is answered: the pages differ. Default: like any other failure.
    pub over_limit: OverLimit,
    /// How the end of a JSON answer is marked. Undocumented; default: by `content-length`.
    pub json_framing: Framing,

    /// How the rate-limit headers are spelled: the pages show both. Default: `X-Rate-Limit-*`.
    pub rate_headers: RateHeaders,
    /// The unit of the reset header: the pages show both. Default: seconds.
    pub reset_unit: ResetUnit,
    /// Whether an answer to a spent quota has a `Retry-After` header. Not documented, but gateways add it; default: no.
    pub retry_after: bool,
    /// Quotas instead of the documented ones, as a service gets them on request. Default: none.
    pub rate_limits: HashMap<Family, RateLimit>,
    /// Divides the calls that every quota allows per period, but not below one: 10 gives a tenth. Default: 1. Zero counts as 1.
    pub rate_limit_divisor: u32,
    /// When a spent quota comes back. Undocumented; default: at the next full period of the clock.
    pub window: Window,

    /// The events and properties that are registered. Default: the standard ones. Documented: only registered ones are loaded.
    pub taxonomy: Registered,
    /// What happens to an event or a user property that is not registered or has the wrong type. Undocumented; default: refused.
    pub unregistered: Unregistered,
    /// Whether a missing required property counts as wrong. Documented for the SDKs only; default: yes.
    pub enforce_required: bool,
    /// What one bad event does to the others of its request. Undocumented; default: all of them fail.
    pub batch: Batch,
    /// What happens to an event with a repeated `event_log_id`. Undocumented; default: it is stored again.
    pub duplicates: Duplicates,

    /// What happens to events and user properties of an identity that was never created. Undocumented; default: it is created.
    pub unknown_identity: UnknownIdentity,
    /// Whether deleting an unknown external id is a success. Undocumented; default: yes.
    pub unknown_deletion_succeeds: bool,
    /// Whether the events of a deleted user stay in exports. Undocumented; default: yes.
    pub deletion_keeps_events: bool,
    /// What `null` does to a user property. Undocumented; default: it clears the property.
    pub null_property: NullProperty,
    /// What happens to the properties that an update of a user does not name. Undocumented; default: they stay.
    pub profile_update: ProfileUpdate,

    /// The time zone of the days in `from_date` and `to_date`. Undocumented; default: UTC.
    pub day_zone: DayZone,
    /// The time by which an export picks its events. Undocumented; default: when the event happened.
    pub export_time: ExportTime,
    /// Whether `to_date` itself is part of the export. Undocumented, but a sample has equal dates; default: yes.
    pub to_date_inclusive: bool,
    /// The rows of an event with items. Undocumented; default: one row per event.
    pub item_rows: ItemRows,
    /// Whether the unified id and the system columns come before the properties: table and sample differ. Default: after them.
    pub system_columns_first: bool,
    /// The audiences that a user profile export can name: the external ids in each. Default: none; an unknown one is an invalid
    /// parameter, which is undocumented too.
    pub audiences: HashMap<String, BTreeSet<String>>,

    /// How the end of a CSV is marked. Undocumented; default: chunked.
    pub csv_framing: Framing,
    /// The `content-type` of a CSV, or none. Undocumented; default: `text/csv`.
    pub csv_content_type: Option<String>,
    /// Whether a CSV begins with a byte order mark. Undocumented; default: no.
    pub bom: bool,
    /// What ends a line of a CSV. Undocumented; default: a line feed.
    pub line_ending: LineEnding,
    /// If set, exports hold at least this many bytes of made-up rows instead of what was stored. Default: unset.
    pub synthetic_export_bytes: Option<u64>,

    /// If set, the connection is closed after this many bytes of a longer CSV, as by a proxy with a limit on time or size.
    /// Default: unset.
    pub longest_export: Option<u64>,

    /// The emulator's clock. Default: the system's.
    pub clock: Clock,
    /// How many requests, and how many events, the emulator remembers. Beyond it a request is answered as an internal error, has
    /// no effect and is counted by [`Ledger::over_capacity`](super::Ledger::over_capacity). Default: one million of each.
    pub capacity: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            check_order: CheckOrder::default(),
            require_content_type: true,
            body_limit: 8 * 1024 * 1024,
            code_style: CodeStyle::default(),
            success_data: SuccessData::default(),
            import_failures: FailureStyle::default(),
            export_failures: FailureStyle::default(),
            over_limit: OverLimit::default(),
            json_framing: Framing::ContentLength,
            rate_headers: RateHeaders::default(),
            reset_unit: ResetUnit::default(),
            retry_after: false,
            rate_limits: HashMap::new(),
            rate_limit_divisor: 1,
            window: Window::default(),
            taxonomy: Registered::standard(),
            unregistered: Unregistered::default(),
            enforce_required: true,
            batch: Batch::default(),
            duplicates: Duplicates::default(),
            unknown_identity: UnknownIdentity::default(),
            unknown_deletion_succeeds: true,
            deletion_keeps_events: true,
            null_property: NullProperty::default(),
            profile_update: ProfileUpdate::default(),
            day_zone: DayZone::default(),
            export_time: ExportTime::default(),
            to_date_inclusive: true,
            item_rows: ItemRows::default(),
            system_columns_first: false,
            audiences: HashMap::new(),
            csv_framing: Framing::Chunked,
            csv_content_type: Some("text/csv".to_owned()),
            bom: false,
            line_ending: LineEnding::default(),
            synthetic_export_bytes: None,
            longest_export: None,
            clock: Clock::default(),
            capacity: 1_000_000,
        }
    }
}

/// Which is checked first when both the token and the service id are wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckOrder {
    /// The token, then the service id.
    #[default]
    TokenFirst,
    /// The service id, then the token.
    ServiceIdFirst,
}

/// How an import answer writes its `code`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodeStyle {
    /// As a JSON number.
    #[default]
    Number,
    /// As a JSON string of digits.
    Digits,
}

/// The `data` of an import success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SuccessData {
    /// `true`.
    #[default]
    True,
    /// `null`.
    Null,
}

/// The HTTP status of a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureStyle {
    /// That of the detail table, [`CodeInfo::http_status`](dfinery::tables::CodeInfo::http_status).
    #[default]
    DetailTable,
    /// The alternative, [`CodeInfo::http_status_alternative`](dfinery::tables::CodeInfo::http_status_alternative).
    Alternative,
}

/// How a spent quota is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverLimit {
    /// Like any other failure of the API.
    #[default]
    LikeOtherFailures,
    /// With HTTP 429 and the failure as the body.
    Http429,
    /// With HTTP 429 and no body.
    Http429Empty,
}

/// How the end of a body is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By `content-length`.
    ContentLength,
    /// By chunked transfer coding.
    Chunked,
    /// Only by the end of the connection, as in HTTP/1.0: a cut cannot be distinguished from the end.
    CloseDelimited,
}

/// How the rate-limit headers are spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateHeaders {
    /// `X-Rate-Limit-Limit`, `X-Rate-Limit-Remaining`, `X-Rate-Limit-Reset`, as in the table of the documentation.
    #[default]
    Dashed,
    /// `x-ratelimit-limit`, `x-ratelimit-remaining`, `x-ratelimit-reset`, as in its examples.
    Compact,
    /// None are sent.
    Absent,
}

/// The unit of the reset header, since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResetUnit {
    /// Seconds.
    #[default]
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

/// When a spent quota comes back. Calls refused for the quota do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// All of it, at the next full period of the clock.
    #[default]
    Fixed,
    /// Each call one period after it was made.
    Sliding,
}

/// What happens to an event or a user property that the taxonomy does not allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unregistered {
    /// It is a validation failure; [`Batch`] says what happens to the other events.
    #[default]
    Refuse,
    /// The answer is a success, but the event or property is not stored: the silent loss that the SDK pages describe.
    DropSilently,
    /// It is stored as if it were registered.
    Accept,
}

/// What one bad event does to the others of its request.
///
/// Only for what [`Unregistered::Refuse`] refuses: a request that does not fit the schema always fails as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Batch {
    /// None is stored, and the answer is a failure.
    #[default]
    AllOrNothing,
    /// The good ones are stored, and the answer is a failure.
    KeepGoodAndFail,
    /// The good ones are stored, and the answer is a success.
    KeepGoodAndSucceed,
}

/// What happens to an event with a repeated `event_log_id`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// It is stored again.
    #[default]
    Keep,
    /// It is accepted but not stored.
    Drop,
}

/// What happens to events and user properties of an identity that was never created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownIdentity {
    /// It is created implicitly.
    #[default]
    Create,
    /// It is a validation failure.
    Refuse,
}

/// What `null` does to a user property.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NullProperty {
    /// It clears the property.
    #[default]
    Clear,
    /// Nothing: the old value stays.
    Ignore,
}

/// What happens to the properties that an update of a user does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProfileUpdate {
    /// They stay.
    #[default]
    Merge,
    /// They are cleared.
    Replace,
}

/// The time zone of the days of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DayZone {
    /// UTC.
    #[default]
    Utc,
    /// Korea, nine hours ahead of UTC.
    Kst,
}

/// The time by which an export picks its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportTime {
    /// When the event happened: its `event_datetime`.
    #[default]
    Event,
    /// When the event reached the server.
    Server,
}

/// The rows of an event with items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ItemRows {
    /// One row per event; an item column holds a JSON array with one value per item.
    #[default]
    Joined,
    /// One row per item, with the properties of the event repeated; an event without items has one row.
    Separate,
}

/// What ends a line of a CSV.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnding {
    /// A line feed.
    #[default]
    Lf,
    /// A carriage return and a line feed.
    CrLf,
}
