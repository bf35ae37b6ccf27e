//! The way to the services.
//!
//! A generated client is used as it is; beneath it stands a [`Line`], which says who calls, gives each call its
//! deadline and repeats a read that found a service away. Writes are never repeated here: their forms carry a request
//! id, so that a person may.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Full};
use proto::{
    billing::contract_service_client::ContractServiceClient,
    documents::{
        logo_service_client::LogoServiceClient, photo_service_client::PhotoServiceClient,
        usage_service_client::UsageServiceClient,
    },
    identity::{
        account_service_client::AccountServiceClient, client_service_client::ClientServiceClient,
        link_service_client::LinkServiceClient, member_service_client::MemberServiceClient,
        organization_service_client::OrganizationServiceClient,
        portal_access_service_client::PortalAccessServiceClient,
        session_service_client::SessionServiceClient,
    },
    notifications::{
        delivery_service_client::DeliveryServiceClient, inbox_service_client::InboxServiceClient,
        preference_service_client::PreferenceServiceClient,
    },
    projects::{
        access_service_client::AccessServiceClient, phase_service_client::PhaseServiceClient,
        project_service_client::ProjectServiceClient,
        visibility_service_client::VisibilityServiceClient,
    },
};
use service::Peer;
use tenancy::{Signer, TenantId};
use tonic::{Code, Status, body::Body};
use tower::Service;

use crate::config::Config;

const READ: Duration = Duration::from_secs(2);
const WRITE: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The services, and the key to say that it is the portal who calls.
pub(crate) struct Backend {
    peers: Arc<Peers>,
    signer: Signer,
}

struct Peers {
    identity: Peer,
    projects: Peer,
    documents: Peer,
    billing: Peer,
    notifications: Peer,
    budget: RetryBudget,
}

impl Backend {
    /// Makes the connections; each opens with its first call.
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let keys = config.keys.read("portal")?;
        Ok(Self {
            peers: Arc::new(Peers {
                identity: Peer::new(&config.peers.identity)?,
                projects: Peer::new(&config.peers.projects)?,
                documents: Peer::new(&config.peers.documents)?,
                billing: Peer::new(&config.peers.billing)?,
                notifications: Peer::new(&config.peers.notifications)?,
                budget: RetryBudget::full(),
            }),
            signer: Signer::new(Arc::new(keys)),
        })
    }

    /// Calls of the portal itself, before an organization is known.
    pub(crate) fn platform(&self) -> Result<Calls, Status> {
        Ok(self.calls(&self.signer.platform()?))
    }

    /// Calls of the portal itself for an organization, before anybody signed in.
    pub(crate) fn portal(&self, tenant: TenantId) -> Result<Calls, Status> {
        Ok(self.calls(&self.signer.service(tenant)?))
    }

    /// Calls of a person, with the token that identity made for this request.
    pub(crate) fn person(&self, access_token: &str) -> Calls {
        self.calls(access_token)
    }

    fn calls(&self, token: &str) -> Calls {
        let mut authorization: HeaderValue = format!("Bearer {token}")
            .parse()
            .expect("a token is base64url and dots");
        authorization.set_sensitive(true);
        Calls {
            peers: self.peers.clone(),
            authorization,
        }
    }
}

/// One caller's clients, a method a noun.
#[derive(Clone)]
pub(crate) struct Calls {
    peers: Arc<Peers>,
    authorization: HeaderValue,
}

impl Calls {
    fn line(&self, peer: &Peer) -> Line {
        Line {
            peer: peer.clone(),
            peers: self.peers.clone(),
            authorization: self.authorization.clone(),
        }
    }

    /// Contractor companies.
    pub(crate) fn organizations(&self) -> OrganizationServiceClient<Line> {
        OrganizationServiceClient::new(self.line(&self.peers.identity))
    }

    /// Sign-ins of people.
    pub(crate) fn accounts(&self) -> AccountServiceClient<Line> {
        AccountServiceClient::new(self.line(&self.peers.identity))
    }

    /// Sessions of browsers.
    pub(crate) fn sessions(&self) -> SessionServiceClient<Line> {
        SessionServiceClient::new(self.line(&self.peers.identity))
    }

    /// Links that are mailed.
    pub(crate) fn links(&self) -> LinkServiceClient<Line> {
        LinkServiceClient::new(self.line(&self.peers.identity))
    }

    /// The office team.
    pub(crate) fn members(&self) -> MemberServiceClient<Line> {
        MemberServiceClient::new(self.line(&self.peers.identity))
    }

    /// Client records.
    pub(crate) fn clients(&self) -> ClientServiceClient<Line> {
        ClientServiceClient::new(self.line(&self.peers.identity))
    }

    /// Sign-ins of clients, as the office manages them.
    pub(crate) fn portal_access(&self) -> PortalAccessServiceClient<Line> {
        PortalAccessServiceClient::new(self.line(&self.peers.identity))
    }

    /// Projects.
    pub(crate) fn projects(&self) -> ProjectServiceClient<Line> {
        ProjectServiceClient::new(self.line(&self.peers.projects))
    }

    /// Phases of projects.
    pub(crate) fn phases(&self) -> PhaseServiceClient<Line> {
        PhaseServiceClient::new(self.line(&self.peers.projects))
    }

    /// What the caller may see of projects.
    pub(crate) fn access(&self) -> AccessServiceClient<Line> {
        AccessServiceClient::new(self.line(&self.peers.projects))
    }

    /// What clients see of projects.
    pub(crate) fn visibility(&self) -> VisibilityServiceClient<Line> {
        VisibilityServiceClient::new(self.line(&self.peers.projects))
    }

