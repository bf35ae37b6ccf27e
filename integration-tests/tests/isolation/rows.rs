//! The expectations, a row an RPC, written by hand.

use anyhow::{Context as _, Result};
use integration_tests::{Organization, PASSWORD, Services, Stage as _, mailed_token};
use proto::{
    billing as bi, identity as id,
    identity::{
        client_service_client::ClientServiceClient, link_service_client::LinkServiceClient,
        member_service_client::MemberServiceClient,
        organization_service_client::OrganizationServiceClient,
        portal_access_service_client::PortalAccessServiceClient,
        session_service_client::SessionServiceClient,
    },
    notifications as no, projects as pr,
    projects::{
        phase_service_client::PhaseServiceClient, project_service_client::ProjectServiceClient,
        visibility_service_client::VisibilityServiceClient,
    },
    types::Money,
};
use service::new_id;
use tenancy::authorized;
use tonic::Code;

use crate::matrix::{
    Ids, Row, Setup, SetupFuture,
    Who::{Ana, Ben, Field, Notifications, Owner, Platform, Pm, Portal},
};

/// Every row.
pub(crate) fn rows() -> Vec<Row> {
    [
        organizations(),
        sessions(),
        accounts(),
        links(),
        members(),
        clients(),
        portal_access(),
        projects(),
        phases(),
        visibility(),
        billing(),
        notifications(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn organizations() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.OrganizationService";
    vec![
        Row::plain(rpc(SERVICE, "SignUp"), setup(anas), |_| id::SignUpRequest {
            company_name: "Cedar and Sons".to_owned(),
            slug: format!("cedar-{}", &new_id().simple().to_string()[20..]),
            owner_name: "Cedar".to_owned(),
            email: "owner@cedar.example".to_owned(),
            password: PASSWORD.to_owned(),
            time_zone: "America/Denver".to_owned(),
            client_address: "198.51.100.7".to_owned(),
        })
        .allows(&[Platform]),
        Row::plain(rpc(SERVICE, "ResolveHost"), setup(anas), |_| {
            id::ResolveHostRequest {
                host: "alder.localhost".to_owned(),
            }
        })
        .allows(&[Platform]),
        Row::plain(rpc(SERVICE, "FindPortals"), setup(anas), |_| {
            id::FindPortalsRequest {
                email: "nobody@alder.example".to_owned(),
                client_address: "198.51.100.7".to_owned(),
            }
        })
        .allows(&[Platform]),
        Row::plain(rpc(SERVICE, "GetOrganization"), setup(anas), |_| {
            id::GetOrganizationRequest {}
        })
        .allows(&[Owner, Pm, Field, Ana, Ben, Portal, Notifications]),
        Row::plain(
            rpc(SERVICE, "UpdateOrganization"),
            setup(organization),
            |ids| id::UpdateOrganizationRequest {
                organization: Some(id::Organization {
                    welcome_text: "Welcome home.".to_owned(),
                    etag: ids["etag"].clone(),
                    ..id::Organization::default()
                }),
                update_mask: mask(&["welcome_text"]),
            },
        )
        .allows(&[Owner]),
        Row::plain(rpc(SERVICE, "PreviewBrand"), setup(anas), |_| {
            id::PreviewBrandRequest {
                primary: "#1f5b4b".to_owned(),
                secondary: "#c9a77c".to_owned(),
                accent: "#b8572f".to_owned(),
            }
        })
        .allows(&[Owner]),
        Row::plain(rpc(SERVICE, "UpdateBrand"), setup(organization), |ids| {
            id::UpdateBrandRequest {
                primary: "#1f5b4b".to_owned(),
                secondary: "#c9a77c".to_owned(),
                accent: "#b8572f".to_owned(),
                etag: ids["etag"].clone(),
            }
        })
        .allows(&[Owner]),
        Row::plain(rpc(SERVICE, "GetStylesheet"), setup(organization), |ids| {
            id::GetStylesheetRequest {
                hash: ids["stylesheet"].clone(),
            }
        })
        .allows(&[Portal]),
    ]
}

fn sessions() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.SessionService";
    vec![
        Row::plain(rpc(SERVICE, "SignIn"), setup(anas), |_| id::SignInRequest {
            email: "ana@alder.example".to_owned(),
            password: PASSWORD.to_owned(),
            client_address: "198.51.100.8".to_owned(),
            user_agent: "matrix".to_owned(),
            device: String::new(),
            keep_signed_in: true,
        })
        .allows(&[Portal]),
        Row::naming(rpc(SERVICE, "ExchangeCode"), setup(secret), |ids| {
            id::ExchangeCodeRequest {
                code: ids["secret"].clone(),
                client_address: "198.51.100.8".to_owned(),
                user_agent: "matrix".to_owned(),
            }
        })
        .hides_from(&[Portal])
        .absent_is(Code::FailedPrecondition),
        Row::naming(rpc(SERVICE, "ResolveSession"), setup(session), |ids| {
            id::ResolveSessionRequest {
                secret: ids["secret"].clone(),
            }
        })
        .allows(&[Portal])
        .absent_is(Code::Unauthenticated),
        Row::plain(rpc(SERVICE, "SignOut"), setup(anas), |_| {
            id::SignOutRequest {}
        })
        .allows(&[Owner, Pm, Field, Ana, Ben]),
    ]
}

fn accounts() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.AccountService";
    vec![
        Row::plain(rpc(SERVICE, "GetMyAccount"), setup(anas), |_| {
            id::GetMyAccountRequest {}
        })
        .allows(&[Owner, Pm, Field, Ana, Ben]),
        Row::plain(rpc(SERVICE, "UpdateMyAccount"), setup(anas), |_| {
            id::UpdateMyAccountRequest {
                name: String::new(),
                phone: "(503) 555-0177".to_owned(),
                update_mask: mask(&["phone"]),
            }
        })
        .allows(&[Owner, Pm, Field, Ana, Ben]),
        Row::plain(rpc(SERVICE, "ChangePassword"), setup(anas), |_| {
            id::ChangePasswordRequest {
                current_password: PASSWORD.to_owned(),
                new_password: PASSWORD.to_owned(),
            }
        })
        .allows(&[Owner, Pm, Field, Ana, Ben]),
        Row::plain(rpc(SERVICE, "RequestReset"), setup(anas), |_| {
            id::RequestResetRequest {
                email: "nobody@alder.example".to_owned(),
                client_address: "198.51.100.8".to_owned(),
            }
        })
        .allows(&[Portal]),
        Row::naming(rpc(SERVICE, "BatchGetAccounts"), setup(anas), |ids| {
            id::BatchGetAccountsRequest {
                account_ids: vec![ids["account"].clone()],
                client_ids: vec![ids["client"].clone()],
            }
        })
        .allows(&[Portal, Notifications])
        .leaves_out(),
    ]
}

