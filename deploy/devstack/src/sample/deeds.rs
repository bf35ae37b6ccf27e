//! How each thing in the diary is done: by the calls that the portal makes for the same person.

mod client;
mod organization;
mod photos;
mod project;

use anyhow::{Context, Result};
use prost_types::FieldMask;
use proto::identity::AcceptInvitationRequest;
use proto::identity::link_service_client::LinkServiceClient;
use tenancy::authorized;

use super::calendar::Calendar;
use super::cast::{Organization, PASSWORD};
use super::diary::{Deed, Entry};
use super::stage::{CLIENT_ADDRESS, Stage, USER_AGENT};

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
            Deed::AddPhotos(project, member, phase, shots) => {
                self.add_photos(organization, project, member, phase, shots)
                    .await
            }
            Deed::SharePhotos(project, phase) => {
                self.share_photos(organization, project, phase).await
            }
            Deed::BecomePast(client) => self.become_past(organization, client).await,
        }
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
}

fn mask(paths: &[&str]) -> FieldMask {
    FieldMask {
        paths: paths.iter().map(ToString::to_string).collect(),
    }
}
