//! Where the sample is played: the platform's services, its clock and its mails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use proto::identity::organization_service_client::OrganizationServiceClient;
use proto::identity::session_service_client::SessionServiceClient;
use proto::identity::{ResolveHostRequest, ResolveSessionRequest, Session, SignInRequest};
use proto::notifications::delivery_service_client::DeliveryServiceClient;
use proto::notifications::inbox_service_client::InboxServiceClient;
use proto::notifications::{
    Delivery, DeliveryState, InboxItemKind, ListDeliveriesRequest, ListInboxRequest, MailKind,
};
use tenancy::{Keys, Signer, TenantId, authorized};
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

use super::cast::{Client, ORGANIZATIONS, Organization, PASSWORD};
use crate::platform::Platform;
use crate::services::Service;

/// As the portal would pass them on: an address from the range for examples (RFC 5737).
pub(super) const CLIENT_ADDRESS: &str = "192.0.2.10";
pub(super) const USER_AGENT: &str = "Sample data";

/// How long an effect may take that travels through Kafka or by mail.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(30);
/// What is due within this time is on its way: the clock runs on while things are done.
const SOON: SignedDuration = SignedDuration::from_mins(1);
/// The most that a list has; the sample has far less.
const ALL: i32 = 1_000;

pub(super) struct Stage<'a> {
    pub(super) platform: &'a Platform,
    pub(super) portal: Signer,
    pub(super) identity: Channel,
    pub(super) projects: Channel,
    pub(super) documents: Channel,
    pub(super) billing: Channel,
    pub(super) notifications: Channel,
    /// Takes files where documents wants them.
    pub(super) http: reqwest::Client,
    story: Mutex<Story>,
}

/// What has come of the cast so far.
#[derive(Default)]
struct Story {
    /// What the services' clocks were set to last.
    now: Timestamp,
    /// By slug.
    tenants: BTreeMap<&'static str, TenantId>,
    /// Of people by their email address, of clients and projects by name.
    ids: BTreeMap<&'static str, String>,
    /// By the names of clients of whom somebody is mailed: the token of who came in last.
    listening: BTreeMap<&'static str, String>,
    /// When mails are due that are held back now, with the organization's slug.
    due: BTreeSet<(Timestamp, &'static str)>,
}

impl<'a> Stage<'a> {
    pub(super) fn open(platform: &'a Platform) -> Result<Self> {
        let keys = platform.keys();
        let portal = Service::Portal.name();
        let ring = Keys {
            signing_key_file: keys.signing_key(portal).display().to_string(),
            trusted_folder: keys.trusted_folder().display().to_string(),
        };
        let channel = |service| -> Result<Channel> {
            let address = format!("http://127.0.0.1:{}", platform.ports(service).calls);
            Ok(Endpoint::new(address)?.timeout(PATIENCE).connect_lazy())
        };
        Ok(Self {
            platform,
            portal: Signer::new(Arc::new(ring.read(portal)?)),
            identity: channel(Service::Identity)?,
            projects: channel(Service::Projects)?,
            documents: channel(Service::Documents)?,
            billing: channel(Service::Billing)?,
            notifications: channel(Service::Notifications)?,
            http: reqwest::Client::new(),
            story: Mutex::default(),
        })
    }

    /// Whether an organization answers at the host already.
    pub(super) async fn exists(&self, organization: &Organization) -> Result<bool> {
        let request = ResolveHostRequest {
            host: format!("{}.localhost", organization.slug),
        };
        let answer = OrganizationServiceClient::new(self.identity.clone())
            .resolve_host(authorized(&self.portal.platform()?, request))
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(status) if status.code() == Code::NotFound => Ok(false),
            Err(status) => Err(status).context("look for the sample"),
        }
    }

    /// Moves the services' clocks to a later moment, with a stop wherever a mail is due on the way.
    pub(super) async fn move_clock(&self, moment: Timestamp) -> Result<()> {
        while let Some((due, slug)) = self.next_due(moment) {
            // A moment later, so that it is due by any clock.
            self.set_clock(due + SignedDuration::from_secs(2)).await?;
            let organization = ORGANIZATIONS
                .into_iter()
                .find(|organization| organization.slug == slug)
                .context("find the organization of a mail that is due")?;
            let token = self.sign_in(organization, organization.owner.email).await?;
            self.settle(organization, &token).await?;
        }
        self.set_clock(moment).await
    }

