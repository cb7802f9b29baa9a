//! The rows of an order as one event.

use std::fmt::Write as _;

use super::{Draft, Rank};
use crate::propose::{
    guess::{Guess, scalar},
    text::Section,
    words::{self, Meaning},
};
use dfinery::{
    tables::{PropertyType, StandardProperty},
    taxonomy::{EVENT_PROPERTIES, ITEM_PROPERTIES},
};
use dfinery_records::{RecordKind, thousands};

impl<'a> Draft<'a> {
    /// Looks whether the rows are lines of orders, and what tells these apart.
    pub(super) fn orders(&mut self) {
        let sheet = self.sheet;
        let Some(receipts) = sheet.receipts.as_ref().filter(|_| self.kind == RecordKind::Event) else {
            return;
        };
        let has_items = sheet.columns.iter().any(|(column, _)| {
            words::meaning(column).is_some_and(|found| matches!(found.meaning, Meaning::ItemProperty(_)))
        });
        self.receipts = Some(receipts).filter(|receipts| has_items && receipts.are_there());
        if receipts.reused.count == 0 {
            return;
        }
        let number = self.name_of(receipts.column());
        let used = format!(
            "{number:?}: {} a number that another order has as well, {}",
            match receipts.reused.count {
                1 => "1 order has".to_owned(),
                many => format!("{} have", orders(many)),
            },
            receipts.reused.place()
        );
        // A column with one value for all tells nothing apart.
        let varies = |place: &usize| {
            let column = sheet.columns.get(*place);
            column.is_some_and(|(_, evidence)| !evidence.is_constant())
        };
        let scope: Vec<_> = receipts.scope().filter(varies).collect();
        if scope.is_empty() || scope.iter().any(|place| receipts.differ_in(*place)) {
            let said = format!("{used}, and no column tells them apart: add the one that does to group_by.");
            return self.say(Rank::Doubt, said);
        }
        self.scope = scope.iter().map(|place| self.name_of(*place)).collect();
        let names: Vec<_> = self.scope.iter().map(|name| format!("{name:?}")).collect();
        let said = format!("{used}: together with {} it tells them apart.", names.join(" and "));
        self.say(Rank::Remark, said);
    }

    /// Which rows belong together.
    pub(super) fn groups(&mut self) {
        let Some(receipts) = self.receipts else { return };
        let number = self.name_of(receipts.column());
        self.fixed(Section::Rows, "group_by", &self.with_scope(number), true);
        if receipts.torn.count > 0 {
            self.fixed(Section::Rows, "sort_by_group", "true", true);
            let said = format!(
                "{number:?}: {} go on after rows of others, {}: all rows are sorted by it first.",
                orders(receipts.torn.count),
                receipts.torn.place()
            );
            self.say(Rank::Remark, said);
        }
    }

    /// The column of the number of an order, or a list that begins with what it is unique in.
    fn with_scope(&self, number: &str) -> String {
        if self.scope.is_empty() {
            return scalar(number);
        }
        let names = self.scope.iter().copied().chain([number]).map(scalar);
        format!("[{}]", names.collect::<Vec<_>>().join(", "))
    }

    fn name_of(&self, place: usize) -> &'a str {
        self.sheet.columns.get(place).map_or("", |(column, _)| column)
    }

    /// Whether what a column holds is sure to be an amount of the order, since the rows of an order show it: the lines of
    /// a total differ, and a discount is either of each line or of the order.
    pub(super) fn is_amount_of_order(&self, property: &StandardProperty, place: usize) -> bool {
        self.receipts.is_some_and(|receipts| match property.name {
            "df_total_purchase_amount" => receipts.differ_in(place),
            "df_discount" => true,
            _ => false,
        })
    }

    /// The property of an item with the same name, if the lines of an order differ in the column.
    pub(super) fn same_of_item(&self, property: &StandardProperty, place: usize) -> Option<&'static StandardProperty> {
        self.receipts.filter(|receipts| receipts.differ_in(place))?;
        ITEM_PROPERTIES.iter().find(|of_item| of_item.name == property.name)
    }

    /// The source of a value; among several rows of an order, how these become one value.
    pub(super) fn in_order(
        &mut self,
        section: Section,
        key: &str,
        guess: &Guess,
        place: usize,
        column: &str,
        note: &mut String,
    ) -> String {
        let plain = guess.source(column);
        if key == "df_order_id" && guess.keys.is_empty() && !self.scope.is_empty() {
            return format!("{{join: {}, with: \"-\"}}", self.with_scope(column));
        }
        let Some(receipts) = self.receipts.filter(|_| section != Section::EventItems) else {
            return plain;
        };
        let differing = receipts.differing_in(place);
        if receipts.differ_in(place) {
            let of_rows = |how: &str, keys: &[String]| {
                let all: Vec<_> = [format!("{how}: {}", scalar(column))]
                    .into_iter()
                    .chain(keys.iter().cloned())
                    .collect();
                format!("{{{}}}", all.join(", "))
            };
            if is_amount(section, key) {
                let kind = "type: double".to_owned();
                let thousands = guess.keys.iter().filter(|key| key.starts_with("thousands")).cloned();
                return of_rows("sum", &[kind].into_iter().chain(thousands).collect::<Vec<_>>());
            }
            let _ = write!(
                note,
                "; differs within {}: that of the first row is taken",
                orders(differing)
            );
            return of_rows("first", &guess.keys);
        }
        if differing > 0 && guess.doubt.is_none() {
            let said = format!("differs within {}, which will be bad", orders(differing));
            let _ = write!(note, "; {said}");
            self.say(
                Rank::Misfit,
                format!("{column:?}: {said}; write {{first: {column}}} to take that of the first row."),
            );
        }
        plain
    }
}

/// Whether a property is an amount of the order, to which each line adds its part.
fn is_amount(section: Section, key: &str) -> bool {
    let of_events = section == Section::EventProperties;
    let mut standard = EVENT_PROPERTIES.iter().filter(|_| of_events);
    standard.any(|property| property.name == key && property.property_type == PropertyType::Double)
}

fn orders(count: u64) -> String {
    match count {
        1 => "1 order".to_owned(),
        many => format!("{} orders", thousands(many)),
    }
}
