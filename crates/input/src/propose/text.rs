//! A proposal as YAML: lines that apply, and lines that stay comments until somebody removes the `#`.

use std::fmt::Write as _;

use super::{
    evidence::{MOST_DISTINCT, most_distinct},
    guess::scalar,
    sheet::Sheet,
};
use crate::mapping::json_string;
use dfinery_records::thousands;

/// The keys of a mapping in the order in which they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Rows,
    Timezone,
    Event,
    Identity,
    Time,
    EventId,
    EventProperties,
    EventItems,
    UserProperties,
}

impl Section {
    const ALL: [Self; 9] = [
        Self::Rows,
        Self::Timezone,
        Self::Event,
        Self::Identity,
        Self::Time,
        Self::EventId,
        Self::EventProperties,
        Self::EventItems,
        Self::UserProperties,
    ];

    /// The lines above its entries, and the indentation of these.
    const fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Rows | Self::Timezone | Self::Event | Self::Time | Self::EventId => ("", ""),
            Self::Identity => ("identity:\n", "  "),
            Self::EventProperties => ("event_properties:\n", "  "),
            Self::EventItems => ("event_items:\n  -\n", "    "),
            Self::UserProperties => ("user_properties:\n", "  "),
        }
    }
}

/// One line of a mapping.
pub(super) struct Entry {
    pub(super) section: Section,
    pub(super) key: String,
    pub(super) value: String,
    pub(super) note: String,
    /// Whether it applies; otherwise it is a comment.
    pub(super) applied: bool,
}

/// The lines of a mapping.
#[derive(Default)]
pub(super) struct Text(Vec<Entry>);

/// What becomes of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Records {
    One,
    /// An identity, and a profile of one of its identifiers.
    IdentityAndProfile,
}

impl Text {
    pub(super) fn push(&mut self, entry: Entry) {
        self.0.push(entry);
    }

    /// Adds a line in front of the others of its section.
    pub(super) fn push_first(&mut self, entry: Entry) {
        self.0.insert(0, entry);
    }

    /// Whether anything in a section applies.
    pub(super) fn applies(&self, section: Section) -> bool {
        self.0.iter().any(|entry| entry.section == section && entry.applied)
    }

    /// Whether a key is there, as a comment or not.
    pub(super) fn has(&self, section: Section, key: &str) -> bool {
        self.0.iter().any(|entry| entry.section == section && entry.key == key)
    }

    /// Turns a key into a comment.
    pub(super) fn withdraw(&mut self, section: Section, key: &str) {
        for entry in self
            .0
            .iter_mut()
            .filter(|entry| entry.section == section && entry.key == key)
        {
            entry.applied = false;
        }
    }

    pub(super) fn write(&self, sheet: &Sheet, records: Records, unsure: &[String]) -> String {
        let mut yaml = String::from("# yaml-language-server: $schema=mapping.schema.json\n");
        let _ = writeln!(
            yaml,
            "# Proposed from {} {} of {}.",
            sheet.rows,
            if sheet.rows == 1 { "row" } else { "rows" },
            sheet.name.escape_debug()
        );
        yaml.push_str(
            "# A line behind # is not applied. Take the # away where it is right, and the line that it replaces.\n",
        );
        let columns = sheet.columns.len();
        if most_distinct(columns) < MOST_DISTINCT {
            let _ = writeln!(
                yaml,
                "# As it has {} columns, only {} different values of each were counted.",
                thousands((columns + sheet.more_columns) as u64),
                thousands(most_distinct(columns) as u64)
            );
        }
        if sheet.more_columns > 0 {
            let _ = writeln!(
                yaml,
                "# The {} columns behind the first {} were not looked at.",
                thousands(sheet.more_columns as u64),
                thousands(columns as u64)
            );
        }
        if !unsure.is_empty() {
            yaml.push_str("#\n# To be decided:\n");
            for one in unsure {
                let _ = writeln!(yaml, "#   * {one}");
            }
        }
        yaml.push('\n');
        if let Some(delimiter) = sheet.delimiter {
            let _ = writeln!(yaml, "delimiter: {}", json_string(&delimiter.to_string()));
        }
        if let Some(sheet) = sheet.one_of.iter().flatten().next() {
            let _ = writeln!(yaml, "sheet: {}", scalar(sheet));
        }
        let sections = Section::ALL.into_iter();
        match records {
            Records::One => sections.for_each(|section| self.write_section(section, &mut yaml)),
            Records::IdentityAndProfile => {
                let is_of_record = |section: &Section| matches!(section, Section::Identity | Section::UserProperties);
                for section in sections.filter(|section| !is_of_record(section)) {
                    self.write_section(section, &mut yaml);
                }
                self.write_identity_and_profile(&mut yaml);
            }
        }
        yaml
    }

    fn write_identity_and_profile(&self, yaml: &mut String) {
        let mut identity = String::new();
        self.write_section(Section::Identity, &mut identity);
        let mut profile = String::new();
        if let Some(Entry { key, value, .. }) = self.strongest_identifier() {
            let _ = writeln!(profile, "identity:\n  {key}: {value}");
        }
        self.write_section(Section::UserProperties, &mut profile);
        yaml.push_str("records:\n");
        for record in [identity, profile] {
            for (line, mark) in record.lines().zip(std::iter::once("- ").chain(std::iter::repeat("  "))) {
                let _ = writeln!(yaml, "  {mark}{line}");
            }
        }
    }

    /// The identifier by which a profile names its user.
    fn strongest_identifier(&self) -> Option<&Entry> {
        let mut applied = self
            .0
            .iter()
            .filter(|entry| entry.section == Section::Identity && entry.applied);
        let first = applied.clone().next();
        applied.find(|entry| entry.key == "external_id").or(first)
    }

    fn write_section(&self, section: Section, yaml: &mut String) {
        let (title, indent) = section.title();
        let mut entries = self.0.iter().filter(|entry| entry.section == section).peekable();
        if entries.peek().is_none() {
            return;
        }
        // A title needs at least one line that applies.
        let behind = if title.is_empty() || self.applies(section) {
            ""
        } else {
            "# "
        };
        for line in title.lines() {
            let _ = writeln!(yaml, "{behind}{line}");
        }
        for entry in entries {
            let mark = if entry.applied || !behind.is_empty() { "" } else { "# " };
            let _ = write!(yaml, "{behind}{indent}{mark}{}: {}", scalar(&entry.key), entry.value);
            if !entry.note.is_empty() {
                let _ = write!(yaml, "  # {}", entry.note);
            }
            yaml.push('\n');
        }
    }
}
