//! Who asks.

use std::{fmt, ops::BitOr};

use serde::{Deserialize, Serialize};
use service::{Error, Reason, Result};
use uuid::Uuid;

use crate::token::Asker;

/// An organization, which is a contractor company.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(Uuid);

impl TenantId {
    /// Makes the id of a new organization.
    pub fn new() -> Self {
        Self(service::new_id())
    }

    /// The id as it stands in the database.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl Default for TenantId {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Uuid> for TenantId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantId({})", self.0)
    }
}

/// What an office person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the organization.
    Owner,
    /// Project manager.
    Pm,
    /// Crew: assigned projects, nothing of money or clients' data.
    Field,
}

/// What one client person may do for one client record; a project's settings may narrow it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// See money.
    pub view_financials: bool,
    /// Approve change orders, make selections.
    pub approve: bool,
    /// Pay invoices.
    pub pay: bool,
    /// Write messages.
    pub message: bool,
}

/// A client person's place on one client record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientMembership {
    /// The client record.
    pub client: Uuid,
    /// What the person may do for it.
    pub rights: Rights,
}

/// Which side of the contract a person is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Party {
    /// The contractor's office.
    Office {
        /// What the person may do.
        role: Role,
    },
    /// A client.
    Client {
        /// Every client record of the person.
        memberships: Vec<ClientMembership>,
    },
}

/// A person with an account in the caller's organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The account.
    pub account: Uuid,
    /// Office or client.
    #[serde(flatten)]
    pub party: Party,
    /// The session; none where a service acts for the person.
    pub session: Option<Uuid>,
}

impl Person {
    /// What the person may do for a client record; none where it is not the person's.
    pub fn rights_for(&self, client: Uuid) -> Option<Rights> {
        match &self.party {
            Party::Client { memberships } => memberships
                .iter()
                .find(|membership| membership.client == client)
                .map(|membership| membership.rights),
            Party::Office { .. } => None,
        }
    }

    fn audience(&self) -> Audience {
        match self.party {
            Party::Office { role: Role::Owner } => Audience::OWNER,
            Party::Office { role: Role::Pm } => Audience::PM,
            Party::Office { role: Role::Field } => Audience::FIELD,
            Party::Client { .. } => Audience::CLIENT,
        }
    }
}

/// Who may make a call: a set of roles and services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audience(u16);

impl Audience {
    /// Owners.
    pub const OWNER: Self = Self(1);
    /// Project managers.
    pub const PM: Self = Self(1 << 1);
    /// Crew.
    pub const FIELD: Self = Self(1 << 2);
    /// Clients.
    pub const CLIENT: Self = Self(1 << 3);
    /// The portal itself, before anybody signed in.
    pub const PORTAL: Self = Self(1 << 4);
    /// The notifications service.
    pub const NOTIFICATIONS: Self = Self(1 << 5);
    /// The billing service.
    pub const BILLING: Self = Self(1 << 6);
    /// The documents service.
    pub const DOCUMENTS: Self = Self(1 << 7);

    /// Owner and PM: who runs projects.
    pub const MANAGERS: Self = Self(Self::OWNER.0 | Self::PM.0);
    /// Everybody of the office.
    pub const OFFICE: Self = Self(Self::MANAGERS.0 | Self::FIELD.0);
    /// Everybody with an account.
    pub const PEOPLE: Self = Self(Self::OFFICE.0 | Self::CLIENT.0);

    fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn of_service(name: &str) -> Option<Self> {
        match name {
            "portal" => Some(Self::PORTAL),
            "notifications" => Some(Self::NOTIFICATIONS),
            "billing" => Some(Self::BILLING),
            "documents" => Some(Self::DOCUMENTS),
            _ => None,
        }
    }
}

impl BitOr for Audience {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Who asks, for which organization.
///
/// There is no other way to one than [`Caller::require`] on a request with a verified token, or [`Caller::system`] where
/// an event or a timer asks; and none to SQL than with one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Caller {
    /// The organization.
    pub tenant: TenantId,
    /// The person who asks, or for whom a service asks; none where a service acts by itself.
    pub person: Option<Person>,
    /// The service that asks; none where a person's browser does.
    pub service: Option<String>,
}

impl Caller {
    /// Reads who asks, and refuses everybody outside the audience.
    ///
    /// A service that acts for a person needs both: itself and the person in the audience.
    pub fn require<T>(request: &tonic::Request<T>, audience: Audience) -> Result<Self> {
        let asker = request
            .extensions()
            .get::<Asker>()
            .ok_or(Error::Unauthenticated(Reason::TokenInvalid))?;
        let tenant = asker.tenant.ok_or(Error::Denied(Reason::NotAllowed))?;
        let service_may = asker.service.as_deref().is_none_or(|name| {
            Audience::of_service(name).is_some_and(|one| audience.contains(one))
        });
        let person_may = asker
            .person
            .as_ref()
            .is_none_or(|person| audience.contains(person.audience()));
        if !service_may || !person_may || (asker.service.is_none() && asker.person.is_none()) {
            return Err(Error::Denied(Reason::NotAllowed));
        }
        Ok(Self {
            tenant,
            person: asker.person.clone(),
            service: asker.service.clone(),
        })
    }

    /// A service itself, where an event or a timer asks and no person does.
    pub fn system(tenant: TenantId, service: &str) -> Self {
        Self {
            tenant,
            person: None,
            service: Some(service.to_owned()),
        }
    }

    /// The person who asks.
    pub fn person(&self) -> Result<&Person> {
        self.person
            .as_ref()
            .ok_or(Error::Denied(Reason::NotAllowed))
    }

    /// The account that a deed is recorded under; none where a service acts by itself.
    pub fn account(&self) -> Option<Uuid> {
        self.person.as_ref().map(|person| person.account)
    }

    /// The office role of the person who asks.
    pub fn role(&self) -> Option<Role> {
        match self.person.as_ref()?.party {
            Party::Office { role } => Some(role),
            Party::Client { .. } => None,
        }
    }

    /// True for a person of the client's side.
    pub fn is_client(&self) -> bool {
        matches!(
            &self.person,
            Some(Person {
                party: Party::Client { .. },
                ..
            })
        )
    }

    /// Who asks, as one text: the account, or the service's name.
    pub fn subject(&self) -> String {
        match (&self.person, &self.service) {
            (Some(person), _) => person.account.to_string(),
            (None, Some(service)) => service.clone(),
            (None, None) => String::new(),
        }
    }
}

/// The portal before it knows the organization: sign-up, and which organization answers at a host.
#[derive(Clone, Copy, Debug)]
pub struct PlatformCaller(());

impl PlatformCaller {
    /// Refuses everybody but the portal with a token of no organization.
    pub fn require<T>(request: &tonic::Request<T>) -> Result<Self> {
        let asker = request
            .extensions()
            .get::<Asker>()
            .ok_or(Error::Unauthenticated(Reason::TokenInvalid))?;
        let is_portal = asker.service.as_deref() == Some("portal");
        if is_portal && asker.tenant.is_none() && asker.person.is_none() {
            return Ok(Self(()));
        }
        Err(Error::Denied(Reason::NotAllowed))
    }
}
