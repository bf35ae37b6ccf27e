//! Nobody learns at the portal whether an address has an account: not from the status, not from the text, not from the time.
//!
//! Each form that takes an address is sent with addresses that have an account and with others, in rounds of random order,
//! and the answers are compared. 200 requests each; `ENUMERATION_REQUESTS` says how many instead, and the promise is told
//! for 2,000. Limits on attempts would end this after a few; so attempts are forgotten after each round, as they are by
//! waiting, and a round stays below every limit. An account's own limits are asked for in a test of their own.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use devstack::platform::{Options, Platform};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use integration_tests::{Organization, PASSWORD, Page, Visitor, setting};
use rand::seq::SliceRandom as _;

const REQUESTS: u64 = 200;
/// Accounts of every kind.
const KNOWN: [&str; 5] = ["owner", "pm", "field", "ana", "ben"];
/// As long as the others.
const UNKNOWN: [&str; 5] = ["older", "am", "fiend", "ann", "bob"];

/// A difference counts that chance alone would make as large, or larger, once in a million comparisons: so far from its
/// mean, in standard deviations, is the statistic of two samples that are alike.
///
/// The order in a round is random, so that whatever else the machine does meanwhile falls on both samples alike: it makes
/// a difference harder to see, but it makes none. Three comparisons a run are red by chance once in 300,000 runs.
const LARGEST_DEVIATION: f64 = 4.89;
/// And one that could be of use. Shown one time of each, who bets on the slower one is right with a half and this.
///
/// An address can be guessed at 20 times an hour and 100 times in all, and be asked a reset for three times an hour. The
/// standard error of this measure is still 0.04 after 100 times, each with one of an address that is unknown for certain.
const LARGEST_ADVANTAGE: f64 = 0.05;

/// A form that takes an address.
struct Question {
    name: &'static str,
    /// At the base domain where it is empty.
    slug: &'static str,
    path: &'static str,
    /// Beside the address and the token.
    fields: &'static [(&'static str, &'static str)],
    /// Requests that are on their way at once: more where an answer costs waiting alone.
    at_once: usize,
}

const QUESTIONS: [Question; 3] = [
    Question {
        name: "sign-in",
        slug: "alder",
        path: "/sign-in",
        fields: &[("password", "five hammers and no level"), ("keep", "true")],
        at_once: 1,
    },
    Question {
        name: "reset",
        slug: "alder",
        path: "/forgot",
        fields: &[],
        at_once: 10,
    },
    Question {
        name: "find",
        slug: "",
        path: "/find",
        fields: &[],
        at_once: 10,
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn known_and_unknown_addresses_are_answered_alike() -> Result<()> {
    let requests = setting("ENUMERATION_REQUESTS")?.unwrap_or(REQUESTS);
    let folder = tempfile::tempdir_in("/var/tmp")?;
    let platform = Platform::start(Options::for_test(folder.path())?).await?;
    let outcome = ask_everything(&platform, usize::try_from(requests)?).await;
    platform.stop().await?;
    let failures = outcome?;
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    testing::proved(
        "accounts.enumerated",
        &format!("{} forms, 2 × {requests} requests each", QUESTIONS.len()),
    )
}

async fn ask_everything(platform: &Platform, requests: usize) -> Result<Vec<String>> {
    Organization::gather(platform, "alder").await?;
    let mut failures = Vec::new();
    for question in &QUESTIONS {
        let asker = Asker::new(platform, question).await?;
        failures.extend(asker.compare(requests).await?);
    }
    failures.extend(compare_limits(platform).await?);
    failures.extend(compare_sign_ups(platform).await?);
    Ok(failures)
}

/// Somebody who asks one question again and again.
struct Asker<'a> {
    platform: &'a Platform,
    question: &'a Question,
    visitor: Visitor,
    token: String,
}

/// Whether an address has an account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Address {
    Known,
    Unknown,
}

/// What came, without what was typed.
type Answer = (u16, String, String);

impl<'a> Asker<'a> {
    async fn new(platform: &'a Platform, question: &'a Question) -> Result<Self> {
        let visitor = Visitor::new(question.slug, platform.portal_port())?;
        let page = visitor.get(question.path).await?;
        Ok(Self {
            platform,
            question,
            token: page.hidden("csrf").context("the page has a form")?,
            visitor,
        })
    }

