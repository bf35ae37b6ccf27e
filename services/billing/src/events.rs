//! What billing publishes.

use ::events::{Aggregate, publish};
use proto::billing::ContractValueSet;
use service::Result;
use tenancy::TenantTx;
use uuid::Uuid;

/// The value of a project's contract was set.
pub(crate) async fn contract_value_set(
    tx: &mut TenantTx,
    project: Uuid,
    event: &ContractValueSet,
) -> Result<()> {
    let aggregate = Aggregate {
        kind: "project",
        id: project,
    };
    publish(tx, aggregate, event).await
}
