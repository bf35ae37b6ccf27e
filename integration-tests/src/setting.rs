//! How large a run is.

use anyhow::{Context as _, Result};

/// Reads a whole number from the environment; none where it is not set.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration, and only who starts it knows how long it may take"
)]
pub fn setting(name: &str) -> Result<Option<u64>> {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .map(Some)
            .with_context(|| format!("{name} is a whole number, not {text}")),
        Err(_) => Ok(None),
    }
}
