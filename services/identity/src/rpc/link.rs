//! `LinkService`.

use proto::identity::{
    AcceptInvitationRequest, AcceptInvitationResponse, AccountKind, ConfirmEmailRequest,
    ConfirmEmailResponse, GetLinkRequest, GetLinkResponse, InvitationAccepted, Link, LinkPurpose,
    LinkState, MintLinkRequest, MintLinkResponse, RenewInvitationRequest, RenewInvitationResponse,
    ResetPasswordRequest, ResetPasswordResponse, Role, link_service_server::LinkService,
};
use service::{Error, Reason, Result, Violations, clock, parse_id};
use tenancy::{Audience, Caller, Db, TenantTx, audit};
use tonic::{Request, Response, Status};

use super::{WRONG_FREQUENCY, WRONG_TIME_ZONE, is_frequency, is_time_zone};
use crate::{
    account::{Kind, State},
    attempts::{self, Subject},
    events,
    hashing::Hasher,
    link::{self, LinkKey, Purpose},
    password::{self, Whose},
    rpc, secret,
    session::{self, Browser},
    store::{self, account::Account},
};

pub(crate) struct Links {
    pub(crate) db: Db,
    pub(crate) hasher: Hasher,
    pub(crate) key: LinkKey,
}

#[tonic::async_trait]
impl LinkService for Links {
    async fn get_link(
        &self,
        request: Request<GetLinkRequest>,
    ) -> Result<Response<GetLinkResponse>, Status> {
        let caller = Caller::require(&request, Audience::PORTAL)?;

        let token_hash = secret::hash(&request.get_ref().token);

        let mut tx = self.db.read(&caller).await?;
        let link = store::link::find(&mut tx, &token_hash).await?;
        let account = store::account::get(&mut tx, link.account_id).await?;
        let message = message(&mut tx, &link, &account).await?;
        drop(tx);

        Ok(Response::new(GetLinkResponse {
            link: Some(message),
        }))
    }

    async fn accept_invitation(
        &self,
        request: Request<AcceptInvitationRequest>,
    ) -> Result<Response<AcceptInvitationResponse>, Status> {
        let caller = Caller::require(&request, Audience::PORTAL)?;

        let request = request.into_inner();
        let open = self.open(&caller, &request.token, Purpose::Invite).await?;
        let is_client = open.account.kind == Kind::Client;
        let problem = open.problem(&request.password);
        Violations::new()
            .check(problem.is_none(), "password", problem.unwrap_or_default())
            .check(
                is_time_zone(&request.time_zone),
                "time_zone",
                WRONG_TIME_ZONE,
            )
            .check(
                !is_client || is_frequency(&request.frequency),
                "frequency",
                WRONG_FREQUENCY,
            )
            .finish()?;
        let browser = Browser {
            client_address: request.client_address,
            user_agent: request.user_agent,
            known_device: None,
        };

        let password_hash = self.hasher.hash(&request.password).await?;
        let mut tx = self.db.begin(&caller).await?;
        tx.note_client_address(&browser.client_address);
        let invited = open.take(&mut tx, State::Invited).await?;
        store::account::accept(&mut tx, invited.id, &password_hash).await?;
        store::account::confirm_email(&mut tx, invited.id).await?;
        let account = store::account::get(&mut tx, invited.id).await?;
        let session = session::open(&mut tx, &account, true, browser, None).await?;
        let event = InvitationAccepted {
            account_id: account.id.to_string(),
            frequency: if is_client {
                request.frequency
            } else {
                String::new()
            },
            time_zone: request.time_zone,
        };
        events::publish(&mut tx, account.id, &event).await?;
        audit::record(&mut tx, &caller, "invitation.accept", account.id).await?;
        tx.commit().await?;

        Ok(Response::new(AcceptInvitationResponse {
            session: Some(session),
        }))
    }

