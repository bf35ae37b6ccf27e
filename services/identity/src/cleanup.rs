//! Deletes what has run out: at start and hourly, in small batches, over all organizations.

use std::time::Duration;

use jiff::Timestamp;
use service::{Result, clock, deadline};
use tenancy::Db;
use tokio_util::sync::CancellationToken;

use crate::{attempts, session, store};

const EVERY: Duration = Duration::from_hours(1);
/// One batch takes no longer.
const BUDGET: Duration = Duration::from_secs(10);

/// Runs until `stopping` fires.
pub(crate) async fn run(db: Db, stopping: CancellationToken) {
    loop {
        if let Err(error) = clean(&db, &stopping).await {
            tracing::warn!(%error, "what has run out stays for another hour");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stopping.cancelled() => return,
        }
    }
}

async fn clean(db: &Db, stopping: &CancellationToken) -> Result<()> {
    let now = clock::now();
    let mut more = true;
    while more && !stopping.is_cancelled() {
        more = deadline::strictly(BUDGET, clean_batch(db, now)).await?;
    }
    Ok(())
}

/// Deletes some; true where there may be more.
async fn clean_batch(db: &Db, now: Timestamp) -> Result<bool> {
    let mut tx = db.begin_unscoped("delete what has run out").await?;
    let deleted = [
        store::session::delete_expired(&mut tx, now).await?,
        store::session::delete_expired_codes(&mut tx, now).await?,
        store::session::delete_old_devices(&mut tx, now - session::DEVICE_KEPT).await?,
        store::attempt::delete_old(&mut tx, now - attempts::KEPT).await?,
    ];
    tx.commit().await?;
    Ok(deleted.contains(&store::BATCH))
}
