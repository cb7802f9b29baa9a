//! Stub until the conversion is merged.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    column::Column,
    format::{Compression, Format},
};

pub(crate) struct Conversion<'a> {
    pub(crate) parts: &'a [PathBuf],
    pub(crate) columns: &'a [Column],
    pub(crate) lead: Option<Lead>,
    pub(crate) time_zone: Option<TimeZone>,
    pub(crate) format: Format,
    pub(crate) compression: Compression,
}

#[derive(Clone)]
pub(crate) struct Lead {
    pub(crate) day: Date,
    pub(crate) exported_at: Timestamp,
    pub(crate) export: String,
}

pub(crate) struct Converted {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) unparsed: BTreeMap<String, u64>,
    pub(crate) events: BTreeMap<String, u64>,
}

impl Conversion<'_> {
    pub(crate) fn write(&self, out: File) -> Result<Converted, ConvertError> {
        use sha2::Digest as _;
        let mut rows = 0;
        let mut events = BTreeMap::new();
        let mut w = csv::Writer::from_writer(Vec::new());
        let mut head: Vec<String> = Vec::new();
        if self.lead.is_some() {
            head.extend(["_dfinery_day", "_dfinery_exported_at", "_dfinery_export"].map(str::to_owned));
        }
        head.push("_dfinery_unparsed".to_owned());
        head.extend(self.columns.iter().map(|c| c.name.clone()));
        w.write_record(&head).unwrap();
        for part in self.parts {
            let mut r = csv::Reader::from_path(part).unwrap();
            let h = r.headers().unwrap().clone();
            for rec in r.records() {
                let rec = rec.unwrap();
                let mut row = Vec::new();
                if let Some(l) = &self.lead {
                    row.extend([l.day.to_string(), l.exported_at.to_string(), l.export.clone()]);
                }
                row.push(String::new());
                for c in self.columns {
                    row.push(
                        h.iter()
                            .position(|n| n == c.name)
                            .and_then(|i| rec.get(i))
                            .unwrap_or("")
                            .to_owned(),
                    );
                }
                if let Some(i) = h.iter().position(|n| n == "event_name") {
                    *events.entry(rec[i].to_owned()).or_default() += 1;
                }
                w.write_record(&row).unwrap();
                rows += 1;
            }
        }
        let bytes = w.into_inner().unwrap();
        std::io::Write::write_all(&mut &out, &bytes).unwrap();
        let sha256 = crate::hash::hexadecimal(&sha2::Sha256::digest(&bytes));
        Ok(Converted {
            rows,
            bytes: bytes.len() as u64,
            sha256,
            unparsed: BTreeMap::new(),
            events,
        })
    }
}

pub(crate) fn header(part: &Path) -> Result<Vec<String>, ConvertError> {
    Ok(csv::Reader::from_path(part)
        .unwrap()
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect())
}

#[derive(Debug)]
pub(crate) struct ConvertError;
impl ConvertError {
    pub(crate) fn is_unsupported(&self) -> bool {
        false
    }
}
impl std::fmt::Display for ConvertError {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}
impl std::error::Error for ConvertError {}