    async fn renew_invitation(
        &self,
        request: Request<RenewInvitationRequest>,
    ) -> Result<Response<RenewInvitationResponse>, Status> {
        let caller = Caller::require(&request, Audience::PORTAL)?;

        let RenewInvitationRequest {
            token,
            client_address,
        } = request.into_inner();

        let mut tx = self.db.begin(&caller).await?;
        match store::link::find(&mut tx, &secret::hash(&token)).await {
            Ok(link) if link.purpose == Purpose::Invite => {
                self.renew(&mut tx, &link, &client_address).await?;
            }
            // the answer does not tell whether there is such an invitation
            Ok(_) | Err(Error::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
        tx.commit().await?;

        Ok(Response::new(RenewInvitationResponse {}))
    }

    async fn reset_password(
        &self,
        request: Request<ResetPasswordRequest>,
    ) -> Result<Response<ResetPasswordResponse>, Status> {
        let caller = Caller::require(&request, Audience::PORTAL)?;

        let request = request.into_inner();
        let open = self.open(&caller, &request.token, Purpose::Reset).await?;
        let problem = open.problem(&request.new_password);
        Violations::new()
            .check(
                problem.is_none(),
                "new_password",
                problem.unwrap_or_default(),
            )
            .finish()?;

        let password_hash = self.hasher.hash(&request.new_password).await?;
        let mut tx = self.db.begin(&caller).await?;
        let account = open.take(&mut tx, State::Active).await?;
        store::account::set_password(&mut tx, account.id, &password_hash).await?;
        store::account::confirm_email(&mut tx, account.id).await?;
        store::session::delete_of_account(&mut tx, account.id, None).await?;
        let guesses = Subject::sign_in(caller.tenant, &account.email_key);
        attempts::forget(&mut tx, &guesses).await?;
        rpc::account::publish_password_changed(&mut tx, &account).await?;
        audit::record(&mut tx, &caller, "account.reset_password", account.id).await?;
        tx.commit().await?;

        Ok(Response::new(ResetPasswordResponse {}))
    }

    async fn confirm_email(
        &self,
        request: Request<ConfirmEmailRequest>,
    ) -> Result<Response<ConfirmEmailResponse>, Status> {
        let caller = Caller::require(&request, Audience::PORTAL)?;

        let token = request.into_inner().token;
        let open = self.open(&caller, &token, Purpose::ConfirmEmail).await?;

        let mut tx = self.db.begin(&caller).await?;
        let account = open.take(&mut tx, State::Active).await?;
        store::account::confirm_email(&mut tx, account.id).await?;
        audit::record(&mut tx, &caller, "account.confirm_email", account.id).await?;
        tx.commit().await?;

        Ok(Response::new(ConfirmEmailResponse {}))
    }

    async fn mint_link(
        &self,
        request: Request<MintLinkRequest>,
    ) -> Result<Response<MintLinkResponse>, Status> {
        let caller = Caller::require(&request, Audience::NOTIFICATIONS)?;

        let id = parse_id(&request.get_ref().link_id, "link_id")?;

        let mut tx = self.db.read(&caller).await?;
        let link = store::link::get(&mut tx, id).await?;
        require_open(&link)?;
        let account = store::account::get(&mut tx, link.account_id).await?;
        let message = message(&mut tx, &link, &account).await?;
        drop(tx);

        let path = link
            .purpose
            .path()
            .map(|path| format!("/{path}/{}", self.key.token(link.id)));
        Ok(Response::new(MintLinkResponse {
            path: path.unwrap_or_default(),
            link: Some(message),
            account_id: account.id.to_string(),
        }))
    }
}

/// An open link with whom it is for, as read before the password is hashed.
struct Open {
    link: store::link::Link,
    account: Account,
    company: String,
}

impl Open {
    fn problem(&self, password: &str) -> Option<&'static str> {
        let whose = Whose {
            kind: self.account.kind,
            company: &self.company,
            email: &self.account.email,
        };
        password::problem(password, &whose)
    }

    /// Uses the link up and locks its account; of two that come at once, one finds it gone.
    async fn take(&self, tx: &mut TenantTx, state: State) -> Result<Account> {
        let gone = || Error::Precondition(Reason::LinkGone);
        let account = store::account::lock(tx, self.account.id).await?;
        let used = store::link::use_up(tx, self.link.id).await?;
        if used && account.state == state {
            return Ok(account);
        }
        Err(gone())
    }
}

impl Links {
    /// Reads a link that must be open and of a purpose; using it wrongly does not use it up.
    async fn open(&self, caller: &Caller, token: &str, purpose: Purpose) -> Result<Open> {
        let mut tx = self.db.read(caller).await?;
        let link = store::link::find(&mut tx, &secret::hash(token)).await?;
        if link.purpose != purpose {
            return Err(Error::NotFound);
        }
        require_open(&link)?;
        let account = store::account::get(&mut tx, link.account_id).await?;
        let company = store::organization::get(&mut tx).await?.name;
        Ok(Open {
            link,
            account,
            company,
        })
    }

    /// Sends a new invitation to the address on file, in the name of who sent the former.
    async fn renew(
        &self,
        tx: &mut TenantTx,
        link: &store::link::Link,
        client_address: &str,
    ) -> Result<()> {
        let account = store::account::get(tx, link.account_id).await?;
        let mailbox = Subject::mail_to(tx.tenant(), &account.email_key);
        // before the account's lock, as everywhere: two that meet never wait for each other
        let is_allowed = attempts::claim_mail(tx, &mailbox, client_address).await?;
        let account = store::account::lock(tx, account.id).await?;
        if is_allowed && account.state == State::Invited {
            link::issue(tx, &self.key, account.id, Purpose::Invite, link.created_by).await?;
        }
        Ok(())
    }
}

fn require_open(link: &store::link::Link) -> Result<()> {
    match link::state(link, clock::now()) {
        LinkState::Open => Ok(()),
        _ => Err(Error::Precondition(Reason::LinkGone)),
    }
}

/// A link as its page or mail shows it; one that is gone tells nothing of the person.
async fn message(tx: &mut TenantTx, link: &store::link::Link, account: &Account) -> Result<Link> {
    let state = link::state(link, clock::now());
    let nameless = Link {
        purpose: LinkPurpose::from(link.purpose).into(),
        state: state.into(),
        kind: AccountKind::from(account.kind).into(),
        role: account.role.map_or(Role::Unspecified, Role::from).into(),
        expires_at: Some(proto::timestamp(link.expires_at.to_jiff())),
        ..Link::default()
    };
    if state != LinkState::Open {
        return Ok(nameless);
    }
    let inviter_name = match link.created_by {
        Some(inviter) if link.purpose == Purpose::Invite => {
            store::account::get(tx, inviter).await?.name
        }
        _ => String::new(),
    };
    Ok(Link {
        email: account.email.clone(),
        name: account.name.clone(),
        inviter_name,
        frequency: account.preset_frequency.clone(),
        ..nameless
    })
}
