//! A key whose value is one text or a list of them.

use std::fmt;

use serde::{Deserializer, de};

/// Reads the value of such a key; an error of `read` has the place of the value.
pub(super) fn text_or_list<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    expecting: &'static str,
    read: fn(Vec<String>) -> Result<T, &'static str>,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(TextOrList { expecting, read })
}

struct TextOrList<T> {
    expecting: &'static str,
    read: fn(Vec<String>) -> Result<T, &'static str>,
}

impl<'de, T> de::Visitor<'de> for TextOrList<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.read)(vec![text.to_owned()]).map_err(E::custom)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element()? {
            texts.push(text);
        }
        (self.read)(texts).map_err(de::Error::custom)
    }
}
