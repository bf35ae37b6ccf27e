//! Deletes what nobody can ask for any more: at start and hourly, in small batches, over all organizations.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use service::{Result, clock, deadline};
use tenancy::Db;
use tokio_util::sync::CancellationToken;

use crate::kafka;

const EVERY: Duration = Duration::from_hours(1);
const BATCH: u64 = 500;
/// One batch takes no longer.
const BUDGET: Duration = Duration::from_secs(10);

/// The tables of the libraries: what is deleted of each, and how long it is kept.
struct Kept {
    delete: &'static str,
    time: SignedDuration,
}

/// Published events: after that they are found in Kafka for a while, and then nowhere.
const OUTBOX: Kept = Kept {
    delete: "delete from outbox where (tenant_id, id) in
                 (select tenant_id, id from outbox where published_at < $1 limit $2)",
    time: SignedDuration::from_hours(7 * 24),
};
/// Handled events: longer than a topic keeps them, so that none that comes again takes effect again.
const INBOX: Kept = Kept {
    delete: "delete from inbox where (tenant_id, event_id) in
                 (select tenant_id, event_id from inbox where handled_at < $1 limit $2)",
    time: SignedDuration::from_hours(35 * 24),
};
const _: () = assert!(INBOX.time.as_hours() > kafka::RETENTION.as_hours());
/// Answers to requests, kept as long as the service says.
const REQUEST: &str = "delete from request where (tenant_id, subject, method, request_id) in
    (select tenant_id, subject, method, request_id from request where created_at < $1 limit $2)";

/// Runs until `stopping` fires; a request id answers as before for `requests_kept`.
pub(crate) async fn run(db: Db, requests_kept: SignedDuration, stopping: CancellationToken) {
    let tables = [
        OUTBOX,
        INBOX,
        Kept {
            delete: REQUEST,
            time: requests_kept,
        },
    ];
    loop {
        for kept in &tables {
            if let Err(error) = clean(&db, kept, &stopping).await {
                tracing::warn!(%error, "what has run out stays for another hour");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stopping.cancelled() => return,
        }
    }
}

async fn clean(db: &Db, kept: &Kept, stopping: &CancellationToken) -> Result<()> {
    let before = clock::now() - kept.time;
    while !stopping.is_cancelled() {
        let deleted = deadline::strictly(BUDGET, clean_batch(db, kept, before)).await?;
        if deleted < BATCH {
            break;
        }
    }
    Ok(())
}

async fn clean_batch(db: &Db, kept: &Kept, before: Timestamp) -> Result<u64> {
    let mut tx = db
        .begin_unscoped("clean up: delete what has run out")
        .await?;
    let deleted = sqlx::query(kept.delete)
        .bind(before.to_sqlx())
        .bind(BATCH.cast_signed())
        .execute(&mut *tx)
        .await?
        .rows_affected();
    tx.commit().await?;
    Ok(deleted)
}
