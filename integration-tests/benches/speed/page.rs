//! A client's pages beside the statements that they need.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use devstack::{platform::Platform, services::Service};
use integration_tests::{
    Organization, PASSWORD, Visitor,
    statements::{Script, StatementLog},
};
use reqwest::StatusCode;

use crate::{
    cpu::{Meter, Who},
    line::{Goal, Line, median, millis},
    pgbench::{Parameters, Play},
};

const ROUNDS: usize = 5;
const LOOKS: usize = 60;
/// Until every connection of every pool has prepared what a page asks.
const WARM_UP: usize = 40;
/// For processor time, which is counted in hundredths of a second.
const MANY_LOOKS: u32 = 300;

/// A page that somebody who is signed in looks at.
pub(crate) struct Page<'a> {
    pub(crate) visitor: &'a Visitor,
    pub(crate) path: String,
}

impl Page<'_> {
    /// Reads it.
    pub(crate) async fn look(&self) -> Result<Duration> {
        let begin = Instant::now();
        let page = self.visitor.get(&self.path).await?;
        let time = begin.elapsed();
        ensure!(page.status == StatusCode::OK, "{page:?}");
        Ok(time)
    }

    /// Half of so many looks are shorter than what it answers.
    pub(crate) async fn p50(&self, looks: usize) -> Result<Duration> {
        let mut times = Vec::new();
        for _ in 0..looks {
            times.push(self.look().await?);
        }
        Ok(median(times))
    }
}

/// Signs in somebody of the cast.
pub(crate) async fn sign_in(
    platform: &Platform,
    alder: &Organization,
    name: &str,
) -> Result<Visitor> {
    let visitor = Visitor::new(&alder.slug, platform.portal_port())?;
    let email = format!("{name}@{}.example", alder.slug);
    let page = visitor.sign_in(&email, PASSWORD).await?;
    ensure!(page.status.is_redirection(), "{name} signs in: {page:?}");
    Ok(visitor)
}

/// Home and a project, each in turn with pgbench, which plays one after the other what the services sent for the page.
pub(crate) async fn measure(platform: &Platform, alder: &Organization) -> Result<[Line; 2]> {
    let ana = sign_in(platform, alder, "ana").await?;
    let page = |path: String| Page {
        visitor: &ana,
        path,
    };
    let home = page("/".to_owned());
    let project = page(format!("/p/{}/progress", alder.anas.project));
    for one in [&home, &project] {
        one.p50(WARM_UP).await?;
    }
    let log = StatementLog::open(platform).await?;
    let mut of_home = async || home.look().await.map(drop);
    let of_home = log.of(&mut of_home).await?;
    let mut of_project = async || project.look().await.map(drop);
    let of_project = log.of(&mut of_project).await?;
    log.close().await?;
    Ok([
        compare(platform, "page.home", "Home", &home, &of_home).await?,
        compare(platform, "page.project", "a project", &project, &of_project).await?,
    ])
}

async fn compare(
    platform: &Platform,
    name: &'static str,
    title: &str,
    page: &Page<'_>,
    scripts: &[Script],
) -> Result<Line> {
    let plays = |scripts: &[Script], parameters| {
        scripts
            .iter()
            .map(|script| Play::of(platform, script, parameters))
            .collect::<Result<Vec<_>>>()
    };
    let sent = plays(scripts, Parameters::Sent)?;
    let in_place = plays(scripts, Parameters::InPlace)?;
    let hurried: Vec<Script> = scripts
        .iter()
        .map(Script::without_waiting_for_rollbacks)
        .collect();
    let hurried = plays(&hurried, Parameters::Sent)?;
    let (mut ours, mut theirs, mut planned, mut unwaited) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(page.p50(LOOKS).await?);
        theirs.push(one_after_the_other(&sent).await?);
        planned.push(one_after_the_other(&in_place).await?);
        unwaited.push(one_after_the_other(&hurried).await?);
    }
    // of each play, and of all
    let by_login: Vec<Duration> = (0..scripts.len())
        .map(|index| median(theirs.iter().map(|times| times[index]).collect()))
        .collect();
    let all = |rounds: Vec<Vec<Duration>>| {
        median(rounds.iter().map(|times| times.iter().sum()).collect())
    };
    let (ours, theirs, planned, unwaited) =
        (median(ours), all(theirs), all(planned), all(unwaited));
    let transactions: usize = scripts.iter().map(|one| one.transactions).sum();
    let statements: usize = scripts.iter().map(Script::statements).sum();
    let mut method = format!(
        "{title}: p50 {:.2} ms at one client, {:.2} ms by pgbench for the {statements} statements in {transactions} transactions that \
         all services send for it, with their parameters, one after the other ({:.2} ms where no parameter needs a plan of its own, \
         {:.2} ms without waiting for answers to ROLLBACK but each login's last, as no service does); median of {ROUNDS} rounds of {LOOKS} each, in turn",
        millis(ours),
        millis(theirs),
        millis(planned),
        millis(unwaited),
    );
    method += &costs(platform, page, scripts, &by_login).await?;
    Ok(Line {
        name,
        ratio: ours.as_secs_f64() / theirs.as_secs_f64(),
        goal: Goal::AtMost(2.0),
        method,
    })
}

async fn one_after_the_other(plays: &[Play<'_>]) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for play in plays {
        times.push(play.median(LOOKS).await?);
    }
    Ok(times)
}

/// A table of what each service takes for the page.
async fn costs(
    platform: &Platform,
    page: &Page<'_>,
    scripts: &[Script],
    by_login: &[Duration],
) -> Result<String> {
    let meter = Meter::of(platform, &Service::ALL).await?;
    let looks = async {
        for _ in 0..MANY_LOOKS {
            page.look().await?;
        }
        Ok(())
    };
    let (cpu, _) = meter.during(looks).await?;
    let cpu_of = |who| 1000.0 * cpu.get(&who).copied().unwrap_or_default() / f64::from(MANY_LOOKS);
    let mut table = String::from(
        "\n| service | transactions | statements | ms by pgbench | CPU ms | CPU ms of its database |\
         \n|---|---|---|---|---|---|",
    );
    for service in Service::ALL {
        let of_service = || {
            scripts
                .iter()
                .zip(by_login)
                .filter(|(script, _)| script.database == service.name())
        };
        let transactions: usize = of_service().map(|(one, _)| one.transactions).sum();
        let statements: usize = of_service().map(|(one, _)| one.statements()).sum();
        let played: Duration = of_service().map(|(_, time)| time).sum();
        // writing to a String cannot fail
        let _ = write!(
            table,
            "\n| {} | {transactions} | {statements} | {:.2} | {:.2} | {:.2} |",
            service.name(),
            millis(played),
            cpu_of(Who::Service(service)),
            cpu_of(Who::Database(service))
        );
    }
    Ok(table)
}