    /// Photos of projects.
    pub(crate) fn photos(&self) -> PhotoServiceClient<Line> {
        PhotoServiceClient::new(self.line(&self.peers.documents))
    }

    /// Logos of contractor companies.
    pub(crate) fn logos(&self) -> LogoServiceClient<Line> {
        LogoServiceClient::new(self.line(&self.peers.documents))
    }

    /// What a company's files take.
    pub(crate) fn usage(&self) -> UsageServiceClient<Line> {
        UsageServiceClient::new(self.line(&self.peers.documents))
    }

    /// Contracts of projects.
    pub(crate) fn contracts(&self) -> ContractServiceClient<Line> {
        ContractServiceClient::new(self.line(&self.peers.billing))
    }

    /// What a client was told.
    pub(crate) fn inbox(&self) -> InboxServiceClient<Line> {
        InboxServiceClient::new(self.line(&self.peers.notifications))
    }

    /// How often a client is mailed.
    pub(crate) fn preferences(&self) -> PreferenceServiceClient<Line> {
        PreferenceServiceClient::new(self.line(&self.peers.notifications))
    }

    /// Mails and what became of each.
    pub(crate) fn deliveries(&self) -> DeliveryServiceClient<Line> {
        DeliveryServiceClient::new(self.line(&self.peers.notifications))
    }
}

/// What stands beneath a generated client.
#[derive(Clone)]
pub(crate) struct Line {
    peer: Peer,
    peers: Arc<Peers>,
    authorization: HeaderValue,
}

impl Service<Request<Body>> for Line {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // a peer waits for its connection as part of each call
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

impl Line {
    async fn send(mut self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let (mut parts, body) = request.into_parts();
        // requests are small and whole, so that a try can be made again
        let message = body.collect().await?.to_bytes();
        let is_read = is_read(parts.uri.path());
        let limit = if is_read { READ } else { WRITE };
        parts.headers.insert(AUTHORIZATION, self.authorization);
        parts.headers.insert(
            "grpc-timeout",
            format!("{}m", limit.as_millis())
                .parse()
                .expect("digits and a letter"),
        );

        let tries = if is_read { TRIES } else { 1 };
        let mut pause = FIRST_PAUSE;
        let mut tried = 0;
        loop {
            tried += 1;
            let body = Body::new(Full::new(message.clone()));
            let request = Request::from_parts(parts.clone(), body);
            let answer = self.peer.call(request).await;
            if !is_unavailable(&answer) {
                self.peers.budget.succeeded();
                return answer;
            }
            if !self.peers.budget.failed() || tried >= tries {
                return answer;
            }
            tokio::time::sleep(jittered(pause)).await;
            pause *= 2;
        }
    }
}

/// True for methods that change nothing, by the words that our API gives to them.
fn is_read(path: &str) -> bool {
    let method = path.rsplit('/').next().unwrap_or_default();
    ["Get", "List", "Batch", "Resolve", "Preview", "Compare"]
        .iter()
        .any(|word| method.starts_with(word))
}

/// True where the service says so, and where there was no connection or it broke before the answer.
fn is_unavailable(answer: &Result<Response<Body>, Status>) -> bool {
    let code = match answer {
        Ok(response) => Status::from_header_map(response.headers()).map(|status| status.code()),
        Err(status) => Some(status.code()),
    };
    code == Some(Code::Unavailable)
}

/// Between 80 and 120 percent, so that waiting callers do not come back all at once.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.8 + 0.4 * rand::random::<f64>())
}

/// Keeps retries from making an outage worse: each failure costs one, ten successes give one back, and below half
/// nothing is repeated.
struct RetryBudget {
    tenths: AtomicI32,
}

impl RetryBudget {
    const FULL: i32 = 100;
    const FAILURE: i32 = 10;
    const SUCCESS: i32 = 1;

    fn full() -> Self {
        Self {
            tenths: AtomicI32::new(Self::FULL),
        }
    }

    fn add(&self, tenths: i32) -> i32 {
        let change = |now: i32| Some((now + tenths).clamp(0, Self::FULL));
        let before = self
            .tenths
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
            .expect("the change is never refused");
        (before + tenths).clamp(0, Self::FULL)
    }

    fn succeeded(&self) {
        self.add(Self::SUCCESS);
    }

    /// Counts a failure; true where another try is affordable.
    fn failed(&self) -> bool {
        self.add(-Self::FAILURE) > Self::FULL / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_told_apart_by_their_words() {
        assert!(is_read(
            "/contractoros.projects.v1.ProjectService/GetProject"
        ));
        assert!(is_read(
            "/contractoros.identity.v1.SessionService/ResolveSession"
        ));
        assert!(!is_read("/contractoros.identity.v1.SessionService/SignIn"));
        assert!(!is_read(
            "/contractoros.identity.v1.OrganizationService/FindPortals"
        ));
        assert!(!is_read(
            "/contractoros.notifications.v1.InboxService/MarkSeen"
        ));
    }

    #[test]
    fn an_outage_ends_retries_and_successes_bring_them_back() {
        let budget = RetryBudget::full();
        let affordable = (0..10).filter(|_| budget.failed()).count();
        assert_eq!(affordable, 4);
        for _ in 0..70 {
            budget.succeeded();
        }
        assert!(budget.failed());
    }

    #[test]
    fn pauses_differ_a_little() {
        for _ in 0..100 {
            let pause = jittered(Duration::from_millis(100));
            assert!((80..=120).contains(&pause.as_millis()));
        }
    }
}
