//! The Export API: a query in JSON, answered with CSV that may turn out to be a failure.

use std::{fmt, sync::Arc, time::Duration};

use jiff::{Timestamp, ToSpan, Unit, civil::Date, tz::TimeZone};

use crate::{
    ClientBuilder, Csv, Error, Operation, Token, Violations,
    byte_order_mark::without_mark,
    csv_body::{CsvBody, LONGEST_FAILURE, failure_in},
    failure::Failure,
    generated::{
        export::{
            Client,
            types::{ConditionType, ExportEventsRequest, ExportUserProfilesRequest},
        },
        responses::EXPORT_HTTP_STATUSES,
    },
    quota::Permit,
    transport::{Api, Reply, Transport, text_of},
    validate::Path,
};

/// A client of the Export API: extracts events and user profiles as CSV.
///
/// Cheap to clone; clones share connections, quota and retry budget. `Ok` means that CSV has begun; only reading
/// [`Csv`] to its end shows whether it also ends as it should.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use dfinery::{EventQuery, ExportClient};
///
/// let export = ExportClient::from_env()?;
/// let query = EventQuery::between("2026-11-01".parse()?, "2026-11-02".parse()?).only(["df_purchase"]);
/// let saved = export.events(&query).await?.save("purchases.csv").await?;
/// println!("{} rows", saved.rows);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ExportClient(pub(crate) Arc<Transport<Client>>);

impl ExportClient {
    /// A client with the default settings.
    ///
    /// # Errors
    /// If the service id or the token is empty or holds a character that cannot be sent.
    pub fn new(service_id: impl Into<String>, token: impl Into<String>) -> Result<Self, Error> {
        Self::builder().service_id(service_id).token(token).build()
    }

    /// A client from `DFINERY_SERVICE_ID`, `DFINERY_EXPORT_TOKEN` and, if set, `DFINERY_BASE_URL`.
    ///
    /// # Errors
    /// If a variable is missing, or its value is unfit; the message never shows a value.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().with_env("DFINERY_EXPORT_TOKEN")?.build()
    }

    /// Settings to change before a client is built.
    #[must_use]
    pub fn builder() -> ClientBuilder<Self> {
        ClientBuilder::new(Duration::from_secs(300), Duration::from_secs(600))
    }

    /// Extracts the events of a range of days, see [`Operation::ExportEvents`](crate::Operation::ExportEvents).
    ///
    /// The total time of an export is not limited, only the time until its CSV begins and any time in which nothing
    /// arrives.
    ///
    /// # Errors
    /// Before sending, if the range runs backwards or begins before the days that are kept, or if a filter names
    /// nothing. Afterwards, if the server
    /// refused it, answered with something else than CSV, or the quota is spent for longer than the retry policy waits.
    pub async fn events(&self, query: &EventQuery) -> Result<Csv, Error> {
        query.check(Timestamp::now())?;
        let (body, metadata) = self.0.call(&query.request.view()).await?;
        Ok(Csv::new(body, metadata, Operation::ExportEvents))
    }

    /// Extracts user profiles, see [`Operation::ExportUserProfiles`](crate::Operation::ExportUserProfiles).
    ///
    /// # Errors
    /// As [`events`](Self::events).
    pub async fn user_profiles(&self, query: &UserProfileQuery) -> Result<Csv, Error> {
        query.check()?;
        let (body, metadata) = self.0.call(&query.request.view()).await?;
        Ok(Csv::new(body, metadata, Operation::ExportUserProfiles))
    }
}

impl fmt::Debug for ExportClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportClient").finish_non_exhaustive()
    }
}

impl ClientBuilder<ExportClient> {
    /// Whether to read a body whose length the server does not state. Default: no.
    ///
    /// Without `Content-Length` and without chunks, a lost connection looks like the end of the data.
    #[must_use]
    pub fn accept_unframed_body(mut self, accept: bool) -> Self {
        self.settings.judge.accept_unframed_body = accept;
        self
    }

