//! Etags, as AIP-154 has them: a row's version as text.

use crate::{Error, Reason, Result};

/// The version that an etag carries; what never was one is as stale as an old one.
pub fn version(etag: &str) -> Result<i64> {
    etag.parse().map_err(|_| Error::Conflict(Reason::EtagStale))
}

/// Refuses an etag that is not of the version that stands.
pub fn check(etag: &str, version: i64) -> Result<()> {
    if etag == version.to_string() {
        return Ok(());
    }
    Err(Error::Conflict(Reason::EtagStale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_version_that_stands_passes() {
        assert!(check("7", 7).is_ok());
        for stale in ["6", "", "07", "seven"] {
            assert!(
                matches!(check(stale, 7), Err(Error::Conflict(_))),
                "{stale}"
            );
        }
        assert_eq!(version("7").expect("a version"), 7);
        assert!(matches!(version(""), Err(Error::Conflict(_))));
    }
}