fn links() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.LinkService";
    vec![
        Row::naming(rpc(SERVICE, "GetLink"), setup(invitation), |ids| {
            id::GetLinkRequest {
                token: ids["token"].clone(),
            }
        })
        .allows(&[Portal]),
        Row::naming(rpc(SERVICE, "AcceptInvitation"), setup(invitation), |ids| {
            id::AcceptInvitationRequest {
                token: ids["token"].clone(),
                password: PASSWORD.to_owned(),
                time_zone: "America/Los_Angeles".to_owned(),
                frequency: "FREQUENCY_DAILY".to_owned(),
                client_address: "198.51.100.9".to_owned(),
                user_agent: "matrix".to_owned(),
            }
        })
        .allows(&[Portal]),
        Row::plain(rpc(SERVICE, "RenewInvitation"), setup(secret), |ids| {
            id::RenewInvitationRequest {
                token: ids["secret"].clone(),
                client_address: "198.51.100.9".to_owned(),
            }
        })
        .allows(&[Portal]),
        Row::naming(rpc(SERVICE, "ResetPassword"), setup(reset), |ids| {
            id::ResetPasswordRequest {
                token: ids["token"].clone(),
                new_password: PASSWORD.to_owned(),
                client_address: "198.51.100.9".to_owned(),
            }
        })
        .allows(&[Portal]),
        Row::naming(rpc(SERVICE, "ConfirmEmail"), setup(secret), |ids| {
            id::ConfirmEmailRequest {
                token: ids["secret"].clone(),
            }
        })
        .hides_from(&[Portal]),
        Row::naming(rpc(SERVICE, "MintLink"), setup(unminted), |ids| {
            id::MintLinkRequest {
                link_id: ids["link"].clone(),
            }
        })
        .allows(&[Notifications]),
    ]
}

