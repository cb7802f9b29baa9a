//! How the columns of a table become records.

mod column;
mod constant;
mod definition;
mod fit;
pub(crate) mod number;
mod place;
mod properties;
mod row;
mod source;
mod time;
mod types;
mod value;

pub use self::definition::Mapping;
pub(crate) use self::{
    column::Column,
    fit::{fit, is_like_a_value},
    row::RowMapper,
    types::Type,
    value::{CellReader, json_string},
};
