//! Whether an organization's rows changed, once everything has come to rest.

use std::collections::BTreeMap;

use anyhow::Result;
use integration_tests::{Services, come_to_rest};
use tenancy::TenantId;

/// A hash a table over an organization's rows in every database, after events are handled and mails sent.
pub(super) async fn fingerprint(
    services: &Services,
    tenant: TenantId,
) -> Result<BTreeMap<String, String>> {
    come_to_rest(services).await?;
    let mut hashes = BTreeMap::new();
    for db in &services.databases {
        let mut connection = db.superuser().await?;
        for (table, hash) in integration_tests::fingerprint(&mut connection, tenant).await? {
            hashes.insert(format!("{}.{table}", db.service()), hash);
        }
    }
    Ok(hashes)
}
