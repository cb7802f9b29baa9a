//! What a request carries beside its body, in the path, the query and the headers.

/// The values of parameters as text, by their names on the wire.
#[derive(Clone, Default)]
pub(crate) struct Parameters(Vec<(&'static str, String)>);

#[allow(
    dead_code,
    reason = "only generated code calls them, and only for operations that have parameters"
)]
impl Parameters {
    /// Adds one, unless it is left out.
    pub(crate) fn with(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.0.extend(value.map(|value| (name, value.to_string())));
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter();
        values
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value.as_str())
    }

    /// One that the operation cannot do without.
    pub(crate) fn due(&self, name: &str) -> Result<&str, String> {
        self.get(name).ok_or_else(|| format!("no value for `{name}`"))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, value)| value.as_str())
    }
}
