//! The identity service, driven over a socket on a real database as its own logins.

mod account;
mod audit;
mod client;
mod forget;
mod isolation;
mod link;
mod member;
mod organization;
mod portal_access;
mod session;

use anyhow::{Context as _, Result};
use identity::{Config, DEFAULT_CONFIG};
use prost::Message as _;
use proto::identity::{
    AcceptInvitationRequest, Account, Client, ConfirmEmailRequest, Contact, CreateClientRequest,
    EnablePortalAccessRequest, ExchangeCodeRequest, LinkIssued, LinkPurpose, MintLinkRequest,
    MintLinkResponse, ResolveSessionRequest, Rights, Session, SignInRequest, SignUpRequest,
    SignUpResponse, account_service_client::AccountServiceClient,
    client_service_client::ClientServiceClient, link_service_client::LinkServiceClient,
    member_service_client::MemberServiceClient,
    organization_service_client::OrganizationServiceClient,
    portal_access_service_client::PortalAccessServiceClient,
    session_service_client::SessionServiceClient,
};
use service::{Peer, new_id};
use tenancy::{TenantId, authorized};
use testing::{Running, TestDb, TestKeys};
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;

const OFFICE_PASSWORD: &str = "nine brass doorknobs";
const CLIENT_PASSWORD: &str = "maple over slate";
const ADDRESS: &str = "203.0.113.7";

/// The service.
struct Setup {
    running: Running,
    keys: TestKeys,
    // last, so that the service lets go of it first
    db: TestDb,
}

/// An organization with its owner signed in.
struct Office {
    tenant: TenantId,
    owner: String,
    /// The owner's session.
    session: Session,
}

impl Setup {
    async fn start() -> Result<Self> {
        let db = TestDb::new("identity", &identity::migrations()).await?;
        let keys = TestKeys::new()?;
        Ok(Self {
            running: serve(&db, &keys).await?,
            keys,
            db,
        })
    }

    /// Stops the service and starts it on the same database.
    async fn restart(&mut self) -> Result<()> {
        let next = serve(&self.db, &self.keys).await?;
        std::mem::replace(&mut self.running, next).stop().await
    }

    fn organizations(&self) -> OrganizationServiceClient<Peer> {
        OrganizationServiceClient::new(self.peer())
    }

    fn sessions(&self) -> SessionServiceClient<Peer> {
        SessionServiceClient::new(self.peer())
    }

    fn accounts(&self) -> AccountServiceClient<Peer> {
        AccountServiceClient::new(self.peer())
    }

    fn links(&self) -> LinkServiceClient<Peer> {
        LinkServiceClient::new(self.peer())
    }

    fn members(&self) -> MemberServiceClient<Peer> {
        MemberServiceClient::new(self.peer())
    }

    fn clients(&self) -> ClientServiceClient<Peer> {
        ClientServiceClient::new(self.peer())
    }

    fn access(&self) -> PortalAccessServiceClient<Peer> {
        PortalAccessServiceClient::new(self.peer())
    }

    fn peer(&self) -> Peer {
        self.running.peer().expect("the address is one")
    }

    /// A request of the portal before it knows the organization.
    fn by_platform<T>(&self, message: T) -> Request<T> {
        let signer = self.keys.signer("portal").expect("a key");
        authorized(&signer.platform().expect("a token"), message)
    }

    /// A request of the portal before anybody signed in.
    fn by_portal<T>(&self, tenant: TenantId, message: T) -> Request<T> {
        self.by_service("portal", tenant, message)
    }

    fn by_service<T>(&self, service: &str, tenant: TenantId, message: T) -> Request<T> {
        let signer = self.keys.signer(service).expect("a key");
        authorized(&signer.service(tenant).expect("a token"), message)
    }

    async fn sign_up(&self, slug: &str) -> Result<Response<SignUpResponse>, Status> {
        let request = self.by_platform(sign_up_form(slug));
        self.organizations().sign_up(request).await
    }

    /// An organization whose owner has not confirmed the address.
    async fn unconfirmed(&self, slug: &str) -> Result<Office> {
        let answer = self.sign_up(slug).await?.into_inner();
        let tenant = TenantId::from(answer.organization_id.parse::<uuid::Uuid>()?);
        let request = ExchangeCodeRequest {
            code: answer.sign_in_code,
            client_address: ADDRESS.to_owned(),
            user_agent: "a browser".to_owned(),
        };
        let exchanged = self
            .sessions()
            .exchange_code(self.by_portal(tenant, request))
            .await?;
        let session = exchanged.into_inner().session.context("a session")?;
        Ok(Office {
            tenant,
            owner: self.token(tenant, &session).await?,
            session,
        })
    }

