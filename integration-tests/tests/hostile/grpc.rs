//! Requests to the five services: every RPC of the compiled descriptors, as everybody, wrong in every way.
//!
//! Nothing of an RPC is known here but its descriptor and the names of its fields, so that a new one is attacked without
//! a word. The first calls find out who is let in where; most of the others come from those, so that they get past
//! authorization and reach what is done with them.

mod answer;
mod callers;
mod damage;
mod known;
mod message;
mod request;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    ops::Range,
};

use anyhow::{Context as _, Result};
use devstack::{platform::Platform, services::Service};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use integration_tests::{
    Links, Organization, PASSWORD, Stage as _, add_photo, finish_logo, jpeg, start_logo,
};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use proto::identity::{SignInRequest, session_service_client::SessionServiceClient};
use rand::{SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tenancy::authorized;
use uuid::Uuid;

use self::{
    answer::{Answer, Client},
    callers::{Callers, Who},
    known::Known,
    request::{Draft, How, Rpc},
};

/// Requests that are on their way at once.
const AT_ONCE: usize = 16;

/// Attacks the five services.
pub(crate) struct Attack<'a> {
    seed: u64,
    callers: Callers<'a>,
    known: Known,
    surfaces: Vec<Surface>,
}

/// One service.
struct Surface {
    service: Service,
    address: String,
    client: Client,
    rpcs: Vec<Rpc>,
    /// Who gets past authorization, by RPC.
    welcome: Vec<Vec<Who>>,
    tallies: Vec<Tally>,
}

/// What became of the requests to one RPC.
#[derive(Clone, Default)]
struct Tally {
    sent: usize,
    /// Answered by the RPC itself.
    reached: usize,
    worked: usize,
    outcomes: BTreeMap<String, usize>,
}

/// What became of one request.
struct Outcome {
    rpc: usize,
    answer: Answer,
    failure: Option<String>,
}

impl<'a> Attack<'a> {
    /// Learns what there is, and who is let in where.
    pub(crate) async fn prepare(
        platform: &Platform,
        alder: &'a Organization,
        seed: u64,
    ) -> Result<Self> {
        let owner = platform.person(alder.id, &alder.owner)?;
        let logo = start_logo(platform, &owner).await?;
        finish_logo(platform, &owner, logo).await?;
        // a list with one thing has no second page
        add_photo(platform, &owner, alder.anas.project, &jpeg()).await?;
        let mut attack = Self {
            seed,
            callers: Callers::of(platform, alder)?,
            known: Known::of(alder, logo),
            surfaces: surfaces(platform)?,
        };
        for name in ["owner", "ana"] {
            let secret = session_secret(platform, alder, name).await?;
            attack.known.secrets.push(secret);
        }
        let links = Links::mail(platform, alder).await?;
        attack.known.link_tokens = vec![links.invitation, links.reset, links.confirmation];
        attack.find_page_tokens(alder.anas.project).await?;
        attack.find_welcome().await?;
        Ok(attack)
    }

    /// Sends these requests to each service, and tells what should not have come of them.
    pub(crate) async fn run(&mut self, numbers: Range<u64>) -> Result<Vec<String>> {
        let mut failures = Vec::new();
        for place in 0..self.surfaces.len() {
            let outcomes: Vec<Outcome> = stream::iter(numbers.clone())
                .map(|number| self.send(place, number))
                .buffer_unordered(AT_ONCE)
                .try_collect()
                .await?;
            for outcome in outcomes {
                self.surfaces[place].tallies[outcome.rpc].count(&outcome.answer);
                failures.extend(outcome.failure);
            }
        }
        Ok(failures)
    }

    /// What became of all requests, a line an RPC.
    pub(crate) fn report(&self) -> String {
        let mut text = String::new();
        for surface in &self.surfaces {
            for (rpc, tally) in surface.rpcs.iter().zip(&surface.tallies) {
                let outcomes: Vec<String> = tally
                    .outcomes
                    .iter()
                    .map(|(name, times)| format!("{name} {times}"))
                    .collect();
                let (_, name) = rpc.name.split_once(".v1.").unwrap_or_default();
                writeln!(
                    text,
                    "{:13} {name:42} {:5} sent {:5} past authorization {:5} worked   {}",
                    surface.service.name(),
                    tally.sent,
                    tally.reached,
                    tally.worked,
                    outcomes.join(", ")
                )
                .expect("writing to a string cannot fail");
            }
        }
        text
    }

    /// How many RPCs there are, and those that no request reached.
    pub(crate) fn unreached(&self) -> (usize, Vec<String>) {
        let rpcs: Vec<(&Rpc, &Tally)> = self
            .surfaces
            .iter()
            .flat_map(|surface| surface.rpcs.iter().zip(&surface.tallies))
            .collect();
        let unreached = rpcs
            .iter()
            .filter(|(_, tally)| tally.reached == 0)
            .map(|(rpc, _)| rpc.name.clone());
        (rpcs.len(), unreached.collect())
    }

    /// Sends one request, which depends on the seed and its number alone, but for the ids in it.
    async fn send(&self, place: usize, number: u64) -> Result<Outcome> {
        let surface = &self.surfaces[place];
        let mut random = StdRng::seed_from_u64(self.seed ^ ((place as u64) << 48) ^ number);
        let rpc = usize::try_from(number)? % surface.rpcs.len();
        let how = How::any(&mut random);
        let who = surface.caller(&mut random, rpc);
        let authorization = self.callers.authorization(who)?;
        let rpc_asked = &surface.rpcs[rpc];
        let draft = Draft::write(&mut random, &self.known, rpc_asked, how, authorization)?;
        let (may_go_unanswered, has_timeout) = (draft.may_go_unanswered(), draft.has_timeout());
        // a connection that breaks must not take the requests of others with it
        let answer = if may_go_unanswered {
            Client::new(&surface.address).send(draft).await?
        } else {
            surface.client.send(draft).await?
        };
        let failure = answer.failure(may_go_unanswered, has_timeout).map(|what| {
            format!(
                "{} · {who:?} · {how:?} · request {number}: {what}",
                rpc_asked.name
            )
        });
        Ok(Outcome {
            rpc,
            answer,
            failure,
        })
    }

