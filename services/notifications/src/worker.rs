//! The worker that sends what is due.
//!
//! A mail is claimed for two minutes across organizations, each in its turn, then handled in its own organization alone.
//! Who dies with a mail in hand leaves it to the next: it goes out with the same Message-ID.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use jiff::SignedDuration;
use proto::notifications::DeliveryState;
use service::{Error, Result, clock, deadline};
use tenancy::{Caller, Db, TenantId, TenantTx};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use crate::{
    NAME,
    compose::{Composed, Composer, Outcome},
    events, held,
    mail::Site,
    peers::Peers,
    smtp::{Answer, Letter, Mailer},
    store::{
        self,
        delivery::{Claimed, Job},
    },
    words::Word as _,
};

const POLL: Duration = Duration::from_millis(500);
/// How many mails one round claims, and how many of them are on their way at once.
const BATCH: i64 = 20;
const AT_ONCE: usize = 4;
/// Less than the lease of a claim.
const BUDGET: Duration = Duration::from_secs(30);
/// Pauses before another try where the mail server did not take a mail.
const RETRIES: [SignedDuration; 4] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(6),
];
/// The pause where another service does not answer: it says nothing about the mail.
const PEER_PAUSE: SignedDuration = SignedDuration::from_secs(15);

const CARRIED: &str = "It went the way of the summary that took it along.";
const BOUNCED_BEFORE: &str = "Mail to this address bounced before.";
const NOT_WRITTEN: &str = "The mail could not be written.";

/// Sends mails until it is stopped.
pub(crate) struct Worker {
    pub(crate) db: Db,
    pub(crate) peers: Peers,
    pub(crate) site: Site,
    pub(crate) mailer: Mailer,
}

