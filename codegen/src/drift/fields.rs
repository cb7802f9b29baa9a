//! The tables of an operation's page: finds which parameter, header, field or column each row is about.

use std::collections::BTreeSet;

use super::{
    block::{Block, Row, Table},
    book::Book,
    cells::{flag_value, header_value, type_value, understood},
    compare::{Expected, Group, Sheet},
    json,
    page::Page,
    recognise, values,
    words::{Columns, Role, plain},
};
use crate::taxonomy::Type;

/// Reads all tables; those of neither fields nor columns go to `other`.
pub fn read(
    sheet: &mut Sheet,
    page: &Page,
    expected: &[Expected],
    book: &Book,
    mut other: impl FnMut(&mut Sheet, &Table),
) {
    let mut heading = String::new();
    let mut reader = Fields {
        expected,
        covered: BTreeSet::new(),
    };
    for block in &page.blocks {
        match block {
            Block::Heading(line) => line.text.clone_into(&mut heading),
            Block::Table(table) => {
                if reader.is_columns(table, &heading) {
                    reader.columns(sheet, table);
                } else if recognise::is_fields(table) || reader.has_names(table) {
                    reader.fields(sheet, table, &heading, book);
                } else {
                    other(sheet, table);
                }
            }
            _ => {}
        }
    }
}

struct Fields<'a> {
    expected: &'a [Expected],
    /// The subjects of the rows so far.
    covered: BTreeSet<String>,
}

