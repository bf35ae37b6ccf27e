//! Two organizations with people and things, made through the public RPCs.

use std::time::Duration;

use anyhow::{Context as _, Result};
use proto::{
    billing::{SetContractValueRequest, contract_service_client::ContractServiceClient},
    identity::{
        self as id, account_service_client::AccountServiceClient,
        client_service_client::ClientServiceClient, link_service_client::LinkServiceClient,
        member_service_client::MemberServiceClient,
        organization_service_client::OrganizationServiceClient,
        portal_access_service_client::PortalAccessServiceClient,
        session_service_client::SessionServiceClient,
    },
    notifications::{
        InboxItemKind, ListDeliveriesRequest, ListInboxRequest, MailKind,
        delivery_service_client::DeliveryServiceClient, inbox_service_client::InboxServiceClient,
    },
    projects::{
        self as pr, phase_service_client::PhaseServiceClient,
        project_service_client::ProjectServiceClient,
    },
    types::Money,
};
use service::new_id;
use tenancy::{ClientMembership, Party, Person, Rights, Role, TenantId, authorized};
use uuid::Uuid;

use crate::{
    Stage,
    files::{add_photo, jpeg},
};

/// Long enough for every audience.
pub const PASSWORD: &str = "four hammers and a level";
/// How long an effect that travels through Kafka may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Two organizations that must never hear of each other.
pub struct Cast {
    /// The first.
    pub alder: Organization,
    /// The second.
    pub bluestone: Organization,
}

/// One organization with a person of each kind, two clients, two projects.
pub struct Organization {
    /// The tenant.
    pub id: TenantId,
    /// The first label of its host.
    pub slug: String,
    /// Runs it.
    pub owner: Person,
    /// Manages projects.
    pub pm: Person,
    /// Crew, assigned to Ana's project.
    pub field: Person,
    /// A client with a project.
    pub ana: Person,
    /// Another client with a project of his own.
    pub ben: Person,
    /// Ana's client record and contact.
    pub anas: Record,
    /// Ben's client record and contact.
    pub bens: Record,
}

/// A client record with what hangs on it.
#[derive(Clone, Copy)]
pub struct Record {
    /// The client record.
    pub client: Uuid,
    /// The contact with portal access.
    pub contact: Uuid,
    /// The project.
    pub project: Uuid,
    /// Its first phase, which is a milestone that was reached.
    pub phase: Uuid,
    /// The inbox item that tells of it.
    pub inbox_item: Uuid,
    /// The mail that told of it.
    pub delivery: Uuid,
    /// A photo that the owner shared.
    pub photo: Uuid,
}

impl Cast {
    /// Fills both organizations.
    pub async fn gather(stage: &impl Stage) -> Result<Self> {
        let (alder, bluestone) = tokio::try_join!(
            Organization::gather(stage, "alder"),
            Organization::gather(stage, "bluestone"),
        )?;
        Ok(Self { alder, bluestone })
    }
}

impl Organization {
    /// Fills one.
    pub async fn gather(stage: &impl Stage, slug: &str) -> Result<Self> {
        let (id, owner) = sign_up(stage, slug).await?;
        let owner_token = stage.person(id, &owner)?;
        let field_and_ana = async {
            let field = member(stage, id, &owner_token, slug, Role::Field).await?;
            let crew = Some(field.account);
            let ana = client(stage, id, &owner_token, slug, "ana", crew);
            let (ana, anas) = Box::pin(ana).await?;
            anyhow::Ok((field, ana, anas))
        };
        // each waits for mails
        let (pm, (field, ana, anas), (ben, bens)) = tokio::try_join!(
            member(stage, id, &owner_token, slug, Role::Pm),
            field_and_ana,
            Box::pin(client(stage, id, &owner_token, slug, "ben", None)),
        )?;
        Ok(Self {
            id,
            slug: slug.to_owned(),
            owner,
            pm,
            field,
            ana,
            ben,
            anas,
            bens,
        })
    }
}

async fn sign_up(stage: &impl Stage, slug: &str) -> Result<(TenantId, Person)> {
    let portal = stage.signer("portal")?;
    let email = format!("owner@{slug}.example");
    let answer = OrganizationServiceClient::new(stage.peer("identity")?)
        .sign_up(authorized(
            &portal.platform()?,
            id::SignUpRequest {
                company_name: format!("{slug} builders"),
                slug: slug.to_owned(),
                owner_name: "Olive Owner".to_owned(),
                email: email.clone(),
                password: PASSWORD.to_owned(),
                time_zone: "America/Los_Angeles".to_owned(),
                client_address: "192.0.2.1".to_owned(),
            },
        ))
        .await
        .context("sign up")?
        .into_inner();
    let tenant = TenantId::from(answer.organization_id.parse::<Uuid>()?);
    let token = mailed_token(stage, &email, "/confirm/").await?;
    LinkServiceClient::new(stage.peer("identity")?)
        .confirm_email(authorized(
            &portal.service(tenant)?,
            id::ConfirmEmailRequest { token },
        ))
        .await
        .context("confirm the owner's address")?;
    let owner = sign_in(stage, tenant, &email).await?;
    Ok((tenant, owner))
}

