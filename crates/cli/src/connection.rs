//! Makes a client and a loader from settings.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use dfinery::{ExportClient, Family, ImportClient, tables::RateLimit};
use dfinery_input::{Input, is_url, read_text};
use dfinery_load::{
    Accepts, FileLoad, InputOptions, Loader, LoaderBuilder, Mapping, RecordKind, Taxonomy, WarningPolicy,
    folder_of_load,
};

use crate::dataset;
use crate::settings::{
    MOST_BYTES, Settings, TokenAt,
    table::{
        ALLOW, BASE_URL, BATCH_BYTES, CONCURRENCY, DENY, ENCODING, EXPORT_TOKEN_VARIABLE, FORMAT, ID_COLUMNS,
        KEEP_GOING, MAPPING, MAX_BAD, NO_RESUME, ON_REFUSAL, ORDERED, PATIENCE, RATE, RATE_SHARE, SERVICE_ID,
        SORT_BY_IDENTITY, STRICT, TAXONOMY, TIMEOUT, TOKEN_VARIABLE,
    },
};

/// A client that may export.
pub fn export_client(settings: &Settings) -> anyhow::Result<ExportClient> {
    let token = token("export", EXPORT_TOKEN_VARIABLE, settings.export_token.as_ref())?;
    let mut client = ExportClient::builder().service_id(service_id(settings)?).token(token);
    if let Some(base_url) = settings.text(&BASE_URL) {
        client = client.base_url(base_url);
    }
    // The default is for loads: an export is silent for longer.
    if let Some(timeout) = settings.duration(&TIMEOUT).filter(|_| settings.is_set(&TIMEOUT)) {
        client = client.read_timeout(timeout).attempt_timeout(timeout);
    }
    client.build().map_err(|error| unbuilt(settings, error))
}

/// A loader that may send.
pub fn loader(settings: &Settings, accepts: Accepts) -> anyhow::Result<Loader> {
    let token = token("import", TOKEN_VARIABLE, settings.token.as_ref());
    build(settings, accepts, service_id(settings)?, &token?)
}

/// Why a client could not be built, and where the address was set if that is the reason.
fn unbuilt(settings: &Settings, error: dfinery::Error) -> anyhow::Error {
    let with_address = |url| ImportClient::builder().service_id("none").token("none").base_url(url);
    match settings.text(&BASE_URL) {
        Some(url) if with_address(url).build().is_err() => anyhow::Error::new(error).context(settings.place(&BASE_URL)),
        _ => error.into(),
    }
}

fn service_id(settings: &Settings) -> anyhow::Result<&str> {
    settings.text(&SERVICE_ID).with_context(|| {
        "the service id is not set: give --service-id, set DFINERY_SERVICE_ID, or write service_id into dfinery.toml"
    })
}

/// A loader for plans: it works without a connection, so that a file can be inspected before there is an account.
pub fn planner(settings: &Settings, accepts: Accepts) -> anyhow::Result<Loader> {
    build(settings, accepts, "none", "none")
}

fn build(settings: &Settings, accepts: Accepts, service_id: &str, token: &str) -> anyhow::Result<Loader> {
    let mut client = ImportClient::builder().service_id(service_id).token(token);
    if let Some(base_url) = settings.text(&BASE_URL) {
        client = client.base_url(base_url);
    }
    if let Some(timeout) = settings.duration(&TIMEOUT) {
        client = client.attempt_timeout(timeout).read_timeout(timeout);
    }
    for family in families(accepts) {
        client = client.rate_limit(family, rate_limit(settings, accepts, family)?);
    }
    let import = client.build().map_err(|error| unbuilt(settings, error))?;
    Ok(options(settings, Loader::builder(&import))?.build())
}

fn options(settings: &Settings, mut loader: LoaderBuilder) -> anyhow::Result<LoaderBuilder> {
    loader = loader.warnings(warnings(settings));
    if let Some(taxonomy) = taxonomy(settings)? {
        loader = loader.taxonomy(taxonomy);
    }
    if let Some(calls) = settings.count(&CONCURRENCY) {
        loader = loader.most_calls(size(calls));
    }
    if let Some(patience) = settings.duration(&PATIENCE) {
        loader = loader.patience(patience);
    }
    if let Some(bytes) = settings.count(&BATCH_BYTES) {
        loader = loader.batch_bytes(size(bytes));
    }
    if let Some(most) = settings.most_bad(&MAX_BAD) {
        loader = loader.most_bad(most);
    }
    loader = loader.keep_going(settings.flag(&KEEP_GOING));
    Ok(loader.divide_refused(settings.text(&ON_REFUSAL) != Some("reject-all")))
}

fn families(accepts: Accepts) -> Vec<Family> {
    let kinds = match accepts {
        Accepts::Only(kind) => vec![kind],
        Accepts::Mixed => vec![RecordKind::Identity, RecordKind::Profile, RecordKind::Event],
    };
    kinds.into_iter().map(|kind| kind.operation().family()).collect()
}

/// The quota of the one family that is loaded; none for mixed records, which spend several.
pub fn quota(settings: &Settings, accepts: Accepts) -> anyhow::Result<Option<RateLimit>> {
    let limits = families(accepts)
        .into_iter()
        .map(|family| rate_limit(settings, accepts, family))
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(match limits[..] {
        [limit] => Some(limit),
        _ => None,
    })
}

