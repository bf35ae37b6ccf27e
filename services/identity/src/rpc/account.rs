//! `AccountService`.

use proto::identity::{
    Account, AccountKind, AccountState, BatchGetAccountsRequest, BatchGetAccountsResponse,
    ChangePasswordRequest, ChangePasswordResponse, GetMyAccountRequest, GetMyAccountResponse,
    Membership, PasswordChanged, RequestResetRequest, RequestResetResponse, Role,
    UpdateMyAccountRequest, UpdateMyAccountResponse, account_service_server::AccountService,
};
use service::{Error, Reason, Result, Violations, mask::Fields, parse_ids, text::is_line};
use tenancy::{Audience, Caller, Db, TenantTx, audit};
use tonic::{Request, Response, Status};

use super::{NAME, PHONE, WRONG_NAME, WRONG_PHONE};
use crate::{
    account::{self, State},
    attempts::{self, Subject},
    email::Email,
    even_time::in_even_time,
    events,
    hashing::Hasher,
    link::{self, LinkKey, Purpose},
    password::{self, Whose},
    search, store,
};

pub(crate) struct Accounts {
    pub(crate) db: Db,
    pub(crate) hasher: Hasher,
    pub(crate) links: LinkKey,
}

#[tonic::async_trait]
impl AccountService for Accounts {
    async fn get_my_account(
        &self,
        request: Request<GetMyAccountRequest>,
    ) -> Result<Response<GetMyAccountResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE)?;
        let id = caller.person()?.account;

        let mut tx = self.db.read(&caller).await?;
        let account = store::account::get(&mut tx, id).await?;
        let memberships = account::memberships(&mut tx, &account).await?;
        drop(tx);

        Ok(Response::new(GetMyAccountResponse {
            account: Some(message(&account, &memberships)),
        }))
    }

    async fn update_my_account(
        &self,
        request: Request<UpdateMyAccountRequest>,
    ) -> Result<Response<UpdateMyAccountResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE)?;
        let id = caller.person()?.account;

        let request = request.into_inner();
        let mask = request.update_mask.unwrap_or_default();
        let fields = Fields::of_mask(&mask.paths, &["name", "phone"])?;
        let name = request.name.trim();
        let phone = request.phone.trim();
        let (sets_name, sets_phone) = (fields.has("name"), fields.has("phone"));
        Violations::new()
            .check(!sets_name || is_line(name, NAME), "name", WRONG_NAME)
            .check(!sets_phone || is_line(phone, PHONE), "phone", WRONG_PHONE)
            .finish()?;

        let mut tx = self.db.begin(&caller).await?;
        let before = store::account::lock(&mut tx, id).await?;
        let name = if sets_name { name } else { &before.name };
        let phone = if sets_phone { phone } else { &before.phone };
        store::account::set_profile(&mut tx, id, name, phone).await?;
        update_contacts(&mut tx, id).await?;
        audit::record(&mut tx, &caller, "account.update", id).await?;
        let account = store::account::get(&mut tx, id).await?;
        let memberships = account::memberships(&mut tx, &account).await?;
        tx.commit().await?;

        Ok(Response::new(UpdateMyAccountResponse {
            account: Some(message(&account, &memberships)),
        }))
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE)?;
        let person = caller.person()?;

        let request = request.into_inner();
        let mut tx = self.db.begin(&caller).await?;
        let account = store::account::get(&mut tx, person.account).await?;
        let company = store::organization::get(&mut tx).await?.name;
        let subject = Subject::change_password(caller.tenant, account.id);
        let attempt = attempts::claim(&mut tx, &subject, "", attempts::CHANGE_PASSWORD)
            .await?
            .allowed()?;
        tx.commit().await?;
        let stored = account.password_hash.as_deref();
        let verified = self.hasher.verify(&request.current_password, stored).await;
        let fits = attempts::outcome(&self.db, &caller, attempt, verified).await?;
        let whose = Whose {
            kind: account.kind,
            company: &company,
            email: &account.email,
        };
        let problem = password::problem(&request.new_password, &whose);
        if fits {
            let mut tx = self.db.begin(&caller).await?;
            attempts::give_back(&mut tx, attempt).await?;
            tx.commit().await?;
        }
        Violations::new()
            .check(
                fits,
                "current_password",
                "This is not your current password",
            )
            .check(
                problem.is_none(),
                "new_password",
                problem.unwrap_or_default(),
            )
            .finish()?;

        let password_hash = self.hasher.hash(&request.new_password).await?;
        let mut tx = self.db.begin(&caller).await?;
        // read again under a lock: a reset, or the end of access, that came meanwhile stands and ended this session
        let locked = store::account::lock(&mut tx, account.id).await?;
        if locked.password_hash != account.password_hash || locked.state != State::Active {
            return Err(Error::Unauthenticated(Reason::SessionEnded).into());
        }
        store::account::set_password(&mut tx, account.id, &password_hash).await?;
        store::session::delete_of_account(&mut tx, account.id, person.session).await?;
        store::link::void_open(&mut tx, account.id, Purpose::Reset).await?;
        publish_password_changed(&mut tx, &account).await?;
        audit::record(&mut tx, &caller, "account.change_password", account.id).await?;
        tx.commit().await?;

        Ok(Response::new(ChangePasswordResponse {}))
    }

    async fn request_reset(
        &self,
        request: Request<RequestResetRequest>,
    ) -> Result<Response<RequestResetResponse>, Status> {
        let caller = Caller::require(&request, Audience::PORTAL)?;

        let RequestResetRequest {
            email,
            client_address,
        } = request.into_inner();
        let email = Email::parse(&email).ok_or(Error::invalid("email", Email::WRONG))?;

        in_even_time(self.mail_reset(&caller, &email, &client_address)).await?;

        Ok(Response::new(RequestResetResponse {}))
    }

    async fn batch_get_accounts(
        &self,
        request: Request<BatchGetAccountsRequest>,
    ) -> Result<Response<BatchGetAccountsResponse>, Status> {
        let caller = Caller::require(&request, Audience::NOTIFICATIONS | Audience::PORTAL)?;

        let BatchGetAccountsRequest {
            account_ids,
            client_ids,
        } = request.into_inner();
        let mut ids = parse_ids(&account_ids, "account_ids")?;
        let clients = parse_ids(&client_ids, "client_ids")?;

        let mut tx = self.db.read(&caller).await?;
        ids.extend(store::contact::accounts_of(&mut tx, &clients).await?);
        let accounts = store::account::list(&mut tx, &ids).await?;
        let memberships = store::contact::memberships(&mut tx, &ids).await?;
        drop(tx);

        Ok(Response::new(BatchGetAccountsResponse {
            accounts: accounts
                .iter()
                .map(|account| message(account, &memberships))
                .collect(),
        }))
    }
}