async fn member(
    stage: &impl Stage,
    tenant: TenantId,
    owner_token: &str,
    slug: &str,
    role: Role,
) -> Result<Person> {
    let (name, role) = match role {
        Role::Pm => ("pm", id::Role::Pm),
        _ => ("field", id::Role::Field),
    };
    let email = format!("{name}@{slug}.example");
    MemberServiceClient::new(stage.peer("identity")?)
        .invite_member(authorized(
            owner_token,
            id::InviteMemberRequest {
                name: format!("{name} person"),
                email: email.clone(),
                role: role.into(),
                request_id: new_id().to_string(),
            },
        ))
        .await
        .context("invite a member")?;
    accept(stage, tenant, &email).await
}

async fn client(
    stage: &impl Stage,
    tenant: TenantId,
    owner_token: &str,
    slug: &str,
    name: &str,
    member: Option<Uuid>,
) -> Result<(Person, Record)> {
    let email = format!("{name}@{slug}.example");
    let record = ClientServiceClient::new(stage.peer("identity")?)
        .create_client(authorized(
            owner_token,
            id::CreateClientRequest {
                client: Some(id::Client {
                    kind: id::ClientKind::Individual.into(),
                    display_name: format!("{name} of {slug}"),
                    status: id::ClientStatus::Active.into(),
                    contacts: vec![id::Contact {
                        name: format!("{name} client"),
                        email: email.clone(),
                        main_contact: true,
                        ..id::Contact::default()
                    }],
                    ..id::Client::default()
                }),
                request_id: new_id().to_string(),
            },
        ))
        .await
        .context("create a client record")?
        .into_inner()
        .client
        .context("the answer carries the record")?;
    let contact = &record.contacts[0];
    PortalAccessServiceClient::new(stage.peer("identity")?)
        .enable_portal_access(authorized(
            owner_token,
            id::EnablePortalAccessRequest {
                client_id: record.id.clone(),
                contact_id: contact.id.clone(),
                email: email.clone(),
                email_again: email.clone(),
                rights: Some(id::Rights {
                    view_financials: true,
                    approve: true,
                    pay: true,
                    message: true,
                }),
                frequency: "FREQUENCY_INSTANT".to_owned(),
                request_id: new_id().to_string(),
            },
        ))
        .await
        .context("enable portal access")?;
    let person = accept(stage, tenant, &email).await?;

    let project = ProjectServiceClient::new(stage.peer("projects")?)
        .create_project(authorized(
            owner_token,
            pr::CreateProjectRequest {
                project: Some(pr::Project {
                    client_id: Some(record.id.clone()),
                    name: format!("Kitchen of {name} of {slug}"),
                    r#type: pr::ProjectType::Kitchen.into(),
                    status: pr::ProjectStatus::Active.into(),
                    start_date: Some("2026-11-02".to_owned()),
                    time_zone: "America/Los_Angeles".to_owned(),
                    member_ids: member.iter().map(Uuid::to_string).collect(),
                    ..pr::Project::default()
                }),
                template_id: "kitchen".to_owned(),
                request_id: new_id().to_string(),
            },
        ))
        .await
        .context("create a project")?
        .into_inner()
        .project
        .context("the answer carries the project")?;
    ContractServiceClient::new(stage.peer("billing")?)
        .set_contract_value(authorized(
            owner_token,
            SetContractValueRequest {
                project_id: project.id.clone(),
                value: Some(Money {
                    minor_units: 8_640_000,
                    currency_code: "USD".to_owned(),
                }),
                etag: String::new(),
                request_id: new_id().to_string(),
            },
        ))
        .await
        .context("set the contract's value")?;
    let milestone = project
        .phases
        .iter()
        .find(|phase| phase.milestone.is_some())
        .context("the template has a milestone")?
        .clone();
    PhaseServiceClient::new(stage.peer("projects")?)
        .update_phase(authorized(
            owner_token,
            pr::UpdatePhaseRequest {
                phase: Some(pr::Phase {
                    progress_percent: Some(100),
                    ..milestone.clone()
                }),
                update_mask: Some(prost_types::FieldMask {
                    paths: vec!["progress_percent".to_owned()],
                }),
            },
        ))
        .await
        .context("complete a milestone")?;
    stage
        .smtp()
        .wait_for(&email, "Milestone reached", PATIENCE)
        .await
        .context("the milestone is mailed")?;

    let photo = add_photo(stage, owner_token, project.id.parse()?, &jpeg()).await?;

    let token = stage.person(tenant, &person)?;
    let inbox = InboxServiceClient::new(stage.peer("notifications")?)
        .list_inbox(authorized(&token, ListInboxRequest::default()))
        .await?
        .into_inner();
    let deliveries = DeliveryServiceClient::new(stage.peer("notifications")?)
        .list_deliveries(authorized(
            owner_token,
            ListDeliveriesRequest {
                account_ids: vec![person.account.to_string()],
                ..ListDeliveriesRequest::default()
            },
        ))
        .await?
        .into_inner();
    let record = Record {
        client: record.id.parse()?,
        contact: contact.id.parse()?,
        project: project.id.parse()?,
        phase: milestone.id.parse()?,
        inbox_item: inbox
            .items
            .iter()
            .find(|item| item.kind() == InboxItemKind::MilestoneReached)
            .context("the milestone is in the inbox")?
            .id
            .parse()?,
        delivery: deliveries
            .deliveries
            .iter()
            .find(|mail| mail.kind() == MailKind::MilestoneReached)
            .context("the milestone's mail is listed")?
            .id
            .parse()?,
        photo,
    };
    Ok((person, record))
}

