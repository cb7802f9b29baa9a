//! A quick reading of good records in their usual form. About every other record it says nothing, and the full reading decides.
//!
//! So it may refuse whatever is rare or wrong, but what it accepts the full reading accepts too, with the same result.

use std::borrow::Cow;

use super::{
    Accepts, Checked, Ids, Section, Taxonomy,
    taxonomy::PropertyRule,
    text::{Time, email_problem, has_inner_zero, is_date, phone_problem, time, uuid},
};
use crate::RecordKind;
use dfinery::{tables::PropertyType, types::import::Event};

/// What is kept from one record to the next: most have the names of the one before in the same order.
pub(super) struct Memory {
    /// For each registered property the last object that had it, in the order of the sections.
    marks: [Vec<u64>; 3],
    /// For each registered property the one that followed it last, and in the last place the one that came first.
    next: [Vec<usize>; 3],
    object: u64,
    event: usize,
}

impl Memory {
    pub(super) fn new(taxonomy: Option<&Taxonomy>) -> Self {
        let sizes = [Section::Event, Section::Item, Section::User]
            .map(|section| taxonomy.map_or(0, |taxonomy| taxonomy.section(section).len()));
        Self {
            marks: sizes.map(|size| vec![0; size]),
            next: sizes.map(|size| vec![0; size + 1]),
            object: 0,
            event: 0,
        }
    }
}

/// The record, if it is good, usual and without anything to remark.
pub(super) fn skim<'a>(
    json: &'a str,
    taxonomy: &Taxonomy,
    accepts: Accepts,
    memory: &mut Memory,
) -> Option<Checked<'a>> {
    let mut skim = Skim {
        text: json,
        bytes: json.as_bytes(),
        at: 0,
        taxonomy,
        memory,
    };
    skim.record(accepts)
}

struct Skim<'a, 't> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    taxonomy: &'t Taxonomy,
    memory: &'t mut Memory,
}

/// What an event has beside its text.
struct Parts {
    id: Option<uuid::Uuid>,
    items: usize,
}

