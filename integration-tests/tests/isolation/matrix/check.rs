//! The checks over all rows: that what should work works, and that nothing else does.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _, future::try_join_all, stream};
use integration_tests::{Cast, Organization, Services, fingerprint};
use prost::bytes::Bytes;
use service::new_id;
use tonic::{Code, Status};

use super::{Absent, EVERYBODY, Expected, Ids, Row, Who, Whose, call::call};

/// Rows that are looked at at once.
const AT_ONCE: usize = 8;
/// Ids that are secrets and no UUIDs.
const SECRETS: [&str; 2] = ["token", "secret"];

type Answer = Result<Bytes, Status>;

/// Checks every row for everybody, and answers what does not hold.
pub(crate) async fn check(services: &Services, cast: &Cast, rows: &[Row]) -> Result<Vec<String>> {
    let mut by_service: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        by_service.entry(row.service()).or_default().push(row);
    }
    // a service's rows change the same things, so they take turns
    let own = try_join_all(by_service.into_values().map(|rows| async move {
        let mut failures = Vec::new();
        for row in rows {
            failures.extend(check_own(services, cast, row).await?);
        }
        anyhow::Ok(failures)
    }));
    let mut failures = own.await?.concat();
    failures.extend(check_elsewhere(services, cast, rows).await?);
    Ok(failures)
}

/// First that it works for whom it should: a refusal proves nothing about a broken call.
async fn check_own(services: &Services, cast: &Cast, row: &Row) -> Result<Vec<String>> {
    let mut failures = Failures::of(row);
    let (welcome, refused): (Vec<Who>, Vec<Who>) = EVERYBODY
        .into_iter()
        .partition(|who| row.expected(*who) == Expected::Works);

    let ids = set_up(services, row, &cast.alder).await?;
    for who in refused {
        let answer = call(services, cast, row, who, &ids).await?;
        failures.compare(who, Whose::Own, &answer, row.expected(who));
        if shows(&answer, &ids) {
            failures.note(who, Whose::Own, "shows what is hidden");
        }
    }
    // whoever was refused used nothing up, so the first may take what they asked for
    let mut untouched = Some(ids);
    for who in welcome {
        // a request that names nothing is about the caller's own organization, the stranger's too
        let (organization, other) = if who == Who::OtherOwner {
            (&cast.bluestone, &cast.alder)
        } else {
            (&cast.alder, &cast.bluestone)
        };
        let ids = match untouched.take() {
            Some(ids) => ids,
            // what works may use a thing up
            None => set_up(services, row, organization).await?,
        };
        let answer = call(services, cast, row, who, &ids).await?;
        failures.compare(who, Whose::Own, &answer, Expected::Works);
        let is_batch = row.absent == Absent::LeftOut && uuids(&ids).next().is_some();
        if is_batch && !shows(&answer, &ids) {
            failures.note(who, Whose::Own, "leaves out what is there");
        }
        failures.look_for(who, Whose::Own, &answer, other);
    }
    Ok(failures.found)
}

/// Foreign ids are answered like absent ones, and nothing of the other organization shows or changes.
async fn check_elsewhere(services: &Services, cast: &Cast, rows: &[Row]) -> Result<Vec<String>> {
    let naming: Vec<&Row> = rows.iter().filter(|row| row.names_ids).collect();
    let foreign: Vec<Ids> = stream::iter(&naming)
        .map(|row| set_up(services, row, &cast.bluestone))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;

    let before = fingerprint(services, Some(cast.bluestone.id)).await?;
    let mut failures = stream::iter(naming.into_iter().zip(&foreign))
        .map(|(row, foreign)| check_foreign(services, cast, row, foreign))
        .buffer_unordered(AT_ONCE)
        .try_concat()
        .await?;
    let after = fingerprint(services, Some(cast.bluestone.id)).await?;
    failures.extend(
        after
            .iter()
            .filter(|(table, hash)| before.get(*table) != Some(hash))
            .map(|(table, _)| format!("the other organization's rows of {table} changed")),
    );
    Ok(failures)
}