    fn next_due(&self, until: Timestamp) -> Option<(Timestamp, &'static str)> {
        let mut story = self.story();
        let next = story.due.first().copied().filter(|(due, _)| *due < until)?;
        story.due.remove(&next);
        Some(next)
    }

    async fn set_clock(&self, moment: Timestamp) -> Result<()> {
        self.story().now = moment;
        self.platform.set_clock(moment).await
    }

    pub(super) fn know_tenant(&self, organization: &'static Organization, id: TenantId) {
        self.story().tenants.insert(organization.slug, id);
    }

    /// The portal's own token, for what comes before a sign-in.
    pub(super) fn before_sign_in(&self, organization: &Organization) -> Result<String> {
        let tenant = self.story().tenants.get(organization.slug).copied();
        let tenant = tenant.with_context(|| format!("{} has not signed up", organization.name))?;
        Ok(self.portal.service(tenant)?)
    }

    pub(super) fn know(&self, name: &'static str, id: &str) {
        self.story().ids.insert(name, id.to_owned());
    }

    pub(super) fn id(&self, name: &'static str) -> Result<String> {
        let id = self.story().ids.get(name).cloned();
        id.with_context(|| format!("{name} is not in the platform yet"))
    }

    pub(super) fn know_listener(&self, client: &'static Client, token: String) {
        self.story().listening.insert(client.name, token);
    }

    pub(super) fn has_listeners(&self, client: &Client) -> bool {
        self.story().listening.contains_key(client.name)
    }

    /// Signs a person in and answers the token for the person's calls.
    pub(super) async fn sign_in(&self, organization: &Organization, email: &str) -> Result<String> {
        let request = SignInRequest {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            client_address: CLIENT_ADDRESS.to_owned(),
            user_agent: USER_AGENT.to_owned(),
            device: String::new(),
            keep_signed_in: false,
        };
        let session = SessionServiceClient::new(self.identity.clone())
            .sign_in(authorized(&self.before_sign_in(organization)?, request))
            .await
            .with_context(|| format!("sign {email} in"))?;
        self.token(organization, session.into_inner().session).await
    }

    /// The token of a session.
    pub(super) async fn token(
        &self,
        organization: &Organization,
        session: Option<Session>,
    ) -> Result<String> {
        let request = ResolveSessionRequest {
            secret: session.context("the answer carries no session")?.secret,
        };
        let resolved = SessionServiceClient::new(self.identity.clone())
            .resolve_session(authorized(&self.before_sign_in(organization)?, request))
            .await
            .context("resolve a session")?;
        Ok(resolved.into_inner().access_token)
    }

    pub(super) fn count_mails_to(&self, email: &str) -> usize {
        let mails = self.platform.smtp().mails();
        mails.iter().filter(|mail| mail.is_to(email)).count()
    }

    /// Waits until a person has more mails than before.
    pub(super) async fn mail_after(&self, before: usize, email: &str) -> Result<()> {
        let what = format!("a mail to {email}");
        wait_for(&what, async || {
            Ok((self.count_mails_to(email) > before).then_some(()))
        })
        .await
    }

    /// What stands behind such a path in the newest link that was mailed to a person.
    pub(super) fn mailed_token(&self, email: &str, path: &str) -> Result<String> {
        let mails = self.platform.smtp().mails();
        let links = mails
            .iter()
            .rev()
            .filter(|mail| mail.is_to(email))
            .flat_map(|mail| &mail.links);
        let token = links
            .filter_map(|link| link.split_once(path))
            .map(|(_, token)| token.to_owned())
            .next();
        token.with_context(|| format!("find a link with {path} in the mails to {email}"))
    }

    /// Waits until no mail of an organization is on its way, and notes when those that are held
    /// back are due; the token is the owner's or the project manager's.
    pub(super) async fn settle(&self, organization: &Organization, token: &str) -> Result<()> {
        let later = wait_for("the end of all mails on their way", async || {
            let soon = self.story().now + SOON;
            let open = self.deliveries(token).await?;
            let open = open.iter().filter(|delivery| {
                matches!(
                    delivery.state(),
                    DeliveryState::Queued | DeliveryState::Held | DeliveryState::Sending
                )
            });
            Ok(open
                .map(|delivery| sent_after(delivery).filter(|due| *due > soon))
                .collect::<Option<Vec<_>>>())
        })
        .await?;
        let later = later.into_iter().map(|due| (due, organization.slug));
        self.story().due.extend(later);
        Ok(())
    }

