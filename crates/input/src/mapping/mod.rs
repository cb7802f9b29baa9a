//! How the columns of a table become records.

mod cell;
mod column;
mod definition;
pub(crate) mod number;
mod row;
mod time;
mod types;
mod value;

pub use self::definition::Mapping;
pub(crate) use self::{
    column::Column,
    row::{RowMapper, is_like_a_value},
    types::Type,
    value::{CellReader, json_string},
};