impl<'a, 't> Skim<'a, 't> {
    fn record(&mut self, accepts: Accepts) -> Option<Checked<'a>> {
        let mut ids = None;
        let mut event = None;
        let mut payload = 0..0;
        let mut properties = false;
        self.open(b'{')?;
        loop {
            match self.one_of(&["identity", "event", "user_properties"])? {
                "identity" if ids.is_none() => ids = Some(self.identity()?),
                "event" if event.is_none() && !properties => {
                    payload.start = self.at;
                    event = Some(self.event()?);
                    payload.end = self.at;
                }
                "user_properties" if event.is_none() && !properties => {
                    payload.start = self.at;
                    self.properties(Section::User)?;
                    payload.end = self.at;
                    properties = true;
                }
                _ => return None,
            }
            if self.ends(b'}')? {
                break;
            }
        }
        self.blanks();
        let kind = match (&event, properties) {
            (Some(_), _) => RecordKind::Event,
            (None, true) => RecordKind::Profile,
            (None, false) => RecordKind::Identity,
        };
        let fits = accepts == Accepts::Mixed || accepts == Accepts::Only(kind);
        if !fits || self.at != self.bytes.len() {
            return None;
        }
        Some(Checked {
            kind,
            identity: ids?,
            payload: self.text.get(payload)?,
            edits: Vec::new(),
            event_log_id: event.as_ref().and_then(|event| event.id),
            items: event.map_or(0, |event| event.items),
            request_datetime: None,
            warnings: Vec::new(),
        })
    }

    fn identity(&mut self) -> Option<Ids<'a>> {
        let mut ids = Ids::default();
        self.open(b'{')?;
        loop {
            let key = self.one_of(&["external_id", "phone_no", "email", "kakao_user_id", "line_user_id"])?;
            let value = self.plain_text()?;
            let slot = match key {
                "external_id" => &mut ids.external_id,
                "phone_no" if phone_problem(value).is_none() && !has_inner_zero(value) => &mut ids.phone_no,
                "email" if email_problem(value).is_none() => &mut ids.email,
                "kakao_user_id" => &mut ids.kakao_user_id,
                "line_user_id" => &mut ids.line_user_id,
                _ => return None,
            };
            if value.is_empty() || slot.is_some() {
                return None;
            }
            *slot = Some(Cow::Borrowed(value));
            if self.ends(b'}')? {
                return Some(ids);
            }
        }
    }

    fn event(&mut self) -> Option<Parts> {
        let taxonomy = self.taxonomy;
        let mut parts = Parts { id: None, items: 0 };
        let mut rule = None;
        let mut object = 0;
        let (mut has_time, mut has_items) = (false, false);
        self.open(b'{')?;
        loop {
            match self.one_of(&[
                "event_log_id",
                "event_name",
                "event_datetime",
                "event_properties",
                "event_items",
            ])? {
                "event_log_id" if parts.id.is_none() => {
                    parts.id = Some(uuid(self.text_of(uuid::fmt::Hyphenated::LENGTH)?)?);
                }
                "event_name" if rule.is_none() => {
                    let name = self.plain_text()?;
                    let (place, found) = match taxonomy.events().at(self.memory.event) {
                        Some(same) if *same.name == *name => (self.memory.event, same),
                        _ => taxonomy.events().get(name)?,
                    };
                    self.memory.event = place;
                    rule = Some(found);
                }
                "event_datetime" if !has_time => {
                    self.time()?;
                    has_time = true;
                }
                "event_properties" if object == 0 => object = self.properties(Section::Event)?,
                "event_items" if !has_items => {
                    parts.items = self.items()?;
                    has_items = true;
                }
                _ => return None,
            }
            if self.ends(b'}')? {
                break;
            }
        }
        let has_all = has_time
            && rule?.needs.iter().all(|&(place, _)| {
                let registered = taxonomy.section(Section::Event).at(place);
                match registered.map(|rule| rule.property_type) {
                    Some(PropertyType::Items) => parts.items > 0,
                    _ => object > 0 && self.memory.marks[Section::Event as usize].get(place) == Some(&object),
                }
            });
        has_all.then_some(parts)
    }

    fn items(&mut self) -> Option<usize> {
        let taxonomy = self.taxonomy;
        self.open(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(0);
        }
        for count in 1..=Event::MAX_EVENT_ITEMS {
            let object = self.properties(Section::Item)?;
            let marks = &self.memory.marks[Section::Item as usize];
            let has_all = taxonomy
                .required_items()
                .iter()
                .all(|place| marks.get(*place) == Some(&object));
            if !has_all {
                return None;
            }
            if self.ends(b']')? {
                return Some(count);
            }
        }
        None
    }

    /// Properties, each registered and with a value of its type; gives the number of the object.
    fn properties(&mut self, section: Section) -> Option<u64> {
        self.memory.object += 1;
        let object = self.memory.object;
        let mut before = self.memory.marks[section as usize].len();
        self.open(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(object);
        }
        loop {
            let (place, rule) = self.registered(section, before)?;
            before = place;
            let mark = self.memory.marks[section as usize].get_mut(place)?;
            if *mark == object || rule.deprecated.is_some() {
                return None;
            }
            *mark = object;
            self.value(rule)?;
            if self.ends(b'}')? {
                return Some(object);
            }
        }
    }

    /// Reads a name. Most often it is the one that stood here last, and to compare is quicker than to look it up.
    fn registered(&mut self, section: Section, before: usize) -> Option<(usize, &'t PropertyRule)> {
        let names = self.taxonomy.section(section);
        let next = *self.memory.next[section as usize].get(before)?;
        if let Some(rule) = names.at(next)
            && self.is_key(&rule.name)
        {
            self.colon()?;
            return Some((next, rule));
        }
        let name = self.plain_text()?;
        self.colon()?;
        let found = names.get(name)?;
        *self.memory.next[section as usize].get_mut(before)? = found.0;
        Some(found)
    }

    fn value(&mut self, rule: &PropertyRule) -> Option<()> {
        match rule.property_type {
            PropertyType::String if rule.values.is_empty() => self.text().map(drop),
            PropertyType::String => {
                let text = self.plain_text()?;
                rule.values.iter().any(|value| **value == *text).then_some(())
            }
            PropertyType::Long => (!self.number()?).then_some(()),
            PropertyType::Double => self.number().map(drop),
            PropertyType::Boolean => self.truth(),
            PropertyType::Datetime => self.time(),
            PropertyType::Date => is_date(self.plain_text()?).then_some(()),
            PropertyType::StringArray | PropertyType::LongArray | PropertyType::DoubleArray | PropertyType::Items => {
                None
            }
        }
    }

    fn truth(&mut self) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        let word = [&b"true"[..], b"false"]
            .into_iter()
            .find(|word| rest.starts_with(word))?;
        self.at += word.len();
        Some(())
    }

    /// A number of at most 17 digits without an exponent; says whether it has a fraction.
    fn number(&mut self) -> Option<bool> {
        const MOST: usize = 17;
        let negative = self.peek()? == b'-';
        self.at += usize::from(negative);
        let start = self.at;
        let whole = self.digits();
        let leading_zero = self.bytes.get(start) == Some(&b'0');
        // A zero alone is fine, but `-0` is a fraction to some readers and a whole number to others.
        if whole == 0 || whole > MOST || (leading_zero && (whole > 1 || negative)) {
            return None;
        }
        match self.bytes.get(self.at)? {
            b'.' => {
                self.at += 1;
                let fraction = self.digits();
                let ends = !matches!(self.bytes.get(self.at), Some(b'e' | b'E'));
                (fraction > 0 && fraction <= MOST && ends).then_some(true)
            }
            b'e' | b'E' => None,
            _ => Some(false),
        }
    }

    fn digits(&mut self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    /// A key that is one of these, and the colon after it.
    fn one_of(&mut self, keys: &[&'static str]) -> Option<&'static str> {
        let key = keys.iter().find(|key| self.is_key(key))?;
        self.colon()?;
        Some(key)
    }

    /// Whether this key stands here, which is then behind us.
    fn is_key(&mut self, key: &str) -> bool {
        let end = self.at + key.len() + 1;
        let is_key = self.bytes.get(self.at) == Some(&b'"')
            && self.bytes.get(end) == Some(&b'"')
            && self.bytes.get(self.at + 1..end) == Some(key.as_bytes());
        if is_key {
            self.at = end + 1;
        }
        is_key
    }

    fn colon(&mut self) -> Option<()> {
        self.blanks();
        self.eat(b':')?;
        self.blanks();
        Some(())
    }

    /// A time in the form that is sent.
    fn time(&mut self) -> Option<()> {
        const LENGTH: usize = "2024-06-24T06:42:25.394Z".len();
        matches!(time(self.text_of(LENGTH)?), Time::Canonical).then_some(())
    }

    /// A text of this length. Whoever asks for it knows that it holds no escapes, by its form.
    fn text_of(&mut self, length: usize) -> Option<&'a str> {
        self.eat(b'"')?;
        let text = self.text.get(self.at..self.at + length)?;
        self.at += length;
        self.eat(b'"')?;
        Some(text)
    }

    /// A text without escapes.
    fn plain_text(&mut self) -> Option<&'a str> {
        let (text, escapes) = self.text()?;
        (!escapes).then_some(text)
    }

    /// A text as it is written, and whether it holds escapes.
    fn text(&mut self) -> Option<(&'a str, bool)> {
        self.eat(b'"')?;
        let start = self.at;
        let mut escapes = false;
        loop {
            self.at += ordinary(self.bytes.get(self.at..)?);
            match self.bytes.get(self.at)? {
                b'"' => break,
                b'\\' => {
                    escapes = true;
                    self.escape()?;
                }
                _ => return None,
            }
        }
        let text = self.text.get(start..self.at)?;
        self.at += 1;
        Some((text, escapes))
    }

    fn escape(&mut self) -> Option<()> {
        match self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => {
                let code = u32::from_str_radix(self.text.get(self.at + 2..self.at + 6)?, 16).ok()?;
                // A sign would be read as part of the number; half of a pair is left to the full reading.
                let digits = self.bytes.get(self.at + 2)?.is_ascii_hexdigit();
                char::from_u32(code).filter(|_| digits)?;
                self.at += 6;
            }
            _ => return None,
        }
        Some(())
    }

    fn open(&mut self, bracket: u8) -> Option<()> {
        self.blanks();
        self.eat(bracket)?;
        self.blanks();
        Some(())
    }

    /// After a value: whether the object or array ends here, or another one follows.
    fn ends(&mut self, bracket: u8) -> Option<bool> {
        self.blanks();
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        if byte == b',' {
            self.blanks();
            return Some(false);
        }
        (byte == bracket).then_some(true)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }
}

