//! Turns uploads into photos.
//!
//! A file is claimed across organizations, each in its turn, then handled in its own organization alone. Who dies with a
//! file in hand leaves it to the next. A file that kills its worker three times is refused, and so is one on which the decoder
//! ends three times in a way that it does not know. What fails for another reason is no fault of the file, which waits and is
//! tried as often as it takes.

use std::{future::Future, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use opentelemetry::{KeyValue, global, metrics::Counter};
use proto::documents::UploadState;
use service::{Error, Found as _, Result, clock, deadline};
use tenancy::{Caller, Db, TenantTx};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use crate::{
    NAME,
    bucket::Place,
    decoding::{AT_ONCE, Refusal, Strange},
    events,
    file::{Refused, Subject, state_of_word},
    opening::{self, Opened, Opening},
    store::{self, file::Claimed},
};

/// Hurries the worker after an upload.
pub(crate) type Wake = Arc<Notify>;

const POLL: Duration = Duration::from_secs(1);
/// More than a file can take of the decoder, which has limits of its own, so that who is late is the bucket or the scanner.
/// Together with what is written before and after it, less than the lease of a claim.
pub(crate) const BUDGET: Duration = Duration::from_mins(2);
/// One piece of work on the own database: an answer that never comes must not stop all uploads.
const PIECE: Duration = Duration::from_secs(10);
/// The pause before something is written down again.
const WRITE_AGAIN: Duration = Duration::from_secs(1);
/// How long a try may take to be given back where the database is away.
const GIVE_BACK: Duration = Duration::from_secs(30);
/// How long after the signal to stop an upload may go on. With what its try takes to be given back, less than the process has.
pub(crate) const LAST_MOMENT: Duration = Duration::from_secs(10);
/// The pause where the bucket or the scanner does not answer: it says nothing about the file.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// The pause where something is broken here, which takes longer to mend.
const LONG_PAUSE: SignedDuration = SignedDuration::from_mins(3);
const TRIES: i32 = 3;
/// A camera's clock is believed from a year before the upload until a day after it.
const OLDEST: SignedDuration = SignedDuration::from_hours(366 * 24);
const NEWEST: SignedDuration = SignedDuration::from_hours(24);

/// Makes photos of uploads until it is stopped.
pub(crate) struct Worker {
    pub(crate) db: Db,
    pub(crate) opening: Opening,
    pub(crate) wake: Wake,
    /// How long one upload may take: [`BUDGET`].
    pub(crate) budget: Duration,
    /// How long it may go on when the process stops: [`LAST_MOMENT`].
    pub(crate) last_moment: Duration,
}

impl Worker {
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let outcomes = global::meter("contractoros")
            .u64_counter("documents.uploads")
            .with_description("Uploads that were settled, by outcome")
            .build();
        while !stopping.is_cancelled() {
            let woken = self.wake.notified();
            let more = match self.round(&outcomes, &stopping).await {
                Ok(more) => more,
                Err(error) => {
                    tracing::warn!(%error, "uploads wait for the database");
                    false
                }
            };
            if more {
                continue;
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = woken => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Handles as many as the decoder takes; true where there may be more.
    async fn round(&self, outcomes: &Counter<u64>, stopping: &CancellationToken) -> Result<bool> {
        let claimed = deadline::strictly(PIECE, self.claim()).await?;
        let more = !claimed.is_empty();
        stream::iter(claimed)
            .take_until(stopping.cancelled())
            .for_each_concurrent(AT_ONCE, |claimed| self.take(claimed, outcomes, stopping))
            .await;
        Ok(more)
    }

    async fn claim(&self) -> Result<Vec<Claimed>> {
        let mut tx = self.db.begin_unscoped("photos: claim uploads").await?;
        let claimed = store::file::claim(&mut tx, i64::try_from(AT_ONCE).unwrap_or(1)).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Handles one claimed upload, in the trace of who uploaded it.
    async fn take(&self, claimed: Claimed, outcomes: &Counter<u64>, stopping: &CancellationToken) {
        let span = tracing::info_span!(
            parent: None,
            "photo",
            otel.name = "make photo",
            file = %claimed.id,
            tenant = %claimed.tenant,
            outcome = tracing::field::Empty,
        );
        // an error only says that no layer listens for spans
        let _ = span.set_parent(::events::trace::parse(&claimed.traceparent));
        self.attempt(&claimed, outcomes, stopping)
            .instrument(span)
            .await;
    }

    /// Counts a try, and takes it back where it failed for a reason of ours.
    async fn attempt(
        &self,
        claimed: &Claimed,
        outcomes: &Counter<u64>,
        stopping: &CancellationToken,
    ) {
        let file = match deadline::strictly(PIECE, self.begin(claimed)).await {
            Ok(Some(file)) => file,
            Ok(None) => return,
            // its claim ends, and then it is tried again
            Err(error) => return tracing::warn!(%error, "an upload waits for the database"),
        };
        let work = Box::pin(self.handle(claimed, &file, outcomes));
        let work = deadline::within(self.budget, work);
        let outcome = tokio::select! {
            outcome = tokio::time::timeout(self.budget, work) => {
                outcome.unwrap_or(Err(Error::DeadlineExceeded))
            }
            () = self.last_moment(stopping) => {
                Err(Error::Unavailable(anyhow::anyhow!("documents stops")))
            }
        };
        let Err(error) = outcome else {
            return;
        };
        tracing::warn!(%error, "an upload waits");
        if may_be_the_files(&error) {
            return;
        }
        let pause = if error.is_transient() {
            PAUSE
        } else {
            LONG_PAUSE
        };
        let given_back = written(|| self.give_back(claimed, pause));
        match tokio::time::timeout(GIVE_BACK, given_back).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a try stays counted"),
            Err(_) => tracing::warn!("a try stays counted: the database is away"),
        }
    }

    async fn handle(
        &self,
        claimed: &Claimed,
        file: &store::file::File,
        outcomes: &Counter<u64>,
    ) -> Result<()> {
        let place = Place {
            tenant: claimed.tenant,
            file: claimed.id,
        };
        let opened = if file.attempts >= TRIES {
            Opened::Refused(Refused::Decoding(Refusal::TooHard))
        } else {
            self.opening.open(Subject::Photo, place, file).await?
        };
        let Some(outcome) = written(|| self.write_down(claimed, &opened)).await? else {
            return Ok(());
        };
        tracing::Span::current().record("outcome", outcome);
        outcomes.add(1, &[KeyValue::new("outcome", outcome)]);
        self.opening.leave_quarantine(place).await;
        Ok(())
    }

    /// Counts a try; none where the upload is settled.
    async fn begin(&self, claimed: &Claimed) -> Result<Option<store::file::File>> {
        let mut tx = self.begin_for(claimed).await?;
        let file = processing(&mut tx, claimed.id).await?;
        if let Some(file) = &file {
            store::file::count_attempt(&mut tx, file.id).await?;
        }
        tx.commit().await?;
        Ok(file)
    }

    async fn give_back(&self, claimed: &Claimed, pause: SignedDuration) -> Result<()> {
        let mut tx = self.begin_for(claimed).await?;
        store::file::give_back(&mut tx, claimed.id, clock::now() + pause).await?;
        tx.commit().await
    }

    /// Answers the outcome in a word; none where the upload was settled by somebody else.
    async fn write_down(&self, claimed: &Claimed, opened: &Opened) -> Result<Option<&'static str>> {
        let mut tx = self.begin_for(claimed).await?;
        let Some(file) = processing(&mut tx, claimed.id).await? else {
            return Ok(None);
        };
        opening::settle(&mut tx, &file, opened).await?;
        let outcome = match opened {
            Opened::Sound(sound) => {
                let pending = store::photo::find_pending(&mut tx, file.id)
                    .await?
                    .found()?;
                let created_at = file.created_at.to_jiff();
                let taken_at = sound
                    .taken
                    .and_then(|taken| believable(taken, &pending.time_zone, created_at));
                store::photo::make_ready(&mut tx, file.id, taken_at).await?;
                let (project, account) = (pending.project_id, pending.uploaded_by);
                events::photo_added(&mut tx, project, file.id, account).await?;
                "ready"
            }
            Opened::Refused(why) => why.word(),
        };
        tx.commit().await?;
        Ok(Some(outcome))
    }

    /// Comes when the process must end soon, and what is under way had its time to do so by itself.
    async fn last_moment(&self, stopping: &CancellationToken) {
        stopping.cancelled().await;
        tokio::time::sleep(self.last_moment).await;
    }

    async fn begin_for(&self, claimed: &Claimed) -> Result<TenantTx> {
        self.db.begin(&Caller::system(claimed.tenant, NAME)).await
    }
}

/// Writes something down, also where the database is away for a while: a file is not to be refused because the outcome of
/// three tries was lost.
async fn written<T, F: Future<Output = Result<T>>>(write: impl Fn() -> F) -> Result<T> {
    loop {
        match deadline::strictly(PIECE, write()).await {
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "an upload waits for the database");
                tokio::time::sleep(WRITE_AGAIN).await;
            }
            outcome => return outcome,
        }
    }
}

