//! An organization signs up, and its team joins.

use anyhow::{Context, Result, ensure};
use proto::documents::logo_service_client::LogoServiceClient;
use proto::documents::{FinishLogoRequest, StartLogoRequest, UploadState};
use proto::identity::link_service_client::LinkServiceClient;
use proto::identity::member_service_client::MemberServiceClient;
use proto::identity::organization_service_client::OrganizationServiceClient;
use proto::identity::{
    ConfirmEmailRequest, ContactData, GetOrganizationRequest, InviteMemberRequest, SetLogoRequest,
    SignUpRequest, UpdateBrandRequest, UpdateOrganizationRequest,
};
use tenancy::{TenantId, authorized};
use uuid::Uuid;

use super::mask;
use crate::sample::cast::{Member, Organization, PASSWORD};
use crate::sample::stage::{CLIENT_ADDRESS, Stage, request_id};

impl Stage<'_> {
    pub(super) async fn sign_up(&self, organization: &'static Organization) -> Result<()> {
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
        if let Some(logo) = organization.logo {
            self.set_logo(logo, &token).await?;
        }
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

    /// Sends the logo and shows it.
    async fn set_logo(&self, logo: &'static str, token: &str) -> Result<()> {
        let mut logos = LogoServiceClient::new(self.documents.clone());
        let request = StartLogoRequest {
            file_name: "logo.svg".to_owned(),
            content_type: "image/svg+xml".to_owned(),
            size_bytes: i64::try_from(logo.len())?,
            request_id: request_id(),
        };
        let started = logos
            .start_logo(authorized(token, request))
            .await
            .context("start a logo")?
            .into_inner();
        self.put(&started.put_url, logo.into()).await?;
        let logo_id = started.logo_id;
        let request = FinishLogoRequest {
            logo_id: logo_id.clone(),
        };
        let finished = logos
            .finish_logo(authorized(token, request))
            .await
            .context("finish a logo")?
            .into_inner();
        ensure!(
            finished.state() == UploadState::Ready,
            "the logo was refused: {:?}",
            finished.refusal()
        );
        let request = SetLogoRequest {
            logo_id,
            width: finished.width,
            height: finished.height,
        };
        OrganizationServiceClient::new(self.identity.clone())
            .set_logo(authorized(token, request))
            .await
            .context("show the logo")?;
        Ok(())
    }

    pub(super) async fn invite_team(&self, organization: &Organization) -> Result<()> {
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

    pub(super) async fn join(&self, organization: &Organization, member: &Member) -> Result<()> {
        self.accept(organization, member.email, "").await?;
        Ok(())
    }
}
