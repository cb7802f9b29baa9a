//! What is sent of a record, as the check has corrected it.

use dfinery_records::Checked;

/// The payload with its edits.
pub(crate) fn edited(checked: &Checked<'_>) -> String {
    let mut text = String::with_capacity(checked.payload.len() + 16);
    let mut copied = 0;
    for (range, replacement) in &checked.edits {
        text.push_str(&checked.payload[copied..range.start]);
        text.push_str(replacement);
        copied = range.end;
    }
    text.push_str(&checked.payload[copied..]);
    text
}
