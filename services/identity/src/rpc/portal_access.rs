//! `PortalAccessService`.

use proto::identity::{
    DisablePortalAccessRequest, DisablePortalAccessResponse, EnablePortalAccessRequest,
    EnablePortalAccessResponse, PortalAccessEnabled, ResendInvitationRequest,
    ResendInvitationResponse, RestorePortalAccessRequest, RestorePortalAccessResponse,
    SendPasswordResetRequest, SendPasswordResetResponse, UpdateRightsRequest, UpdateRightsResponse,
    portal_access_service_server::PortalAccessService,
};
use service::{Error, Reason, Result, Violations, parse_id};
use tenancy::{Audience, Caller, Db, Once, TenantTx, audit};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{WRONG_FREQUENCY, client::contact::message, is_frequency};
use crate::{
    account::{self, Kind, State, require_confirmed_owner},
    attempts::{self, Subject},
    client::is_disabled,
    email::Email,
    events,
    link::{self, LinkKey, Purpose},
    search,
    store::{
        self,
        contact::{Access, Contact},
    },
};

const TEAM_EMAIL: &str = "This address belongs to a team member: enter the client's own";
const TWICE: &str = "Another contact of this client signs in with this address: enter another";

pub(crate) struct PortalAccesses {
    pub(crate) db: Db,
    pub(crate) links: LinkKey,
}

#[tonic::async_trait]
impl PortalAccessService for PortalAccesses {
    async fn enable_portal_access(
        &self,
        request: Request<EnablePortalAccessRequest>,
    ) -> Result<Response<EnablePortalAccessResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;
        let actor = caller.person()?.account;

        let request = request.into_inner();
        let target = Target::read(&request.client_id, &request.contact_id)?;
        let email = Email::parse(&request.email);
        let again = request.email_again.trim().to_lowercase();
        let is_same = email.as_ref().is_none_or(|email| email.key == again);
        Violations::new()
            .check(email.is_some(), "email", Email::WRONG)
            .check(
                is_same,
                "email_again",
                "The two addresses differ: enter the same one twice",
            )
            .check(
                is_frequency(&request.frequency),
                "frequency",
                WRONG_FREQUENCY,
            )
            .finish()?;
        let email = email.ok_or(Error::invalid("email", Email::WRONG))?;
        let rights = request.rights.unwrap_or_default();

