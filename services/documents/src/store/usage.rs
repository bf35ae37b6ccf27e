//! SQL on what an organization's files take.

use service::{Error, Reason, Result};
use tenancy::TenantTx;

/// What is stored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) file_count: i64,
    pub(crate) stored_bytes: i64,
}

impl Usage {
    /// STORAGE_FULL where it is more than so many bytes.
    pub(crate) fn check(self, most: i64) -> Result<()> {
        if self.stored_bytes > most {
            return Err(Error::Precondition(Reason::StorageFull));
        }
        Ok(())
    }
}

/// Adds files and bytes, or takes them off, and answers the sum; others who do so wait until the transaction ends.
pub(crate) async fn add(tx: &mut TenantTx, files: i64, bytes: i64) -> Result<Usage> {
    let tenant = tx.tenant().uuid();
    let usage = sqlx::query_as!(
        Usage,
        // a row is checked before it is found to be there already
        "insert into usage (tenant_id, file_count, stored_bytes) values ($1, greatest($2::bigint, 0), greatest($3::bigint, 0))
         on conflict (tenant_id) do update set
             file_count = usage.file_count + $2, stored_bytes = usage.stored_bytes + $3
         returning file_count, stored_bytes",
        tenant,
        files,
        bytes
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(usage)
}

/// Finds what is stored.
pub(crate) async fn find(tx: &mut TenantTx) -> Result<Usage> {
    let tenant = tx.tenant().uuid();
    let usage = sqlx::query_as!(
        Usage,
        "select file_count, stored_bytes from usage where tenant_id = $1",
        tenant
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(usage.unwrap_or_default())
}
