//! Accounts: who somebody is, and how access ends and comes back.

use proto::identity::{AccountDisabled, AccountEnabled, AccountKind, AccountState};
use service::{Error, Reason, Result, clock};
use tenancy::{Caller, ClientMembership, Party, Person, TenantTx};
use uuid::Uuid;

use crate::{
    events,
    link::{self, LinkKey, Purpose},
    store,
};

/// Where an account belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Kind {
    Office,
    Client,
}

/// What an office account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Role {
    Owner,
    Pm,
    Field,
}

/// How far an account has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum State {
    Invited,
    Active,
    Disabled,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Client => "client",
        }
    }
}

impl From<Kind> for AccountKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Office => Self::Office,
            Kind::Client => Self::Client,
        }
    }
}

impl Role {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Pm => "pm",
            Self::Field => "field",
        }
    }

    /// Reads a role from a request; none where it names none.
    pub(crate) fn read(role: proto::identity::Role) -> Option<Self> {
        match role {
            proto::identity::Role::Owner => Some(Self::Owner),
            proto::identity::Role::Pm => Some(Self::Pm),
            proto::identity::Role::Field => Some(Self::Field),
            proto::identity::Role::Unspecified => None,
        }
    }
}

impl From<Role> for proto::identity::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Pm => Self::Pm,
            Role::Field => Self::Field,
        }
    }
}

impl From<Role> for tenancy::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Pm => Self::Pm,
            Role::Field => Self::Field,
        }
    }
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

impl From<State> for AccountState {
    fn from(state: State) -> Self {
        match state {
            State::Invited => Self::Invited,
            State::Active => Self::Active,
            State::Disabled => Self::Disabled,
        }
    }
}

/// The person that a token speaks of: role or memberships as they are at this moment.
pub(crate) fn person(
    account: &store::account::Account,
    memberships: Vec<ClientMembership>,
    session: Uuid,
) -> Person {
    let party = match account.role {
        Some(role) => Party::Office { role: role.into() },
        None => Party::Client { memberships },
    };
    Person {
        account: account.id,
        party,
        session: Some(session),
    }
}

/// The places of an account whose access is not disabled; the office has none.
pub(crate) async fn memberships(
    tx: &mut TenantTx,
    account: &store::account::Account,
) -> Result<Vec<store::contact::Membership>> {
    match account.kind {
        Kind::Client => store::contact::memberships(tx, &[account.id]).await,
        Kind::Office => Ok(Vec::new()),
    }
}

/// Refuses to mail others before an owner of the organization has confirmed an address: sign-up is open to anybody.
pub(crate) async fn require_confirmed_owner(tx: &mut TenantTx) -> Result<()> {
    if store::account::has_confirmed_owner(tx).await? {
        return Ok(());
    }
    Err(Error::Precondition(Reason::EmailUnconfirmed))
}

/// Ends an account's access at once: its sessions and links are gone with the same commit.
pub(crate) async fn disable(tx: &mut TenantTx, caller: &Caller, account: Uuid) -> Result<()> {
    store::account::set_state(tx, account, State::Disabled, Some(clock::now())).await?;
    store::session::delete_of_account(tx, account, None).await?;
    store::link::void_of_account(tx, account).await?;
    let event = AccountDisabled {
        account_id: account.to_string(),
        actor_id: actor(caller),
    };
    events::publish(tx, account, &event).await
}

/// Gives a disabled account its access back; who never accepted is invited again.
pub(crate) async fn enable(
    tx: &mut TenantTx,
    caller: &Caller,
    links: &LinkKey,
    account: &store::account::Account,
) -> Result<()> {
    let state = if account.accepted_at.is_some() {
        State::Active
    } else {
        State::Invited
    };
    store::account::set_state(tx, account.id, state, None).await?;
    if state == State::Invited {
        link::issue(tx, links, account.id, Purpose::Invite, caller.account()).await?;
    }
    let event = AccountEnabled {
        account_id: account.id.to_string(),
        actor_id: actor(caller),
    };
    events::publish(tx, account.id, &event).await
}

/// Who caused an event, as events name people.
pub(crate) fn actor(caller: &Caller) -> String {
    caller
        .account()
        .map(|account| account.to_string())
        .unwrap_or_default()
}
