//! How the columns of a table become records.

mod check;
mod column;
mod condition;
mod constant;
mod decimal;
mod definition;
mod fit;
mod gather;
mod group_by;
mod lines;
mod mapper;
mod missing;
pub(crate) mod number;
mod place;
mod properties;
mod record;
mod source;
mod text_or_list;
mod time;
mod types;
mod value;
mod yaml;

pub use self::yaml::Mapping;
pub(crate) use self::{
    column::Column,
    fit::{fit, is_like_a_value},
    gather::Gathered,
    group_by::Key,
    mapper::RowMapper,
    time::known as known_times,
    types::Type,
    value::{CellReader, json_string},
};
