//! SQL on mailed links.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use service::{Found as _, Result, clock};
use tenancy::TenantTx;
use uuid::Uuid;

use crate::link::Purpose;

/// A link as it stands in the database.
pub(crate) struct Link {
    pub(crate) id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) purpose: Purpose,
    pub(crate) created_by: Option<Uuid>,
    pub(crate) expires_at: jiff_sqlx::Timestamp,
    pub(crate) used_at: Option<jiff_sqlx::Timestamp>,
    pub(crate) voided_at: Option<jiff_sqlx::Timestamp>,
}

/// A link to be made.
pub(crate) struct NewLink {
    pub(crate) id: Uuid,
    pub(crate) account: Uuid,
    pub(crate) purpose: Purpose,
    pub(crate) token_hash: Option<Vec<u8>>,
    pub(crate) created_by: Option<Uuid>,
    pub(crate) expires_at: Timestamp,
}

/// Inserts a link.
pub(crate) async fn insert(tx: &mut TenantTx, link: NewLink) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "insert into link (tenant_id, id, account_id, purpose, token_hash, created_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        tenant,
        link.id,
        link.account,
        link.purpose.as_str(),
        link.token_hash,
        link.created_by,
        clock::now().to_sqlx(),
        link.expires_at.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds a link by its id.
pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Link> {
    let tenant = tx.tenant().uuid();
    sqlx::query_as!(
        Link,
        r#"select id, account_id, purpose as "purpose: Purpose", created_by, expires_at, used_at, voided_at
           from link where tenant_id = $1 and id = $2"#,
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?
    .found()
}

/// Finds a link by its token.
pub(crate) async fn find(tx: &mut TenantTx, token_hash: &[u8]) -> Result<Link> {
    let tenant = tx.tenant().uuid();
    sqlx::query_as!(
        Link,
        r#"select id, account_id, purpose as "purpose: Purpose", created_by, expires_at, used_at, voided_at
           from link where tenant_id = $1 and token_hash = $2"#,
        tenant,
        token_hash
    )
    .fetch_optional(&mut **tx)
    .await?
    .found()
}

/// Uses a link up; false where it was used or replaced meanwhile.
pub(crate) async fn use_up(tx: &mut TenantTx, id: Uuid) -> Result<bool> {
    let tenant = tx.tenant().uuid();
    let used = sqlx::query!(
        "update link set used_at = $3
         where tenant_id = $1 and id = $2 and used_at is null and voided_at is null",
        tenant,
        id,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(used.rows_affected() == 1)
}

/// Makes the account's links of a purpose stop working.
pub(crate) async fn void_open(tx: &mut TenantTx, account: Uuid, purpose: Purpose) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update link set voided_at = $4
         where tenant_id = $1 and account_id = $2 and purpose = $3 and used_at is null and voided_at is null",
        tenant,
        account,
        purpose.as_str(),
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes every link of an account stop working.
pub(crate) async fn void_of_account(tx: &mut TenantTx, account: Uuid) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update link set voided_at = $3
         where tenant_id = $1 and account_id = $2 and used_at is null and voided_at is null",
        tenant,
        account,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
