//! How the columns of a table become records.

mod check;
mod column;
mod condition;
mod constant;
mod decimal;
mod definition;
mod each;
mod fit;
mod gather;
mod group_by;
mod json_text;
mod lines;
mod mapper;
mod missing;
pub(crate) mod number;
mod place;
mod properties;
mod record;
mod sheet_choice;
mod source;
mod text_or_list;
mod time;
mod typed;
mod types;
mod value;
mod yaml;

pub use self::yaml::Mapping;
pub(crate) use self::{
    column::Column,
    fit::{different, fit, is_like_a_value},
    gather::Gathered,
    group_by::Key,
    json_text::json_string,
    mapper::RowMapper,
    time::known as known_times,
    types::Type,
    value::CellReader,
};
#[cfg(feature = "spreadsheet")]
pub(crate) use self::{sheet_choice::SheetChoice, time::serial_days};