        let mut tx = self.db.begin(&caller).await?;
        let method = "PortalAccessService.EnablePortalAccess";
        let fresh =
            match Once::begin(&mut tx, &caller, method, &request.request_id, &request).await? {
                Once::Before(response) => return Ok(Response::new(response)),
                Once::Fresh(fresh) => fresh,
            };
        require_confirmed_owner(&mut tx).await?;
        let contact = target.lock(&mut tx).await?;
        if contact
            .access
            .as_ref()
            .is_some_and(|access| !is_disabled(access))
        {
            return Err(Error::Precondition(Reason::AccessExists).into());
        }
        let (account, needs_invitation) = self
            .take_account(&mut tx, &caller, &contact, &email, &request.frequency)
            .await?;
        let twice = || Error::invalid("email", TWICE);
        store::contact::enable_access(
            &mut tx,
            contact.id,
            account,
            &email.text,
            rights,
            actor,
            twice,
        )
        .await?;
        let event = PortalAccessEnabled {
            account_id: account.to_string(),
            client_id: target.client.to_string(),
            frequency: request.frequency.clone(),
            actor_id: actor.to_string(),
        };
        events::publish(&mut tx, account, &event).await?;
        if needs_invitation {
            link::issue(&mut tx, &self.links, account, Purpose::Invite, Some(actor)).await?;
        }
        search::reindex(&mut tx, target.client).await?;
        audit::record(&mut tx, &caller, "portal_access.enable", contact.id).await?;
        let response = EnablePortalAccessResponse {
            contact: Some(message(target.get(&mut tx).await?)),
        };
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }

    async fn resend_invitation(
        &self,
        request: Request<ResendInvitationRequest>,
    ) -> Result<Response<ResendInvitationResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let target = Target::read(&request.client_id, &request.contact_id)?;

        let mut tx = self.db.begin(&caller).await?;
        let method = "PortalAccessService.ResendInvitation";
        let fresh =
            match Once::begin(&mut tx, &caller, method, &request.request_id, &request).await? {
                Once::Before(response) => return Ok(Response::new(response)),
                Once::Fresh(fresh) => fresh,
            };
        require_confirmed_owner(&mut tx).await?;
        let contact = target.lock(&mut tx).await?;
        let account = access_of(&contact, State::Invited)?.account_id;
        self.mail(&mut tx, &caller, account, Purpose::Invite)
            .await?;
        audit::record(
            &mut tx,
            &caller,
            "portal_access.resend_invitation",
            contact.id,
        )
        .await?;
        let response = ResendInvitationResponse {
            contact: Some(message(target.get(&mut tx).await?)),
        };
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }

    async fn send_password_reset(
        &self,
        request: Request<SendPasswordResetRequest>,
    ) -> Result<Response<SendPasswordResetResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let target = Target::read(&request.client_id, &request.contact_id)?;

        let mut tx = self.db.begin(&caller).await?;
        let method = "PortalAccessService.SendPasswordReset";
        let fresh =
            match Once::begin(&mut tx, &caller, method, &request.request_id, &request).await? {
                Once::Before(response) => return Ok(Response::new(response)),
                Once::Fresh(fresh) => fresh,
            };
        let contact = target.lock(&mut tx).await?;
        let account = access_of(&contact, State::Active)?.account_id;
        self.mail(&mut tx, &caller, account, Purpose::Reset).await?;
        audit::record(&mut tx, &caller, "portal_access.send_reset", contact.id).await?;
        let response = SendPasswordResetResponse {};
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }

    async fn disable_portal_access(
        &self,
        request: Request<DisablePortalAccessRequest>,
    ) -> Result<Response<DisablePortalAccessResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let target = Target::read(&request.client_id, &request.contact_id)?;

        let mut tx = self.db.begin(&caller).await?;
        let contact = target.lock(&mut tx).await?;
        let access = contact
            .access
            .as_ref()
            .filter(|access| !is_disabled(access))
            .ok_or(Error::Precondition(Reason::AccessMissing))?;
        store::account::lock(&mut tx, access.account_id).await?;
        store::contact::disable_access(&mut tx, contact.id).await?;
        // the person may be a contact of other records, too: there the sign-in stays
        let places = store::contact::memberships(&mut tx, &[access.account_id]).await?;
        if places.is_empty() {
            account::disable(&mut tx, &caller, access.account_id).await?;
        }
        audit::record(&mut tx, &caller, "portal_access.disable", contact.id).await?;
        let contact = target.get(&mut tx).await?;
        tx.commit().await?;

        Ok(Response::new(DisablePortalAccessResponse {
            contact: Some(message(contact)),
        }))
    }

    async fn restore_portal_access(
        &self,
        request: Request<RestorePortalAccessRequest>,
    ) -> Result<Response<RestorePortalAccessResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;
        let actor = caller.person()?.account;

        let request = request.into_inner();
        let target = Target::read(&request.client_id, &request.contact_id)?;

        let mut tx = self.db.begin(&caller).await?;
        require_confirmed_owner(&mut tx).await?;
        let contact = target.lock(&mut tx).await?;
        let access = contact
            .access
            .as_ref()
            .filter(|access| is_disabled(access))
            .ok_or(Error::Precondition(Reason::AccessMissing))?;
        let account = store::account::lock(&mut tx, access.account_id).await?;
        store::contact::restore_access(&mut tx, contact.id, actor).await?;
        if account.state == State::Disabled {
            account::enable(&mut tx, &caller, &self.links, &account).await?;
        }
        audit::record(&mut tx, &caller, "portal_access.restore", contact.id).await?;
        let contact = target.get(&mut tx).await?;
        tx.commit().await?;

        Ok(Response::new(RestorePortalAccessResponse {
            contact: Some(message(contact)),
        }))
    }

    async fn update_rights(
        &self,
        request: Request<UpdateRightsRequest>,
    ) -> Result<Response<UpdateRightsResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let target = Target::read(&request.client_id, &request.contact_id)?;
        let rights = request.rights.unwrap_or_default();

        let mut tx = self.db.begin(&caller).await?;
        let contact = target.lock(&mut tx).await?;
        if contact.access.as_ref().is_none_or(is_disabled) {
            return Err(Error::Precondition(Reason::AccessMissing).into());
        }
        store::contact::set_rights(&mut tx, contact.id, rights).await?;
        audit::record(&mut tx, &caller, "portal_access.rights", contact.id).await?;
        let contact = target.get(&mut tx).await?;
        tx.commit().await?;

        Ok(Response::new(UpdateRightsResponse {
            contact: Some(message(contact)),
        }))
    }
}

