//! Deletes what nobody wants: uploads that never came, refusals of last week, what lay long in the trash.

use std::time::Duration;

use service::{Result, deadline};
use tenancy::{Caller, Db};
use tokio_util::sync::CancellationToken;

use crate::{
    NAME,
    bucket::{Bucket, Place},
    store::{self, file::Claimed},
};

const SWEEP: Duration = Duration::from_secs(30);
const AT_ONCE: i64 = 100;
/// One piece of work: an answer that never comes must not stop all that follows.
const PIECE: Duration = Duration::from_secs(10);

/// Deletes files until it is stopped.
pub(crate) struct Sweeper {
    pub(crate) db: Db,
    pub(crate) bucket: Bucket,
}

impl Sweeper {
    pub(crate) async fn run(self, stopping: CancellationToken) {
        while !stopping.is_cancelled() {
            if let Err(error) = self.sweep(&stopping).await {
                tracing::warn!(%error, "files wait to be deleted");
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(SWEEP) => {}
            }
        }
    }

    /// Deletes what is claimed; a file that cannot be deleted waits for another round and puts off no other.
    async fn sweep(&self, stopping: &CancellationToken) -> Result<()> {
        for claimed in deadline::strictly(PIECE, self.claim()).await? {
            if stopping.is_cancelled() {
                break;
            }
            if let Err(error) = deadline::strictly(PIECE, Box::pin(self.delete(&claimed))).await {
                tracing::warn!(
                    %error,
                    tenant = %claimed.tenant,
                    file = %claimed.id,
                    "a file waits to be deleted"
                );
            }
        }
        Ok(())
    }

    async fn claim(&self) -> Result<Vec<Claimed>> {
        let mut tx = self
            .db
            .begin_unscoped("files: claim what is deleted")
            .await?;
        let stale = store::file::claim_stale(&mut tx, AT_ONCE).await?;
        tx.commit().await?;
        Ok(stale)
    }

    /// The objects first: a row that outlives them is found again, an object without a row never.
    async fn delete(&self, claimed: &Claimed) -> Result<()> {
        let place = Place {
            tenant: claimed.tenant,
            file: claimed.id,
        };
        let mut tx = self.db.begin(&Caller::system(claimed.tenant, NAME)).await?;
        let Some(file) = store::file::lock_stale(&mut tx, claimed.id).await? else {
            return Ok(());
        };
        self.bucket.delete(place.all()).await?;
        store::photo::delete(&mut tx, file.id).await?;
        store::file::delete(&mut tx, file.id).await?;
        store::usage::add(&mut tx, -1, -file.stored_bytes).await?;
        tx.commit().await
    }
}
