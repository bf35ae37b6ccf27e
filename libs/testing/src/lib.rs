//! What tests of services share: a database of their own, keys, and people who ask.
//!
//! Tests drive a real service over a socket on a real PostgreSQL, as the service's own logins. [`TestDb`] clones a
//! migrated template, [`TestKeys`] makes every service's keys, [`Tenant`] holds the people of one organization, and
//! [`Running`] is a service that serves until it is dropped. [`proved`] notes what a test has proved.

mod database;
mod keys;
mod people;
mod proofs;
mod running;

pub use database::TestDb;
pub use keys::TestKeys;
pub use people::Tenant;
pub use proofs::proved;
pub use running::Running;

use std::collections::HashMap;

/// Asks the catalogue for every way in which a schema breaks isolation; $1 is the app login, $2 the platform login.
pub const ISOLATION_GATE: &str = include_str!("isolation_gate.sql");

/// The environment that a test gives to a service: ports of its own and no Kafka.
pub fn environment(
    db: &TestDb,
    keys: &TestKeys,
    more: &[(&str, String)],
) -> anyhow::Result<HashMap<String, String>> {
    let mut environment = HashMap::from([
        ("APP__ADDRESS".to_owned(), "127.0.0.1:0".to_owned()),
        ("APP__HEALTH_ADDRESS".to_owned(), "127.0.0.1:0".to_owned()),
        (
            "APP__KEYS__SIGNING_KEY_FILE".to_owned(),
            keys.files().signing_key(db.service()).display().to_string(),
        ),
        (
            "APP__KEYS__TRUSTED_FOLDER".to_owned(),
            keys.files().trusted_folder().display().to_string(),
        ),
        ("APP__DATABASE__MAX_CONNECTIONS".to_owned(), "8".to_owned()),
    ]);
    environment.extend(db.environment()?);
    environment.extend(
        more.iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    Ok(environment)
}
