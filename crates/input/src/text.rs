//! A file that is text as a whole, such as a mapping.

use std::{fs::File, io::Read as _, path::Path};

use crate::{
    encoding,
    error::InputError,
    utf16::{Order, Utf16Reader},
};

/// Reads a text file in any encoding that an input may have: UTF-8, UTF-16 and CP949, with or without a byte order
/// mark. Editors and consoles of Windows write all of these. Blocking.
///
/// # Errors
/// If the file cannot be opened or read, has more than `most` bytes, or is in another encoding.
pub fn read_text(path: &Path, most: u64) -> Result<String, InputError> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(|error| InputError::opening(&name, error))?
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| InputError::reading(&name, error))?;
    if bytes.len() as u64 > most {
        return Err(InputError::new(&name, format_args!("it has more than {most} bytes")));
    }
    let marked = encoding::of_beginning(&bytes);
    let encoding = marked.map(|(encoding, _)| encoding);
    let encoding = encoding.or_else(|| encoding::of_text(&bytes, true));
    let text = bytes.get(marked.map_or(0, |(_, mark)| mark)..).unwrap_or_default();
    let mut converted = Vec::new();
    let text = match encoding.and_then(Order::of) {
        Some(order) => {
            Utf16Reader::new(text, order)
                .read_to_end(&mut converted)
                .map_err(|error| InputError::reading(&name, error))?;
            &converted
        }
        None => text,
    };
    let encoding = encoding.ok_or_else(|| InputError::needs_an_encoding(&name, 1))?;
    encoding::decode(text, encoding, &mut String::new())
        .map(str::to_owned)
        .map_err(|bad| InputError::new(&name, bad.problem("file")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_in_every_encoding() {
        let text = "identity: {external_id: 회원번호}\r\n";
        let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            format!("\u{FEFF}{text}").encode_utf16().flat_map(order).collect()
        };
        let (cp949, ..) = encoding_rs::EUC_KR.encode(text);
        for bytes in [
            text.as_bytes().to_vec(),
            format!("\u{FEFF}{text}").into_bytes(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
            cp949.into_owned(),
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &bytes).unwrap();
            assert_eq!(read_text(file.path(), 1000).unwrap(), text);
            assert!(
                read_text(file.path(), 10)
                    .unwrap_err()
                    .to_string()
                    .contains("more than 10 bytes")
            );
        }
        assert!(read_text(Path::new("none"), 10).unwrap_err().is_unreadable());
    }
}