    /// Asks so many times for each kind of address, and tells how the answers differ.
    async fn compare(&self, requests: usize) -> Result<Vec<String>> {
        let name = self.question.name;
        let mut times: BTreeMap<Address, Vec<f64>> = BTreeMap::new();
        let mut answers: BTreeSet<Answer> = BTreeSet::new();
        for _ in 0..requests / KNOWN.len() {
            self.forget_attempts().await?;
            let mut round: Vec<(Address, &str)> = KNOWN
                .map(|name| (Address::Known, name))
                .into_iter()
                .chain(UNKNOWN.map(|name| (Address::Unknown, name)))
                .collect();
            round.shuffle(&mut rand::rng());
            let asked: Vec<(Address, Answer, Duration)> = stream::iter(round)
                .map(|(address, name)| async move {
                    let (answer, time) = self.ask(name).await?;
                    anyhow::Ok((address, answer, time))
                })
                .buffered(self.question.at_once)
                .try_collect()
                .await?;
            for (address, answer, time) in asked {
                times.entry(address).or_default().push(time.as_secs_f64());
                answers.insert(answer);
            }
        }
        let (known, unknown) = (&times[&Address::Known], &times[&Address::Unknown]);
        let comparison = Comparison::of(known, unknown);
        println!(
            "enumeration {name}: {} requests each, {} answers; medians {:.2} and {:.2} ms, advantage {:+.3}, {:+.1} standard deviations",
            known.len(),
            answers.len(),
            median(known) * 1e3,
            median(unknown) * 1e3,
            comparison.advantage,
            comparison.deviation
        );
        let mut failures = Vec::new();
        if answers.len() != 1 {
            let different: Vec<&Answer> = answers.iter().take(5).collect();
            let count = answers.len();
            failures.push(format!("{name} has {count} answers: {}", told(&different)));
        }
        if comparison.tells() {
            failures.push(format!("{name} tells by its time: {comparison:?}"));
        }
        Ok(failures)
    }

    /// Sends the form with an address.
    async fn ask(&self, name: &str) -> Result<(Answer, Duration)> {
        let email = format!("{name}@alder.example");
        let fields = self
            .question
            .fields
            .iter()
            .copied()
            .chain([("csrf", self.token.as_str()), ("email", &email)])
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let began = Instant::now();
        let page = self.visitor.post(self.question.path, &fields).await?;
        let time = began.elapsed();
        Ok((answer(&page, &email), time))
    }

    /// As time does.
    async fn forget_attempts(&self) -> Result<()> {
        let mut identity = self.platform.postgres().admin("identity").await?;
        sqlx::query("delete from attempt")
            .execute(&mut identity)
            .await?;
        Ok(())
    }
}

fn answer(page: &Page, email: &str) -> Answer {
    // a token looks different each time
    let token = page.hidden("csrf").unwrap_or_default();
    // the owner's address stands on the page anyway: only what is typed is what was typed
    let typed = format!("value=\"{email}\"");
    let text = page.text.replace(&typed, "what was typed");
    let text = if token.is_empty() {
        text
    } else {
        text.replace(&token, "token")
    };
    (page.status.as_u16(), page.location.clone(), text)
}

/// Statuses and sizes of answers, and where the first two part.
fn told(answers: &[&Answer]) -> String {
    let heads: Vec<String> = answers
        .iter()
        .map(|(status, location, text)| format!("{status} {location} of {} bytes", text.len()))
        .collect();
    let [(_, _, first), (_, _, second), ..] = answers else {
        return heads.join(", ");
    };
    let same = first
        .chars()
        .zip(second.chars())
        .take_while(|(one, other)| one == other)
        .count();
    let around = |text: &str| {
        text.chars()
            .skip(same.saturating_sub(40))
            .take(100)
            .collect::<String>()
    };
    format!(
        "{}; they part at {:?} and {:?}",
        heads.join(", "),
        around(first),
        around(second)
    )
}

