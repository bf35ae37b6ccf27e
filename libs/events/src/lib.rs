//! Events: outbox, relay, consumer.
//!
//! [`publish`] writes an event in the transaction of the fact. The [`Relay`] sends it to Kafka as a CloudEvent in binary
//! mode. A [`Consumer`] hands each event to a [`Handler`] once, in a transaction that also remembers the event's id; events of
//! one organization that have come together share one.
//! What cannot be handled is held with everything of the same key behind it, until [`replay`] or [`give_up`].
//! [`attach`] lets a server run the relay, and delete what has run out.
//!
//! Delivery is at least once, the effect is effectively once; `docs/errors-and-logs.md` says what is held and why.

mod cleanup;
mod consumer;
mod envelope;
mod held;
mod kafka;
mod outbox;
mod relay;
pub mod trace;

use jiff::SignedDuration;
use service::Server;
use sqlx::migrate::Migrator;
use tenancy::Db;

pub use consumer::{Consumer, Handler};
pub use envelope::Received;
pub use held::{give_up, replay};
pub use kafka::{Kafka, create_topic, topic_of};
pub use outbox::{Aggregate, publish};
pub use relay::Relay;

/// The tables of this library; every service's migrations include them.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// Lets a server publish what stands in its outbox, where there is a broker, and delete what has run out, everywhere:
/// events that were published or handled long ago, and answers to requests older than `requests_kept`.
pub fn attach(
    server: Server,
    service: &'static str,
    db: &Db,
    kafka: &Kafka,
    requests_kept: SignedDuration,
) -> anyhow::Result<Server> {
    let cleaned = db.clone();
    let server = server.background("forget", move |stopping| {
        cleanup::run(cleaned, requests_kept, stopping)
    });
    if kafka.brokers.is_empty() {
        return Ok(server);
    }
    let relay = Relay::new(service, db.clone(), kafka);
    Ok(server.background("relay", |stopping| relay.run(stopping)))
}
