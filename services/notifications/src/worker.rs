//! The worker that sends what is due.
//!
//! Mails are claimed for two minutes across organizations, each in its turn, then handled in their own organization alone.
//! Who dies with a mail in hand leaves it to the next: it goes out with the same Message-ID. Whoever lives on while the
//! database is away remembers what the mail server said.

mod outcome;

use std::{
    collections::{HashMap, HashSet},
    mem, slice,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, future::join_all, stream, stream::FuturesUnordered};
use jiff::SignedDuration;
use service::{Error, Result, clock, deadline};
use tenancy::{Caller, Db, TenantId, TenantTx};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use self::outcome::Handled;
use crate::{
    NAME,
    compose::{Composer, Outcome, Shared, unsent},
    mail::PortalAddress,
    peers::Peers,
    smtp::Mailer,
    store::{
        self,
        job::{Claimed, Job},
    },
    waiting,
    words::Word as _,
};

const POLL: Duration = Duration::from_millis(500);
/// How many summaries one round opens.
const SUMMARIES: i64 = 20;
/// How many mails are claimed for each that goes at once.
const CLAIMED_FOR_EACH: u16 = 3;
/// A mail takes no longer.
const BUDGET: Duration = Duration::from_secs(30);
/// Writing it takes no longer, so that as much is left as [`Mailer::send`] may take.
const COMPOSE: Duration = Duration::from_secs(5);
/// A claimed mail is begun within this time or left to the next claim: with [`BUDGET`] and what stands around it, less than
/// the lease, so that nobody else takes it over meanwhile.
const BEGUN_WITHIN: Duration = Duration::from_secs(75);
/// One piece of work on the own database: an answer that never comes must not stop all mail.
const PIECE: Duration = Duration::from_secs(10);
/// For what several mails share; where it takes longer, or was answered longer ago, each asks for itself.
const SHARED: Duration = Duration::from_secs(1);
/// The pause before the outcome of a mail is written down again.
const RECORD_AGAIN: Duration = Duration::from_secs(1);
/// The pause where another service does not answer.
const PEER_PAUSE: SignedDuration = SignedDuration::from_secs(15);
/// The pause where the mail server is not reached.
const SERVER_PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// Sends mails until it is stopped.
pub(crate) struct Worker {
    pub(crate) db: Db,
    pub(crate) peers: Peers,
    pub(crate) portal: PortalAddress,
    pub(crate) mailer: Mailer,
}

