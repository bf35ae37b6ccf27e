//! Duplicates and disorder change nothing: what was published is delivered again, once as it came and once three times and
//! shuffled, to a notifications of its own each time. Its database and its mails must be the same.
//!
//! The third time comes when all was handled: what comes twice at once is handled together, and would be told apart by that.

mod deeds;
mod dump;
mod record;

use std::{collections::BTreeSet, net::Ipv4Addr, time::Duration};

use anyhow::{Context as _, Result, ensure};
use devstack::{kafka::Kafka, smtp::Smtp};
use integration_tests::{Cast, Services, setting};
use jiff::SignedDuration;
use rand::{SeedableRng as _, rngs::StdRng};
use service::clock;
use sqlx::PgConnection;
use testing::TestDb;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::{dump::Dump, record::Record};

const PATIENCE: Duration = Duration::from_mins(1);
/// Longer than any mail is held for more photos.
const HOLD: SignedDuration = SignedDuration::from_hours(2);
const TIMES: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_and_disorder_change_nothing() -> Result<()> {
    let seed = setting("REPLAY_SEED")?.unwrap_or_else(rand::random);
    println!("again: REPLAY_SEED={seed}");
    let services = Services::start().await?;
    let cast = Cast::gather(&services).await?;
    deeds::rest(&services, &cast.alder).await?;
    let records = record::published(&services).await?;
    let types: BTreeSet<&str> = records.iter().map(Record::kind).collect();
    assert_eq!(types, record::declared(), "every event happened");

    let control = Control::start().await?;
    let once = deliver(&services, &control, &[&records]).await?;
    let mut random = StdRng::seed_from_u64(seed);
    let twice = record::shuffled(&records, TIMES - 1, &mut random);
    let again = record::shuffled(&records, 1, &mut random);
    let thrice = deliver(&services, &control, &[&twice, &again]).await?;
    services.stop().await?;

    assert!(
        once.mails().len() > 5,
        "mails are sent again: {:#?}",
        once.mails()
    );
    assert_eq!(once.difference(&thrice), Vec::<String>::new());
    let result = format!(
        "{} events of {} types, {TIMES} times: {} rows, {} mails",
        records.len(),
        types.len(),
        once.rows().len(),
        once.mails().len()
    );
    testing::proved("events.repeated", &result)
}

/// Delivers records to a notifications that knows nothing yet, each part once it has read the one before, and gives what it
/// then has. The first part holds them all.
async fn deliver(services: &Services, control: &Control, parts: &[&[Record]]) -> Result<Dump> {
    let folder = tempfile::tempdir().context("make a folder for Kafka and mails")?;
    let kafka = Kafka::start(&folder.path().join("kafka")).await?;
    let smtp = Smtp::start(&folder.path().join("mails")).await?;
    let database = TestDb::new("notifications", &notifications::migrations()).await?;
    let begin = clock::now();
    record::send(&kafka, parts[0]).await?;
    let running = services.notifications_on(&database, &kafka, &smtp).await?;
    record::until_read(&kafka).await?;
    for part in &parts[1..] {
        record::send(&kafka, part).await?;
        record::until_read(&kafka).await?;
    }

    let mut superuser = database.superuser().await?;
    let known: BTreeSet<_> = parts[0]
        .iter()
        .filter(|record| record.is_told_to_notifications())
        .map(Record::id)
        .collect();
    let handled: i64 = sqlx::query_scalar("select count(*) from inbox")
        .fetch_one(&mut superuser)
        .await?;
    ensure!(
        handled == i64::try_from(known.len())?,
        "{handled} of {} events are handled",
        known.len()
    );
    control.forward(HOLD).await?;
    let pending = "select count(*) from delivery where state in ('queued', 'sending')";
    until(&mut superuser, "every mail is sent", pending, 0).await?;
    let held: i64 = sqlx::query_scalar("select count(*) from held_event")
        .fetch_one(&mut superuser)
        .await?;
    ensure!(held == 0, "{held} events are held");

    running.stop().await?;
    let dump = Dump::take(&mut superuser, &smtp, parts[0], begin).await?;
    kafka.stop().await?;
    Ok(dump)
}

/// Waits until a query counts so many.
async fn until(
    connection: &mut PgConnection,
    what: &str,
    query: &'static str,
    expected: i64,
) -> Result<()> {
    let mut count = -1;
    let reached = async {
        while count != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
            count = sqlx::query_scalar(query)
                .fetch_one(&mut *connection)
                .await?;
        }
        anyhow::Ok(())
    };
    match tokio::time::timeout(PATIENCE, reached).await {
        Ok(outcome) => outcome,
        Err(_) => anyhow::bail!("{what}: {count} and not {expected} after {PATIENCE:?}"),
    }
}

/// The clock of this process, in which all services run.
struct Control {
    address: String,
    _stopping: tokio_util::sync::DropGuard,
}

impl Control {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = format!("http://{}/clock", listener.local_addr()?);
        let stopping = CancellationToken::new();
        #[expect(
            clippy::disallowed_methods,
            reason = "a test has no lifecycle of its own"
        )]
        tokio::spawn(service::serve_control(listener, stopping.clone()));
        Ok(Self {
            address,
            _stopping: stopping.drop_guard(),
        })
    }

    async fn forward(&self, by: SignedDuration) -> Result<()> {
        reqwest::Client::new()
            .put(&self.address)
            .body((clock::now() + by).to_string())
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .context("move the clock")?;
        Ok(())
    }
}