/// How many bytes from the start on stand for themselves in a text: no quote, no escape, no control character.
fn ordinary(bytes: &[u8]) -> usize {
    let mut count = 0;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return count + special.trailing_zeros() as usize / 8;
        }
        count += 8;
    }
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    count + end.unwrap_or(rest.len())
}

/// The highest bit of every special byte of a word, and perhaps of some after the first.
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let quote = word ^ (ONES * b'"' as u64);
    let escape = word ^ (ONES * b'\\' as u64);
    let quotes = quote.wrapping_sub(ONES) & !quote;
    let escapes = escape.wrapping_sub(ONES) & !escape;
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    (quotes | escapes | controls) & HIGHS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_records_are_taken_without_the_full_reading() {
        let taxonomy = Taxonomy::standard();
        let mut memory = Memory::new(Some(&taxonomy));
        for json in [
            r#"{"identity":{"external_id":"u1","email":"a@b.kr"},"event":{"event_name":"df_login","event_datetime":"2024-06-24T06:42:25.394Z"}}"#,
            r#"{ "event" : { "event_name":"df_sign_up", "event_datetime":"2024-06-24T06:42:25.394Z",
                "event_properties":{"df_sign_channel":"\uac00 \"Kakao\""}, "event_items":[] }, "identity":{"phone_no":"821012345678"} }"#,
            r#"{"identity":{"external_id":"u1"},"user_properties":{"df_gender":"Female","df_push_ads_optin":true}}"#,
            r#"{"identity":{"external_id":"고객"}}"#,
        ] {
            assert!(skim(json, &taxonomy, Accepts::Mixed, &mut memory).is_some(), "{json}");
        }
    }

    #[test]
    fn whatever_is_unusual_is_left_to_the_full_reading() {
        let taxonomy = Taxonomy::standard();
        let mut memory = Memory::new(Some(&taxonomy));
        let profile = |value: &str| format!(r#"{{"identity":{{"external_id":"u1"}},"user_properties":{value}}}"#);
        for json in [
            profile(r#"{"df_gender":"female"}"#),
            profile(r#"{"df_gender":"Female","df_gender":"Female"}"#),
            profile(r#"{"df_push_ads_optin":null}"#),
            profile(r#"{"df_push_ads_optin":truely}"#),
            profile(r#"{"df_name":"\u+0ac"}"#),
            profile(r#"{"df_name":"\ud83d\ude00"}"#),
            profile("{} "),
            profile("{},"),
            profile("{}") + "x",
            profile("{}") + "{}",
        ] {
            let taken = skim(&json, &taxonomy, Accepts::Mixed, &mut memory).is_some();
            assert_eq!(taken, json.ends_with("{} }"), "{json}");
        }
    }

    #[test]
    fn an_item_is_taken_only_with_all_that_items_need() {
        const NEEDED: [&str; 5] = [
            r#""df_item_id":"P-1""#,
            r#""df_item_name":"Bag""#,
            r#""df_price":10.5"#,
            r#""df_quantity":1"#,
            r#""df_discount":0"#,
        ];
        let taxonomy = Taxonomy::standard();
        let mut memory = Memory::new(Some(&taxonomy));
        let mut takes = |items: &[&[&str]]| {
            let items = items.iter().map(|properties| format!("{{{}}}", properties.join(",")));
            let json = format!(
                r#"{{"identity":{{"external_id":"u1"}},"event":{{"event_name":"df_view_list","event_datetime":"2024-06-24T06:42:25.394Z","event_items":[{}]}}}}"#,
                items.collect::<Vec<_>>().join(",")
            );
            skim(&json, &taxonomy, Accepts::Mixed, &mut memory).is_some()
        };
        assert!(takes(&[&NEEDED, &NEEDED]));
        for missing in NEEDED {
            let others: Vec<_> = NEEDED.into_iter().filter(|property| *property != missing).collect();
            assert!(!takes(&[&NEEDED, &others]), "without {missing}");
        }
    }

    proptest! {
        #[test]
        fn the_first_special_byte_is_found(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), Just(0xea)], 0..40)) {
            let expected = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            prop_assert_eq!(ordinary(&bytes), expected.unwrap_or(bytes.len()));
        }
    }
}