fn members() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.MemberService";
    let member = |name: &'static str| rpc(SERVICE, name);
    vec![
        Row::plain(member("InviteMember"), setup(anas), |_| {
            id::InviteMemberRequest {
                name: "Newcomer".to_owned(),
                email: format!("{}@crew.example", new_id().simple()),
                role: id::Role::Field.into(),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner]),
        Row::plain(member("ListMembers"), setup(anas), |_| {
            id::ListMembersRequest::default()
        })
        .allows(&[Owner, Pm]),
        Row::naming(member("BatchGetMembers"), setup(anas), |ids| {
            id::BatchGetMembersRequest {
                ids: vec![ids["member"].clone()],
            }
        })
        .allows(&[Owner, Pm, Field, Ana, Ben])
        .leaves_out(),
        Row::naming(member("UpdateMemberRole"), setup(invited_member), |ids| {
            id::UpdateMemberRoleRequest {
                id: ids["member"].clone(),
                role: id::Role::Field.into(),
            }
        })
        .allows(&[Owner]),
        Row::naming(
            member("ResendMemberInvitation"),
            setup(invited_member),
            |ids| id::ResendMemberInvitationRequest {
                id: ids["member"].clone(),
            },
        )
        .allows(&[Owner]),
        Row::naming(member("DisableMember"), setup(invited_member), |ids| {
            id::DisableMemberRequest {
                id: ids["member"].clone(),
            }
        })
        .allows(&[Owner]),
        Row::naming(member("EnableMember"), setup(disabled_member), |ids| {
            id::EnableMemberRequest {
                id: ids["member"].clone(),
            }
        })
        .allows(&[Owner]),
    ]
}