impl Worker {
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let committed = self.db.committed();
        while !stopping.is_cancelled() {
            let woken = committed.notified();
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
                () = woken => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Opens the summaries whose hour has come and sends what it claims; true where there may be more.
    ///
    /// What becomes of the mails of an organization is written down together, as much as there is when the last was written:
    /// a commit waits for the disk.
    async fn round(&self, stopping: &CancellationToken) -> Result<bool> {
        for (tenant, account) in deadline::strictly(PIECE, self.due_summaries()).await? {
            let opened = self.open_summary(tenant, account);
            if let Err(error) = deadline::strictly(BUDGET, opened).await {
                tracing::warn!(%error, %tenant, "a summary waits");
            }
        }

        let begin = Instant::now();
        let claimed = deadline::strictly(PIECE, self.claim()).await?;
        let more = i64::try_from(claimed.len()).is_ok_and(|count| count == self.most_claimed());
        let shared = self.shared(&claimed).await;
        let at_once = usize::from(self.mailer.at_once());
        let (outcomes, handled) = mpsc::unbounded_channel();
        let handling = async move {
            stream::iter(claimed)
                .for_each_concurrent(at_once, async |claimed| {
                    if begin.elapsed() > BEGUN_WITHIN {
                        return;
                    }
                    let handled = self.take(&claimed, shared.get(&claimed.tenant), stopping);
                    if let Some(handled) = handled.await {
                        // whoever receives it goes on for as long as it may come
                        let _ = outcomes.send(handled);
                    }
                })
                .await;
        };
        tokio::join!(handling, self.record_all(handled, stopping));
        Ok(more)
    }

    fn most_claimed(&self) -> i64 {
        i64::from(self.mailer.at_once()) * i64::from(CLAIMED_FOR_EACH)
    }

    async fn due_summaries(&self) -> Result<Vec<(TenantId, Uuid)>> {
        let mut tx = self.db.begin_unscoped("mail: whose news is due").await?;
        let due = store::job::due_summaries(&mut tx, SUMMARIES).await?;
        tx.commit().await?;
        Ok(due)
    }

    async fn claim(&self) -> Result<Vec<Claimed>> {
        let mut tx = self.db.begin_unscoped("mail: claim what is due").await?;
        let claimed = store::job::claim(&mut tx, self.most_claimed()).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Asks once for what several of these mails need. What is missing is asked for by each mail, which says what is to
    /// become of it.
    async fn shared(&self, claimed: &[Claimed]) -> HashMap<TenantId, Shared> {
        let mut mails: HashMap<TenantId, Vec<&Claimed>> = HashMap::new();
        for one in claimed {
            mails.entry(one.tenant).or_default().push(one);
        }
        let asked =
            mails
                .into_iter()
                .filter(|(_, mails)| mails.len() > 1)
                .map(async |(tenant, mails)| {
                    let shared = deadline::strictly(SHARED, Box::pin(self.ask(tenant, &mails)));
                    Some((tenant, shared.await.ok()?))
                });
        join_all(asked).await.into_iter().flatten().collect()
    }

    async fn ask(&self, tenant: TenantId, mails: &[&Claimed]) -> Result<Shared> {
        let at = Instant::now();
        let ids: Vec<Uuid> = mails.iter().map(|mail| mail.id).collect();
        let accounts: Vec<Uuid> = mails.iter().map(|mail| mail.account).collect();
        let (jobs, organization, accounts) = tokio::try_join!(
            self.jobs(tenant, &ids),
            self.peers.organization(tenant),
            self.peers.accounts(tenant, &accounts)
        )?;
        Ok(Shared {
            at,
            jobs: jobs.into_iter().map(|job| (job.id, job)).collect(),
            organization,
            accounts,
        })
    }

    async fn jobs(&self, tenant: TenantId, ids: &[Uuid]) -> Result<Vec<Job>> {
        let mut tx = self.db.read(&Caller::system(tenant, NAME)).await?;
        store::job::find(&mut tx, ids).await
    }

    async fn open_summary(&self, tenant: TenantId, account: Uuid) -> Result<()> {
        let caller = Caller::system(tenant, NAME);
        let mut tx = self.db.read(&caller).await?;
        let preference = store::preference::find(&mut tx, account).await?;
        drop(tx);
        let zone = self.peers.zone(tenant, &preference.time_zone).await?;
        let mut tx = self.db.begin(&caller).await?;
        waiting::open_today(&mut tx, account, preference.frequency, &zone).await?;
        tx.commit().await
    }

    /// Handles one claimed mail, in the trace of what caused it; none where nothing came of it, and it is claimed again.
    async fn take(
        &self,
        claimed: &Claimed,
        shared: Option<&Shared>,
        stopping: &CancellationToken,
    ) -> Option<Handled> {
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
        async {
            let handled = async {
                if stopping.is_cancelled() {
                    self.give_back(claimed, SignedDuration::ZERO).await?;
                    return Ok(None);
                }
                let shared = shared.filter(|shared| shared.at.elapsed() < SHARED);
                Box::pin(self.handle(claimed, shared)).await
            };
            deadline::strictly(BUDGET, handled)
                .await
                .unwrap_or_else(|error| {
                    // its claim ends, and then it is tried again
                    tracing::warn!(error = format!("{error:#}"), "a mail waits");
                    None
                })
        }
        .instrument(span)
        .await
    }

    /// Writes down what becomes of mails until no more come. No organization waits for another.
    async fn record_all(
        &self,
        mut handled: mpsc::UnboundedReceiver<Handled>,
        stopping: &CancellationToken,
    ) {
        let mut received = Vec::new();
        let mut waiting: HashMap<TenantId, Vec<Handled>> = HashMap::new();
        let mut writing = FuturesUnordered::new();
        let mut busy: HashSet<TenantId> = HashSet::new();
        let mut is_open = true;
        while is_open || !writing.is_empty() {
            tokio::select! {
                count = handled.recv_many(&mut received, usize::MAX), if is_open => is_open = count > 0,
                Some(tenant) = writing.next() => {
                    busy.remove(&tenant);
                }
            }
            for one in received.drain(..) {
                waiting.entry(one.tenant).or_default().push(one);
            }
            for (tenant, handled) in &mut waiting {
                if !handled.is_empty() && busy.insert(*tenant) {
                    let (tenant, handled) = (*tenant, mem::take(handled));
                    writing.push(async move {
                        self.record(tenant, &handled, stopping).await;
                        tenant
                    });
                }
            }
        }
    }

    /// Writes down what became of mails of an organization, however long the database is away: a mail that was accepted
    /// would go out again. Where one of them cannot be written, or all of them take too long, each is written alone.
    async fn record(&self, tenant: TenantId, handled: &[Handled], stopping: &CancellationToken) {
        loop {
            let Err(error) = deadline::strictly(PIECE, self.write_down(tenant, handled)).await
            else {
                return;
            };
            let is_alone = handled.len() == 1;
            if !is_alone && (!error.is_transient() || matches!(error, Error::DeadlineExceeded)) {
                for one in handled {
                    Box::pin(self.record(tenant, slice::from_ref(one), stopping)).await;
                }
                return;
            }
            if !error.is_transient() || stopping.is_cancelled() {
                // its claim ends, and then it is tried again
                tracing::warn!(error = format!("{error:#}"), %tenant, "a mail waits");
                return;
            }
            tracing::warn!(%error, %tenant, "the outcome of a mail waits for the database");
            tokio::select! {
                () = tokio::time::sleep(RECORD_AGAIN) => {}
                () = stopping.cancelled() => {}
            }
        }
    }

    async fn write_down(&self, tenant: TenantId, handled: &[Handled]) -> Result<()> {
        let mut tx = self.db.begin(&Caller::system(tenant, NAME)).await?;
        let mut ended = Vec::new();
        for one in handled {
            let state = outcome::write(&mut tx, one)
                .instrument(one.span.clone())
                .await?;
            ended.extend(state.map(|state| (one, state)));
        }
        tx.commit().await?;
        for (one, state) in ended {
            let state = state.word();
            one.span.record("state", &state);
            one.span
                .in_scope(|| tracing::info!(state, "a mail is done with"));
        }
        Ok(())
    }

    /// Writes a mail and hands it to the mail server.
    async fn handle(&self, claimed: &Claimed, shared: Option<&Shared>) -> Result<Option<Handled>> {
        let job = match shared {
            Some(shared) => shared.jobs.get(&claimed.id).cloned(),
            None => self.jobs(claimed.tenant, &[claimed.id]).await?.pop(),
        };
        let Some(job) = job else {
            return Ok(None);
        };
        Span::current().record("kind", &job.kind);
        let composer = Composer {
            db: &self.db,
            peers: &self.peers,
            shared,
            portal: &self.portal,
            tenant: claimed.tenant,
        };
        // what is left of the budget is the mail server's: a letter that it may have taken must not be cut off
        let composing = Box::pin(composer.compose(&job));
        let composed = match deadline::strictly(COMPOSE, composing).await {
            Ok(composed) => composed,
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "a mail waits for what it needs");
                self.give_back(claimed, PEER_PAUSE).await?;
                return Ok(None);
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a mail could not be written");
                unsent(Outcome::Unwritten)
            }
        };
        let answer = match &composed.outcome {
            Outcome::Letter(letter) => match self.mailer.send(letter, job.id).await {
                Ok(answer) => Some(answer),
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, "a mail waits for the mail server");
                    self.give_back(claimed, SERVER_PAUSE).await?;
                    return Ok(None);
                }
                Err(error) => return Err(error),
            },
            Outcome::Dropped(_) | Outcome::Suppressed | Outcome::Unwritten => None,
        };
        Ok(Some(Handled {
            span: Span::current(),
            tenant: claimed.tenant,
            job,
            composed,
            answer,
        }))
    }

    /// Gives a mail back, to be claimed after a pause as if it had not been: that counts as no try.
    async fn give_back(&self, claimed: &Claimed, pause: SignedDuration) -> Result<()> {
        let mut tx = self.begin(claimed).await?;
        store::job::give_back(&mut tx, claimed.id, clock::now() + pause).await?;
        tx.commit().await
    }

    async fn begin(&self, claimed: &Claimed) -> Result<TenantTx> {
        self.db.begin(&Caller::system(claimed.tenant, NAME)).await
    }
}
