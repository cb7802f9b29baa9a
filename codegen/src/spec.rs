//! The whole spec, parsed and checked.

use serde::de::DeserializeOwned;

use crate::{
    grammar, lint,
    openapi::{Api, Operation},
    parse::{self, Parsed},
    problem::Problems,
    responses::Responses,
    sources::Sources,
    taxonomy::Taxonomy,
};

/// The data from which everything is generated.
#[derive(Debug)]
pub struct Spec {
    pub import: Api,
    pub export: Api,
    pub responses: Responses,
    pub taxonomy: Taxonomy,
    pub sources: Sources,
}

impl Spec {
    /// Reads the values into their types and applies all rules.
    ///
    /// # Errors
    /// Everything wrong, as far as one run can see: a wrong type hides only the other faults of its file.
    pub fn new(parsed: &Parsed) -> Result<Self, Problems> {
        let mut problems = parsed.problems.clone();
        let sources = table::<Sources>("sources", parsed, &mut problems);
        let responses = table::<Responses>("responses", parsed, &mut problems);
        let taxonomy = table::<Taxonomy>("taxonomy", parsed, &mut problems);
        let import = api("import", parsed, &mut problems);
        let export = api("export", parsed, &mut problems);

        let pages = sources.as_ref();
        if let Some(sources) = &sources {
            sources.lint(&mut problems);
        }
        if let Some(responses) = &responses {
            responses.lint(pages, &mut problems);
        }
        if let Some(taxonomy) = &taxonomy {
            taxonomy.lint(pages, &mut problems);
        }
        let apis: Vec<_> = [&import, &export].into_iter().flatten().collect();
        for api in &apis {
            lint::api(api, pages, &mut problems);
        }
        lint::across(&apis, &mut problems);

        match (import, export, responses, taxonomy, sources) {
            (Some(import), Some(export), Some(responses), Some(taxonomy), Some(sources)) => {
                problems.into_result()?;
                Ok(Self {
                    import,
                    export,
                    responses,
                    taxonomy,
                    sources,
                })
            }
            _ => Err(problems),
        }
    }

    /// Both documents.
    #[must_use]
    pub fn apis(&self) -> [&Api; 2] {
        [&self.import, &self.export]
    }

    /// The operations of both documents.
    pub fn operations(&self) -> impl Iterator<Item = (&Api, &str, &str, &Operation)> {
        self.apis().into_iter().flat_map(|api| {
            let operations = api.document.operations();
            operations.map(move |(path, method, operation)| (api, path, method, operation))
        })
    }
}

fn table<T: DeserializeOwned>(name: &str, parsed: &Parsed, problems: &mut Problems) -> Option<T> {
    problems.keep(parse::typed(name, parsed.values.get(name)?))
}

/// A document, unless it breaks the grammar so badly that it cannot be understood.
fn api(name: &'static str, parsed: &Parsed, problems: &mut Problems) -> Option<Api> {
    let value = parsed.values.get(name)?.clone();
    let mut faults = Problems::default();
    grammar::check(&parse::file(name), &value, &mut faults);
    let document = parse::typed(name, &value);
    let document = match faults.into_result() {
        Ok(()) => problems.keep(document),
        Err(faults) => {
            problems.append(faults);
            document.ok()
        }
    };
    Some(Api {
        name,
        value,
        document: document?,
    })
}