    /// An organization that may mail others.
    async fn office(&self, slug: &str) -> Result<Office> {
        let office = self.unconfirmed(slug).await?;
        let token = self
            .mailed_token(office.tenant, LinkPurpose::ConfirmEmail)
            .await?;
        let request = self.by_portal(office.tenant, ConfirmEmailRequest { token });
        self.links().confirm_email(request).await?;
        Ok(office)
    }

    /// The access token of a session, as the portal gets it for each request.
    async fn token(&self, tenant: TenantId, session: &Session) -> Result<String, Status> {
        let request = ResolveSessionRequest {
            secret: session.secret.clone(),
        };
        let answer = self
            .sessions()
            .resolve_session(self.by_portal(tenant, request))
            .await?;
        Ok(answer.into_inner().access_token)
    }

    async fn sign_in(
        &self,
        tenant: TenantId,
        form: SignInRequest,
    ) -> Result<Response<proto::identity::SignInResponse>, Status> {
        self.sessions().sign_in(self.by_portal(tenant, form)).await
    }

    /// The newest link of a purpose that waits for its mail, as its event names it.
    async fn newest_link(&self, tenant: TenantId, purpose: LinkPurpose) -> Result<LinkIssued> {
        let issued = self.issued(tenant, purpose).await?;
        issued.into_iter().next_back().context("a link was issued")
    }

    /// Every link of a purpose, oldest first, as events name them.
    async fn issued(&self, tenant: TenantId, purpose: LinkPurpose) -> Result<Vec<LinkIssued>> {
        let mut connection = self.db.superuser().await?;
        let payloads: Vec<Vec<u8>> = sqlx::query_scalar(
            "select payload from outbox where tenant_id = $1 and type like '%.LinkIssued' order by id",
        )
        .bind(tenant.uuid())
        .fetch_all(&mut connection)
        .await?;
        let mut issued = Vec::new();
        for payload in payloads {
            let event = LinkIssued::decode(payload.as_slice())?;
            if event.purpose() == purpose {
                issued.push(event);
            }
        }
        Ok(issued)
    }

    /// What notifications gets for a mail.
    async fn mint(&self, tenant: TenantId, link_id: &str) -> Result<MintLinkResponse, Status> {
        let request = MintLinkRequest {
            link_id: link_id.to_owned(),
        };
        let request = self.by_service("notifications", tenant, request);
        Ok(self.links().mint_link(request).await?.into_inner())
    }

    /// The token in the newest mail of a purpose.
    async fn mailed_token(&self, tenant: TenantId, purpose: LinkPurpose) -> Result<String> {
        let issued = self.newest_link(tenant, purpose).await?;
        let minted = self.mint(tenant, &issued.link_id).await?;
        let (_, token) = minted
            .path
            .rsplit_once('/')
            .context("a path with a token")?;
        Ok(token.to_owned())
    }

    /// The short names of an organization's events, oldest first.
    async fn events(&self, tenant: TenantId) -> Result<Vec<String>> {
        let mut connection = self.db.superuser().await?;
        let types: Vec<String> =
            sqlx::query_scalar("select type from outbox where tenant_id = $1 order by id")
                .bind(tenant.uuid())
                .fetch_all(&mut connection)
                .await?;
        let short = |name: String| name.rsplit('.').next().unwrap_or_default().to_owned();
        Ok(types.into_iter().map(short).collect())
    }

    /// Changes rows as only time could.
    async fn age(&self, statement: &'static str) -> Result<()> {
        let mut connection = self.db.superuser().await?;
        sqlx::query(statement).execute(&mut connection).await?;
        Ok(())
    }

    async fn create_client(&self, office: &Office, client: Client) -> Result<Client> {
        let request = CreateClientRequest {
            client: Some(client),
            request_id: new_id().to_string(),
        };
        let answer = self
            .clients()
            .create_client(authorized(&office.owner, request))
            .await?;
        answer.into_inner().client.context("a client")
    }

    /// The Okafors, with Maya as the main contact.
    async fn okafors(&self, office: &Office) -> Result<Client> {
        self.create_client(office, okafors()).await
    }

    async fn enable(&self, office: &Office, contact: &Contact) -> Result<Contact, Status> {
        let request = authorized(&office.owner, enable_form(contact));
        let answer = self.access().enable_portal_access(request).await?;
        Ok(answer.into_inner().contact.expect("a contact"))
    }

    /// Accepts the newest invitation.
    async fn accept(&self, office: &Office, password: &str) -> Result<Session> {
        let token = self
            .mailed_token(office.tenant, LinkPurpose::Invite)
            .await?;
        let request = self.by_portal(office.tenant, acceptance(token, password));
        let answer = self.links().accept_invitation(request).await?;
        answer.into_inner().session.context("a session")
    }

