//! Clients are entered and invited, come in, and go.

use anyhow::{Context, Result};
use proto::identity::client_service_client::ClientServiceClient;
use proto::identity::portal_access_service_client::PortalAccessServiceClient;
use proto::identity::{
    ClientStatus, CreateClientRequest, EnablePortalAccessRequest, GetClientRequest,
    ResendInvitationRequest, UpdateClientRequest, UpdateContactRequest,
};
use proto::notifications::inbox_service_client::InboxServiceClient;
use proto::notifications::preference_service_client::PreferenceServiceClient;
use proto::notifications::{Frequency, GetPreferencesRequest, MarkSeenRequest};
use tenancy::authorized;

use super::mask;
use crate::mailbox::Answer;
use crate::sample::cast::{Client, Contact, Organization};
use crate::sample::stage::{Stage, request_id, wait_for};

impl Stage<'_> {
    pub(super) async fn enter_clients(&self, organization: &Organization) -> Result<()> {
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

    pub(super) async fn invite(
        &self,
        organization: &Organization,
        contact: &'static Contact,
    ) -> Result<()> {
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

    pub(super) async fn invite_again(
        &self,
        organization: &Organization,
        contact: &'static Contact,
    ) -> Result<()> {
        let token = self.sign_in(organization, organization.owner.email).await?;
        let before = self.count_mails_to(contact.email);
        let request = ResendInvitationRequest {
            client_id: self.client_id(organization, contact)?,
            contact_id: self.id(contact.email)?,
            request_id: request_id(),
        };
        PortalAccessServiceClient::new(self.identity.clone())
            .resend_invitation(authorized(&token, request))
            .await
            .context("send an invitation again")?;
        self.mail_after(before, contact.email).await?;
        self.settle(organization, &token).await
    }

    pub(super) async fn correct_address(
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

    pub(super) async fn accept_as_client(
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
        self.know_listener(client, token);
        Ok(())
    }

    pub(super) async fn visit(&self, organization: &Organization, contact: &Contact) -> Result<()> {
        let token = self.sign_in(organization, contact.email).await?;
        self.look_at_photos(&token).await?;
        InboxServiceClient::new(self.notifications.clone())
            .mark_seen(authorized(&token, MarkSeenRequest::default()))
            .await
            .context("read all news")?;
        let (client, _) = find_contact(organization, contact)?;
        self.know_listener(client, token);
        Ok(())
    }

    pub(super) async fn become_past(
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
