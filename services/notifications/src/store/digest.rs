//! SQL on summaries that went out by the calendar.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use service::Result;
use tenancy::TenantTx;
use uuid::Uuid;

use crate::digest::Rhythm;

/// True where an account had its summary of a day.
pub(crate) async fn exists(
    tx: &mut TenantTx,
    account: Uuid,
    rhythm: Rhythm,
    day: Date,
) -> Result<bool> {
    let tenant = tx.tenant().uuid();
    let exists = sqlx::query_scalar!(
        r#"select exists (
               select from digest
               where tenant_id = $1 and account_id = $2 and kind = $3 and local_date = $4
           ) as "exists!""#,
        tenant,
        account,
        rhythm.word(),
        day.to_sqlx() as _
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(exists)
}

/// Inserts the summary of a day; a second one fails.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    account: Uuid,
    rhythm: Rhythm,
    day: Date,
    delivery: Uuid,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "insert into digest (tenant_id, account_id, kind, local_date, delivery_id)
         values ($1, $2, $3, $4, $5)",
        tenant,
        account,
        rhythm.word(),
        day.to_sqlx() as _,
        delivery
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
