//! How each thing in the diary is done: by the calls that the portal makes for the same person.

use anyhow::{Context, Result};
use jiff::civil::Date;
use prost_types::FieldMask;
use proto::billing::SetContractValueRequest;
use proto::billing::contract_service_client::ContractServiceClient;
use proto::identity::client_service_client::ClientServiceClient;
use proto::identity::link_service_client::LinkServiceClient;
use proto::identity::member_service_client::MemberServiceClient;
use proto::identity::organization_service_client::OrganizationServiceClient;
use proto::identity::portal_access_service_client::PortalAccessServiceClient;
use proto::identity::{
    AcceptInvitationRequest, ClientStatus, ConfirmEmailRequest, ContactData, CreateClientRequest,
    EnablePortalAccessRequest, GetClientRequest, GetOrganizationRequest, InviteMemberRequest,
    ResendInvitationRequest, SignUpRequest, UpdateBrandRequest, UpdateClientRequest,
    UpdateContactRequest, UpdateOrganizationRequest,
};
use proto::notifications::inbox_service_client::InboxServiceClient;
use proto::notifications::preference_service_client::PreferenceServiceClient;
use proto::notifications::{Frequency, GetPreferencesRequest, MarkSeenRequest};
use proto::projects::phase_service_client::PhaseServiceClient;
use proto::projects::project_service_client::ProjectServiceClient;
use proto::projects::visibility_service_client::VisibilityServiceClient;
use proto::projects::{
    CreatePhaseRequest, CreateProjectRequest, GetProjectRequest, GetVisibilityRequest, MapPoint,
    Phase, ProjectStatus, SiteAddress, UpdatePhaseRequest, UpdateProjectRequest,
    UpdateVisibilityRequest, Visibility,
};
use proto::types::Money;
use tenancy::{TenantId, authorized};
use uuid::Uuid;

use super::calendar::Calendar;
use super::cast::{Client, Contact, Member, Organization, PASSWORD, Plan, Project};
use super::diary::{Deed, Entry};
use super::stage::{CLIENT_ADDRESS, Stage, USER_AGENT, request_id, wait_for};
use crate::mailbox::Answer;