impl Fields<'_> {
    fn knows(&self, group: Group, subject: &str) -> bool {
        self.expected
            .iter()
            .any(|expected| expected.group == group && expected.subject == subject)
    }

    /// Whether a table lists the columns of a CSV file: such rows have no flag and no type.
    fn is_columns(&self, table: &Table, heading: &str) -> bool {
        let columns = Columns::of(table);
        let flagged = columns.find(Role::Required).is_some() || columns.find(Role::Type).is_some();
        let any = self.expected.iter().any(|expected| expected.group == Group::Columns);
        let named = |row: &Row| {
            row.cells
                .iter()
                .any(|cell| self.knows(Group::Columns, &format!("column {cell}")))
        };
        let heading = plain(heading);
        let told = ["csv", "컬럼", "column"].iter().any(|word| heading.contains(word));
        any && !flagged && (told || table.rows.iter().any(named))
    }

    fn columns(&self, sheet: &mut Sheet, table: &Table) {
        let columns = understood(sheet, table);
        sheet.places.insert(Group::Columns, table.line);
        let by_name = |row: &Row| {
            row.cells
                .iter()
                .position(|cell| self.knows(Group::Columns, &format!("column {cell}")))
        };
        let column = table
            .rows
            .iter()
            .find_map(by_name)
            .or(columns.find(Role::Name))
            .unwrap_or(0);
        for row in &table.rows {
            let name = row.cell(column);
            if name.contains("${") {
                // A user-defined column, whose name the page cannot know.
                sheet.facts += 1;
            } else {
                sheet.read(Group::Columns, &format!("column {name}"), "", "", row);
            }
        }
    }

    /// Whether a table without flags and types is still about names of the request.
    fn has_names(&self, table: &Table) -> bool {
        let Some(column) = Columns::of(table).find(Role::Name) else {
            return false;
        };
        table.rows.iter().any(|row| {
            let name = bare_name(row.cell(column));
            let header = self.knows(Group::Headers, &format!("header {}", name.to_lowercase()));
            header || self.knows(Group::Query, &format!("query {name}")) || self.leaf(&name).is_some()
        })
    }

    fn fields(&mut self, sheet: &mut Sheet, table: &Table, heading: &str, book: &Book) {
        let columns = understood(sheet, table);
        let Some(name_column) = columns.find(Role::Name) else {
            return;
        };
        let names: Vec<_> = table.rows.iter().map(|row| bare_name(row.cell(name_column))).collect();
        let part = self.part(&names, heading);
        let owner = if part == Group::Body {
            self.owner(&names, heading)
        } else {
            String::new()
        };
        sheet.places.entry(part).or_insert(table.line);
        if part == Group::Body {
            sheet.objects.entry(format!("body {owner}")).or_insert(table.line);
        }
        for (row, name) in table.rows.iter().zip(&names) {
            let (group, subject) = self.subject(part, &owner, name, row, &columns);
            sheet.places.entry(group).or_insert(table.line);
            self.covered.insert(subject.clone());
            sheet.read(group, &subject, "", "", row);
            if let Some(column) = columns.find(Role::Required) {
                sheet.read(group, &subject, "required", &flag_value(row.cell(column)), row);
            }
            if let Some(column) = columns.find(Role::Type) {
                sheet.read(group, &subject, "type", &type_value(row.cell(column)), row);
            }
            if let (Group::Headers, Some(value)) = (group, told_value(name, row, name_column)) {
                sheet.read(group, &subject, "value", &value, row);
            }
            if group == Group::Body {
                let fixed = [
                    Some(name_column),
                    columns.find(Role::Required),
                    columns.find(Role::Type),
                ];
                let cells = row.cells.iter().enumerate();
                let told = cells
                    .filter(|(column, _)| !fixed.contains(&Some(*column)))
                    .map(|(_, cell)| cell.as_str());
                self.described(sheet, &subject, &told.collect::<Vec<_>>().join(" "), row, book);
            }
        }
    }

    /// What the description of a field says about its values.
    fn described(&self, sheet: &mut Sheet, subject: &str, text: &str, row: &Row, book: &Book) {
        let expected = self
            .expected
            .iter()
            .find(|expected| expected.group == Group::Body && expected.subject == subject);
        let fact = |attribute: &str| {
            let facts = expected.iter().flat_map(|expected| &expected.facts);
            facts.into_iter().find(|fact| fact.attribute == attribute)
        };
        if let Some(values) = fact("values").and_then(|fact| fact.accepted.first()) {
            let allowed: Vec<_> = values.split(", ").map(str::to_owned).collect();
            let leaves = self
                .expected
                .iter()
                .map(|expected| expected.subject.rsplit(['.', ' ']).next());
            let fields: Vec<_> = leaves.flatten().collect();
            if let Some(found) = values::listed(text, &row.literals, &allowed, &fields) {
                sheet.read(Group::Body, subject, "values", &found.join(", "), row);
            }
        }
        if let Some(form) = values::identifier_form(text) {
            sheet.read(Group::Body, subject, "form", &form, row);
        }
        let Some(zone) = fact("zone") else { return };
        if let Some(found) = values::zone(text) {
            sheet.read(Group::Body, subject, "zone", found, row);
        }
        if let Some(found) = values::notation(text) {
            sheet.read(Group::Body, subject, "notation", found, row);
        }
        for format in values::date_formats(text) {
            sheet.read(Group::Body, subject, "format", &format, row);
        }
        let (name, kind) = match fact("type").and_then(|fact| fact.accepted.first()).map(String::as_str) {
            Some("date") => ("Date", Type::Date),
            _ => ("Datetime", Type::Datetime),
        };
        let schema = kind.schema();
        for sample in values::date_samples(text).chain(values::unix_samples(text)) {
            let faults = json::validate(&schema, &sample.into());
            let words = || format!("the sample {sample} is no {name}");
            sheet.check(faults.is_empty(), &format!("{subject} sample"), words, row, &zone.at);
            json::offset(sheet, sample, row, book);
        }
    }

    /// What part of a call a table is about.
    fn part(&self, names: &[String], heading: &str) -> Group {
        let query = names
            .iter()
            .any(|name| self.knows(Group::Query, &format!("query {name}")));
        let header = names
            .iter()
            .any(|name| self.knows(Group::Headers, &format!("header {}", name.to_lowercase())));
        let heading = plain(heading);
        let has = |words: &[&str]| words.iter().any(|word| heading.contains(word));
        match () {
            () if has(&["header", "헤더"]) => Group::Headers,
            () if has(&["query", "쿼리"]) => Group::Query,
            () if header => Group::Headers,
            () if query => Group::Query,
            () if has(&["response", "응답", "answer"]) => Group::Answer,
            () => Group::Body,
        }
    }

    /// The subject of a row: where its table points, or the only place where its name is known.
    fn subject(&self, part: Group, owner: &str, name: &str, row: &Row, columns: &Columns) -> (Group, String) {
        let place = columns
            .find(Role::Place)
            .map(|column| plain(row.cell(column)))
            .unwrap_or_default();
        let query = (Group::Query, format!("query {name}"));
        let header = (Group::Headers, format!("header {}", name.to_lowercase()));
        let answer = (Group::Answer, format!("answer {name}"));
        match (part, place.as_str()) {
            (_, "query" | "쿼리") => return query,
            (_, "header" | "헤더") => return header,
            (Group::Answer, _) => return answer,
            _ => {}
        }
        let body = (Group::Body, format!("body {owner}{name}"));
        let other = [query.clone(), header.clone()]
            .into_iter()
            .find(|(group, subject)| self.knows(*group, subject));
        let own = match part {
            Group::Query => query,
            Group::Headers => header,
            _ => body,
        };
        if self.knows(own.0, &own.1) && !self.covered.contains(&own.1) {
            return own;
        }
        let nested = if part == Group::Body {
            self.leaf(name).map(|subject| (Group::Body, subject))
        } else {
            None
        };
        other.or(nested).unwrap_or(own)
    }

    /// The field of the body with this full path or, if it is unique, this name.
    fn leaf(&self, name: &str) -> Option<String> {
        let flat = |subject: &str| subject.replace("[]", "");
        let bodies = || self.expected.iter().filter(|expected| expected.group == Group::Body);
        let wanted = format!("body {}", flat(name));
        if let Some(exact) = bodies().find(|expected| flat(&expected.subject) == wanted) {
            return Some(exact.subject.clone());
        }
        if name == "*" {
            return None;
        }
        let last = |subject: &str| subject.rsplit(['.', ' ']).next() == Some(name);
        let mut found =
            bodies().filter(|expected| last(&expected.subject) && !self.covered.contains(&expected.subject));
        let first = found.next()?;
        found.next().is_none().then(|| first.subject.clone())
    }

    /// The object whose fields a table lists, as a prefix such as `events[].`.
    fn owner(&self, names: &[String], heading: &str) -> String {
        let heading = plain(heading);
        let mut prefixes = BTreeSet::from([""]);
        for expected in self.expected.iter().filter(|expected| expected.group == Group::Body) {
            let path = expected.subject.trim_start_matches("body ");
            prefixes.extend(path.rfind('.').and_then(|dot| path.get(..=dot)));
        }
        let merit = |prefix: &&str| {
            let subjects: Vec<_> = names.iter().map(|name| format!("body {prefix}{name}")).collect();
            let matches = subjects
                .iter()
                .filter(|subject| self.knows(Group::Body, subject))
                .count();
            let open = subjects.iter().any(|subject| !self.covered.contains(subject));
            let last = prefix
                .trim_end_matches('.')
                .trim_end_matches("[]")
                .rsplit('.')
                .next()
                .unwrap_or_default();
            let told = if prefix.is_empty() {
                ["body", "본문", "바디", "request", "요청"]
                    .iter()
                    .any(|word| heading.contains(word))
            } else {
                plain(last) == heading
            };
            let depth = prefix.matches('.').count();
            // A heading that names the object outweighs one field that it lacks.
            (2 * matches + usize::from(told), matches, open, usize::MAX - depth)
        };
        prefixes.into_iter().max_by_key(merit).unwrap_or_default().to_owned()
    }
}