fn clients() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.ClientService";
    let client = |name: &'static str| rpc(SERVICE, name);
    vec![
        Row::plain(client("CreateClient"), setup(anas), |_| {
            id::CreateClientRequest {
                client: Some(record()),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(client("GetClient"), setup(anas), |ids| {
            id::GetClientRequest {
                id: ids["client"].clone(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(client("ListClients"), setup(anas), |ids| {
            id::ListClientsRequest {
                ids: vec![ids["client"].clone()],
                ..id::ListClientsRequest::default()
            }
        })
        .allows(&[Owner, Pm])
        .leaves_out(),
        Row::naming(client("UpdateClient"), setup(spare_contact), |ids| {
            id::UpdateClientRequest {
                client: Some(id::Client {
                    id: ids["client"].clone(),
                    notes: "Prefers mornings".to_owned(),
                    etag: ids["client_etag"].clone(),
                    ..id::Client::default()
                }),
                update_mask: mask(&["notes"]),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(client("CreateContact"), setup(spare_contact), |ids| {
            id::CreateContactRequest {
                contact: Some(id::Contact {
                    client_id: ids["client"].clone(),
                    name: "An architect".to_owned(),
                    ..id::Contact::default()
                }),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(client("UpdateContact"), setup(spare_contact), |ids| {
            id::UpdateContactRequest {
                contact: Some(id::Contact {
                    id: ids["contact"].clone(),
                    client_id: ids["client"].clone(),
                    relation: "Spouse".to_owned(),
                    ..id::Contact::default()
                }),
                update_mask: mask(&["relation"]),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(client("DeleteContact"), setup(spare_contact), |ids| {
            id::DeleteContactRequest {
                client_id: ids["client"].clone(),
                id: ids["contact"].clone(),
            }
        })
        .allows(&[Owner, Pm]),
    ]
}

fn portal_access() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.PortalAccessService";
    let access = |name: &'static str| rpc(SERVICE, name);
    vec![
        Row::naming(access("EnablePortalAccess"), setup(spare_contact), |ids| {
            id::EnablePortalAccessRequest {
                client_id: ids["client"].clone(),
                contact_id: ids["contact"].clone(),
                email: ids["email"].clone(),
                email_again: ids["email"].clone(),
                rights: Some(id::Rights::default()),
                frequency: "FREQUENCY_INSTANT".to_owned(),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(access("ResendInvitation"), setup(invited_contact), |ids| {
            id::ResendInvitationRequest {
                client_id: ids["client"].clone(),
                contact_id: ids["contact"].clone(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(access("SendPasswordReset"), setup(anas), |ids| {
            id::SendPasswordResetRequest {
                client_id: ids["client"].clone(),
                contact_id: ids["contact"].clone(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(
            access("DisablePortalAccess"),
            setup(invited_contact),
            |ids| id::DisablePortalAccessRequest {
                client_id: ids["client"].clone(),
                contact_id: ids["contact"].clone(),
            },
        )
        .allows(&[Owner, Pm]),
        Row::naming(
            access("RestorePortalAccess"),
            setup(disabled_contact),
            |ids| id::RestorePortalAccessRequest {
                client_id: ids["client"].clone(),
                contact_id: ids["contact"].clone(),
            },
        )
        .allows(&[Owner, Pm]),
        Row::naming(access("UpdateRights"), setup(invited_contact), |ids| {
            id::UpdateRightsRequest {
                client_id: ids["client"].clone(),
                contact_id: ids["contact"].clone(),
                rights: Some(id::Rights::default()),
            }
        })
        .allows(&[Owner, Pm]),
    ]
}

fn projects() -> Vec<Row> {
    const SERVICE: &str = "contractoros.projects.v1.ProjectService";
    let project = |name: &'static str| rpc(SERVICE, name);
    vec![
        Row::plain(project("CreateProject"), setup(anas), |ids| {
            pr::CreateProjectRequest {
                project: Some(pr::Project {
                    client_id: Some(ids["client"].clone()),
                    name: "Bath refresh".to_owned(),
                    r#type: pr::ProjectType::Bathroom.into(),
                    status: pr::ProjectStatus::Planned.into(),
                    start_date: Some("2027-01-11".to_owned()),
                    time_zone: "America/Los_Angeles".to_owned(),
                    ..pr::Project::default()
                }),
                template_id: String::new(),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(project("GetProject"), setup(anas), |ids| {
            pr::GetProjectRequest {
                id: ids["project"].clone(),
            }
        })
        .allows(&[Owner, Pm, Field, Ana, Notifications])
        .hides_from(&[Ben]),
        Row::plain(project("ListProjects"), setup(anas), |_| {
            pr::ListProjectsRequest::default()
        })
        .allows(&[Owner, Pm, Field, Ana, Ben]),
        Row::naming(project("UpdateProject"), setup(anas), |ids| {
            pr::UpdateProjectRequest {
                project: Some(pr::Project {
                    id: ids["project"].clone(),
                    name: "Kitchen remodel".to_owned(),
                    etag: ids["project_etag"].clone(),
                    ..pr::Project::default()
                }),
                update_mask: mask(&["name"]),
            }
        })
        .allows(&[Owner, Pm]),
        Row::plain(project("ListPhaseTemplates"), setup(anas), |_| {
            pr::ListPhaseTemplatesRequest {}
        })
        .allows(&[Owner, Pm]),
        Row::naming(
            rpc("contractoros.projects.v1.AccessService", "Resolve"),
            setup(anas),
            |ids| pr::ResolveRequest {
                project_ids: vec![ids["project"].clone()],
            },
        )
        .allows(&[Owner, Pm, Field, Ana])
        .hides_from(&[Ben])
        .leaves_out(),
    ]
}

fn phases() -> Vec<Row> {
    const SERVICE: &str = "contractoros.projects.v1.PhaseService";
    let phase = |name: &'static str| rpc(SERVICE, name);
    vec![
        Row::naming(phase("CreatePhase"), setup(anas), |ids| {
            pr::CreatePhaseRequest {
                phase: Some(pr::Phase {
                    project_id: ids["project"].clone(),
                    name: "Punch list".to_owned(),
                    weight: Some(1),
                    ..pr::Phase::default()
                }),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(phase("UpdatePhase"), setup(spare_phase), |ids| {
            pr::UpdatePhaseRequest {
                phase: Some(pr::Phase {
                    id: ids["phase"].clone(),
                    project_id: ids["project"].clone(),
                    progress_percent: Some(60),
                    etag: ids["phase_etag"].clone(),
                    ..pr::Phase::default()
                }),
                update_mask: mask(&["progress_percent"]),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(phase("ReorderPhases"), setup(anas), |ids| {
            pr::ReorderPhasesRequest {
                project_id: ids["project"].clone(),
                phase_ids: ids["phases"].split(' ').map(str::to_owned).collect(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(phase("DeletePhase"), setup(spare_phase), |ids| {
            pr::DeletePhaseRequest {
                project_id: ids["project"].clone(),
                id: ids["phase"].clone(),
                etag: ids["phase_etag"].clone(),
            }
        })
        .allows(&[Owner, Pm]),
    ]
}

fn visibility() -> Vec<Row> {
    const SERVICE: &str = "contractoros.projects.v1.VisibilityService";
    let settings = |ids: &Ids| pr::Visibility {
        project_id: ids["project"].clone(),
        progress: pr::ProgressVisibility::Show.into(),
        photos: pr::PhotosVisibility::Selected.into(),
        logs: pr::LogsVisibility::Summarized.into(),
        schedule: pr::ScheduleVisibility::Milestones.into(),
        financials: pr::FinancialsVisibility::Summary.into(),
        etag: ids["visibility_etag"].clone(),
        ..pr::Visibility::default()
    };
    vec![
        Row::naming(rpc(SERVICE, "GetVisibility"), setup(anas), |ids| {
            pr::GetVisibilityRequest {
                project_id: ids["project"].clone(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(rpc(SERVICE, "CompareVisibility"), setup(anas), move |ids| {
            pr::CompareVisibilityRequest {
                visibility: Some(settings(ids)),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(rpc(SERVICE, "UpdateVisibility"), setup(anas), move |ids| {
            pr::UpdateVisibilityRequest {
                visibility: Some(settings(ids)),
            }
        })
        .allows(&[Owner, Pm]),
    ]
}

fn billing() -> Vec<Row> {
    const SERVICE: &str = "contractoros.billing.v1.ContractService";
    vec![
        Row::naming(rpc(SERVICE, "GetContract"), setup(anas), |ids| {
            bi::GetContractRequest {
                project_id: ids["project"].clone(),
            }
        })
        .allows(&[Owner, Pm, Ana])
        .hides_from(&[Ben]),
        Row::naming(rpc(SERVICE, "BatchGetContracts"), setup(anas), |ids| {
            bi::BatchGetContractsRequest {
                project_ids: vec![ids["project"].clone()],
            }
        })
        .allows(&[Owner, Pm, Ana])
        .hides_from(&[Ben])
        .leaves_out(),
        Row::naming(rpc(SERVICE, "SetContractValue"), setup(anas), |ids| {
            bi::SetContractValueRequest {
                project_id: ids["project"].clone(),
                value: Some(Money {
                    minor_units: 8_640_000,
                    currency_code: "USD".to_owned(),
                }),
                etag: ids["contract_etag"].clone(),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
    ]
}

fn notifications() -> Vec<Row> {
    const INBOX: &str = "contractoros.notifications.v1.InboxService";
    const PREFERENCE: &str = "contractoros.notifications.v1.PreferenceService";
    const DELIVERY: &str = "contractoros.notifications.v1.DeliveryService";
    vec![
        Row::plain(rpc(INBOX, "ListInbox"), setup(anas), |_| {
            no::ListInboxRequest::default()
        })
        .allows(&[Ana, Ben]),
        Row::naming(rpc(INBOX, "MarkSeen"), setup(anas), |ids| {
            no::MarkSeenRequest {
                ids: vec![ids["inbox_item"].clone()],
            }
        })
        .allows(&[Ana])
        .hides_from(&[Ben]),
        Row::naming(rpc(PREFERENCE, "GetPreferences"), setup(anas), |ids| {
            no::GetPreferencesRequest {
                account_id: ids["account"].clone(),
            }
        })
        .allows(&[Owner, Pm, Ana])
        .hides_from(&[Ben]),
        Row::plain(rpc(PREFERENCE, "UpdatePreferences"), setup(anas), |_| {
            no::UpdatePreferencesRequest {
                frequency: no::Frequency::Instant.into(),
                time_zone: "America/Los_Angeles".to_owned(),
            }
        })
        .allows(&[Ana, Ben]),
        Row::naming(rpc(DELIVERY, "ListDeliveries"), setup(anas), |ids| {
            no::ListDeliveriesRequest {
                account_ids: vec![ids["account"].clone()],
                ..no::ListDeliveriesRequest::default()
            }
        })
        .allows(&[Owner, Pm, Ana])
        .hides_from(&[Ben])
        .leaves_out(),
        Row::naming(rpc(DELIVERY, "ResendDelivery"), setup(anas), |ids| {
            no::ResendDeliveryRequest {
                id: ids["delivery"].clone(),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(rpc(DELIVERY, "ClearSuppression"), setup(anas), |ids| {
            no::ClearSuppressionRequest {
                account_id: ids["account"].clone(),
            }
        })
        .allows(&[Owner, Pm]),
    ]
}

fn rpc(service: &'static str, name: &'static str) -> &'static str {
    Box::leak(format!("{service}/{name}").into_boxed_str())
}

fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    })
}

fn record() -> id::Client {
    id::Client {
        kind: id::ClientKind::Individual.into(),
        display_name: "A spare household".to_owned(),
        status: id::ClientStatus::Active.into(),
        contacts: vec![id::Contact {
            name: "Spare".to_owned(),
            ..id::Contact::default()
        }],
        ..id::Client::default()
    }
}

// What a call needs, made as the organization's owner.

fn setup<F>(make: F) -> Setup
where
    F: for<'a> Fn(&'a Services, &'a Organization) -> SetupFuture<'a> + Send + Sync + 'static,
{
    Box::new(make)
}

fn token(services: &Services, organization: &Organization) -> Result<String> {
    services.person(organization.id, &organization.owner)
}

/// Ana's record, project and mail, with the etags as they are now.
fn anas<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let token = token(services, organization)?;
        let record = organization.anas;
        let project = ProjectServiceClient::new(services.peer("projects")?)
            .get_project(authorized(
                &token,
                pr::GetProjectRequest {
                    id: record.project.to_string(),
                },
            ))
            .await?
            .into_inner()
            .project
            .context("the answer carries the project")?;
        let settings = VisibilityServiceClient::new(services.peer("projects")?)
            .get_visibility(authorized(
                &token,
                pr::GetVisibilityRequest {
                    project_id: project.id.clone(),
                },
            ))
            .await?
            .into_inner()
            .visibility
            .context("the answer carries the settings")?;
        let contract =
            bi::contract_service_client::ContractServiceClient::new(services.peer("billing")?)
                .get_contract(authorized(
                    &token,
                    bi::GetContractRequest {
                        project_id: project.id.clone(),
                    },
                ))
                .await?
                .into_inner()
                .contract
                .context("the answer carries the contract")?;
        let phases: Vec<_> = project
            .phases
            .iter()
            .map(|phase| phase.id.as_str())
            .collect();
        Ok(Ids::from([
            ("client", record.client.to_string()),
            ("contact", record.contact.to_string()),
            ("project", record.project.to_string()),
            ("inbox_item", record.inbox_item.to_string()),
            ("delivery", record.delivery.to_string()),
            ("account", organization.ana.account.to_string()),
            ("member", organization.pm.account.to_string()),
            ("phases", phases.join(" ")),
            ("project_etag", project.etag),
            ("visibility_etag", settings.etag),
            ("contract_etag", contract.etag),
        ]))
    })
}

fn organization<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let found = OrganizationServiceClient::new(services.peer("identity")?)
            .get_organization(authorized(
                &token(services, organization)?,
                id::GetOrganizationRequest {},
            ))
            .await?
            .into_inner()
            .organization
            .context("the answer carries the organization")?;
        Ok(Ids::from([
            ("etag", found.etag),
            (
                "stylesheet",
                found.brand.context("every brand is set")?.stylesheet_hash,
            ),
        ]))
    })
}

/// A secret that opens nothing.
fn secret<'a>(_: &'a Services, _: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        Ok(Ids::from([(
            "secret",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        )]))
    })
}

/// A session of Ana's.
fn session<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let portal = services.signer("portal")?.service(organization.id)?;
        let session = SessionServiceClient::new(services.peer("identity")?)
            .sign_in(authorized(
                &portal,
                id::SignInRequest {
                    email: format!("ana@{}.example", organization.slug),
                    password: PASSWORD.to_owned(),
                    client_address: "198.51.100.10".to_owned(),
                    user_agent: "matrix".to_owned(),
                    device: String::new(),
                    keep_signed_in: true,
                },
            ))
            .await?
            .into_inner()
            .session
            .context("the answer carries the session")?;
        Ok(Ids::from([("secret", session.secret)]))
    })
}

/// A client record with a contact who has no access.
fn spare_contact<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let client = ClientServiceClient::new(services.peer("identity")?)
            .create_client(authorized(
                &token(services, organization)?,
                id::CreateClientRequest {
                    client: Some(record()),
                    request_id: new_id().to_string(),
                },
            ))
            .await?
            .into_inner()
            .client
            .context("the answer carries the record")?;
        Ok(Ids::from([
            ("contact", client.contacts[0].id.clone()),
            ("email", format!("{}@home.example", new_id().simple())),
            ("client_etag", client.etag),
            ("client", client.id),
        ]))
    })
}

/// A contact who was invited.
fn invited_contact<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let ids = spare_contact(services, organization).await?;
        PortalAccessServiceClient::new(services.peer("identity")?)
            .enable_portal_access(authorized(
                &token(services, organization)?,
                id::EnablePortalAccessRequest {
                    client_id: ids["client"].clone(),
                    contact_id: ids["contact"].clone(),
                    email: ids["email"].clone(),
                    email_again: ids["email"].clone(),
                    rights: Some(id::Rights::default()),
                    frequency: "FREQUENCY_INSTANT".to_owned(),
                    request_id: new_id().to_string(),
                },
            ))
            .await?;
        Ok(ids)
    })
}

/// A contact whose access was ended.
fn disabled_contact<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let ids = invited_contact(services, organization).await?;
        PortalAccessServiceClient::new(services.peer("identity")?)
            .disable_portal_access(authorized(
                &token(services, organization)?,
                id::DisablePortalAccessRequest {
                    client_id: ids["client"].clone(),
                    contact_id: ids["contact"].clone(),
                },
            ))
            .await?;
        Ok(ids)
    })
}

/// An open invitation, by the token from its mail.
fn invitation<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let ids = invited_contact(services, organization).await?;
        let token = mailed_token(services, &ids["email"], "/invite/").await?;
        Ok(Ids::from([("token", token)]))
    })
}

/// An open reset link, by the token from its mail.
fn reset<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let ids = invited_contact(services, organization).await?;
        let invitation = mailed_token(services, &ids["email"], "/invite/").await?;
        let portal = services.signer("portal")?.service(organization.id)?;
        LinkServiceClient::new(services.peer("identity")?)
            .accept_invitation(authorized(
                &portal,
                id::AcceptInvitationRequest {
                    token: invitation,
                    password: PASSWORD.to_owned(),
                    time_zone: "America/Los_Angeles".to_owned(),
                    frequency: "FREQUENCY_DAILY".to_owned(),
                    client_address: "198.51.100.9".to_owned(),
                    user_agent: "matrix".to_owned(),
                },
            ))
            .await?;
        PortalAccessServiceClient::new(services.peer("identity")?)
            .send_password_reset(authorized(
                &token(services, organization)?,
                id::SendPasswordResetRequest {
                    client_id: ids["client"].clone(),
                    contact_id: ids["contact"].clone(),
                },
            ))
            .await?;
        let token = mailed_token(services, &ids["email"], "/reset/").await?;
        Ok(Ids::from([("token", token)]))
    })
}

/// An open link, by its id as the event carries it; read as superuser, since no RPC tells it.
fn unminted<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        invited_contact(services, organization).await?;
        let mut connection = services.database("identity").superuser().await?;
        let link: uuid::Uuid = sqlx::query_scalar(
            "select id from link where tenant_id = $1 and purpose = 'invite' order by id desc limit 1",
        )
        .bind(organization.id.uuid())
        .fetch_one(&mut connection)
        .await?;
        Ok(Ids::from([("link", link.to_string())]))
    })
}

/// A team member who was invited.
fn invited_member<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let member = MemberServiceClient::new(services.peer("identity")?)
            .invite_member(authorized(
                &token(services, organization)?,
                id::InviteMemberRequest {
                    name: "Spare member".to_owned(),
                    email: format!("{}@crew.example", new_id().simple()),
                    role: id::Role::Field.into(),
                    request_id: new_id().to_string(),
                },
            ))
            .await?
            .into_inner()
            .member
            .context("the answer carries the member")?;
        Ok(Ids::from([("member", member.id)]))
    })
}

/// A team member whose access was ended.
fn disabled_member<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let ids = invited_member(services, organization).await?;
        MemberServiceClient::new(services.peer("identity")?)
            .disable_member(authorized(
                &token(services, organization)?,
                id::DisableMemberRequest {
                    id: ids["member"].clone(),
                },
            ))
            .await?;
        Ok(ids)
    })
}

/// A phase of Ana's project that can be changed or removed.
fn spare_phase<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let phase = PhaseServiceClient::new(services.peer("projects")?)
            .create_phase(authorized(
                &token(services, organization)?,
                pr::CreatePhaseRequest {
                    phase: Some(pr::Phase {
                        project_id: organization.anas.project.to_string(),
                        name: "Spare phase".to_owned(),
                        weight: Some(1),
                        ..pr::Phase::default()
                    }),
                    request_id: new_id().to_string(),
                },
            ))
            .await?
            .into_inner()
            .phase
            .context("the answer carries the phase")?;
        Ok(Ids::from([
            ("phase", phase.id),
            ("phase_etag", phase.etag),
            ("project", organization.anas.project.to_string()),
        ]))
    })
}
