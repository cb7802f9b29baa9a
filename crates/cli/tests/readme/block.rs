//! The code blocks of a page.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

/// A code block.
pub struct Block<'a> {
    pub language: &'a str,
    /// The file that it shows, which stands behind the language.
    pub file: Option<&'a str>,
    /// Whether that file is in the encoding of a Korean Windows.
    pub cp949: bool,
    pub lines: Vec<&'a str>,
}

impl Block<'_> {
    /// Writes the file that it shows into a folder; a script can be run.
    pub fn write_to(&self, folder: &Path) {
        let path = folder.join(self.file.unwrap());
        let text = format!("{}\n", self.lines.join("\n"));
        fs::write(&path, bytes(&text, self.cp949)).unwrap();
        if text.starts_with("#!") {
            fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        }
    }
}

pub fn bytes(text: &str, cp949: bool) -> Vec<u8> {
    if cp949 {
        return encoding_rs::EUC_KR.encode(text).0.into_owned();
    }
    text.as_bytes().to_vec()
}

pub fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let mut words = info.split(' ');
            blocks.push(Block {
                language: words.next().unwrap(),
                file: words.next(),
                cp949: words.next() == Some("cp949"),
                lines: lines.by_ref().take_while(|line| *line != "```").collect(),
            });
        }
    }
    blocks
}

pub fn blocks_in<'a>(page: &'a str, language: &str) -> Vec<Vec<&'a str>> {
    let blocks = blocks(page).into_iter();
    blocks
        .filter(|block| block.language == language && block.file.is_none())
        .map(|block| block.lines)
        .collect()
}

/// A line of a shell, and the exit code that its remark tells.
pub fn command(line: &str) -> (&str, i32) {
    let (command, remark) = line.split_once(" #").unwrap_or((line, "0"));
    let mut digits = remark.split(|c: char| !c.is_ascii_digit());
    let code = digits.find_map(|digits| digits.parse().ok());
    (command.trim_end(), code.expect("a remark tells an exit code"))
}
