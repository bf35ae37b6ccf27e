//! Contacts: how requests carry them, and how messages do.

use proto::identity::{Contact, PortalAccess};
use service::{Error, Result, Violations, clock, mask, text::is_line};
use tenancy::{Caller, TenantTx};

use super::Clients;
use crate::{
    account::{State, require_confirmed_owner},
    client,
    email::Email,
    link::{self, Purpose},
    rpc::{self, NAME, PHONE, WRONG_NAME, WRONG_PHONE},
    store::{
        self,
        contact::{Access, Details},
    },
};

pub(super) const MOST_CONTACTS: usize = 20;
pub(super) const WRONG_CONTACTS: &str = "A record has 20 contacts at most";
const SIGNS_IN_EMAIL: &str = "This person signs in with the present address: disable portal access, then enable it with the new one";
const TAKEN_EMAIL: &str = "Another sign-in has this address: enter another";

pub(super) const PATHS: [&str; 5] = ["name", "email", "phone", "relation", "main_contact"];

/// Where a contact's fields stand in a request.
pub(super) struct Fields {
    name: &'static str,
    email: &'static str,
    phone: &'static str,
    relation: &'static str,
}

pub(super) const FIELDS: Fields = Fields {
    name: "contact.name",
    email: "contact.email",
    phone: "contact.phone",
    relation: "contact.relation",
};
const NEW_CLIENT_FIELDS: Fields = Fields {
    name: "client.contacts.name",
    email: "client.contacts.email",
    phone: "client.contacts.phone",
    relation: "client.contacts.relation",
};

impl Clients {
    /// Carries a contact's new details to the account that the person signs in with.
    ///
    /// Who was invited at a wrong address is invited again at the right one. An address that somebody signs in with already
    /// stays: changing it here would hand the account to whoever has the other mailbox.
    pub(super) async fn update_sign_in(
        &self,
        tx: &mut TenantTx,
        caller: &Caller,
        account: &store::account::Account,
        details: &Details,
    ) -> Result<()> {
        store::account::set_profile(tx, account.id, &details.name, &details.phone).await?;
        if details.email.to_lowercase() != account.email_key {
            if account.state == State::Active {
                return Err(Error::invalid(FIELDS.email, SIGNS_IN_EMAIL));
            }
            let email =
                Email::parse(&details.email).ok_or(Error::invalid(FIELDS.email, Email::WRONG))?;
            let taken = || Error::invalid(FIELDS.email, TAKEN_EMAIL);
            require_confirmed_owner(tx).await?;
            store::account::set_email(tx, account.id, &email, taken).await?;
            link::issue(
                tx,
                &self.links,
                account.id,
                Purpose::Invite,
                caller.account(),
            )
            .await?;
        }
        rpc::account::update_contacts(tx, account.id).await
    }
}

pub(super) fn details(wanted: &Contact) -> Details {
    Details {
        name: wanted.name.trim().to_owned(),
        email: wanted.email.trim().to_owned(),
        phone: wanted.phone.trim().to_owned(),
        relation: wanted.relation.trim().to_owned(),
        is_main: wanted.main_contact,
    }
}

pub(super) fn check(details: &Details, fields: &Fields, violations: &mut Violations) {
    let email = &details.email;
    violations
        .check(is_line(&details.name, NAME), fields.name, WRONG_NAME)
        .check(
            email.is_empty() || Email::parse(email).is_some(),
            fields.email,
            Email::WRONG,
        )
        .check(is_line(&details.phone, PHONE), fields.phone, WRONG_PHONE)
        .check(
            is_line(&details.relation, 0..=200),
            fields.relation,
            "Use 200 characters at most",
        );
}

/// Reads the contacts of a new record; the first is the main one where none says so.
pub(super) fn read_all(wanted: &[Contact], violations: &mut Violations) -> Vec<Details> {
    let mut contacts: Vec<Details> = wanted.iter().map(details).collect();
    violations.check(
        contacts.len() <= MOST_CONTACTS,
        "client.contacts",
        WRONG_CONTACTS,
    );
    for contact in &contacts {
        check(contact, &NEW_CLIENT_FIELDS, violations);
    }
    if !contacts.iter().any(|contact| contact.is_main)
        && let Some(first) = contacts.first_mut()
    {
        first.is_main = true;
    }
    contacts
}

/// The contact as it was, with the named fields as they are wanted.
pub(super) fn merged(
    before: &store::contact::Contact,
    wanted: Details,
    named: &mask::Fields,
) -> Details {
    let pick = |path: &str, wanted: String, before: &str| {
        if named.has(path) {
            wanted
        } else {
            before.to_owned()
        }
    };
    Details {
        name: pick("name", wanted.name, &before.name),
        email: pick("email", wanted.email, &before.email),
        phone: pick("phone", wanted.phone, &before.phone),
        relation: pick("relation", wanted.relation, &before.relation),
        is_main: if named.has("main_contact") {
            wanted.is_main
        } else {
            before.is_main
        },
    }
}

/// A contact as messages carry it.
pub(in crate::rpc) fn message(row: store::contact::Contact) -> Contact {
    Contact {
        id: row.id.to_string(),
        client_id: row.client_id.to_string(),
        name: row.name,
        email: row.email,
        phone: row.phone,
        relation: row.relation,
        main_contact: row.is_main,
        access: row.access.map(access_message),
    }
}

fn access_message(access: Access) -> PortalAccess {
    PortalAccess {
        account_id: access.account_id.to_string(),
        state: client::access_state(&access, clock::now()).into(),
        email: access.email,
        rights: Some(access.rights),
        enabled_by_name: access.enabled_by_name,
        enabled_at: Some(proto::timestamp(access.enabled_at)),
        invited_at: access.invited_at.map(proto::timestamp),
        invitation_expires_at: access.invitation_expires_at.map(proto::timestamp),
        accepted_at: access.accepted_at.map(proto::timestamp),
        last_seen_at: access.last_seen_at.map(proto::timestamp),
        disabled_at: access.disabled_at.map(proto::timestamp),
        wrong_host_at: access.wrong_host_at.map(proto::timestamp),
        wrong_host: access.wrong_host,
    }
}
