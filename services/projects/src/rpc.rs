//! The gRPC services, a noun each.

use service::{Error, Reason, Result};

pub(crate) mod access;
pub(crate) mod phase;
pub(crate) mod project;
pub(crate) mod visibility;

/// Refuses an etag that is not of the version that stands.
fn check_etag(etag: &str, version: i64) -> Result<()> {
    if etag == version.to_string() {
        return Ok(());
    }
    Err(Error::Conflict(Reason::EtagStale))
}
