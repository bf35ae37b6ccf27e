//! Requests to the portal: every route of its own list, as nobody, as a client and as an owner, wrong in every way.

mod answer;
mod body;
mod framing;
mod headers;
mod request;
mod slow;
mod target;
mod visitors;

use std::{collections::BTreeMap, fmt::Write as _, ops::Range};

use anyhow::Result;
use devstack::platform::Platform;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use integration_tests::{
    Organization,
    routes::{Address, Method},
};
use rand::{Rng, RngExt as _, SeedableRng as _, rngs::StdRng};

use self::{
    answer::Answer,
    body::Body,
    request::Request,
    visitors::{Guest, Visitors},
};

/// Requests that are on their way at once.
const AT_ONCE: usize = 12;

/// Attacks the portal.
pub(crate) struct Attack {
    seed: u64,
    visitors: Visitors,
    tallies: BTreeMap<Address, Tally>,
}

/// What became of the requests to one route.
#[derive(Default)]
struct Tally {
    sent: usize,
    reached: usize,
    statuses: BTreeMap<String, usize>,
}

/// What is wrong with a request.
#[derive(Clone, Copy, Debug)]
enum How {
    Fields,
    File,
    Query,
    Target,
    Method,
    Headers,
    Ranges,
    Framing,
}

impl Attack {
    /// Signs everybody in and reads their forms.
    pub(crate) async fn prepare(
        platform: &Platform,
        bluestone: &Organization,
        seed: u64,
    ) -> Result<Self> {
        Ok(Self {
            seed,
            visitors: Visitors::gather(platform, bluestone).await?,
            tallies: BTreeMap::new(),
        })
    }

    /// Sends these requests, and some that take their time, and tells what should not have come of them.
    pub(crate) async fn run(&mut self, numbers: Range<u64>) -> Result<Vec<String>> {
        let outcomes: Vec<(Address, Answer, Option<String>)> = stream::iter(numbers)
            .map(|number| self.send(number))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut failures = slow::linger(&self.visitors).await?;
        for (address, answer, failure) in outcomes {
            let reached = answer.reached_the_page(&address.2);
            self.tallies
                .entry(address)
                .or_default()
                .count(&answer, reached);
            failures.extend(failure);
        }
        Ok(failures)
    }

    /// What became of all requests, a line a route.
    pub(crate) fn report(&self) -> String {
        let mut text = String::new();
        for ((_, method, path), tally) in &self.tallies {
            let statuses: Vec<String> = tally
                .statuses
                .iter()
                .map(|(status, times)| format!("{status} {times}"))
                .collect();
            writeln!(
                text,
                "portal {method:?} {path:62} {:4} sent {:4} reached the page   {}",
                tally.sent,
                tally.reached,
                statuses.join(", ")
            )
            .expect("writing to a string cannot fail");
        }
        text
    }

    /// How many routes there are, and those that no request reached.
    pub(crate) fn unreached(&self) -> (usize, Vec<String>) {
        let unreached = self
            .tallies
            .iter()
            .filter(|(_, tally)| tally.reached == 0)
            .map(|((_, method, path), _)| format!("{method:?} {path}"));
        (self.tallies.len(), unreached.collect())
    }

    async fn send(&self, number: u64) -> Result<(Address, Answer, Option<String>)> {
        let mut random = StdRng::seed_from_u64(self.seed ^ (1 << 56) ^ number);
        let addresses = &self.visitors.addresses;
        let address = &addresses[usize::try_from(number)? % addresses.len()];
        let guest = self.guest(&mut random, address);
        let (request, how) = write(&mut random, address, guest);
        let answer = answer::send(self.visitors.port, &request.encode(), request.ends).await?;
        let failure = answer.failure(request.may_go_unanswered).map(|what| {
            let target = String::from_utf8_lossy(&request.target);
            let target: String = target.chars().take(200).collect();
            format!(
                "{} {target} · {} · {how:?} · request {number}: {what}",
                request.method, guest.name
            )
        });
        Ok((address.clone(), answer, failure))
    }

    /// Most often whose page it is.
    fn guest(&self, random: &mut impl Rng, address: &Address) -> &Guest {
        let Visitors {
            nobody,
            client,
            owner,
            ..
        } = &self.visitors;
        // whoever signs out is gone
        if address.2 == "/sign-out" {
            return self.visitors.at_home(address);
        }
        match random.random_range(0..12) {
            0 => nobody,
            1 => client,
            2 => owner,
            _ => self.visitors.at_home(address),
        }
    }
}

/// Writes a request of a guest to an address, and says what is wrong with it.
fn write(random: &mut impl Rng, (_, method, path): &Address, guest: &Guest) -> (Request, How) {
    let path = guest.path(path);
    let how = how(random, *method, &path);
    let mut request = match (method, how) {
        (Method::Get, _) => Request::new("GET", &path, &guest.host, &guest.cookies),
        (Method::Post, How::File) => Request::new("POST", &path, &guest.host, &guest.cookies)
            .with_body(Body::file(random), &guest.token),
        (Method::Post, _) => Request::new("POST", &path, &guest.host, &guest.cookies)
            .with_body(Body::of(random, &guest.form(&path)), &guest.token),
    };
    match how {
        How::Fields | How::File => {}
        How::Query => request.change_query(random),
        How::Target => request.change_target(random),
        How::Method => request.change_method(random),
        How::Headers => request.change_headers(random),
        How::Ranges => request.ask_for_ranges(random),
        How::Framing => request.change_framing(random),
    }
    (request, how)
}

fn how(random: &mut impl Rng, method: Method, path: &str) -> How {
    let of_its_own = match method {
        Method::Post if path.ends_with("/upload") => How::File,
        Method::Post => How::Fields,
        Method::Get if path.ends_with("/640.jpg") || path.ends_with("/download") => How::Ranges,
        Method::Get => How::Query,
    };
    match random.random_range(0..20) {
        0..12 => of_its_own,
        12..14 => How::Target,
        14 => How::Method,
        15..17 => How::Headers,
        17 => How::Query,
        _ => How::Framing,
    }
}

impl Tally {
    fn count(&mut self, answer: &Answer, reached: bool) {
        self.sent += 1;
        self.reached += usize::from(reached);
        let status = answer
            .status
            .map_or_else(|| "none".to_owned(), |status| status.to_string());
        *self.statuses.entry(status).or_default() += 1;
    }
}
