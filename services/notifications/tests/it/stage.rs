//! What every test stands on.

use std::{collections::BTreeMap, net::TcpListener, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use devstack::{mailbox::Mail, smtp::Smtp};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use notifications::Config;
use prost::Name;
use proto::{
    documents::{PhotoAdded, PhotoAudience, PhotoShared},
    identity::{Account, AccountKind, AccountState, LinkIssued, LinkPurpose, Membership, Rights},
    notifications::{
        Delivery, DeliveryState, Frequency, InboxItem, ListDeliveriesRequest, ListInboxRequest,
        ListInboxResponse, MarkSeenRequest, ResendDeliveryRequest, UpdatePreferencesRequest,
        delivery_service_client::DeliveryServiceClient, inbox_service_client::InboxServiceClient,
        preference_service_client::PreferenceServiceClient,
    },
    projects::{MilestoneReached, MilestoneReopened},
};
use service::{Peer, clock, config::load_from, new_id};
use tempfile::TempDir;
use tenancy::{Party, Person, authorized};
use testing::{Running, Tenant, TestDb, TestKeys, environment};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    fake_documents::FakeDocuments,
    fake_identity::{FakeIdentity, address},
    fake_projects::{FakeProject, FakeProjects},
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// An organization in which Ana has a kitchen and a bath under construction and Ben has nothing.
pub(crate) struct Stage {
    pub(crate) keys: TestKeys,
    pub(crate) tenant: Tenant,
    pub(crate) identity: FakeIdentity,
    pub(crate) projects: FakeProjects,
    pub(crate) documents: FakeDocuments,
    pub(crate) kitchen: FakeProject,
    pub(crate) bath: FakeProject,
    pub(crate) smtp: Smtp,
    pub(crate) db: TestDb,
    config: Config,
    notifications: Running,
    _peers: [Running; 3],
    _folder: TempDir,
}

impl Stage {
    pub(crate) async fn new() -> Result<Self> {
        Self::build(None, &[]).await
    }

    /// One where nothing listens at the mail server's address.
    pub(crate) async fn without_mail_server() -> Result<Self> {
        let free = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        Self::build(Some(free), &[]).await
    }

    /// One that has only one mail at once sent, by another mail server.
    pub(crate) async fn with_one_connection_to(smtp_port: u16) -> Result<Self> {
        let one = ("APP__SMTP__CONNECTIONS", "1".to_owned());
        Self::build(Some(smtp_port), &[one]).await
    }

    async fn build(smtp_port: Option<u16>, more: &[(&str, String)]) -> Result<Self> {
        let keys = TestKeys::new()?;
        let tenant = Tenant::new();
        let kitchen = FakeProject::new(
            tenant.anas_record,
            "Kitchen remodel",
            &["Cabinets installed", "Countertops measured"],
        );
        let bath = FakeProject::new(tenant.anas_record, "Guest bath", &["Tile set"]);
        let projects = FakeProjects::new(tenant.id, vec![kitchen.clone(), bath.clone()]);
        let documents = FakeDocuments::new(projects.clone());
        let accounts = vec![
            account(&tenant.ana, "ana"),
            account(&tenant.ben, "ben"),
            account(&tenant.owner, "owner"),
            account(&tenant.pm, "paula"),
        ];
        let identity = FakeIdentity::new(tenant.id, accounts);
        let peers = [
            identity.start(&keys).await?,
            projects.start(&keys).await?,
            documents.start(&keys).await?,
        ];
        let folder = tempfile::tempdir()?;
        let smtp = Smtp::start(folder.path()).await?;
        let db = TestDb::new("notifications", &notifications::migrations()).await?;
        let settings = [
            ("APP__PEERS__IDENTITY", peers[0].address().to_owned()),
            ("APP__PEERS__PROJECTS", peers[1].address().to_owned()),
            ("APP__PEERS__DOCUMENTS", peers[2].address().to_owned()),
            ("APP__SMTP__HOST", smtp.host().to_owned()),
            (
                "APP__SMTP__PORT",
                smtp_port.unwrap_or(smtp.port()).to_string(),
            ),
            ("APP__PUBLIC_PORT", "8080".to_owned()),
        ];
        let settings = [&settings, more].concat();
        let config: Config = load_from(
            notifications::DEFAULT_CONFIG,
            environment(&db, &keys, &settings)?,
        )?;
        Ok(Self {
            notifications: Running::start(notifications::build(config.clone()).await?)?,
            config,
            keys,
            tenant,
            identity,
            projects,
            documents,
            kitchen,
            bath,
            smtp,
            db,
            _peers: peers,
            _folder: folder,
        })
    }

    /// Stops the service and waits until it has; the database stays.
    pub(crate) async fn stop(self) -> Result<TestDb> {
        self.notifications.stop().await?;
        Ok(self.db)
    }

    pub(crate) fn inbox(&self) -> Result<InboxServiceClient<Peer>> {
        Ok(InboxServiceClient::new(self.notifications.peer()?))
    }

    pub(crate) fn preferences(&self) -> Result<PreferenceServiceClient<Peer>> {
        Ok(PreferenceServiceClient::new(self.notifications.peer()?))
    }

    pub(crate) fn deliveries(&self) -> Result<DeliveryServiceClient<Peer>> {
        Ok(DeliveryServiceClient::new(self.notifications.peer()?))
    }

    /// A call as a person of the organization.
    pub(crate) fn request<T>(&self, person: &Person, message: T) -> Result<tonic::Request<T>> {
        self.request_in(&self.tenant, person, message)
    }

    /// A call as a person of any organization.
    pub(crate) fn request_in<T>(
        &self,
        tenant: &Tenant,
        person: &Person,
        message: T,
    ) -> Result<tonic::Request<T>> {
        Ok(authorized(&self.keys.person(tenant.id, person)?, message))
    }

    /// Tells of an event as if it had been held when it came, and has it handled.
    pub(crate) async fn tell<E: Name>(&self, source: &str, event: &E) -> Result<()> {
        self.tell_as(source, event, new_id()).await
    }

    /// Tells of an event under an id.
    pub(crate) async fn tell_as<E: Name>(&self, source: &str, event: &E, id: Uuid) -> Result<()> {
        let tenant = self.tenant.id.uuid();
        let headers = BTreeMap::from([
            ("ce_id", id.to_string()),
            ("ce_source", source.to_owned()),
            ("ce_type", E::full_name()),
            ("ce_time", clock::now().to_string()),
            ("ce_tenantid", tenant.to_string()),
        ]);
        let mut connection = self.db.superuser().await?;
        sqlx::query(
            r#"insert into held_event
                   (tenant_id, id, topic, partition, "offset", key, headers, payload, reason, state, held_at)
               values ($1, $2, $3, 0, (select count(*) from held_event), $4, $5, $6, 'a test', 'held', $7)"#,
        )
        .bind(tenant)
        .bind(new_id())
        .bind(format!("contractoros.{source}.v1"))
        .bind(format!("{tenant}:{id}"))
        .bind(sqlx::types::Json(headers))
        .bind(event.encode_to_vec())
        .bind(clock::now().to_sqlx())
        .execute(&mut connection)
        .await?;
        notifications::replay(&self.config, None).await?;
        let held: i64 = sqlx::query_scalar("select count(*) from held_event where state = 'held'")
            .fetch_one(&mut connection)
            .await?;
        anyhow::ensure!(held == 0, "the event could not be handled");
        Ok(())
    }

    /// Tells that a milestone of a project was reached.
    pub(crate) async fn reach(&self, project: &FakeProject, milestone: usize) -> Result<()> {
        let event = MilestoneReached {
            project_id: project.id.to_string(),
            phase_id: project.phases[milestone].0.to_string(),
            client_id: project.client.to_string(),
            actor_id: self.tenant.pm.account.to_string(),
        };
        self.tell("projects", &event).await
    }

    /// Tells that a milestone of a project is open again.
    pub(crate) async fn reopen(&self, project: &FakeProject, milestone: usize) -> Result<()> {
        let event = MilestoneReopened {
            project_id: project.id.to_string(),
            phase_id: project.phases[milestone].0.to_string(),
            actor_id: self.tenant.pm.account.to_string(),
        };
        self.tell("projects", &event).await
    }

    /// The project manager adds a photo that clients see where they see all, and its id is answered.
    pub(crate) async fn add_photo(&self, project: &FakeProject, caption: &str) -> Result<Uuid> {
        let photo = self
            .documents
            .add(project, PhotoAudience::Unmarked, caption);
        self.tell_of_photo(project, photo, &self.tenant.pm).await?;
        Ok(photo)
    }

    /// Tells that a person added a photo.
    pub(crate) async fn tell_of_photo(
        &self,
        project: &FakeProject,
        photo: Uuid,
        actor: &Person,
    ) -> Result<()> {
        let event = PhotoAdded {
            project_id: project.id.to_string(),
            photo_id: photo.to_string(),
            actor_id: actor.account.to_string(),
        };
        self.tell("documents", &event).await
    }

    /// A person shares a photo with clients.
    pub(crate) async fn share_photo(
        &self,
        project: &FakeProject,
        photo: Uuid,
        actor: &Person,
    ) -> Result<()> {
        self.documents.set_audience(photo, PhotoAudience::Shared);
        let event = PhotoShared {
            project_id: project.id.to_string(),
            photo_id: photo.to_string(),
            actor_id: actor.account.to_string(),
        };
        self.tell("documents", &event).await
    }

    /// Lets time pass for photos that are gathered and for mails that wait.
    ///
    /// What is due comes nearer: the clock is that of every test in this process.
    pub(crate) async fn pass(&self, minutes: i32) -> Result<()> {
        let mut connection = self.db.superuser().await?;
        sqlx::query(
            "with batches as (
                 update photo_batch set opened_at = opened_at - make_interval(mins => $1),
                     due_at = due_at - make_interval(mins => $1))
             update delivery set due_at = due_at - make_interval(mins => $1) where state = 'queued'",
        )
        .bind(minutes)
        .execute(&mut connection)
        .await?;
        Ok(())
    }

    /// Ana marks everything in her inbox as seen.
    pub(crate) async fn see_everything(&self) -> Result<()> {
        let request = self.request(&self.tenant.ana, MarkSeenRequest::default())?;
        self.inbox()?.mark_seen(request).await?;
        Ok(())
    }

    /// Tells that an invitation for Ana was made, and answers the link's id.
    pub(crate) async fn invite_ana(&self) -> Result<Uuid> {
        let link = new_id();
        self.invite_ana_by(link).await?;
        Ok(link)
    }

    /// Tells that an invitation for Ana was made with this link.
    pub(crate) async fn invite_ana_by(&self, link: Uuid) -> Result<()> {
        let event = LinkIssued {
            link_id: link.to_string(),
            account_id: self.tenant.ana.account.to_string(),
            purpose: LinkPurpose::Invite.into(),
            actor_id: self.tenant.owner.account.to_string(),
        };
        self.tell("identity", &event).await
    }

    /// Ana chooses how often she is mailed.
    pub(crate) async fn choose(&self, frequency: Frequency) -> Result<()> {
        let message = UpdatePreferencesRequest {
            frequency: frequency.into(),
            time_zone: "America/New_York".to_owned(),
        };
        self.preferences()?
            .update_preferences(self.request(&self.tenant.ana, message)?)
            .await?;
        Ok(())
    }

    /// Ana's inbox.
    pub(crate) async fn anas_inbox(&self) -> Result<ListInboxResponse> {
        let request = self.request(&self.tenant.ana, ListInboxRequest::default())?;
        Ok(self.inbox()?.list_inbox(request).await?.into_inner())
    }

    /// All mails, as the owner sees them, newest first.
    pub(crate) async fn mails(&self) -> Result<Vec<Delivery>> {
        let request = self.request(&self.tenant.owner, ListDeliveriesRequest::default())?;
        Ok(self
            .deliveries()?
            .list_deliveries(request)
            .await?
            .into_inner()
            .deliveries)
    }

    /// Waits until the newest mail is in a state, and answers it.
    pub(crate) async fn newest_in(&self, state: DeliveryState) -> Result<Delivery> {
        self.newest(|mail| mail.state() == state)
            .await
            .with_context(|| format!("wait for the newest mail to be {state:?}"))
    }

    /// Waits until the newest mail is like this, and answers it.
    pub(crate) async fn newest(&self, is_it: impl Fn(&Delivery) -> bool) -> Result<Delivery> {
        self.wait(async || Ok(self.mails().await?.into_iter().next().filter(&is_it)))
            .await
    }

    /// Waits until a mail is in a state, and answers it.
    pub(crate) async fn mail_in(&self, id: &str, state: DeliveryState) -> Result<Delivery> {
        self.wait(async || {
            let mails = self.mails().await?;
            Ok(mails
                .into_iter()
                .find(|mail| mail.id == id && mail.state() == state))
        })
        .await
        .with_context(|| format!("wait for a mail to be {state:?}"))
    }

    async fn wait<T>(&self, look: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
        let until = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < until {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("it did not come; there are {:#?}", self.mails().await?)
    }

    /// Waits for a mail to Ana.
    pub(crate) async fn mail_to_ana(&self, subject: &str) -> Result<Arc<Mail>> {
        self.smtp.wait_for(&address("ana"), subject, PATIENCE).await
    }

    /// Sends a mail once more, as the owner.
    pub(crate) async fn resend(
        &self,
        id: &str,
        request_id: Uuid,
    ) -> Result<Result<Delivery, Status>> {
        let message = ResendDeliveryRequest {
            id: id.to_owned(),
            request_id: request_id.to_string(),
        };
        let request = self.request(&self.tenant.owner, message)?;
        let answer = self.deliveries()?.resend_delivery(request).await;
        Ok(answer.map(|answer| answer.into_inner().delivery.unwrap_or_default()))
    }

    /// Lets the time come that waiting mails wait for.
    pub(crate) async fn let_time_come(&self) -> Result<()> {
        let mut connection = self.db.superuser().await?;
        sqlx::query("update delivery set due_at = $1 where due_at is not null")
            .bind(clock::now().to_sqlx())
            .execute(&mut connection)
            .await?;
        Ok(())
    }
}

/// A client person, or an owner, as identity has them.
fn account(person: &Person, name: &str) -> Account {
    let (kind, memberships) = match &person.party {
        Party::Office { .. } => (AccountKind::Office, Vec::new()),
        Party::Client { memberships } => (
            AccountKind::Client,
            memberships
                .iter()
                .map(|membership| Membership {
                    client_id: membership.client.to_string(),
                    rights: Some(Rights::default()),
                })
                .collect(),
        ),
    };
    Account {
        id: person.account.to_string(),
        kind: kind.into(),
        state: AccountState::Active.into(),
        name: format!("{name} Okafor"),
        email: address(name),
        memberships,
        ..Account::default()
    }
}

/// The texts of items.
pub(crate) fn texts(items: &[InboxItem]) -> Vec<&str> {
    items.iter().map(|item| item.text.as_str()).collect()
}

/// The detail of a mail's last step.
pub(crate) fn last_detail(mail: &Delivery) -> &str {
    mail.steps.last().map_or("", |step| step.detail.as_str())
}

/// The states that a mail went through.
pub(crate) fn states(mail: &Delivery) -> Vec<DeliveryState> {
    mail.steps
        .iter()
        .map(proto::notifications::DeliveryStep::state)
        .collect()
}

/// How far a time lies ahead, in minutes.
pub(crate) fn minutes_ahead(time: Option<&prost_types::Timestamp>) -> i64 {
    let time = time.and_then(proto::time).unwrap_or(Timestamp::MIN);
    (time.duration_since(clock::now()).as_secs() + 30) / 60
}

pub(crate) fn code<T>(answer: Result<T, Status>) -> Code {
    answer.map_or_else(|status| status.code(), |_| Code::Ok)
}