async fn accept(stage: &impl Stage, tenant: TenantId, email: &str) -> Result<Person> {
    let token = mailed_token(stage, email, "/invite/").await?;
    let portal = stage.signer("portal")?.service(tenant)?;
    LinkServiceClient::new(stage.peer("identity")?)
        .accept_invitation(authorized(
            &portal,
            id::AcceptInvitationRequest {
                token,
                password: PASSWORD.to_owned(),
                time_zone: "America/Los_Angeles".to_owned(),
                frequency: "FREQUENCY_INSTANT".to_owned(),
                client_address: "192.0.2.1".to_owned(),
                user_agent: "test".to_owned(),
            },
        ))
        .await
        .context("accept an invitation")?;
    sign_in(stage, tenant, email).await
}

/// Opens a session and answers the person as the session's token names them.
pub async fn sign_in(stage: &impl Stage, tenant: TenantId, email: &str) -> Result<Person> {
    let portal = stage.signer("portal")?;
    let mut sessions = SessionServiceClient::new(stage.peer("identity")?);
    let session = sessions
        .sign_in(authorized(
            &portal.service(tenant)?,
            id::SignInRequest {
                email: email.to_owned(),
                password: PASSWORD.to_owned(),
                client_address: "192.0.2.1".to_owned(),
                user_agent: "test".to_owned(),
                device: String::new(),
                keep_signed_in: true,
            },
        ))
        .await
        .context("sign in")?
        .into_inner()
        .session
        .context("the answer carries the session")?;
    let resolved = sessions
        .resolve_session(authorized(
            &portal.service(tenant)?,
            id::ResolveSessionRequest {
                secret: session.secret,
            },
        ))
        .await
        .context("resolve the session")?
        .into_inner();
    let account = AccountServiceClient::new(stage.peer("identity")?)
        .get_my_account(authorized(
            &resolved.access_token,
            id::GetMyAccountRequest {},
        ))
        .await?
        .into_inner()
        .account
        .context("the answer carries the account")?;
    person(&account, resolved.session_id.parse()?)
}

fn person(account: &id::Account, session: Uuid) -> Result<Person> {
    let party = match account.role() {
        id::Role::Owner => Party::Office { role: Role::Owner },
        id::Role::Pm => Party::Office { role: Role::Pm },
        id::Role::Field => Party::Office { role: Role::Field },
        id::Role::Unspecified => Party::Client {
            memberships: account
                .memberships
                .iter()
                .map(|membership| {
                    let rights = membership.rights.unwrap_or_default();
                    Ok(ClientMembership {
                        client: membership.client_id.parse()?,
                        rights: Rights {
                            view_financials: rights.view_financials,
                            approve: rights.approve,
                            pay: rights.pay,
                            message: rights.message,
                        },
                    })
                })
                .collect::<Result<_>>()?,
        },
    };
    Ok(Person {
        account: account.id.parse()?,
        party,
        session: Some(session),
    })
}

/// Waits for the newest mail to an address with a link of this kind, and answers the link's token.
pub async fn mailed_token(stage: &impl Stage, email: &str, path: &str) -> Result<String> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let token = stage
            .smtp()
            .mails()
            .iter()
            .rev()
            .filter(|mail| mail.is_to(email))
            .flat_map(|mail| mail.links.clone())
            .find_map(|link| link.split_once(path).map(|(_, token)| token.to_owned()));
        if let Some(token) = token {
            return Ok(token);
        }
        if tokio::time::Instant::now() > deadline {
            anyhow::bail!("no mail with a {path} link came to {email}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
