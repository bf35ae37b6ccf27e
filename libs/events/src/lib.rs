//! Events: outbox, relay, consumer.
//!
//! [`publish`] writes an event in the transaction of the fact. The [`Relay`] sends it to Kafka as a CloudEvent in binary
//! mode. A [`Consumer`] hands each event to a [`Handler`] once, in a transaction that also remembers the event's id.
//! What cannot be handled is held with everything of the same key behind it, until [`replay`].
//!
//! Delivery is at least once, the effect is effectively once; `docs/errors-and-logs.md` says what is held and why.

mod consumer;
mod envelope;
mod held;
mod kafka;
mod outbox;
mod relay;
pub mod trace;

use sqlx::migrate::Migrator;

pub use consumer::{Consumer, Handler};
pub use envelope::Received;
pub use held::replay;
pub use kafka::{Kafka, create_topic, topic_of};
pub use outbox::{Aggregate, publish};
pub use relay::Relay;

/// The tables of this library; every service's migrations include them.
pub static MIGRATIONS: Migrator = sqlx::migrate!();
