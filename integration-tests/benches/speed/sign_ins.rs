//! Sign-ins beside the passwords that this machine can hash, and Home meanwhile.

use std::{
    collections::BTreeMap,
    num::NonZero,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
use devstack::platform::Platform;
use futures::{TryStreamExt as _, stream};
use integration_tests::{Organization, PASSWORD, Page as Answer, Visitor};
use service::new_id;
use sqlx::Connection as _;
use tenancy::TenantId;
use uuid::Uuid;

use crate::{
    line::{Goal, Line, median, middle, millis},
    page::{self, Page},
};

const ROUNDS: usize = 3;
const PEOPLE: usize = 160;
/// More than this machine hashes at once, so that there is always one to hash.
const AT_ONCE: usize = 8;
const HASHING: Duration = Duration::from_secs(2);
const LOOKS: usize = 40;
const WARM_UP: usize = 20;

/// Many people sign in through the portal, from as many browsers at once as the limits of guessing let through without
/// a thought: each is somebody else, and each password is right.
pub(crate) async fn measure(platform: &Platform, alder: &Organization) -> Result<[Line; 2]> {
    let (people, hash) = invite(platform, alder).await?;
    let mut doors = Vec::new();
    for _ in 0..AT_ONCE {
        doors.push(Door::find(platform, alder).await?);
    }
    let ana = page::sign_in(platform, alder, "ana").await?;
    let home = Page {
        visitor: &ana,
        path: "/".to_owned(),
    };
    home.p50(WARM_UP).await?;
    sign_in(&doors, &people[..AT_ONCE]).await?;

    let (mut limits, mut rates, mut quiet, mut busy) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let stored = hash.clone();
        limits.push(tokio::task::spawn_blocking(move || hashes_a_second(&stored)).await??);
        rates.push(sign_in(&doors, &people).await?);
        quiet.push(home.p50(LOOKS).await?);
        let mut looks = Vec::new();
        let look_on = async {
            loop {
                looks.push(home.look().await?);
            }
            #[expect(unreachable_code, reason = "says what fails")]
            anyhow::Ok(())
        };
        tokio::select! {
            done = sign_in(&doors, &people) => drop(done?),
            failed = look_on => failed?,
        }
        ensure!(
            looks.len() > LOOKS / 4,
            "Home was seen {} times",
            looks.len()
        );
        busy.push(median(looks));
    }
    let (limit, rate) = (middle(limits), middle(rates));
    let (quiet, busy) = (median(quiet), median(busy));
    Ok([
        Line {
            name: "sign_ins",
            ratio: rate / limit,
            goal: Goal::AtLeast(0.8),
            method: format!(
                "{rate:.1} sign-ins a second through the portal, {AT_ONCE} at once, by {PEOPLE} people; {limit:.1} hashes of Argon2id a second \
                 with the parameters of their passwords on all {} cores; median of {ROUNDS} rounds, in turn",
                cores()
            ),
        },
        Line {
            name: "sign_ins.home",
            ratio: busy.as_secs_f64() / quiet.as_secs_f64(),
            goal: Goal::AtMost(3.0),
            method: format!(
                "Home: p50 {:.1} ms while so many sign in, {:.1} ms while nobody does; median of {ROUNDS} rounds, in turn",
                millis(busy),
                millis(quiet)
            ),
        },
    ])
}

/// Gives the organization more people, with Ana's password; answers their addresses and its hash.
async fn invite(platform: &Platform, alder: &Organization) -> Result<(Vec<String>, String)> {
    let ids: Vec<Uuid> = (0..PEOPLE).map(|_| new_id()).collect();
    let people: Vec<String> = (0..PEOPLE)
        .map(|number| format!("person{number}@{}.example", alder.slug))
        .collect();
    let mut identity = platform.postgres().admin("identity").await?;
    sqlx::query(
        "insert into account (tenant_id, id, kind, state, name, email, email_key, password_hash, email_confirmed_at,
             accepted_at, created_at)
         select tenant_id, new.id, kind, state, name, new.email, new.email, password_hash, email_confirmed_at,
             accepted_at, created_at
         from account, unnest($2::uuid[], $3::text[]) as new (id, email) where account.id = $1",
    )
    .bind(alder.ana.account)
    .bind(&ids)
    .bind(&people)
    .execute(&mut identity)
    .await
    .context("copy an account")?;
    // as the database would before long
    sqlx::raw_sql("analyze account")
        .execute(&mut identity)
        .await?;
    let hash = hash_of(&mut identity, alder.id, alder.ana.account).await?;
    identity.close().await?;
    Ok((people, hash))
}

async fn hash_of(
    identity: &mut sqlx::PgConnection,
    tenant: TenantId,
    account: Uuid,
) -> Result<String> {
    sqlx::query_scalar("select password_hash from account where tenant_id = $1 and id = $2")
        .bind(tenant.uuid())
        .bind(account)
        .fetch_one(identity)
        .await
        .context("read the hash of a password")
}

/// A browser at the sign-in page.
struct Door {
    visitor: Visitor,
    token: String,
}

impl Door {
    async fn find(platform: &Platform, alder: &Organization) -> Result<Self> {
        let visitor = Visitor::new(&alder.slug, platform.portal_port())?;
        let page = visitor.get("/sign-in").await?;
        Ok(Self {
            token: page.hidden("csrf").context("the page has a form")?,
            visitor,
        })
    }

    async fn sign_in(&self, email: &str) -> Result<()> {
        let fields: BTreeMap<String, String> = [
            ("csrf", self.token.as_str()),
            ("email", email),
            ("password", PASSWORD),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let page: Answer = self.visitor.post("/sign-in", &fields).await?;
        ensure!(
            page.status.is_redirection() && page.location == "/",
            "{email} signs in: {page:?}"
        );
        Ok(())
    }
}

/// Signs all of them in, and answers how many did a second.
async fn sign_in(doors: &[Door], people: &[String]) -> Result<f64> {
    let begin = Instant::now();
    let shares: Vec<_> = doors
        .iter()
        .enumerate()
        .map(Ok::<_, anyhow::Error>)
        .collect();
    stream::iter(shares)
        .try_for_each_concurrent(None, async |(number, door)| {
            for email in people.iter().skip(number).step_by(doors.len()) {
                door.sign_in(email).await?;
            }
            Ok(())
        })
        .await?;
    Ok(f64::from(u32::try_from(people.len())?) / begin.elapsed().as_secs_f64())
}

/// What all cores hash when they do nothing else.
fn hashes_a_second(stored: &str) -> Result<f64> {
    let begin = Instant::now();
    let hashes = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores())
            .map(|_| scope.spawn(|| hashes_until(stored, begin + HASHING)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("a thread ended"))?)
            .sum::<Result<u32>>()
    })?;
    Ok(f64::from(hashes) / begin.elapsed().as_secs_f64())
}

fn hashes_until(stored: &str, end: Instant) -> Result<u32> {
    let stored = PasswordHash::new(stored).map_err(|error| anyhow!("read a hash: {error}"))?;
    let mut hashes = 0;
    while Instant::now() < end {
        // with the parameters that stand in the hash
        Argon2::default()
            .verify_password(PASSWORD.as_bytes(), &stored)
            .map_err(|error| anyhow!("verify a password: {error}"))?;
        hashes += 1;
    }
    Ok(hashes)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}