impl Stage<'_> {
    /// Does what an entry of the diary says, and waits until every effect is there that others
    /// would notice.
    pub(super) async fn perform(&self, entry: &'static Entry, calendar: Calendar) -> Result<()> {
        let organization = entry.organization;
        match &entry.deed {
            Deed::SignUp => self.sign_up(organization).await,
            Deed::InviteTeam => self.invite_team(organization).await,
            Deed::Join(member) => self.join(organization, member).await,
            Deed::EnterClients => self.enter_clients(organization).await,
            Deed::EnterProject(project) => {
                self.enter_project(organization, project, calendar).await
            }
            Deed::Invite(contact) => self.invite(organization, contact).await,
            Deed::InviteAgain(contact) => self.invite_again(organization, contact).await,
            Deed::CorrectAddress(contact) => self.correct_address(organization, contact).await,
            Deed::Accept(contact, frequency) => {
                self.accept_as_client(organization, contact, *frequency)
                    .await
            }
            Deed::Visit(contact) => self.visit(organization, contact).await,
            Deed::Progress(project, phase, percent) => {
                self.progress(organization, project, phase, *percent).await
            }
            Deed::SetStatus(project, status) => {
                self.set_status(organization, project, *status).await
            }
            Deed::BecomePast(client) => self.become_past(organization, client).await,
        }
    }

    async fn sign_up(&self, organization: &'static Organization) -> Result<()> {
        let owner = organization.owner;
        let before = self.count_mails_to(owner.email);
        let request = SignUpRequest {
            company_name: organization.name.to_owned(),
            slug: organization.slug.to_owned(),
            owner_name: owner.name.to_owned(),
            email: owner.email.to_owned(),
            password: PASSWORD.to_owned(),
            time_zone: organization.time_zone.to_owned(),
            client_address: CLIENT_ADDRESS.to_owned(),
        };
        let mut organizations = OrganizationServiceClient::new(self.identity.clone());
        let signed_up = organizations
            .sign_up(authorized(&self.portal.platform()?, request))
            .await
            .context("sign up")?
            .into_inner();
        let id: Uuid = signed_up.organization_id.parse()?;
        self.know_tenant(organization, TenantId::from(id));

        self.mail_after(before, owner.email).await?;
        let token = self.mailed_token(owner.email, "/confirm/")?;
        LinkServiceClient::new(self.identity.clone())
            .confirm_email(authorized(
                &self.before_sign_in(organization)?,
                ConfirmEmailRequest { token },
            ))
            .await
            .context("confirm the owner's address")?;

        let token = self.sign_in(organization, owner.email).await?;
        self.introduce(organization, &token).await?;
        self.settle(organization, &token).await
    }

    /// Enters colors, contact data and the welcome text.
    async fn introduce(&self, organization: &Organization, token: &str) -> Result<()> {
        let mut organizations = OrganizationServiceClient::new(self.identity.clone());
        let mut saved = organizations
            .get_organization(authorized(token, GetOrganizationRequest {}))
            .await
            .context("read the organization")?
            .into_inner()
            .organization
            .context("the answer carries no organization")?;
        let [primary, secondary, accent] = organization.colors.map(str::to_owned);
        let request = UpdateBrandRequest {
            primary,
            secondary,
            accent,
            etag: saved.etag,
        };
        saved = organizations
            .update_brand(authorized(token, request))
            .await
            .context("save the colors")?
            .into_inner()
            .organization
            .context("the answer carries no organization")?;
        saved.contact = Some(ContactData {
            phone: organization.phone.to_owned(),
            email: organization.email.to_owned(),
            website: organization.website.to_owned(),
            address: organization.address.to_owned(),
        });
        organization
            .welcome_text
            .clone_into(&mut saved.welcome_text);
        let request = UpdateOrganizationRequest {
            organization: Some(saved),
            update_mask: Some(mask(&["contact", "welcome_text"])),
        };
        organizations
            .update_organization(authorized(token, request))
            .await
            .context("save the contact data")?;
        Ok(())
    }

    async fn invite_team(&self, organization: &Organization) -> Result<()> {
        let token = self.sign_in(organization, organization.owner.email).await?;
        for member in [organization.manager, organization.field] {
            let before = self.count_mails_to(member.email);
            let request = InviteMemberRequest {
                name: member.name.to_owned(),
                email: member.email.to_owned(),
                role: member.role.into(),
                request_id: request_id(),
            };
            let invited = MemberServiceClient::new(self.identity.clone())
                .invite_member(authorized(&token, request))
                .await
                .context("invite a member of the team")?
                .into_inner()
                .member
                .context("the answer carries no member")?;
            self.know(member.email, &invited.id);
            self.mail_after(before, member.email).await?;
        }
        self.settle(organization, &token).await
    }

    async fn join(&self, organization: &Organization, member: &Member) -> Result<()> {
        self.accept(organization, member.email, "").await?;
        Ok(())
    }

    /// Accepts the newest invitation and answers the person's token.
    async fn accept(
        &self,
        organization: &Organization,
        email: &str,
        frequency: &str,
    ) -> Result<String> {
        let request = AcceptInvitationRequest {
            token: self.mailed_token(email, "/invite/")?,
            password: PASSWORD.to_owned(),
            time_zone: organization.time_zone.to_owned(),
            frequency: frequency.to_owned(),
            client_address: CLIENT_ADDRESS.to_owned(),
            user_agent: USER_AGENT.to_owned(),
        };
        let accepted = LinkServiceClient::new(self.identity.clone())
            .accept_invitation(authorized(&self.before_sign_in(organization)?, request))
            .await
            .context("accept an invitation")?
            .into_inner();
        self.token(organization, accepted.session).await
    }

    async fn enter_clients(&self, organization: &Organization) -> Result<()> {
        let token = self.sign_in(organization, organization.owner.email).await?;
        for client in organization.clients {
            let request = CreateClientRequest {
                client: Some(client_record(client)),
                request_id: request_id(),
            };
            let entered = ClientServiceClient::new(self.identity.clone())
                .create_client(authorized(&token, request))
                .await
                .with_context(|| format!("enter the client {}", client.name))?
                .into_inner()
                .client
                .context("the answer carries no client")?;
            self.know(client.name, &entered.id);
            for contact in client.contacts {
                let email = contact.first_email();
                let entered = entered.contacts.iter().find(|known| known.email == email);
                let entered = entered.with_context(|| format!("find the contact {email}"))?;
                self.know(contact.email, &entered.id);
            }
        }
        Ok(())
    }

    async fn enter_project(
        &self,
        organization: &Organization,
        project: &'static Project,
        calendar: Calendar,
    ) -> Result<()> {
        let token = self
            .sign_in(organization, organization.manager.email)
            .await?;
        let mut entered = self
            .create_project(organization, project, calendar, &token)
            .await?;
        self.know(project.name, &entered.id);
        if let Plan::Own(phases) = project.plan {
            let mut start = project.start;
            for phase in phases {
                let end = start + phase.duration - 1;
                let phase = Phase {
                    project_id: entered.id.clone(),
                    name: phase.name.to_owned(),
                    weight: Some(phase.weight),
                    progress_percent: Some(0),
                    planned_start: Some(calendar.day(start)?.to_string()),
                    planned_end: Some(calendar.day(end)?.to_string()),
                    milestone: phase.milestone.map(str::to_owned),
                    ..Phase::default()
                };
                entered.phases.push(self.create_phase(phase, &token).await?);
                start = end + 1;
            }
        }
        for (phase, percent) in entered.phases.into_iter().zip(project.done) {
            self.catch_up(phase, *percent, &token).await?;
        }
        self.show(project, &token).await?;
        let request = SetContractValueRequest {
            project_id: self.id(project.name)?,
            value: Some(Money {
                minor_units: project.contract,
                currency_code: "USD".to_owned(),
            }),
            etag: String::new(),
            request_id: request_id(),
        };
        ContractServiceClient::new(self.billing.clone())
            .set_contract_value(authorized(&token, request))
            .await
            .context("set the value of the contract")?;
        Ok(())
    }

    async fn create_project(
        &self,
        organization: &Organization,
        project: &Project,
        calendar: Calendar,
        token: &str,
    ) -> Result<proto::projects::Project> {
        let (template, finish) = match project.plan {
            Plan::Template(template) => (template, None),
            Plan::Own(phases) => {
                let days: i32 = phases.iter().map(|phase| phase.duration).sum();
                ("", Some(calendar.day(project.start + days - 1)?))
            }
        };
        let (latitude_e6, longitude_e6) = project.point;
        let request = CreateProjectRequest {
            project: Some(proto::projects::Project {
                client_id: Some(self.id(project.client.name)?),
                name: project.name.to_owned(),
                r#type: project.kind.into(),
                status: ProjectStatus::Active.into(),
                address: Some(SiteAddress {
                    line1: project.site.line1.to_owned(),
                    city: project.site.city.to_owned(),
                    region: project.site.region.to_owned(),
                    postal_code: project.site.postal_code.to_owned(),
                    point: Some(MapPoint {
                        latitude_e6,
                        longitude_e6,
                    }),
                }),
                start_date: Some(calendar.day(project.start)?.to_string()),
                planned_finish: finish.as_ref().map(Date::to_string),
                manager_id: self.id(organization.manager.email)?,
                member_ids: vec![self.id(organization.field.email)?],
                time_zone: organization.time_zone.to_owned(),
                ..proto::projects::Project::default()
            }),
            template_id: template.to_owned(),
            request_id: request_id(),
        };
        ProjectServiceClient::new(self.projects.clone())
            .create_project(authorized(token, request))
            .await
            .with_context(|| format!("enter the project {}", project.name))?
            .into_inner()
            .project
            .context("the answer carries no project")
    }

    async fn create_phase(&self, phase: Phase, token: &str) -> Result<Phase> {
        let request = CreatePhaseRequest {
            phase: Some(phase),
            request_id: request_id(),
        };
        PhaseServiceClient::new(self.projects.clone())
            .create_phase(authorized(token, request))
            .await
            .context("enter a phase")?
            .into_inner()
            .phase
            .context("the answer carries no phase")
    }

    /// Enters how far a phase had come before the project was entered: it went as planned.
    async fn catch_up(&self, mut phase: Phase, percent: i32, token: &str) -> Result<()> {
        phase.actual_start.clone_from(&phase.planned_start);
        phase.actual_end = phase.planned_end.clone().filter(|_| percent == 100);
        phase.progress_percent = Some(percent);
        let fields = ["progress_percent", "actual_start", "actual_end"];
        self.update_phase(phase, &fields, token).await
    }

    async fn update_phase(&self, phase: Phase, fields: &[&str], token: &str) -> Result<()> {
        let request = UpdatePhaseRequest {
            phase: Some(phase),
            update_mask: Some(mask(fields)),
        };
        PhaseServiceClient::new(self.projects.clone())
            .update_phase(authorized(token, request))
            .await
            .context("save a phase")?;
        Ok(())
    }

    /// Saves what clients see of a project.
    async fn show(&self, project: &'static Project, token: &str) -> Result<()> {
        let mut visibilities = VisibilityServiceClient::new(self.projects.clone());
        let request = GetVisibilityRequest {
            project_id: self.id(project.name)?,
        };
        let saved = visibilities
            .get_visibility(authorized(token, request))
            .await
            .context("read what clients see")?
            .into_inner()
            .visibility
            .context("the answer carries no settings")?;
        let seen = &project.visibility;
        let request = UpdateVisibilityRequest {
            visibility: Some(Visibility {
                progress: seen.progress.into(),
                photos: seen.photos.into(),
                logs: seen.logs.into(),
                schedule: seen.schedule.into(),
                financials: seen.financials.into(),
                ..saved
            }),
        };
        visibilities
            .update_visibility(authorized(token, request))
            .await
            .context("save what clients see")?;
        Ok(())
    }

    async fn invite(&self, organization: &Organization, contact: &'static Contact) -> Result<()> {
        let token = self.sign_in(organization, organization.owner.email).await?;
        let email = contact.first_email();
        if contact.mistyped.is_some() {
            let smtp = self.platform.smtp();
            smtp.set_answer(email, Answer::RefuseForGood);
        }
        let before = self.count_mails_to(email);
        let request = EnablePortalAccessRequest {
            client_id: self.client_id(organization, contact)?,
            contact_id: self.id(contact.email)?,
            email: email.to_owned(),
            email_again: email.to_owned(),
            rights: Some(contact.rights),
            frequency: Frequency::Instant.as_str_name().to_owned(),
            request_id: request_id(),
        };
        PortalAccessServiceClient::new(self.identity.clone())
            .enable_portal_access(authorized(&token, request))
            .await
            .context("enable portal access")?;
        match contact.mistyped {
            Some(_) => self.mail_bounced(&token).await?,
            None => self.mail_after(before, email).await?,
        }
        self.settle(organization, &token).await
    }

    async fn invite_again(
        &self,
        organization: &Organization,
        contact: &'static Contact,
    ) -> Result<()> {
        let token = self.sign_in(organization, organization.owner.email).await?;
        let before = self.count_mails_to(contact.email);
        let request = ResendInvitationRequest {
            client_id: self.client_id(organization, contact)?,
            contact_id: self.id(contact.email)?,
        };
        PortalAccessServiceClient::new(self.identity.clone())
            .resend_invitation(authorized(&token, request))
            .await
            .context("send an invitation again")?;
        self.mail_after(before, contact.email).await?;
        self.settle(organization, &token).await
    }

    async fn correct_address(
        &self,
        organization: &Organization,
        contact: &'static Contact,
    ) -> Result<()> {
        let token = self.sign_in(organization, organization.owner.email).await?;
        let before = self.count_mails_to(contact.email);
        let request = UpdateContactRequest {
            contact: Some(proto::identity::Contact {
                id: self.id(contact.email)?,
                client_id: self.client_id(organization, contact)?,
                email: contact.email.to_owned(),
                ..proto::identity::Contact::default()
            }),
            update_mask: Some(mask(&["email"])),
        };
        ClientServiceClient::new(self.identity.clone())
            .update_contact(authorized(&token, request))
            .await
            .context("correct an address")?;
        self.mail_after(before, contact.email).await?;
        self.settle(organization, &token).await
    }

    async fn accept_as_client(
        &self,
        organization: &Organization,
        contact: &'static Contact,
        frequency: Frequency,
    ) -> Result<()> {
        let token = self
            .accept(organization, contact.email, frequency.as_str_name())
            .await?;
        wait_for("what a client chose for mails", async || {
            let request = GetPreferencesRequest::default();
            let preferences = PreferenceServiceClient::new(self.notifications.clone())
                .get_preferences(authorized(&token, request))
                .await
                .context("read what a client chose")?
                .into_inner()
                .preferences
                .unwrap_or_default();
            let chosen = preferences.frequency() == frequency
                && preferences.time_zone == organization.time_zone;
            Ok(chosen.then_some(()))
        })
        .await?;
        let (client, _) = find_contact(organization, contact)?;
        self.know_listener(client);
        Ok(())
    }

    async fn visit(&self, organization: &Organization, contact: &Contact) -> Result<()> {
        let token = self.sign_in(organization, contact.email).await?;
        InboxServiceClient::new(self.notifications.clone())
            .mark_seen(authorized(&token, MarkSeenRequest::default()))
            .await
            .context("read all news")?;
        Ok(())
    }

    async fn progress(
        &self,
        organization: &Organization,
        project: &'static Project,
        phase: &str,
        percent: i32,
    ) -> Result<()> {
        let token = self
            .sign_in(organization, organization.manager.email)
            .await?;
        let found = self.project(project, &token).await?;
        let known = found.phases.into_iter().find(|known| known.name == phase);
        let mut phase = known.with_context(|| format!("find the phase {phase}"))?;
        let reaches_milestone = phase.milestone.is_some() && percent == 100;
        phase.progress_percent = Some(percent);
        self.update_phase(phase, &["progress_percent"], &token)
            .await?;
        if reaches_milestone && self.has_listeners(project.client) {
            self.milestone_told(&found.id, &token).await?;
            self.settle(organization, &token).await?;
        }
        Ok(())
    }

    async fn set_status(
        &self,
        organization: &Organization,
        project: &'static Project,
        status: ProjectStatus,
    ) -> Result<()> {
        let token = self
            .sign_in(organization, organization.manager.email)
            .await?;
        let mut found = self.project(project, &token).await?;
        found.set_status(status);
        let request = UpdateProjectRequest {
            project: Some(found),
            update_mask: Some(mask(&["status"])),
        };
        ProjectServiceClient::new(self.projects.clone())
            .update_project(authorized(&token, request))
            .await
            .context("save where a project stands")?;
        Ok(())
    }

    async fn become_past(
        &self,
        organization: &Organization,
        client: &'static Client,
    ) -> Result<()> {
        let token = self.sign_in(organization, organization.owner.email).await?;
        let mut clients = ClientServiceClient::new(self.identity.clone());
        let request = GetClientRequest {
            id: self.id(client.name)?,
        };
        let mut found = clients
            .get_client(authorized(&token, request))
            .await
            .context("read a client")?
            .into_inner()
            .client
            .context("the answer carries no client")?;
        found.set_status(ClientStatus::Past);
        let request = UpdateClientRequest {
            client: Some(found),
            update_mask: Some(mask(&["status"])),
        };
        clients
            .update_client(authorized(&token, request))
            .await
            .context("save a client")?;
        Ok(())
    }

    async fn project(
        &self,
        project: &'static Project,
        token: &str,
    ) -> Result<proto::projects::Project> {
        let request = GetProjectRequest {
            id: self.id(project.name)?,
        };
        ProjectServiceClient::new(self.projects.clone())
            .get_project(authorized(token, request))
            .await
            .context("read a project")?
            .into_inner()
            .project
            .context("the answer carries no project")
    }

    fn client_id(&self, organization: &Organization, contact: &Contact) -> Result<String> {
        let (client, _) = find_contact(organization, contact)?;
        self.id(client.name)
    }
}

