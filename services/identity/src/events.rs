//! What identity publishes: facts about an account.

use ::events::Aggregate;
use prost::Name;
use service::Result;
use tenancy::TenantTx;
use uuid::Uuid;

/// Publishes a fact about an account, in order with every other fact about it.
pub(crate) async fn publish<E: Name>(tx: &mut TenantTx, account: Uuid, event: &E) -> Result<()> {
    let aggregate = Aggregate {
        kind: "account",
        id: account,
    };
    ::events::publish(tx, aggregate, event).await
}
