//! Links of mails, for what stands behind them.

use anyhow::{Context as _, Result};
use proto::identity::{
    InviteMemberRequest, RequestResetRequest, Role, account_service_client::AccountServiceClient,
    member_service_client::MemberServiceClient,
};
use service::new_id;
use tenancy::authorized;

use crate::{Organization, Stage, mailed_token};

/// The tokens of an organization's links.
#[derive(Clone)]
pub struct Links {
    /// An invitation that nobody took.
    pub invitation: String,
    /// A reset of somebody who does not sign in.
    pub reset: String,
    /// The owner's confirmation, which was used.
    pub confirmation: String,
}

impl Links {
    /// Lets them be mailed.
    pub async fn mail(stage: &impl Stage, organization: &Organization) -> Result<Self> {
        let slug = &organization.slug;
        let (late, pm) = (format!("late@{slug}.example"), format!("pm@{slug}.example"));
        let owner = stage.person(organization.id, &organization.owner)?;
        let invite = InviteMemberRequest {
            name: "Late Person".to_owned(),
            email: late.clone(),
            role: Role::Field.into(),
            request_id: new_id().to_string(),
        };
        MemberServiceClient::new(stage.peer("identity")?)
            .invite_member(authorized(&owner, invite))
            .await
            .context("invite somebody")?;
        let portal = stage.signer("portal")?.service(organization.id)?;
        let reset = RequestResetRequest {
            email: pm.clone(),
            client_address: "192.0.2.1".to_owned(),
        };
        AccountServiceClient::new(stage.peer("identity")?)
            .request_reset(authorized(&portal, reset))
            .await
            .context("ask for a reset")?;
        Ok(Self {
            invitation: mailed_token(stage, &late, "/invite/").await?,
            reset: mailed_token(stage, &pm, "/reset/").await?,
            confirmation: mailed_token(stage, &format!("owner@{slug}.example"), "/confirm/")
                .await?,
        })
    }
}
