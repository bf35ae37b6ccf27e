//! Update masks, as AIP-134 has them.

use crate::{Error, Result};

/// The fields that an update changes.
#[derive(Clone, Debug)]
pub struct Fields(Vec<&'static str>);

impl Fields {
    /// Every field, as a create sets them.
    pub fn all(known: &[&'static str]) -> Self {
        Self(known.to_vec())
    }

    /// Reads the paths of an `update_mask`: none means every known field, an unknown one is refused.
    pub fn of_mask(paths: &[String], known: &[&'static str]) -> Result<Self> {
        if paths.is_empty() {
            return Ok(Self::all(known));
        }
        paths
            .iter()
            .map(|path| known.iter().copied().find(|field| field == path))
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| Error::invalid("update_mask", "Name only fields that can be changed"))
    }

    /// The same fields but one.
    #[must_use]
    pub fn without(mut self, field: &str) -> Self {
        self.0.retain(|known| *known != field);
        self
    }

    /// The fields, each once for each time that it is named.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }

    /// True where the update changes this field.
    pub fn has(&self, field: &str) -> bool {
        self.0.contains(&field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 2] = ["name", "status"];

    #[test]
    fn an_empty_mask_means_every_field() {
        let fields = Fields::of_mask(&[], &KNOWN).expect("valid");
        assert!(fields.has("name") && fields.has("status"));
    }

    #[test]
    fn a_mask_names_its_fields_and_no_others() {
        let fields = Fields::of_mask(&["status".to_owned()], &KNOWN).expect("valid");
        assert!(!fields.has("name") && fields.has("status"));
    }

    #[test]
    fn an_unknown_path_is_refused() {
        let error = Fields::of_mask(&["id".to_owned()], &KNOWN).expect_err("unknown");
        assert!(matches!(error, Error::Invalid(_)));
    }
}
