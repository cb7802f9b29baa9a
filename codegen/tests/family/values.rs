//! What the handwritten types of the client are for generated code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::validate::{Path, Validate, Violations};

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Timestamp(String);

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Properties(BTreeMap<String, serde_json::Value>);

impl Validate for Properties {
    fn check(&self, _: &Path<'_>, _: &mut Violations) {}
}