    /// Asks each list for a page of one, as everybody.
    async fn find_page_tokens(&mut self, project: Uuid) -> Result<()> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for surface in &self.surfaces {
            for rpc in &surface.rpcs {
                if rpc.input.get_field_by_name("page_token").is_none() {
                    continue;
                }
                let mut message = DynamicMessage::new(rpc.input.clone());
                message.set_field_by_name("page_size", Value::I32(1));
                if rpc.name.ends_with("ListPhotos") {
                    message.set_field_by_name("project_id", Value::String(project.to_string()));
                }
                for who in Who::ALL {
                    let authorization = self.callers.authorization(who)?;
                    let draft = Draft::plain(rpc, &message.encode_to_vec(), authorization)?;
                    let Some(bytes) = surface.client.send(draft).await?.message() else {
                        continue;
                    };
                    let page = DynamicMessage::decode(rpc.output.clone(), bytes)?;
                    let token = page.get_field_by_name("next_page_token");
                    let token = token.as_ref().and_then(|token| token.as_str());
                    if let Some(token) = token.filter(|token| !token.is_empty()) {
                        found
                            .entry(rpc.name.clone())
                            .or_default()
                            .insert(token.to_owned());
                    }
                }
            }
        }
        self.known.page_tokens = found
            .into_iter()
            .map(|(rpc, tokens)| (rpc, tokens.into_iter().collect()))
            .collect();
        Ok(())
    }

    /// Sends a sound request to each RPC as everybody.
    async fn find_welcome(&mut self) -> Result<()> {
        for place in 0..self.surfaces.len() {
            let asked = (0..self.surfaces[place].rpcs.len())
                .flat_map(|rpc| Who::ALL.map(|who| (rpc, who)))
                .filter(|(_, who)| who.is_somebody());
            let let_in: Vec<Option<(usize, Who)>> = stream::iter(asked)
                .map(|(rpc, who)| self.let_in(place, rpc, who))
                .buffered(AT_ONCE)
                .try_collect()
                .await?;
            for (rpc, who) in let_in.into_iter().flatten() {
                self.surfaces[place].welcome[rpc].push(who);
            }
        }
        Ok(())
    }

    /// The RPC and the caller, where a sound request of theirs gets past authorization.
    async fn let_in(&self, place: usize, rpc: usize, who: Who) -> Result<Option<(usize, Who)>> {
        let surface = &self.surfaces[place];
        let asked = &surface.rpcs[rpc];
        let mut random = StdRng::seed_from_u64(self.seed ^ rpc as u64);
        let authorization = self.callers.authorization(who)?;
        let draft = Draft::write(&mut random, &self.known, asked, How::Sound, authorization)?;
        let answer = surface.client.send(draft).await?;
        Ok(answer.reached_the_rpc().then_some((rpc, who)))
    }
}

impl Surface {
    /// Most often somebody who is let in.
    fn caller(&self, random: &mut StdRng, rpc: usize) -> Who {
        use rand::RngExt as _;
        let welcome = &self.welcome[rpc];
        let callers = if welcome.is_empty() || random.random_ratio(1, 5) {
            &Who::ALL[..]
        } else {
            welcome
        };
        *callers.choose(random).expect("somebody calls")
    }
}

impl Tally {
    fn count(&mut self, answer: &Answer) {
        self.sent += 1;
        self.reached += usize::from(answer.reached_the_rpc());
        self.worked += usize::from(answer.worked());
        *self.outcomes.entry(answer.name()).or_default() += 1;
    }
}

/// Every service with its RPCs.
fn surfaces(platform: &Platform) -> Result<Vec<Surface>> {
    let pool = DescriptorPool::decode(proto::DESCRIPTORS).context("read the descriptors")?;
    let surfaces = Service::WITH_DATABASE.map(|service| {
        let package = format!("contractoros.{}.v1", service.name());
        let rpcs: Vec<Rpc> = pool
            .services()
            .filter(|one| one.package_name() == package)
            .flat_map(|one| {
                let name = one.full_name().to_owned();
                one.methods()
                    .map(move |method| Rpc {
                        name: format!("{name}/{}", method.name()),
                        input: method.input(),
                        output: method.output(),
                    })
                    .collect::<Vec<_>>()
            })
            .collect();
        let address = format!("127.0.0.1:{}", platform.ports(service).calls);
        Surface {
            service,
            client: Client::new(&address),
            address,
            welcome: vec![Vec::new(); rpcs.len()],
            tallies: vec![Tally::default(); rpcs.len()],
            rpcs,
        }
    });
    Ok(surfaces.into())
}

async fn session_secret(platform: &Platform, alder: &Organization, name: &str) -> Result<String> {
    let portal = platform.signer("portal")?.service(alder.id)?;
    let sign_in = SignInRequest {
        email: format!("{name}@alder.example"),
        password: PASSWORD.to_owned(),
        client_address: "192.0.2.1".to_owned(),
        ..SignInRequest::default()
    };
    let session = SessionServiceClient::new(platform.peer("identity")?)
        .sign_in(authorized(&portal, sign_in))
        .await?
        .into_inner()
        .session
        .context("the answer carries the session")?;
    Ok(session.secret)
}
