//! Who did what, recorded in the transaction of the deed.

use jiff_sqlx::ToSqlx as _;
use service::{Result, clock, telemetry};
use uuid::Uuid;

use crate::{Caller, TenantTx};

/// Records a deed: `action` such as "portal_access.enable", `target` the id it was done to.
///
/// Rows hold ids and states, no names or e-mail addresses, so that erasing a person leaves the record whole. The row leads
/// to the call: by its request id where it has one, by its trace, and by the browser's address where the call says it.
pub async fn record(
    tx: &mut TenantTx,
    caller: &Caller,
    action: &'static str,
    target: Uuid,
) -> Result<()> {
    let origin = tx.origin();
    sqlx::query(
        "insert into audit
             (tenant_id, id, actor, service, action, target, request_id, trace_id, client_address, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::inet, $10)",
    )
    .bind(tx.tenant().uuid())
    .bind(service::new_id())
    .bind(caller.account())
    .bind(&caller.service)
    .bind(action)
    .bind(target)
    .bind(origin.request_id)
    .bind(telemetry::trace_id())
    .bind(origin.client_address.map(|address| address.to_string()))
    .bind(clock::now().to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