    /// Whether to accept as CSV a body with none of the columns that the documentation gives every export, such as
    /// `df_unified_id`. Default: no, since an error text would pass for an export without rows.
    #[must_use]
    pub fn accept_any_header(mut self, accept: bool) -> Self {
        self.settings.judge.accept_any_header = accept;
        self
    }

    /// Builds the client; nothing is sent.
    ///
    /// # Errors
    /// If the service id, the token, the base URL or the application name is missing or unfit.
    pub fn build(self) -> Result<ExportClient, Error> {
        Transport::new(self.settings).map(|transport| ExportClient(Arc::new(transport)))
    }
}

/// Which events to extract, and which of their properties.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dfinery::EventQuery;
/// let query = EventQuery::between("2026-11-01".parse()?, "2026-11-02".parse()?)
///     .only(["df_purchase"])
///     .only_properties(["df_discount", "df_items_df_price"]);
/// # drop(query);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EventQuery {
    pub(crate) request: ExportEventsRequest,
}

impl EventQuery {
    /// All events from one day to another. It is undocumented in which time zone a day begins, and whether the last day
    /// is included.
    #[must_use]
    pub fn between(from: Date, to: Date) -> Self {
        Self {
            request: ExportEventsRequest {
                events: Vec::new(),
                events_condition_type: ConditionType::All,
                properties: Vec::new(),
                properties_condition_type: None,
                from_date: from,
                to_date: to,
            },
        }
    }

    /// Only the events of these names.
    #[must_use]
    pub fn only<N: Into<String>>(mut self, events: impl IntoIterator<Item = N>) -> Self {
        self.request.events = texts(events);
        self.request.events_condition_type = ConditionType::Include;
        self
    }

    /// All events but those of these names.
    #[must_use]
    pub fn without<N: Into<String>>(mut self, events: impl IntoIterator<Item = N>) -> Self {
        self.request.events = texts(events);
        self.request.events_condition_type = ConditionType::Exclude;
        self
    }

    /// Only these properties. A property of an item takes the prefix `df_items_`, as in `df_items_df_price`. The
    /// unified id and the system columns are always included.
    #[must_use]
    pub fn only_properties<N: Into<String>>(mut self, properties: impl IntoIterator<Item = N>) -> Self {
        self.request.properties = texts(properties);
        self.request.properties_condition_type = Some(ConditionType::Include);
        self
    }

    /// All properties but these.
    #[must_use]
    pub fn without_properties<N: Into<String>>(mut self, properties: impl IntoIterator<Item = N>) -> Self {
        self.request.properties = texts(properties);
        self.request.properties_condition_type = Some(ConditionType::Exclude);
        self
    }

    /// Refuses days that cannot be extracted in any time zone; the server judges borderline days. The spec has no longest
    /// range: one that is longer than the start may lie back ends after today, where there is nothing to extract yet.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Error> {
        let reach = ExportEventsRequest::FROM_DATE_MAX_AGE_DAYS;
        let ExportEventsRequest { from_date, to_date, .. } = self.request;
        let days = |from: Date, to: Date| to.since((Unit::Day, from)).map_or(i32::MAX, |span| span.get_days());
        let today = now.to_zoned(TimeZone::UTC).date();
        let mut violations = Violations::new();
        if days(from_date, today) > reach {
            let oldest = today.saturating_sub(reach.days());
            let problem = format!("only the last {reach} days can be extracted: the earliest start is {oldest}");
            violations.push(&Path::root().field("from_date"), problem);
        } else if days(from_date, to_date) > reach {
            let problem = format!("the range is longer than the {reach} days that can be extracted");
            violations.push(&Path::root().field("to_date"), problem);
        }
        let request = &self.request;
        refuse_filter_without_names(
            "events",
            Some(request.events_condition_type),
            &request.events,
            &mut violations,
        );
        refuse_filter_without_names(
            "properties",
            request.properties_condition_type,
            &request.properties,
            &mut violations,
        );
        violations
            .into_result()
            .map_err(|violations| Error::invalid(Operation::ExportEvents, violations))
    }
}

