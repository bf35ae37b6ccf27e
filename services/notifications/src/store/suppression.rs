//! SQL on suppressed addresses.

use jiff_sqlx::ToSqlx as _;
use service::{Result, clock};
use sha2::{Digest as _, Sha256};
use tenancy::TenantTx;
use uuid::Uuid;

/// True where mail to an account's address bounced; another address than that one is not suppressed.
pub(crate) async fn is_suppressed(tx: &mut TenantTx, account: Uuid, address: &str) -> Result<bool> {
    let tenant = tx.tenant().uuid();
    let suppressed = sqlx::query_scalar!(
        r#"select exists (
               select from suppression where tenant_id = $1 and account_id = $2 and address_hash = $3
           ) as "suppressed!""#,
        tenant,
        account,
        hash(address)
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(suppressed)
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

/// What is kept of an address.
pub(crate) fn hash(address: &str) -> Vec<u8> {
    Sha256::digest(address.to_lowercase()).to_vec()
}
