//! Kills and cuts while the story is told: whatever happens, it ends right.
//!
//! A seed decides what goes wrong and when. `FAULTS_SEEDS=200` plays more of them, `FAULTS_SEED=17` one alone.

mod database;
mod exposed;
mod fault;
mod ledger;
mod person;
mod story;

use std::{collections::VecDeque, io::Write as _, time::Instant};

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use integration_tests::setting;
use tokio::sync::{Mutex, watch};

use self::{
    exposed::Exposed,
    fault::Plan,
    ledger::Ledger,
    story::{Step, Story},
};

/// As many as make all kinds and some of them twice.
const SEEDS: u64 = 20;
/// Platforms that play at once: most of them wait for the end of a cut.
const PLATFORMS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_dies_or_is_cut_off_the_story_ends_right() -> Result<()> {
    let seeds: Vec<u64> = match setting("FAULTS_SEED")? {
        Some(seed) => vec![seed],
        None => (0..setting("FAULTS_SEEDS")?.unwrap_or(SEEDS)).collect(),
    };
    let mut plans: Vec<Plan> = seeds.into_iter().map(Plan::of).collect();
    // what takes longest first
    plans.sort_by_key(|plan| !plan.fault.is_cut());
    let played = plans.len();
    let platforms = PLATFORMS.min(played);
    let plans = Mutex::new(VecDeque::from(plans));
    let failed = try_join_all((0..platforms).map(|_| play_on_one(&plans))).await?;
    let failed: Vec<u64> = failed.concat();
    ensure!(
        failed.is_empty(),
        "seeds {failed:?} failed; play one again with FAULTS_SEED={} cargo test --workspace --test faults",
        failed[0]
    );
    let result = format!("{played} seeds of 16 kinds of faults");
    testing::proved("faults", &result)
}

/// Plays plans on one platform until none is left; answers the seeds that failed.
async fn play_on_one(plans: &Mutex<VecDeque<Plan>>) -> Result<Vec<u64>> {
    let mut failed = Vec::new();
    let mut exposed = Exposed::start().await?;
    let mut told: Vec<Ledger> = Vec::new();
    loop {
        let next = plans.lock().await.pop_front();
        let Some(plan) = next else {
            break;
        };
        let (began, logs) = (Instant::now(), exposed.logs());
        let outcome = play(&exposed, plan).await;
        let seconds = began.elapsed().as_secs_f64();
        match outcome {
            Ok((remarks, ledger)) => {
                say(&format!("{plan}: ok, {seconds:.1} s{remarks}"));
                told.push(ledger);
            }
            Err(error) => {
                say(&format!("{plan}: FAILED, {seconds:.1} s: {error:#}"));
                for complaint in exposed.complaints(&logs) {
                    println!("seed {}: {complaint}", plan.seed);
                }
                failed.push(plan.seed);
                // whatever it left behind is not for the next
                exposed.stop().await?;
                exposed = Exposed::start().await?;
                told.clear();
            }
        }
    }
    // nothing came later
    for ledger in told {
        let wrong = ledger.check(&exposed).await?;
        ensure!(wrong.is_empty(), "{}: {}", ledger.slug, wrong.join("; "));
    }
    exposed.stop().await?;
    Ok(failed)
}

/// Tells the story while the fault happens; answers what is remarkable about it.
async fn play(exposed: &Exposed, plan: Plan) -> Result<(String, Ledger)> {
    let mut story = Story::new(exposed, plan)?;
    let (step, mut steps) = watch::channel(None);
    let tell = async {
        for next in Step::ALL {
            step.send_replace(Some(next));
            story
                .play(next)
                .await
                .with_context(|| format!("{next:?}"))?;
        }
        Ok(())
    };
    let fault = async {
        steps.wait_for(|step| *step >= Some(plan.step)).await?;
        tokio::time::sleep(plan.after).await;
        exposed.suffer(plan.fault).await.context("let it happen")
    };
    if let Err(error) = tokio::try_join!(tell, fault) {
        // what failed matters more than that this cannot be asked
        let moving = match story.ledger.moving(exposed).await {
            Ok(moving) => moving.join("; "),
            Err(unknown) => format!("{unknown:#}"),
        };
        return Err(error.context(format!("on its way: {moving}")));
    }
    let troubles = story.troubles();
    let ledger = story.ledger;
    ledger.come_to_rest(exposed).await.context("come to rest")?;
    let wrong = ledger.check(exposed).await?;
    ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    ensure!(
        troubles.is_empty() || !plan.fault.leaves_pages_alone(),
        "pages do not need what was away, and yet: {troubles}"
    );
    let tried_again = (!troubles.is_empty()).then(|| format!("; tried again: {troubles}"));
    let repeated = ledger.repeated_mails(exposed);
    let twice = (repeated > 0).then(|| format!("; {repeated} mails came twice, as one"));
    let remarks = [tried_again, twice].into_iter().flatten().collect();
    Ok((remarks, ledger))
}

/// A line that is seen while the test runs.
fn say(line: &str) {
    // where nobody listens any more, the outcome tells
    let _ = writeln!(std::io::stdout(), "{line}");
}
