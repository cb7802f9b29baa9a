//! The values of Arrow arrays as the texts of cells, and as JSON.

use std::fmt::{Display, Write as _};

use arrow_array::{
    Array, ArrowPrimitiveType, PrimitiveArray,
    cast::AsArray as _,
    types::{
        Date32Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type, Float32Type, Float64Type, Int8Type,
        Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time64MicrosecondType, Time64NanosecondType,
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
        UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_schema::{DataType, TimeUnit};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::{mapping::json_string, table::Kind};

/// Why a value has no text.
type Problem = &'static str;

const OUT_OF_RANGE: Problem = "is a date or a time out of range";
const NO_TEXT: Problem = "holds bytes that are no text in UTF-8";
const OTHER: Problem = "has a type that is not read: write it as a text";

/// Appends the text of a value that is not null, and returns its kind.
pub(super) fn text(array: &dyn Array, row: usize, out: &mut String) -> Result<Kind, Problem> {
    match array.data_type() {
        DataType::Utf8View => out.push_str(array.as_string_view_opt().ok_or(OTHER)?.value(row)),
        DataType::BinaryView => {
            let bytes = array.as_binary_view_opt().ok_or(OTHER)?.value(row);
            out.push_str(str::from_utf8(bytes).map_err(|_| NO_TEXT)?);
        }
        DataType::FixedSizeBinary(_) => {
            let bytes = array.as_fixed_size_binary_opt().ok_or(OTHER)?.value(row);
            out.push_str(str::from_utf8(bytes).map_err(|_| NO_TEXT)?);
        }
        DataType::Boolean => {
            let value = array.as_boolean_opt().ok_or(OTHER)?.value(row);
            out.push_str(if value { "true" } else { "false" });
            return Ok(Kind::Boolean);
        }
        DataType::Date32 => {
            let days = native::<Date32Type>(array, row)?;
            let date = Date::constant(1970, 1, 1).checked_add(SignedDuration::from_hours(24 * i64::from(days)));
            let _ = write!(out, "{}", date.map_err(|_| OUT_OF_RANGE)?);
            return Ok(Kind::Date);
        }
        DataType::Timestamp(unit, zone) => {
            let time = point(array, row, *unit)?;
            if zone.is_some() {
                let _ = write!(out, "{time}");
                return Ok(Kind::Time);
            }
            let _ = write!(out, "{}", TimeZone::UTC.to_datetime(time));
            return Ok(Kind::LocalTime);
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let time = SignedDuration::from_nanos(time_of_day(array, row)?);
            let time = Time::midnight().checked_add(time).map_err(|_| OUT_OF_RANGE)?;
            let _ = write!(out, "{time}");
        }
        DataType::Struct(_) | DataType::Map(..) => {
            json(array, row, out)?;
            return Ok(Kind::Object);
        }
        DataType::List(_) => {
            json(array, row, out)?;
            return Ok(Kind::List);
        }
        _ => {
            number(array, row, out)?;
            return Ok(Kind::Number);
        }
    }
    Ok(Kind::Text)
}

/// Appends the digits of a number.
fn number(array: &dyn Array, row: usize, out: &mut String) -> Result<(), Problem> {
    match array.data_type() {
        DataType::Int8 => whole::<Int8Type>(array, row, out),
        DataType::Int16 => whole::<Int16Type>(array, row, out),
        DataType::Int32 => whole::<Int32Type>(array, row, out),
        DataType::Int64 => whole::<Int64Type>(array, row, out),
        DataType::UInt8 => whole::<UInt8Type>(array, row, out),
        DataType::UInt16 => whole::<UInt16Type>(array, row, out),
        DataType::UInt32 => whole::<UInt32Type>(array, row, out),
        DataType::UInt64 => whole::<UInt64Type>(array, row, out),
        DataType::Decimal128(..) => decimal::<Decimal128Type>(array, row, out),
        DataType::Decimal256(..) => decimal::<Decimal256Type>(array, row, out),
        // With a point or an exponent, so that it is never taken for an exact number.
        DataType::Float16 => {
            let _ = write!(out, "{:?}", native::<Float16Type>(array, row)?.to_f32());
            Ok(())
        }
        DataType::Float32 => {
            let _ = write!(out, "{:?}", native::<Float32Type>(array, row)?);
            Ok(())
        }
        DataType::Float64 => {
            let _ = write!(out, "{:?}", native::<Float64Type>(array, row)?);
            Ok(())
        }
        _ => Err(OTHER),
    }
}

/// Appends a value as JSON; the members of objects that are null are left out.
pub(super) fn json(array: &dyn Array, row: usize, out: &mut String) -> Result<(), Problem> {
    if array.is_null(row) {
        out.push_str("null");
        return Ok(());
    }
    match array.data_type() {
        DataType::Struct(fields) => {
            let columns = array.as_struct_opt().ok_or(OTHER)?.columns();
            let members = fields.iter().map(|field| field.name().as_str()).zip(columns);
            out.push('{');
            let mut is_first = true;
            for (name, column) in members.filter(|(_, column)| !is_null(column, row)) {
                member(name, &mut is_first, out);
                json(column, row, out)?;
            }
            out.push('}');
        }
        DataType::Map(..) => {
            let entries = array.as_map_opt().ok_or(OTHER)?.value(row);
            let (Some(keys), Some(values)) = (entries.columns().first(), entries.columns().get(1)) else {
                return Err(OTHER);
            };
            out.push('{');
            let mut is_first = true;
            for entry in (0..entries.len()).filter(|entry| !is_null(values, *entry)) {
                let mut key = String::new();
                text(keys, entry, &mut key)?;
                member(&key, &mut is_first, out);
                json(values, entry, out)?;
            }
            out.push('}');
        }
        DataType::List(_) => {
            let elements = array.as_list_opt::<i32>().ok_or(OTHER)?.value(row);
            out.push('[');
            for index in 0..elements.len() {
                if index > 0 {
                    out.push(',');
                }
                json(&elements, index, out)?;
            }
            out.push(']');
        }
        _ => {
            let start = out.len();
            let kind = text(array, row, out)?;
            let is_number = kind == Kind::Number && !out.ends_with(|last: char| last.is_alphabetic());
            if !is_number && kind != Kind::Boolean {
                let quoted = json_string(out.get(start..).unwrap_or_default());
                out.truncate(start);
                out.push_str(&quoted);
            }
        }
    }
    Ok(())
}

/// Whether there is nothing: a column may have the type of nothing.
pub(super) fn is_null(array: &dyn Array, row: usize) -> bool {
    array.is_null(row) || *array.data_type() == DataType::Null
}

fn member(name: &str, is_first: &mut bool, out: &mut String) {
    if !std::mem::take(is_first) {
        out.push(',');
    }
    out.push_str(&json_string(name));
    out.push(':');
}

fn native<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> Result<T::Native, Problem> {
    Ok(array.as_primitive_opt::<T>().ok_or(OTHER)?.value(row))
}

fn whole<T: ArrowPrimitiveType<Native: Display>>(
    array: &dyn Array,
    row: usize,
    out: &mut String,
) -> Result<(), Problem> {
    let _ = write!(out, "{}", native::<T>(array, row)?);
    Ok(())
}

fn decimal<T: DecimalType + ArrowPrimitiveType>(
    array: &dyn Array,
    row: usize,
    out: &mut String,
) -> Result<(), Problem> {
    let decimals: &PrimitiveArray<T> = array.as_primitive_opt().ok_or(OTHER)?;
    out.push_str(&decimals.value_as_string(row));
    Ok(())
}

/// The time since 1970 of a timestamp.
fn point(array: &dyn Array, row: usize, unit: TimeUnit) -> Result<Timestamp, Problem> {
    let time = match unit {
        TimeUnit::Second => Timestamp::from_second(native::<TimestampSecondType>(array, row)?),
        TimeUnit::Millisecond => Timestamp::from_millisecond(native::<TimestampMillisecondType>(array, row)?),
        TimeUnit::Microsecond => Timestamp::from_microsecond(native::<TimestampMicrosecondType>(array, row)?),
        TimeUnit::Nanosecond => Timestamp::from_nanosecond(native::<TimestampNanosecondType>(array, row)?.into()),
    };
    time.map_err(|_| OUT_OF_RANGE)
}

/// The nanoseconds since midnight of a time of day.
fn time_of_day(array: &dyn Array, row: usize) -> Result<i64, Problem> {
    let (count, unit) = match array.data_type() {
        DataType::Time32(TimeUnit::Millisecond) => (i64::from(native::<Time32MillisecondType>(array, row)?), 1_000_000),
        DataType::Time64(TimeUnit::Microsecond) => (native::<Time64MicrosecondType>(array, row)?, 1_000),
        DataType::Time64(TimeUnit::Nanosecond) => (native::<Time64NanosecondType>(array, row)?, 1),
        _ => return Err(OTHER),
    };
    count.checked_mul(unit).ok_or(OUT_OF_RANGE)
}