/// A contact's client, and the contact itself.
fn find_contact(
    organization: &Organization,
    contact: &Contact,
) -> Result<(&'static Client, &'static Contact)> {
    organization
        .contacts()
        .find(|(_, known)| known.email == contact.email)
        .with_context(|| format!("find the client of {}", contact.email))
}

fn client_record(client: &Client) -> proto::identity::Client {
    let contacts =
        client
            .contacts
            .iter()
            .enumerate()
            .map(|(place, contact)| proto::identity::Contact {
                name: contact.name.to_owned(),
                email: contact.first_email().to_owned(),
                phone: contact.phone.to_owned(),
                relation: contact.relation.to_owned(),
                main_contact: place == 0,
                ..proto::identity::Contact::default()
            });
    proto::identity::Client {
        kind: client.kind.into(),
        display_name: client.name.to_owned(),
        phone: client.phone.to_owned(),
        best_time: client.best_time.to_owned(),
        status: client.status.into(),
        source: client.source.to_owned(),
        tags: client.tags.iter().map(ToString::to_string).collect(),
        notes: client.notes.to_owned(),
        addresses: client
            .addresses
            .iter()
            .map(|place| place.postal_address())
            .collect(),
        contacts: contacts.collect(),
        ..proto::identity::Client::default()
    }
}

fn mask(paths: &[&str]) -> FieldMask {
    FieldMask {
        paths: paths.iter().map(ToString::to_string).collect(),
    }
}