/// True where the decoder died of something that may be the file.
fn may_be_the_files(error: &Error) -> bool {
    matches!(error, Error::Internal(cause) if cause.is::<Strange>())
}

async fn processing(tx: &mut TenantTx, id: Uuid) -> Result<Option<store::file::File>> {
    let file = store::file::lock(tx, Subject::Photo, id).await?;
    Ok(file.filter(|file| state_of_word(&file.state) == UploadState::Processing))
}

/// The camera's time, where its clock can be right.
fn believable(taken: DateTime, zone: &str, uploaded_at: Timestamp) -> Option<Timestamp> {
    let zone = TimeZone::get(zone).ok()?;
    let taken = taken.to_zoned(zone).ok()?.timestamp();
    let age = uploaded_at.duration_since(taken);
    (age <= OLDEST && -age <= NEWEST).then_some(taken)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use service::new_id;
    use tenancy::TenantId;
    use testing::TestDb;
    use tokio::net::TcpListener;

    use super::*;
    use crate::{
        bucket::{Bucket, S3},
        config,
        decoding::{Decoder, FileType},
        file::Declared,
        photo::Details,
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn a_try_that_ran_out_of_time_or_that_the_end_cut_off_is_given_back() -> anyhow::Result<()>
    {
        let database = TestDb::new(NAME, &crate::migrations()).await?;
        let db = Db::open(NAME, &database.database(4)?).await?;
        // a bucket that never answers
        let silent = TcpListener::bind("127.0.0.1:0").await?;
        let mut worker = Worker {
            db: db.clone(),
            opening: Opening {
                bucket: Bucket::new(&S3 {
                    endpoint: format!("http://{}", silent.local_addr()?),
                    bucket: "silent".to_owned(),
                    region: "us-east-1".to_owned(),
                    access_key: "key".to_owned(),
                    secret_key: "secret".into(),
                }),
                decoder: Arc::new(Decoder::new(&config::Decoder {
                    program: "/bin/false".into(),
                    heif_convert: "/bin/false".into(),
                })?),
                clamd: config::Clamd {
                    address: String::new(),
                    timeout_ms: 0,
                },
            },
            wake: Wake::default(),
            budget: Duration::from_millis(50),
            last_moment: Duration::ZERO,
        };
        let (tenant, id, account) = (TenantId::new(), new_id(), new_id());
        let declared = Declared {
            name: "a.jpg".to_owned(),
            file_type: FileType::Jpeg,
            size: 1,
        };
        let caller = Caller::system(tenant, NAME);
        let mut tx = db.begin(&caller).await?;
        let details = Details::blank();
        store::photo::insert(&mut tx, id, new_id(), &details, &declared, account, "UTC").await?;
        let queued = store::file::queue(&mut tx, id, account).await?;
        assert!(queued.is_some(), "it was awaited");
        tx.commit().await?;

        let outcomes = global::meter(NAME).u64_counter("outcomes").build();
        let stopping = CancellationToken::new();
        for round in 0..=TRIES {
            // the last one has time, but the process stops
            if round == TRIES {
                worker.budget = BUDGET;
                stopping.cancel();
            }
            let claimed = Claimed {
                tenant,
                id,
                traceparent: String::new(),
            };
            let taken = worker.take(claimed, &outcomes, &stopping);
            // the bucket is given up later
            tokio::time::timeout(PIECE, taken).await?;
            let mut tx = db.begin(&caller).await?;
            let file = processing(&mut tx, id).await?.found()?;
            assert_eq!(file.attempts, 0);
        }
        Ok(())
    }

    #[test]
    fn a_cameras_clock_is_believed_within_reason() {
        let uploaded_at: Timestamp = "2026-11-17T22:00:00Z".parse().expect("a time");
        let believed = |taken| believable(taken, "America/Los_Angeles", uploaded_at);
        let morning = date(2026, 11, 17).at(8, 12, 0, 0);
        assert_eq!(
            believed(morning),
            Some("2026-11-17T16:12:00Z".parse().expect("a time"))
        );
        assert_eq!(believed(date(2016, 1, 1).at(0, 0, 0, 0)), None);
        assert_eq!(believed(date(2026, 12, 24).at(0, 0, 0, 0)), None);
    }
}
