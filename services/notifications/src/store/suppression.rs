//! SQL on suppressed addresses.

use jiff_sqlx::ToSqlx as _;
use service::{Result, clock};
use sha2::{Digest as _, Sha256};
use tenancy::TenantTx;
use uuid::Uuid;

/// True where mail to an account's address bounced.
pub(crate) async fn is_suppressed(tx: &mut TenantTx, account: Uuid, address: &str) -> Result<bool> {
    let tenant = tx.tenant().uuid();
    let address_hash = sqlx::query_scalar!(
        "select address_hash from suppression where tenant_id = $1 and account_id = $2",
        tenant,
        account
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(is_of(address_hash.as_deref(), address))
}

/// True where this is the address that is suppressed; another of the same account is not.
pub(crate) fn is_of(suppressed_hash: Option<&[u8]>, address: &str) -> bool {
    suppressed_hash.is_some_and(|suppressed| suppressed == hash(address))
}

/// Suppresses an account's address because of a mail that bounced.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    account: Uuid,
    address: &str,
    delivery: Uuid,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "insert into suppression (tenant_id, account_id, address_hash, delivery_id, created_at)
         values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, account_id) do update set
             address_hash = excluded.address_hash, delivery_id = excluded.delivery_id,
             created_at = excluded.created_at",
        tenant,
        account,
        hash(address),
        delivery,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets mail go to an account again.
pub(crate) async fn delete(tx: &mut TenantTx, account: Uuid) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "delete from suppression where tenant_id = $1 and account_id = $2",
        tenant,
        account
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn hash(address: &str) -> Vec<u8> {
    Sha256::digest(address.to_lowercase()).to_vec()
}