async fn check_foreign(
    services: &Services,
    cast: &Cast,
    row: &Row,
    foreign: &Ids,
) -> Result<Vec<String>> {
    let mut failures = Failures::of(row);
    let absent = replaced(foreign, absent_like);
    let malformed = replaced(foreign, malformed_like);
    for who in EVERYBODY {
        // who is at home there
        if who == Who::OtherOwner {
            continue;
        }
        let for_absent = call(services, cast, row, who, &absent).await?;
        let for_foreign = call(services, cast, row, who, foreign).await?;
        let expected = row.expected_elsewhere(who);
        failures.compare(who, Whose::Absent, &for_absent, expected);
        failures.compare(who, Whose::Foreign, &for_foreign, expected);
        failures.look_for(who, Whose::Foreign, &for_foreign, &cast.bluestone);
        let is_new_thing = row.absent == Absent::Taken && for_foreign.is_ok();
        if !is_new_thing && told(&for_absent) != told(&for_foreign) {
            failures.note(who, Whose::Foreign, "differs from the answer for absent");
        }
        if malformed != *foreign {
            let answer = call(services, cast, row, who, &malformed).await?;
            let expected = row.expected_of_malformed(who);
            failures.compare(who, Whose::Malformed, &answer, expected);
        }
    }
    Ok(failures.found)
}

async fn set_up(services: &Services, row: &Row, organization: &Organization) -> Result<Ids> {
    (row.setup)(services, organization)
        .await
        .with_context(|| format!("set up {}", row.rpc))
}

/// What does not hold of a row.
struct Failures {
    rpc: &'static str,
    found: Vec<String>,
}

impl Failures {
    fn of(row: &Row) -> Self {
        Self {
            rpc: row.rpc,
            found: Vec::new(),
        }
    }

    fn note(&mut self, who: Who, whose: Whose, text: &str) {
        self.found
            .push(format!("{} · {who:?} · {whose:?}: {text}", self.rpc));
    }

    fn compare(&mut self, who: Who, whose: Whose, answer: &Answer, expected: Expected) {
        let shown = match (answer, expected) {
            (Ok(_), Expected::Works | Expected::LeftOut) => return,
            (Err(status), Expected::Fails(code)) if status.code() == code => return,
            (Ok(_), _) => "works".to_owned(),
            (Err(status), _) => format!("{:?} ({})", status.code(), status.message()),
        };
        self.note(who, whose, &format!("{shown}, not {expected}"));
    }

    /// Everything of an organization of the cast carries its name somewhere.
    fn look_for(&mut self, who: Who, whose: Whose, answer: &Answer, other: &Organization) {
        if let Ok(bytes) = answer
            && mentions(bytes, &other.slug)
        {
            self.note(who, whose, "names the other organization");
        }
    }
}

/// Everything that an answer tells, down to the bytes.
fn told(answer: &Answer) -> Result<&Bytes, (Code, &str, &[u8])> {
    answer
        .as_ref()
        .map_err(|status| (status.code(), status.message(), status.details()))
}

fn shows(answer: &Answer, ids: &Ids) -> bool {
    answer
        .as_ref()
        .is_ok_and(|bytes| uuids(ids).any(|id| mentions(bytes, id)))
}

fn uuids(ids: &Ids) -> impl Iterator<Item = &str> {
    ids.values()
        .map(String::as_str)
        .filter(|id| id.parse::<uuid::Uuid>().is_ok())
}

fn mentions(bytes: &Bytes, text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

fn replaced(ids: &Ids, value: impl Fn(&str, &str) -> String) -> Ids {
    ids.iter()
        .map(|(name, id)| (*name, value(name, id)))
        .collect()
}

/// A value of the same shape that names nothing.
fn absent_like(name: &str, value: &str) -> String {
    if SECRETS.contains(&name) {
        return format!("{:A>43}", new_id().simple());
    }
    if value.parse::<uuid::Uuid>().is_ok() {
        return new_id().to_string();
    }
    value.to_owned()
}

fn malformed_like(_: &str, value: &str) -> String {
    if value.parse::<uuid::Uuid>().is_ok() {
        return "not-an-id".to_owned();
    }
    value.to_owned()
}