/// The contact that a request names.
struct Target {
    client: Uuid,
    contact: Uuid,
}

impl Target {
    fn read(client: &str, contact: &str) -> Result<Self> {
        Ok(Self {
            client: parse_id(client, "client_id")?,
            contact: parse_id(contact, "contact_id")?,
        })
    }

    /// Finds the contact; changes of one record's contacts come one after the other.
    async fn lock(&self, tx: &mut TenantTx) -> Result<Contact> {
        store::client::lock(tx, self.client).await?;
        self.get(tx).await
    }

    async fn get(&self, tx: &mut TenantTx) -> Result<Contact> {
        store::contact::get(tx, self.client, self.contact).await
    }
}

impl PortalAccesses {
    /// Makes an account for an address, or takes the one that a client has there already; says whether it is to be invited.
    async fn take_account(
        &self,
        tx: &mut TenantTx,
        caller: &Caller,
        contact: &Contact,
        email: &Email,
        frequency: &str,
    ) -> Result<(Uuid, bool)> {
        let Some(found) = store::account::find_by_email(tx, &email.key).await? else {
            let invited = store::account::Invited {
                kind: Kind::Client,
                role: None,
                name: &contact.name,
                email,
                phone: &contact.phone,
                preset_frequency: frequency,
            };
            let taken = || Error::Unavailable(anyhow::anyhow!("two invite one address at once"));
            let account = store::account::insert(tx, &invited, taken).await?;
            return Ok((account, true));
        };
        if found.kind == Kind::Office {
            return Err(Error::invalid("email", TEAM_EMAIL));
        }
        let account = store::account::lock(tx, found.id).await?;
        if account.accepted_at.is_none() {
            store::account::set_preset_frequency(tx, account.id, frequency).await?;
        }
        if account.state == State::Disabled {
            // invites as well where the person never accepted
            account::enable(tx, caller, &self.links, &account).await?;
        }
        Ok((account.id, account.state == State::Invited))
    }

    /// Sends a link by hand, a few times an hour at most.
    async fn mail(
        &self,
        tx: &mut TenantTx,
        caller: &Caller,
        account: Uuid,
        purpose: Purpose,
    ) -> Result<()> {
        store::account::lock(tx, account).await?;
        let mailbox = Subject::office_mail(caller.tenant, account);
        attempts::claim(tx, &mailbox, "", attempts::MAIL_TO)
            .await?
            .allowed()?;
        link::issue(tx, &self.links, account, purpose, caller.account()).await
    }
}

/// The access of a contact whose account is in the state that the deed needs.
fn access_of(contact: &Contact, state: State) -> Result<&Access> {
    contact
        .access
        .as_ref()
        .filter(|access| !is_disabled(access) && access.account_state == state)
        .ok_or(Error::Precondition(Reason::AccessMissing))
}
