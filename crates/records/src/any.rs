//! A visitor that takes whatever JSON there is, so that a wrong type is a violation of the record and not an end of the reading.
//!
//! The errors of serde would quote the value.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value by its JSON type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Null,
    Boolean,
    Number,
    Text,
    Array,
    Object,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a truth value",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

/// A text, borrowed from the record where it holds no escapes.
#[derive(Clone, Copy)]
pub(super) enum Text<'t, 'a> {
    Plain(&'a str),
    Unescaped(&'t str),
}

impl<'a> Text<'_, 'a> {
    #[allow(clippy::match_same_arms, reason = "the two lifetimes differ")]
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Unescaped(text) => text,
        }
    }

    pub(super) fn into_cow(self) -> Cow<'a, str> {
        match self {
            Self::Plain(text) => Cow::Borrowed(text),
            Self::Unescaped(text) => Cow::Owned(text.to_owned()),
        }
    }
}

/// What to do with a value of each type. A type without a method of its own ends in [`other`](Self::other).
pub(super) trait Accept<'a>: Sized {
    /// Takes a value that is only known by its type; arrays and objects have been read to their end.
    fn other(self, found: Found);

    fn null(self) {
        self.other(Found::Null);
    }

    fn boolean(self, _: bool) {
        self.other(Found::Boolean);
    }

    fn long(self, _: i64) {
        self.other(Found::Number);
    }

    /// A whole number beyond 64 bits with sign.
    fn longer(self) {
        self.other(Found::Number);
    }

    fn double(self, _: f64) {
        self.other(Found::Number);
    }

    fn text(self, _: Text<'_, 'a>) {
        self.other(Found::Text);
    }

    fn array<A: SeqAccess<'a>>(self, mut array: A) -> Result<(), A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        self.other(Found::Array);
        Ok(())
    }

    fn object<A: MapAccess<'a>>(self, mut object: A) -> Result<(), A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.other(Found::Object);
        Ok(())
    }
}

/// Hands any value to what accepts it.
pub(super) struct Any<H>(pub(super) H);

impl<'a, H: Accept<'a>> DeserializeSeed<'a> for Any<H> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a, H: Accept<'a>> Visitor<'a> for Any<H> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.null();
        Ok(())
    }

    #[inline]
    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.0.boolean(value);
        Ok(())
    }

    #[inline]
    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.0.long(value);
        Ok(())
    }

    #[inline]
    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.0.long(value),
            Err(_) => self.0.longer(),
        }
        Ok(())
    }

    #[inline]
    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.0.double(value);
        Ok(())
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, value: &'a str) -> Result<(), E> {
        self.0.text(Text::Plain(value));
        Ok(())
    }

    #[inline]
    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.0.text(Text::Unescaped(value));
        Ok(())
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'a>>(self, array: A) -> Result<(), A::Error> {
        self.0.array(array)
    }

    #[inline]
    fn visit_map<A: MapAccess<'a>>(self, object: A) -> Result<(), A::Error> {
        self.0.object(object)
    }
}

/// Reads a key.
pub(super) struct Key;

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Cow<'a, str>;

    #[inline]
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Cow<'a, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Key {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, key: &'a str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    #[inline]
    fn visit_str<E: Error>(self, key: &str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
