//! Workbooks to read, written part by part so that any of them may be wrong.

use std::{
    fmt::Write as _,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

use zip::{ZipWriter, write::SimpleFileOptions};

/// A cell as XML has it.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    None,
    Text(&'a str),
    /// A text of the table of texts.
    Shared(usize),
    Number(&'a str),
    /// A number in a style of [`STYLES`].
    Styled(&'a str, u8),
    Boolean(bool),
    Error(&'a str),
    /// A formula with its value.
    Formula(&'a str),
}
pub(super) use Cell::{Boolean, Error, Formula, None as Empty, Number, Shared, Styled, Text};

pub(super) const DATE: u8 = 1;
pub(super) const DATE_TIME: u8 = 2;
pub(super) const DURATION: u8 = 3;
pub(super) const TIME: u8 = 4;
pub(super) const KOREAN: u8 = 5;
const STYLES: &str = r#"<styleSheet><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy&quot;년&quot; m&quot;월&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="46"/><xf numFmtId="21"/><xf numFmtId="164"/></cellXfs></styleSheet>"#;

pub(super) type Rows<'a> = Vec<(u32, Vec<Cell<'a>>)>;

/// A workbook.
#[derive(Default)]
pub(super) struct Book<'a> {
    /// The name, the state and the XML of the rows.
    pub(super) sheets: Vec<(&'a str, &'a str, String)>,
    pub(super) texts: &'a str,
    pub(super) is_from_1904: bool,
    /// A part to put in place of the usual one, or beside the others.
    pub(super) other_part: Option<(&'a str, Vec<u8>)>,
}

/// Rows one below another.
pub(super) fn rows<'a>(rows: &[&[Cell<'a>]]) -> Rows<'a> {
    (1..).zip(rows.iter().map(|row| row.to_vec())).collect()
}

impl<'a> Book<'a> {
    pub(super) fn of(rows: &Rows<'_>) -> Self {
        Self::default().sheet("Sheet1", "visible", rows)
    }

    pub(super) fn sheet(mut self, name: &'a str, state: &'a str, rows: &Rows<'_>) -> Self {
        let rows = rows.iter().map(|(number, cells)| {
            let cells = ('A'..).zip(cells).map(|(column, cell)| {
                let at = format!("r=\"{column}{number}\"");
                match cell {
                    Cell::None => String::new(),
                    Cell::Text(text) => format!("<c {at} t=\"inlineStr\"><is><t>{text}</t></is></c>"),
                    Cell::Shared(index) => format!("<c {at} t=\"s\"><v>{index}</v></c>"),
                    Cell::Number(number) => format!("<c {at}><v>{number}</v></c>"),
                    Cell::Styled(number, style) => format!("<c {at} s=\"{style}\"><v>{number}</v></c>"),
                    Cell::Boolean(value) => format!("<c {at} t=\"b\"><v>{}</v></c>", u8::from(*value)),
                    Cell::Error(error) => format!("<c {at} t=\"e\"><v>{error}</v></c>"),
                    Cell::Formula(value) => format!("<c {at} t=\"str\"><f>A1&amp;A2</f><v>{value}</v></c>"),
                }
            });
            format!("<row r=\"{number}\">{}</row>", cells.collect::<String>())
        });
        let rows = rows.collect();
        self.sheets.push((name, state, rows));
        self
    }

    pub(super) fn write(&self, path: &Path) -> PathBuf {
        let mut parts = vec![
            ("[Content_Types].xml".to_owned(), "<Types/>".to_owned()),
            (
                "_rels/.rels".to_owned(),
                r#"<Relationships><Relationship Id="r" Type="x/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_owned(),
            ),
            ("xl/styles.xml".to_owned(), STYLES.to_owned()),
            ("xl/sharedStrings.xml".to_owned(), format!("<sst>{}</sst>", self.texts)),
        ];
        let (mut sheets, mut relations) = (String::new(), String::new());
        for (number, (name, state, rows)) in (1..).zip(&self.sheets) {
            let _ = write!(
                sheets,
                "<sheet name=\"{name}\" sheetId=\"{number}\" state=\"{state}\" r:id=\"s{number}\"/>"
            );
            let kind = if *rows == "chart" { "chartsheet" } else { "worksheet" };
            let _ = write!(
                relations,
                "<Relationship Id=\"s{number}\" Type=\"x/{kind}\" Target=\"worksheets/sheet{number}.xml\"/>"
            );
            parts.push((
                format!("xl/worksheets/sheet{number}.xml"),
                format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"),
            ));
        }
        let date = if self.is_from_1904 {
            "<workbookPr date1904=\"1\"/>"
        } else {
            ""
        };
        parts.push((
            "xl/workbook.xml".to_owned(),
            format!("<workbook>{date}<sheets>{sheets}</sheets></workbook>"),
        ));
        parts.push((
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!("<Relationships>{relations}</Relationships>"),
        ));
        let mut parts: Vec<_> = parts
            .into_iter()
            .map(|(name, text)| (name, text.into_bytes()))
            .collect();
        if let Some((name, content)) = &self.other_part {
            parts.retain(|(other, _)| other != name);
            parts.push(((*name).to_owned(), content.clone()));
        }
        let mut archive = ZipWriter::new(File::create(path).unwrap());
        for (name, content) in parts {
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(&content).unwrap();
        }
        archive.finish().unwrap();
        path.to_owned()
    }
}