fn rate_limit(settings: &Settings, accepts: Accepts, family: Family) -> anyhow::Result<RateLimit> {
    let mut limit = family.rate_limit();
    if let Some(calls) = settings.count(&RATE) {
        if accepts == Accepts::Mixed {
            bail!("--rate is for records of one kind, and a mixed file spends three quotas: use --rate-share");
        }
        limit.requests = u32::try_from(calls).unwrap_or(u32::MAX);
        limit.period = Duration::from_secs(60);
    }
    if let Some(share) = settings.share(&RATE_SHARE) {
        limit.requests = part(limit.requests, share);
    }
    Ok(limit)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a number is no larger than the number"
)]
fn part(requests: u32, share: f64) -> u32 {
    ((f64::from(requests) * share) as u32).max(1)
}

fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn token(kind: &str, variable: &str, token: Option<&TokenAt>) -> anyhow::Result<String> {
    let text = match token {
        None => bail!(
            "the {kind} token is not set: set {variable}, or give --token-file with a file that holds it. It is in the \
             console"
        ),
        Some(TokenAt::Variable(name)) => std::env::var(name)
            .ok()
            .with_context(|| format!("{name}: it does not hold UTF-8"))?,
        Some(TokenAt::File(path, _)) => {
            let text = read(path).with_context(|| format!("cannot read the token from {}", path.display()))?;
            if text.trim().is_empty() {
                bail!("{}: the file of the token is empty", path.display());
            }
            text
        }
    };
    Ok(text.trim().to_owned())
}

/// What to load, as the settings say it.
pub fn file_load(settings: &Settings, accepts: Accepts, files: &[PathBuf]) -> anyhow::Result<FileLoad> {
    let inputs = dataset::files_of(files)?;
    let mut load = FileLoad::new(accepts, &inputs);
    if let [folder] = files
        && inputs != files
    {
        // Beside the folder: what is in it may be read as a table.
        load.state = Some(folder_of_load(folder));
    }
    load.options = input_options(settings)?;
    refuse_idle_mapping(settings, &load)?;
    load.sort_by_identity = settings.flag(&SORT_BY_IDENTITY);
    // A settings file is for all loads of a folder, but this setting only matters for mixed loads.
    load.ordered = settings.flag(&ORDERED) && (accepts == Accepts::Mixed || settings.is_option(&ORDERED));
    load.id_fields = settings.list(&ID_COLUMNS).to_vec();
    load.resume = !settings.flag(&NO_RESUME);
    Ok(load)
}

/// Refuses a mapping that was given for this command, if all its files hold records already. One of the settings file may be
/// for other loads.
fn refuse_idle_mapping(settings: &Settings, load: &FileLoad) -> anyhow::Result<()> {
    if !settings.is_option(&MAPPING) || load.inputs.iter().any(|path| path.as_os_str() == "-") {
        return Ok(());
    }
    for path in &load.inputs {
        // What cannot be opened is told when it is to be read; a pipe can be read only once.
        if !path.is_file() && !is_url(path) {
            return Ok(());
        }
        let opened = Input::open(path, &load.options, None, load.accepts);
        if opened.map_or(true, |input| input.is_mapped()) {
            return Ok(());
        }
    }
    let names: Vec<_> = load.inputs.iter().map(|path| path.display().to_string()).collect();
    bail!(
        "{} holds records as they are loaded, which need no mapping: leave --mapping out",
        names.join(", ")
    );
}

pub fn input_options(settings: &Settings) -> anyhow::Result<InputOptions> {
    let mut options = InputOptions::default();
    let read_as = |setting| settings.text(setting);
    options.format = read_as(&FORMAT)
        .map(str::parse)
        .transpose()
        .map_err(anyhow::Error::msg)?;
    options.encoding = read_as(&ENCODING)
        .map(str::parse)
        .transpose()
        .map_err(anyhow::Error::msg)?;
    options.mapping = mapping(settings)?;
    Ok(options)
}

pub fn mapping(settings: &Settings) -> anyhow::Result<Option<Mapping>> {
    let Some(path) = settings.path(&MAPPING) else {
        return Ok(None);
    };
    let mapping = Mapping::from_yaml(&read_text(path, MOST_BYTES)?);
    let name = path.display().to_string();
    Ok(Some(mapping.with_context(|| name.clone())?.named(name)))
}

pub fn taxonomy(settings: &Settings) -> anyhow::Result<Option<Taxonomy>> {
    let Some(path) = settings.path(&TAXONOMY) else {
        return Ok(None);
    };
    read_taxonomy(path).map(Some)
}

pub fn read_taxonomy(path: &Path) -> anyhow::Result<Taxonomy> {
    let text = read_text(path, MOST_BYTES)?;
    let name = path.display().to_string();
    let taxonomy = Taxonomy::from_yaml(&text).with_context(|| name.clone())?;
    Ok(taxonomy.named(name))
}

/// Which warnings are errors, and which are silent.
pub fn warnings(settings: &Settings) -> WarningPolicy {
    let policy = if settings.flag(&STRICT) {
        WarningPolicy::default().deny_all()
    } else {
        WarningPolicy::default()
    };
    let deny = |policy: WarningPolicy, kind| policy.deny(kind);
    let allow = |policy: WarningPolicy, kind| policy.allow(kind);
    let policy = settings.warnings(&DENY).iter().copied().fold(policy, deny);
    settings.warnings(&ALLOW).iter().copied().fold(policy, allow)
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}
