//! Publishing: a row in the transaction of the fact.

use jiff_sqlx::ToSqlx as _;
use prost::Name;
use service::{Result, clock};
use tenancy::TenantTx;
use uuid::Uuid;

use crate::trace;

/// What an event is about; events of one aggregate keep their order.
#[derive(Clone, Copy, Debug)]
pub struct Aggregate {
    /// Such as "project".
    pub kind: &'static str,
    /// Its id.
    pub id: Uuid,
}

/// Writes an event to the outbox; it leaves after the commit, and only then.
///
/// An event holds ids, states and figures, never names, addresses or secrets: who needs words asks their owner.
pub async fn publish<E: Name>(tx: &mut TenantTx, aggregate: Aggregate, event: &E) -> Result<()> {
    let tenant = tx.tenant().uuid();
    let sequence: i64 = sqlx::query_scalar(
        "insert into outbox_sequence (tenant_id, aggregate_type, aggregate_id, last)
         values ($1, $2, $3, 1)
         on conflict (tenant_id, aggregate_type, aggregate_id)
             do update set last = outbox_sequence.last + 1
         returning last",
    )
    .bind(tenant)
    .bind(aggregate.kind)
    .bind(aggregate.id)
    .fetch_one(&mut **tx)
    .await?;
    sqlx::query(
        "insert into outbox
             (tenant_id, id, aggregate_type, aggregate_id, sequence, type, payload, traceparent, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(tenant)
    // made under the sequence's lock, so that ids of one aggregate are in order too
    .bind(service::new_id())
    .bind(aggregate.kind)
    .bind(aggregate.id)
    .bind(sequence)
    .bind(E::full_name())
    .bind(event.encode_to_vec())
    .bind(trace::current())
    .bind(clock::now().to_sqlx())
    .execute(&mut **tx)
    .await?;
    tx.hurry();
    Ok(())
}