    /// Maya, signed in by her invitation.
    async fn maya(&self, office: &Office) -> Result<(Contact, Session)> {
        let client = self.okafors(office).await?;
        let contact = self.enable(office, &client.contacts[0]).await?;
        let session = self.accept(office, CLIENT_PASSWORD).await?;
        Ok((contact, session))
    }

    /// A project manager, signed in by an invitation.
    async fn manager(&self, office: &Office) -> Result<(Account, String)> {
        let account = self
            .invite(office, "pm@alder.example", proto::identity::Role::Pm)
            .await?;
        let session = self.accept(office, OFFICE_PASSWORD).await?;
        Ok((account, self.token(office.tenant, &session).await?))
    }

    async fn invite(
        &self,
        office: &Office,
        email: &str,
        role: proto::identity::Role,
    ) -> Result<Account, Status> {
        let request = proto::identity::InviteMemberRequest {
            name: "Pat Finch".to_owned(),
            email: email.to_owned(),
            role: role.into(),
            request_id: new_id().to_string(),
        };
        let answer = self
            .members()
            .invite_member(authorized(&office.owner, request))
            .await?;
        Ok(answer.into_inner().member.expect("a member"))
    }

    /// The client record as it stands.
    async fn client(&self, office: &Office, id: &str) -> Result<Client> {
        let request = proto::identity::GetClientRequest { id: id.to_owned() };
        let answer = self
            .clients()
            .get_client(authorized(&office.owner, request))
            .await?;
        answer.into_inner().client.context("a client")
    }
}

async fn serve(db: &TestDb, keys: &TestKeys) -> Result<Running> {
    let more = [("APP__LINK_KEY", "a7".repeat(32))];
    let environment = testing::environment(db, keys, &more)?;
    let config: Config = service::config::load_from(DEFAULT_CONFIG, environment)?;
    Running::start(identity::build(config).await?)
}

fn sign_up_form(slug: &str) -> SignUpRequest {
    SignUpRequest {
        company_name: "Alder & Finch Builders".to_owned(),
        slug: slug.to_owned(),
        owner_name: "Sam Alder".to_owned(),
        email: "Sam@Alder.example".to_owned(),
        password: OFFICE_PASSWORD.to_owned(),
        time_zone: "America/Los_Angeles".to_owned(),
        // each organization from another address, so that the limit is not in the way
        client_address: format!("{slug}.invalid"),
    }
}

fn sign_in_form(email: &str, password: &str) -> SignInRequest {
    SignInRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        client_address: ADDRESS.to_owned(),
        user_agent: "a browser".to_owned(),
        device: String::new(),
        keep_signed_in: true,
    }
}

fn okafors() -> Client {
    Client {
        display_name: "Maya and Daniel Okafor".to_owned(),
        phone: "(503) 555-0177".to_owned(),
        tags: vec!["referral".to_owned()],
        contacts: vec![
            Contact {
                name: "Maya Okafor".to_owned(),
                email: "maya@okafor.example".to_owned(),
                main_contact: true,
                ..Contact::default()
            },
            Contact {
                name: "Daniel Okafor".to_owned(),
                email: "daniel@okafor.example".to_owned(),
                relation: "Spouse".to_owned(),
                ..Contact::default()
            },
        ],
        ..Client::default()
    }
}

fn enable_form(contact: &Contact) -> EnablePortalAccessRequest {
    EnablePortalAccessRequest {
        client_id: contact.client_id.clone(),
        contact_id: contact.id.clone(),
        email: contact.email.clone(),
        email_again: contact.email.clone(),
        rights: Some(Rights {
            view_financials: true,
            approve: true,
            pay: false,
            message: true,
        }),
        frequency: "FREQUENCY_DAILY".to_owned(),
        request_id: new_id().to_string(),
    }
}

fn acceptance(token: String, password: &str) -> AcceptInvitationRequest {
    AcceptInvitationRequest {
        token,
        password: password.to_owned(),
        time_zone: "America/Los_Angeles".to_owned(),
        frequency: "FREQUENCY_WEEKLY".to_owned(),
        client_address: ADDRESS.to_owned(),
        user_agent: "a browser".to_owned(),
    }
}

/// The code of an answer, and its reason where it was refused.
fn refusal<T>(answer: &Result<T, Status>) -> (Code, String) {
    match answer {
        Ok(_) => (Code::Ok, String::new()),
        Err(status) => {
            let info = status.get_details_error_info();
            let reason = info.map(|info| info.reason).unwrap_or_default();
            (status.code(), reason)
        }
    }
}

fn reason<T>(answer: &Result<T, Status>) -> String {
    refusal(answer).1
}

/// The fields that an answer calls wrong.
fn violated<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    let status = answer.expect_err("some field is wrong");
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    status
        .get_details_bad_request()
        .expect("bad request is set")
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}