/// Guesses on until a limit is reached, and beyond.
async fn compare_limits(platform: &Platform) -> Result<Vec<String>> {
    let question = &QUESTIONS[0];
    let asker = Asker::new(platform, question).await?;
    asker.forget_attempts().await?;
    let mut failures = Vec::new();
    let mut was_reached = false;
    for guess in 1..=7 {
        let (known, _) = asker.ask(KNOWN[3]).await?;
        let (unknown, _) = asker.ask(UNKNOWN[3]).await?;
        was_reached |= known.0 == 429;
        if known != unknown {
            failures.push(format!("guess {guess}: {}", told(&[&known, &unknown])));
        }
    }
    ensure!(was_reached, "seven guesses reach no limit");
    Ok(failures)
}

/// An address that has an account elsewhere, or in nobody's organization, makes a new one alike.
async fn compare_sign_ups(platform: &Platform) -> Result<Vec<String>> {
    let mut answers = BTreeSet::new();
    for (slug, name) in [("cedar", KNOWN[0]), ("larch", UNKNOWN[0])] {
        let visitor = Visitor::new("", platform.portal_port())?;
        let email = format!("{name}@alder.example");
        let fields = [
            ("company", "Tree builders"),
            ("slug", slug),
            ("name", "Olive Owner"),
            ("email", &email),
            ("password", PASSWORD),
            ("time_zone", "America/Los_Angeles"),
        ];
        let page = visitor.submit("/", "/", &fields).await?;
        let code = page.hidden("code").context("a code signs the owner in")?;
        let text = [(slug, "slug"), (&code, "code"), (&email, "what was typed")]
            .into_iter()
            .fold(page.text.clone(), |text, (own, alike)| {
                text.replace(own, alike)
            });
        let page = Page { text, ..page };
        answers.insert(answer(&page, &email));
    }
    Ok(if answers.len() == 1 {
        Vec::new()
    } else {
        let different: Vec<&Answer> = answers.iter().collect();
        vec![format!("sign-up has two answers: {}", told(&different))]
    })
}

/// How two samples differ, by the test of Mann and Whitney: what counts is who comes first, not by how much.
#[derive(Debug)]
struct Comparison {
    /// How much more often than half of the time one of the first is larger than one of the second; negative where less.
    advantage: f64,
    /// The same in standard deviations of what chance makes of it.
    deviation: f64,
}

impl Comparison {
    fn of(first: &[f64], second: &[f64]) -> Self {
        let (n, m) = (number(first.len()), number(second.len()));
        let mut all: Vec<(f64, bool)> = first
            .iter()
            .map(|value| (*value, true))
            .chain(second.iter().map(|value| (*value, false)))
            .collect();
        all.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        // whoever ties shares the ranks of all that tie
        let (mut rank_sum, mut ties, mut before) = (0.0, 0.0, 0);
        for same in all.chunk_by(|(one, _), (other, _)| one.total_cmp(other).is_eq()) {
            let size = number(same.len());
            let rank = number(before) + f64::midpoint(size, 1.0);
            rank_sum += rank * number(same.iter().filter(|(_, is_first)| *is_first).count());
            ties += size.powi(3) - size;
            before += same.len();
        }
        let wins = rank_sum - n * (n + 1.0) / 2.0;
        let total = n + m;
        let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
        Self {
            advantage: wins / (n * m) - 0.5,
            deviation: (wins - n * m / 2.0) / variance.sqrt().max(f64::MIN_POSITIVE),
        }
    }

    fn tells(&self) -> bool {
        self.deviation.abs() > LARGEST_DEVIATION && self.advantage.abs() > LARGEST_ADVANTAGE
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("samples are small"))
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn the_comparison_is_that_of_mann_and_whitney() {
    // by hand: 3 and 5 are larger than one of 2, 4 and than both of them
    let small = Comparison::of(&[3.0, 5.0], &[2.0, 4.0]);
    assert!((small.advantage - 0.25).abs() < 1e-9, "{small:?}");
    let alike = Comparison::of(&[1.0; 50], &[1.0; 50]);
    assert!(alike.advantage.abs() < 1e-9 && !alike.tells(), "{alike:?}");
    // scipy.stats.mannwhitneyu(range(0, 40), range(20, 60), use_continuity=False): U = 200, p = 7.8e-09
    let numbers = |from: u32| (from..from + 40).map(f64::from).collect::<Vec<_>>();
    let apart = Comparison::of(&numbers(0), &numbers(20));
    assert!(
        (apart.advantage + 0.375).abs() < 1e-3 && apart.tells(),
        "{apart:?}"
    );
}
