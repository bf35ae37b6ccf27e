//! One RPC that reads, beside a server that does nothing and the same SQL.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use devstack::{platform::Platform, services::Service};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use integration_tests::{Organization, Process, Stage as _, statements::StatementLog};
use proto::projects::{
    GetProjectRequest, GetProjectResponse, project_service_client::ProjectServiceClient,
};
use service::Peer;
use sqlx::PgConnection;
use tenancy::authorized;
use tokio::time::Instant;

use crate::{
    cpu::{Meter, Who},
    echo::Echo,
    line::{Goal, Line, middle},
    pgbench::{Parameters, Play, checked},
};

const ROUNDS: usize = 3;
const CALLS: u32 = 3_000;
const AT_ONCE: usize = 8;
/// Of playing SQL; processor time is read over the middle of it.
const PLAY_SECONDS: &str = "4";
const MIDDLE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A client reads a project: processor seconds a call at the service and its database, beside those of an echo of the same
/// answer and of pgbench with the statements of one call.
pub(crate) async fn measure(platform: &Platform, alder: &Organization) -> Result<Line> {
    let ours = Reader {
        platform,
        alder,
        peer: platform.peer("projects")?,
    };
    let answer = ours.read(&ours.token()?).await?;
    ours.read_many().await?;
    let log = StatementLog::open(platform).await?;
    let token = ours.token()?;
    let scripts = log.of(async || ours.read(&token).await.map(drop)).await?;
    log.close().await?;
    let [script] = scripts.as_slice() else {
        anyhow::bail!("one login reads a project: {scripts:?}");
    };

    let folder = tempfile::tempdir().context("make a folder for the echo")?;
    let echo = Echo::start(folder.path(), &answer).await?;
    let bare = Reader {
        peer: echo.peer()?,
        ..ours.clone()
    };
    bare.read_many().await?;
    let play = Play::of(platform, script, Parameters::Sent)?;
    let planned = Play::of(platform, script, Parameters::InPlace)?;
    let meter = Meter::of(platform, &[Service::Projects]).await?;

    let (mut services, mut databases) = (Vec::new(), Vec::new());
    let (mut echoes, mut statements, mut players) = (Vec::new(), Vec::new(), Vec::new());
    let (mut plans, mut rates, mut bare_rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (cpu, time) = meter.during(ours.read_many()).await?;
        services.push(cpu[&Who::Service(Service::Projects)] / f64::from(CALLS));
        databases.push(cpu[&Who::Database(Service::Projects)] / f64::from(CALLS));
        rates.push(f64::from(CALLS) / time.as_secs_f64());

        let before = echo.process().cpu()?;
        let begin = Instant::now();
        bare.read_many().await?;
        bare_rates.push(f64::from(CALLS) / begin.elapsed().as_secs_f64());
        let taken = echo.process().cpu()?.saturating_sub(before);
        echoes.push(taken.as_secs_f64() / f64::from(CALLS));

        let (backend, player) = cpu_of_play(platform, &play).await?;
        statements.push(backend);
        players.push(player);
        plans.push(cpu_of_play(platform, &planned).await?.0);
    }
    let [service, database, echo, statement, player] =
        [services, databases, echoes, statements, players].map(middle);
    let micros = |seconds: f64| 1e6 * seconds;
    Ok(Line {
        name: "rpc.read",
        ratio: (echo + statement) / (service + database),
        goal: Goal::AtLeast(0.6),
        method: format!(
            "CPU of a GetProject by a client: projects {:.0} µs and its database {:.0} µs; of a bare tonic server with the same \
             answer {:.0} µs and of PostgreSQL under pgbench with the same {} statements {:.0} µs ({:.0} µs where no \
             parameter needs a plan of its own; pgbench itself takes {:.0} µs, which are not counted); {AT_ONCE} at once, median of {ROUNDS} rounds of {CALLS} calls, in turn\n\
             {:.0} calls a second, {:.0} to the bare server, from a client on the same cores",
            micros(service),
            micros(database),
            micros(echo),
            script.statements(),
            micros(statement),
            micros(middle(plans)),
            micros(player),
            middle(rates),
            middle(bare_rates),
        ),
    })
}

/// Somebody who reads a project.
#[derive(Clone)]
struct Reader<'a> {
    platform: &'a Platform,
    alder: &'a Organization,
    peer: Peer,
}

impl Reader<'_> {
    /// Good for a minute.
    fn token(&self) -> Result<String> {
        self.platform.person(self.alder.id, &self.alder.ana)
    }

    async fn read(&self, token: &str) -> Result<GetProjectResponse> {
        let request = GetProjectRequest {
            id: self.alder.anas.project.to_string(),
        };
        let answer = ProjectServiceClient::new(self.peer.clone())
            .get_project(authorized(token, request))
            .await
            .context("read a project")?;
        Ok(answer.into_inner())
    }

    async fn read_many(&self) -> Result<()> {
        let token = self.token()?;
        stream::iter(0..CALLS)
            .map(|_| self.read(&token))
            .buffer_unordered(AT_ONCE)
            .try_for_each(async |_| Ok(()))
            .await
    }
}

/// The processor seconds of a transaction of pgbench: PostgreSQL's, and its own.
async fn cpu_of_play(platform: &Platform, play: &Play<'_>) -> Result<(f64, f64)> {
    let mut admin = platform.postgres().admin("postgres").await?;
    let child = play.start(AT_ONCE, &["--time", PLAY_SECONDS])?;
    let player = Process::numbered(child.id().context("pgbench runs")?, "pgbench");
    let backends = backends(&mut admin).await?;
    let read = || -> Result<(Duration, Duration, Duration)> {
        let mut of_backends = Duration::ZERO;
        for backend in &backends {
            of_backends += backend.cpu()?;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok((now, of_backends, player.cpu()?))
    };
    let begin = read()?;
    tokio::time::sleep(MIDDLE).await;
    let end = read();
    // first, because it says why it ended where it did so too early
    checked(child.wait_with_output().await.context("wait for pgbench")?)?;
    let end = end?;
    let played = play
        .played()?
        .iter()
        .filter(|one| (begin.0..end.0).contains(&one.ended_at))
        .count();
    let played = f64::from(u32::try_from(played)?);
    let each =
        |before: Duration, after: Duration| after.saturating_sub(before).as_secs_f64() / played;
    Ok((each(begin.1, end.1), each(begin.2, end.2)))
}

/// Waits until pgbench has opened its connections.
async fn backends(admin: &mut PgConnection) -> Result<Vec<Process>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found: Vec<i32> = sqlx::query_scalar(
            "select pid from pg_stat_activity where application_name = 'pgbench'",
        )
        .fetch_all(&mut *admin)
        .await?;
        if found.len() == AT_ONCE {
            return found
                .into_iter()
                .map(|id| {
                    let id = u32::try_from(id)?;
                    Ok(Process::numbered(id, "a connection of pgbench"))
                })
                .collect();
        }
        ensure!(Instant::now() < deadline, "pgbench did not connect");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
