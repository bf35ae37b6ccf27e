//! Who did what, recorded in the transaction of the deed.

use jiff_sqlx::ToSqlx as _;
use service::{Result, clock, telemetry};
use sqlx::{Postgres, postgres::PgArguments, query::Query};
use uuid::Uuid;

use crate::{Caller, TenantTx};

/// What was done.
#[derive(Clone, Copy, Debug)]
pub struct Deed {
    /// Such as "portal_access.enable".
    pub action: &'static str,
    /// The id it was done to.
    pub target: Uuid,
}

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
    let query = sqlx::query(
        "insert into audit
             (tenant_id, id, actor, service, action, target, request_id, trace_id, client_address, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::inet, $10)",
    );
    bind(query, tx, caller, Deed { action, target })
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Binds the columns of a record to $1 to $10, in the order in which [`record`] names them.
pub(crate) fn bind<'q>(
    query: Query<'q, Postgres, PgArguments>,
    tx: &TenantTx,
    caller: &Caller,
    deed: Deed,
) -> Query<'q, Postgres, PgArguments> {
    let origin = tx.origin();
    query
        .bind(tx.tenant().uuid())
        .bind(service::new_id())
        .bind(caller.account())
        .bind(caller.service.clone())
        .bind(deed.action)
        .bind(deed.target)
        .bind(origin.request_id)
        .bind(telemetry::trace_id())
        .bind(origin.client_address.map(|address| address.to_string()))
        .bind(clock::now().to_sqlx())
}