impl Accounts {
    /// Sends a link to an address that somebody typed, where an account has it and its mailbox has room.
    async fn mail_reset(&self, caller: &Caller, email: &Email, client_address: &str) -> Result<()> {
        let mut tx = self.db.begin(caller).await?;
        let mailbox = Subject::mail_to(caller.tenant, &email.key);
        let is_allowed = attempts::claim_mail(&mut tx, &mailbox, client_address).await?;
        // others from there wait for this claim, and must not wait longer where there is an account
        tx.commit().await?;
        if !is_allowed {
            return Ok(());
        }
        let mut tx = self.db.begin(caller).await?;
        if let Some(account) = store::account::find_by_email(&mut tx, &email.key).await? {
            let account = store::account::lock(&mut tx, account.id).await?;
            let purpose = match account.state {
                State::Active => Purpose::Reset,
                State::Invited => Purpose::Invite,
                State::Disabled => Purpose::AccessEnded,
            };
            link::issue(&mut tx, &self.links, account.id, purpose, None).await?;
        }
        tx.commit().await
    }
}

/// Carries name, address and phone of an account to the client records where the person is a contact.
pub(crate) async fn update_contacts(tx: &mut TenantTx, account: uuid::Uuid) -> Result<()> {
    for client in store::contact::follow_account(tx, account).await? {
        search::reindex(tx, client).await?;
    }
    Ok(())
}

/// Lets the person be told that the password changed.
pub(crate) async fn publish_password_changed(
    tx: &mut TenantTx,
    account: &store::account::Account,
) -> Result<()> {
    let event = PasswordChanged {
        account_id: account.id.to_string(),
    };
    events::publish(tx, account.id, &event).await
}

/// An account as messages carry it; `memberships` may hold others' as well.
pub(crate) fn message(
    account: &store::account::Account,
    memberships: &[store::contact::Membership],
) -> Account {
    let own = memberships
        .iter()
        .filter(|membership| membership.account_id == account.id)
        .map(|membership| Membership {
            client_id: membership.client_id.to_string(),
            rights: Some(membership.rights),
        })
        .collect();
    Account {
        id: account.id.to_string(),
        kind: AccountKind::from(account.kind).into(),
        role: account.role.map_or(Role::Unspecified, Role::from).into(),
        state: AccountState::from(account.state).into(),
        name: account.name.clone(),
        email: account.email.clone(),
        phone: account.phone.clone(),
        email_confirmed: account.email_confirmed_at.is_some(),
        memberships: own,
        last_seen_at: account
            .last_seen_at
            .map(|time| proto::timestamp(time.to_jiff())),
    }
}
