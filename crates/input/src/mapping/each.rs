//! The items of an event, which a row has in its cells or as a list of objects.

use dfinery::Violation;
use serde_json::value::RawValue;

use super::{missing::Missing, place::Place};
use crate::{
    fields::{Fields, Values},
    table::Cells,
    unfit::at,
};

/// Where items come from.
pub(super) enum Items<M> {
    /// One item from the cells of the row.
    Row(Vec<M>),
    /// One item from each element of a list.
    Each(Each<M>),
}

/// The objects of a list.
pub(super) struct Each<M> {
    pub(super) list: Place,
    /// The name of the column of the list, for messages.
    pub(super) column: String,
    pub(super) fields: Fields,
    pub(super) missing: Option<Missing>,
    /// What an object gives; the places are those among its fields.
    pub(super) members: Vec<M>,
}

impl<M> Items<M> {
    pub(super) fn members(&self) -> &[M] {
        match self {
            Self::Row(members) => members,
            Self::Each(each) => &each.members,
        }
    }
}

impl<M> Each<M> {
    /// Calls a function with the cells of each object.
    pub(super) fn write(
        &self,
        cells: &Cells,
        mut item: impl FnMut(&[M], &Cells) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        let violation = |problem: &str| Violation::new(&self.column, problem);
        let list = self.list.text(cells).map_err(|problem| violation(&problem))?;
        if list.trim().is_empty() {
            return Ok(());
        }
        let elements: Vec<&RawValue> =
            serde_json::from_str(&list).map_err(|_| violation("must be a list of objects, in JSON"))?;
        let (mut values, mut cells) = (Values::default(), Cells::default());
        for (element, number) in elements.into_iter().zip(1..) {
            let read = self.fields.read(element.get(), &mut values, &mut cells);
            let written = match read {
                Ok(()) => {
                    if let Some(missing) = &self.missing {
                        missing.empty(&mut cells);
                    }
                    item(&self.members, &cells)
                }
                Err(problem) => Err(violation(&problem)),
            };
            written.map_err(|violation| at(&violation, format_args!("in element {number}")))?;
        }
        Ok(())
    }
}