/// Which user profiles to extract, and which of their properties.
///
/// ```
/// let query = dfinery::UserProfileQuery::all().audience("nwh3nu").without_properties(["df_birth"]);
/// # drop(query);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct UserProfileQuery {
    pub(crate) request: ExportUserProfilesRequest,
}

impl UserProfileQuery {
    /// All users with all their properties.
    #[must_use]
    pub fn all() -> Self {
        Self {
            request: ExportUserProfilesRequest {
                properties: Vec::new(),
                properties_condition_type: ConditionType::All,
                identities: Vec::new(),
                identities_condition_type: None,
                audience: None,
            },
        }
    }

    /// Only the users of an audience, by its id in the console.
    #[must_use]
    pub fn audience(mut self, id: impl Into<String>) -> Self {
        self.request.audience = Some(id.into());
        self
    }

    /// Only these properties. The unified id is always included.
    #[must_use]
    pub fn only_properties<N: Into<String>>(mut self, properties: impl IntoIterator<Item = N>) -> Self {
        self.request.properties = texts(properties);
        self.request.properties_condition_type = ConditionType::Include;
        self
    }

    /// All properties but these.
    #[must_use]
    pub fn without_properties<N: Into<String>>(mut self, properties: impl IntoIterator<Item = N>) -> Self {
        self.request.properties = texts(properties);
        self.request.properties_condition_type = ConditionType::Exclude;
        self
    }

    /// Also all identity properties; the documentation says that only the external id comes.
    #[must_use]
    pub fn with_identities(mut self) -> Self {
        self.request.identities_condition_type = Some(ConditionType::All);
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let mut violations = Violations::new();
        let condition = Some(self.request.properties_condition_type);
        refuse_filter_without_names("properties", condition, &self.request.properties, &mut violations);
        violations
            .into_result()
            .map_err(|violations| Error::invalid(Operation::ExportUserProfiles, violations))
    }
}

fn texts<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Vec<String> {
    names.into_iter().map(Into::into).collect()
}

/// The meaning of `include` or `exclude` without names is undocumented, and the possible readings are opposite.
fn refuse_filter_without_names(
    field: &str,
    condition: Option<ConditionType>,
    names: &[String],
    violations: &mut Violations,
) {
    if names.is_empty() && condition.is_some_and(|condition| condition != ConditionType::All) {
        let problem = "a filter needs at least one name: what it means without names is undocumented";
        violations.push(&Path::root().field(field), problem);
    }
}

impl Api for Client {
    const TOKEN: Token = Token::Export;
    const ACCEPT: &'static str = "text/csv, */*;q=0.5";
    type Answer = CsvBody;

    async fn judge(mut reply: Reply, permit: Permit) -> Result<CsvBody, Failure> {
        if reply.is_success() {
            return CsvBody::open(reply, permit).await;
        }
        let (body, _) = reply.body.read(LONGEST_FAILURE).await?;
        let failure = failure_in(&body, reply.status).unwrap_or_else(|| {
            let content_type = reply.header("content-type");
            Failure::of_answer(reply.status, content_type, without_mark(&body), EXPORT_HTTP_STATUSES)
        });
        Err(failure.with_body(text_of(&body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_refused_only_when_it_is_too_old_in_every_time_zone() {
        let now: Timestamp = "2026-11-22T00:30:00Z".parse().unwrap();
        let query = |from: &str| EventQuery::between(from.parse().unwrap(), "2026-11-22".parse().unwrap());
        assert!(query("2026-10-23").check(now).is_ok());
        assert!(query("2026-11-23").check(now).is_ok());
        let error = query("2026-10-22").check(now).unwrap_err();
        assert_eq!(error.violations().unwrap()[0].path(), "from_date");
        assert!(error.to_string().contains("2026-10-23"), "{error}");
        let long = EventQuery::between("2026-11-22".parse().unwrap(), "2026-12-23".parse().unwrap());
        assert_eq!(long.check(now).unwrap_err().violations().unwrap()[0].path(), "to_date");
    }
}