impl Worker {
    pub(crate) async fn run(self, stopping: CancellationToken) {
        while !stopping.is_cancelled() {
            let more = match self.round(&stopping).await {
                Ok(more) => more,
                Err(error) => {
                    tracing::warn!(%error, "mails wait for the database");
                    false
                }
            };
            if more {
                continue;
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Opens the summaries whose hour has come and sends one batch; true where there may be more.
    async fn round(&self, stopping: &CancellationToken) -> Result<bool> {
        let mut tx = self.db.begin_unscoped("mail: whose news is due").await?;
        let due = store::delivery::due_summaries(&mut tx, BATCH).await?;
        tx.commit().await?;
        for (tenant, account) in due {
            if let Err(error) = self.open_summary(tenant, account).await {
                tracing::warn!(%error, %tenant, "a summary waits");
            }
        }

        let mut tx = self.db.begin_unscoped("mail: claim what is due").await?;
        let claimed = store::delivery::claim(&mut tx, BATCH).await?;
        tx.commit().await?;
        let more = i64::try_from(claimed.len()).is_ok_and(|count| count == BATCH);
        stream::iter(claimed)
            .take_until(stopping.cancelled())
            .for_each_concurrent(AT_ONCE, |claimed| self.take(claimed))
            .await;
        Ok(more)
    }

    async fn open_summary(&self, tenant: TenantId, account: Uuid) -> Result<()> {
        let caller = Caller::system(tenant, NAME);
        let mut tx = self.db.begin(&caller).await?;
        let preference = store::preference::find(&mut tx, account).await?;
        tx.commit().await?;
        let zone = self.peers.zone(tenant, &preference.time_zone).await?;
        let mut tx = self.db.begin(&caller).await?;
        held::open_today(&mut tx, account, preference.frequency, &zone).await?;
        tx.commit().await
    }

    /// Handles one claimed mail, in the trace of what caused it.
    async fn take(&self, claimed: Claimed) {
        let span = tracing::info_span!(
            parent: None,
            "mail",
            otel.name = "send mail",
            otel.kind = "client",
            delivery = %claimed.id,
            tenant = %claimed.tenant,
            kind = tracing::field::Empty,
            state = tracing::field::Empty,
        );
        // an error only says that no layer listens for spans
        let _ = span.set_parent(::events::trace::parse(&claimed.traceparent));
        deadline::within(BUDGET, async {
            if let Err(error) = self.handle(&claimed).await {
                // its claim ends, and then it is tried again
                tracing::warn!(error = format!("{error:#}"), "a mail waits");
            }
        })
        .instrument(span)
        .await;
    }

    async fn handle(&self, claimed: &Claimed) -> Result<()> {
        let caller = Caller::system(claimed.tenant, NAME);
        let mut tx = self.db.begin(&caller).await?;
        let job = store::delivery::find_job(&mut tx, claimed.id).await?;
        tx.commit().await?;
        let Some(job) = job else {
            return Ok(());
        };
        tracing::Span::current().record("kind", &job.kind);
        let composer = Composer {
            db: &self.db,
            peers: &self.peers,
            site: &self.site,
            tenant: claimed.tenant,
        };
        let composed = match composer.compose(&job).await {
            Ok(composed) => composed,
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "a mail waits for another service");
                let mut tx = self.db.begin(&caller).await?;
                store::delivery::give_back(&mut tx, job.id, clock::now() + PEER_PAUSE).await?;
                return tx.commit().await;
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a mail could not be written");
                let mut tx = self.db.begin(&caller).await?;
                if store::delivery::lock_sending(&mut tx, job.id).await? {
                    store::delivery::count_attempt(&mut tx, job.id, "").await?;
                    try_later(&mut tx, &job, NOT_WRITTEN).await?;
                }
                return tx.commit().await;
            }
        };
        let answer = match &composed.outcome {
            Outcome::Letter(letter) => {
                let id = format!("{}.{}", job.id, job.attempts);
                Some(self.mailer.send(letter, &id).await?)
            }
            Outcome::Dropped(_) | Outcome::Suppressed => None,
        };

        let mut tx = self.db.begin(&caller).await?;
        if store::delivery::lock_sending(&mut tx, job.id).await? {
            record(&mut tx, &job, composed, answer).await?;
        }
        tx.commit().await
    }
}

/// Writes down what became of a mail and of the news in it.
async fn record(
    tx: &mut TenantTx,
    job: &Job,
    composed: Composed,
    answer: Option<Answer>,
) -> Result<()> {
    for (id, why) in &composed.left_out {
        store::delivery::advance(tx, &[*id], DeliveryState::Dropped, None, why).await?;
    }
    match (composed.outcome, answer) {
        (Outcome::Letter(letter), Some(answer)) => {
            store::delivery::count_attempt(tx, job.id, &letter.mail.subject).await?;
            record_answer(tx, job, &letter, answer).await
        }
        (Outcome::Letter(_), None) => Err(Error::internal("a letter was not sent")),
        (Outcome::Dropped(why), _) => finish(tx, job, DeliveryState::Dropped, why).await,
        (Outcome::Suppressed, _) => {
            finish(tx, job, DeliveryState::Suppressed, BOUNCED_BEFORE).await
        }
    }
}

async fn record_answer(
    tx: &mut TenantTx,
    job: &Job,
    letter: &Letter,
    answer: Answer,
) -> Result<()> {
    match answer {
        Answer::Accepted(said) => finish(tx, job, DeliveryState::Accepted, &said).await,
        Answer::NoSuchAddress(said) => {
            store::suppression::insert(tx, job.account_id, &letter.address, job.id).await?;
            events::delivery_bounced(tx, job.id, job.account_id).await?;
            finish(tx, job, DeliveryState::Bounced, &said).await
        }
        Answer::Refused(said) => try_later(tx, job, &said).await,
    }
}

/// Queues a mail for another try, or gives up after the last.
async fn try_later(tx: &mut TenantTx, job: &Job, why: &str) -> Result<()> {
    let tries = usize::try_from(job.attempts).map_err(Error::internal)?;
    let Some(pause) = RETRIES.get(tries) else {
        return finish(tx, job, DeliveryState::Failed, why).await;
    };
    let due_at = clock::now() + *pause;
    tracing::Span::current().record("state", DeliveryState::Queued.word());
    store::delivery::advance(tx, &[job.id], DeliveryState::Queued, Some(due_at), why).await
}

/// Moves a mail to the state where it ends, and with it the news that a summary took along.
async fn finish(tx: &mut TenantTx, job: &Job, state: DeliveryState, why: &str) -> Result<()> {
    tracing::Span::current().record("state", state.word());
    tracing::info!(state = state.word(), "a mail is done with");
    store::delivery::advance(tx, &[job.id], state, None, why).await?;
    let carried: Vec<Uuid> = store::delivery::news_of(tx, job.id, false)
        .await?
        .into_iter()
        .map(|news| news.delivery_id)
        .collect();
    store::delivery::advance(tx, &carried, state, None, CARRIED).await
}