/// A name without the signs that show nesting or a flag; `*` for a user-defined key.
fn bare_name(cell: &str) -> String {
    let name = cell.trim_start_matches(|c: char| c.is_whitespace() || "└├─↳>-·∟ㄴ`".contains(c));
    let name = name.trim_end_matches(|c: char| c.is_whitespace() || "*`".contains(c));
    match name.find("${") {
        Some(at) => format!("{}*", name.get(..at).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// The value that a header must have, from any cell that states it.
fn told_value(name: &str, row: &Row, name_column: usize) -> Option<String> {
    let cells = row
        .cells
        .iter()
        .enumerate()
        .filter(|(column, _)| *column != name_column);
    let words = cells.flat_map(|(_, cell)| cell.split(|c: char| c.is_whitespace() || "`\"'".contains(c)));
    let mut words = words.map(str::to_lowercase);
    match name.to_lowercase().as_str() {
        "content-type" => {
            let media = words.find(|word| {
                word.split_once('/')
                    .is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty())
            });
            media.map(|media| header_value("content-type", &media))
        }
        "authorization" => {
            let scheme = words.find(|word| word == "bearer" || word == "basic");
            // A sample without a scheme says that there is none.
            let sample = row.literals.iter().any(|literal| !literal.eq_ignore_ascii_case(name));
            scheme.or_else(|| sample.then(|| "no scheme".to_owned()))
        }
        _ if words.any(|word| word == "bearer" || word == "basic") => Some("bearer".to_owned()),
        _ => None,
    }
}
