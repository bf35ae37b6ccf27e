//! Who did what, recorded in the transaction of the deed.

use jiff_sqlx::ToSqlx as _;
use service::{Result, clock};
use uuid::Uuid;

use crate::{Caller, TenantTx};

/// Records a deed: `action` such as "portal_access.enable", `target` the id it was done to.
///
/// Rows hold ids and states, no names or addresses, so that erasing a person leaves the record whole.
pub async fn record(
    tx: &mut TenantTx,
    caller: &Caller,
    action: &'static str,
    target: Uuid,
) -> Result<()> {
    sqlx::query(
        "insert into audit (tenant_id, id, actor, service, action, target, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tx.tenant().uuid())
    .bind(service::new_id())
    .bind(caller.account())
    .bind(&caller.service)
    .bind(action)
    .bind(target)
    .bind(clock::now().to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
