//! A check of all records, without a load.

use std::{path::Path, sync::Arc};

use crate::{
    bad_rows_of_check::BadRowsFile,
    error::LoadError,
    file_load::{FileLoad, is_stdin},
    path_name::path_name,
    progress::Progress,
};
use dfinery_input::Input;
use dfinery_records::{Checker, Report, Taxonomy, WarningPolicy};

/// Records between two updates of the progress of a check.
const GLANCE: u64 = 1_024;

/// Checks every record of files and sends nothing. If there is a place for `bad_rows`, those of the one input are written there
/// as [`BadRows`](crate::BadRows) would write them, and no file is made if there are none. Blocking.
///
/// # Errors
/// If an input cannot be read to its end, or the bad rows cannot be written or are of several inputs.
pub fn check_files(
    load: &FileLoad,
    taxonomy: Option<Taxonomy>,
    warnings: WarningPolicy,
    progress: &Progress,
    bad_rows: Option<&Path>,
) -> Result<Report, LoadError> {
    if bad_rows.is_some() && load.inputs.len() > 1 {
        return Err(LoadError::settings(
            "the bad rows of several inputs do not fit into one file: check the inputs one by one",
        ));
    }
    if let (Some(out), [input]) = (bad_rows, &*load.inputs)
        && let (Ok(out), Ok(input)) = (out.canonicalize(), input.canonicalize())
        && out == input
    {
        return Err(LoadError::settings(
            "the bad rows would replace the input: write them to another file",
        ));
    }
    let taxonomy = taxonomy.map(Arc::new);
    let mut checker = Checker::new(taxonomy.clone(), load.accepts).policy(warnings);
    let mut report = Report::new(taxonomy.as_deref().map(Taxonomy::name)).policy(warnings);
    for path in &load.inputs {
        let name = path_name(path);
        let input = if is_stdin(path) {
            Input::from_reader(
                &name,
                Box::new(std::io::stdin()),
                &load.options,
                taxonomy.as_deref(),
                load.accepts,
            )?
        } else {
            Input::open(path, &load.options, taxonomy.as_deref(), load.accepts)?
        };
        let mut input = input.refuse_foreign_shape(load.accepts)?;
        let mut bad_rows = bad_rows.map(|path| BadRowsFile::new(path, &input));
        progress.input(input.length().unwrap_or_default());
        let passed = input.passed();
        let (mut bytes, mut records) = (0, 0_u64);
        while let Some(line) = input.next()? {
            records += 1;
            let outcome = line.json.as_ref().map(|json| checker.check(json));
            match &outcome {
                Ok(record) => report.record(&name, line.number, record.as_ref()),
                Err(violation) => report.unreadable(&name, line.number, violation),
            }
            if let Some(file) = &mut bad_rows {
                match &outcome {
                    Ok(Ok(_)) => {}
                    Ok(Err(violations)) => file.add(&line, violations)?,
                    Err(violation) => file.add(&line, std::slice::from_ref(*violation))?,
                }
            }
            if records.is_multiple_of(GLANCE) {
                progress.read(GLANCE);
                progress.bytes(passed.bytes() - bytes);
                bytes = passed.bytes();
            }
        }
        progress.read(records % GLANCE);
        progress.bytes(passed.bytes() - bytes);
        report.name_columns(|path| input.column_of(path).map(str::to_owned));
        let passed_over = input.passed_over();
        report.passed_over(&name, passed_over.rows, &passed_over.first_lines);
        bad_rows.map_or(Ok(()), BadRowsFile::finish)?;
        input.finish()?;
    }
    Ok(report)
}
