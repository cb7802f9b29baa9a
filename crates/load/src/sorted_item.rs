//! A record in the form that is sorted: bytes to write and read back.

use dfinery_input::Line;

use crate::record::RecordId;

/// The record with its place, its bytes in the input, and the JSON made of them if it differs.
pub(crate) fn write(id: RecordId, line: &Line<'_>, json: &str) -> Vec<u8> {
    let same = line.original == json.as_bytes();
    let json = if same { "" } else { json };
    let mut item = Vec::with_capacity(32 + line.original.len() + json.len());
    for number in [id.to_u64(), line.number, line.offset, line.original.len() as u64] {
        item.extend_from_slice(&number.to_be_bytes());
    }
    item.extend_from_slice(line.original);
    item.extend_from_slice(json.as_bytes());
    item
}

/// The same record; `None` if the bytes do not hold one.
pub(crate) fn read(item: &[u8]) -> Option<(RecordId, Line<'_>)> {
    let number = |position: usize| -> Option<u64> {
        let bytes = item.get(position * 8..position * 8 + 8)?;
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    };
    let rest = item.get(32..)?;
    let (original, json) = rest.split_at_checked(usize::try_from(number(3)?).ok()?)?;
    let json = std::str::from_utf8(if json.is_empty() { original } else { json }).ok()?;
    let line = Line {
        number: number(1)?,
        offset: number(2)?,
        original,
        is_cut: false,
        origins: &[],
        json: Ok(json),
    };
    Some((RecordId::from_u64(number(0)?), line))
}
