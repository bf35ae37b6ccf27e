//! The people of an organization, as tokens name them.

use service::new_id;
use tenancy::{ClientMembership, Party, Person, Rights, Role, TenantId};
use uuid::Uuid;

/// An organization with a person of each kind; the accounts need not exist in any database.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The organization.
    pub id: TenantId,
    /// Ana's client record.
    pub anas_record: Uuid,
    /// Ben's client record.
    pub bens_record: Uuid,
    /// Runs the organization.
    pub owner: Person,
    /// Manages projects.
    pub pm: Person,
    /// Works on the site.
    pub field: Person,
    /// A client.
    pub ana: Person,
    /// Another client of the same organization.
    pub ben: Person,
}

impl Tenant {
    /// Makes one.
    pub fn new() -> Self {
        let (anas_record, bens_record) = (new_id(), new_id());
        Self {
            id: TenantId::new(),
            anas_record,
            bens_record,
            owner: office(Role::Owner),
            pm: office(Role::Pm),
            field: office(Role::Field),
            ana: client(anas_record),
            ben: client(bens_record),
        }
    }
}

impl Default for Tenant {
    fn default() -> Self {
        Self::new()
    }
}

fn office(role: Role) -> Person {
    Person {
        account: new_id(),
        party: Party::Office { role },
        session: Some(new_id()),
    }
}

fn client(record: Uuid) -> Person {
    let rights = Rights {
        view_financials: true,
        approve: true,
        pay: true,
        message: true,
    };
    Person {
        account: new_id(),
        party: Party::Client {
            memberships: vec![ClientMembership {
                client: record,
                rights,
            }],
        },
        session: Some(new_id()),
    }
}