    /// Waits until people are told such news of a project since the clock was set.
    pub(super) async fn told(&self, kind: MailKind, project: &str, token: &str) -> Result<()> {
        wait_for("the news of a project", async || {
            let now = self.story().now;
            let deliveries = self.deliveries(token).await?;
            let told = deliveries.iter().any(|delivery| {
                delivery.kind() == kind
                    && delivery.project_id == project
                    && created(delivery).is_some_and(|created| created >= now)
            });
            Ok(told.then_some(()))
        })
        .await
    }

    /// Waits until a client's inbox has so many photos of a project that were told since the clock was set.
    pub(super) async fn photos_counted(
        &self,
        client: &Client,
        project: &str,
        count: i32,
    ) -> Result<()> {
        // not that of a new sign-in, which would be a visit
        let token = self.story().listening.get(client.name).cloned();
        let token = token.with_context(|| format!("nobody of {} came in", client.name))?;
        wait_for("the news of all photos", async || {
            let now = self.story().now;
            let request = ListInboxRequest {
                project_id: project.to_owned(),
                page_size: ALL,
                ..ListInboxRequest::default()
            };
            let inbox = InboxServiceClient::new(self.notifications.clone())
                .list_inbox(authorized(&token, request))
                .await;
            let items = match inbox {
                Ok(inbox) => inbox.into_inner().items,
                // on a slow machine the token has ended; nobody needs to know more than was told
                Err(status) if status.code() == Code::Unauthenticated => return Ok(Some(())),
                Err(status) => return Err(status).context("read a client's inbox"),
            };
            let told: i32 = items
                .iter()
                .filter(|item| item.kind() == InboxItemKind::PhotosAdded)
                .filter(|item| {
                    let created = item.created_at.as_ref().and_then(proto::time);
                    created.is_some_and(|created| created >= now)
                })
                .map(|item| item.count)
                .sum();
            Ok((told == count).then_some(()))
        })
        .await
    }

    /// Waits until a mail came back since the clock was set.
    pub(super) async fn mail_bounced(&self, token: &str) -> Result<()> {
        wait_for("a mail that bounces", async || {
            let now = self.story().now;
            let deliveries = self.deliveries(token).await?;
            let bounced = deliveries.iter().any(|delivery| {
                delivery.state() == DeliveryState::Bounced
                    && created(delivery).is_some_and(|created| created >= now)
            });
            Ok(bounced.then_some(()))
        })
        .await
    }

    async fn deliveries(&self, token: &str) -> Result<Vec<Delivery>> {
        let request = ListDeliveriesRequest {
            page_size: ALL,
            ..ListDeliveriesRequest::default()
        };
        let deliveries = DeliveryServiceClient::new(self.notifications.clone())
            .list_deliveries(authorized(token, request))
            .await
            .context("list the mails")?;
        Ok(deliveries.into_inner().deliveries)
    }

    /// What is inside stays whole when a holder panics: each change is one assignment.
    fn story(&self) -> MutexGuard<'_, Story> {
        self.story.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A new id for a request that must not be carried out twice.
pub(super) fn request_id() -> String {
    Uuid::now_v7().to_string()
}

/// Looks until there is something to see.
pub(super) async fn wait_for<T>(
    what: &str,
    look: impl AsyncFn() -> Result<Option<T>>,
) -> Result<T> {
    let seen = async {
        loop {
            if let Some(seen) = look().await? {
                return Ok(seen);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    match tokio::time::timeout(PATIENCE, seen).await {
        Ok(seen) => seen,
        Err(_) => bail!("waited for {what}, and nothing came in {PATIENCE:?}"),
    }
}

fn sent_after(delivery: &Delivery) -> Option<Timestamp> {
    delivery.send_after.as_ref().and_then(proto::time)
}

fn created(delivery: &Delivery) -> Option<Timestamp> {
    delivery.created_at.as_ref().and_then(proto::time)
}
