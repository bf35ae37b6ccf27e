//! Client records: how requests carry them, and how messages do.

use proto::identity::{Client, ClientKind, ClientStatus, PostalAddress};
use service::{
    Error, Result, Violations,
    mask::Fields,
    text::{is_line, is_text},
};
use tenancy::TenantTx;
use uuid::Uuid;

use super::contact;
use crate::{
    client::{Kind, Status},
    rpc::{NAME, PHONE, WRONG_NAME, WRONG_PHONE},
    store,
};

const MOST_TAGS: usize = 20;
const MOST_ADDRESSES: usize = 10;

pub(super) const PATHS: [&str; 9] = [
    "kind",
    "display_name",
    "phone",
    "best_time",
    "status",
    "source",
    "tags",
    "notes",
    "addresses",
];

/// Takes over the wanted fields of a record, and says which are wrong.
pub(super) fn apply(
    record: &mut store::client::Client,
    wanted: &Client,
    fields: &Fields,
    violations: &mut Violations,
) {
    for field in fields.iter() {
        match field {
            "kind" => match Kind::read(wanted.kind()) {
                Some(kind) => record.kind = kind,
                None => {
                    violations.check(false, "client.kind", "Choose people or a company");
                }
            },
            "status" => match Status::read(wanted.status()) {
                Some(status) => record.status = status,
                None => {
                    violations.check(false, "client.status", "Choose a status");
                }
            },
            "display_name" => {
                wanted
                    .display_name
                    .trim()
                    .clone_into(&mut record.display_name);
                let holds = is_line(&record.display_name, NAME);
                violations.check(holds, "client.display_name", WRONG_NAME);
            }
            "phone" => {
                wanted.phone.trim().clone_into(&mut record.phone);
                let holds = is_line(&record.phone, PHONE);
                violations.check(holds, "client.phone", WRONG_PHONE);
            }
            "best_time" => {
                wanted.best_time.trim().clone_into(&mut record.best_time);
                let holds = is_line(&record.best_time, 0..=200);
                violations.check(holds, "client.best_time", "Use 200 characters at most");
            }
            "source" => {
                wanted.source.trim().clone_into(&mut record.source);
                let holds = is_line(&record.source, 0..=200);
                violations.check(holds, "client.source", "Use 200 characters at most");
            }
            "notes" => {
                wanted.notes.trim().clone_into(&mut record.notes);
                let holds = is_text(&record.notes, ..=10_000);
                violations.check(holds, "client.notes", "Use 10,000 characters at most");
            }
            "tags" => check_tags(wanted, violations),
            _ => check_addresses(wanted, violations),
        }
    }
}

fn check_tags(wanted: &Client, violations: &mut Violations) {
    let tags = tags(wanted);
    let hold = tags.len() <= MOST_TAGS && tags.iter().all(|tag| is_line(tag, 1..=50));
    violations.check(hold, "client.tags", "Use 20 tags of 50 characters at most");
}

fn check_addresses(wanted: &Client, violations: &mut Violations) {
    let hold = wanted.addresses.len() <= MOST_ADDRESSES
        && wanted
            .addresses
            .iter()
            .flat_map(lines)
            .all(|line| is_line(line, 0..=200));
    violations.check(
        hold,
        "client.addresses",
        "Use 10 addresses with lines of 200 characters at most",
    );
}

pub(super) fn tags(wanted: &Client) -> Vec<String> {
    wanted
        .tags
        .iter()
        .map(|tag| tag.trim().to_owned())
        .filter(|tag| !tag.is_empty())
        .collect()
}

/// The addresses of a record that say anything.
pub(super) fn addresses(wanted: &Client, client: Uuid) -> Vec<store::client::Address> {
    wanted
        .addresses
        .iter()
        .filter(|address| lines(address).iter().any(|line| !line.trim().is_empty()))
        .map(|address| {
            let [line1, line2, city, region, postal_code, label] =
                lines(address).map(|line| line.trim().to_owned());
            store::client::Address {
                client_id: client,
                line1,
                line2,
                city,
                region,
                postal_code,
                label,
            }
        })
        .collect()
}

fn lines(address: &PostalAddress) -> [&str; 6] {
    [
        &address.line1,
        &address.line2,
        &address.city,
        &address.region,
        &address.postal_code,
        &address.label,
    ]
}

/// A record with all its parts.
pub(super) async fn whole(tx: &mut TenantTx, id: Uuid) -> Result<Client> {
    let row = store::client::get(tx, id).await?;
    with_parts(tx, vec![row])
        .await?
        .pop()
        .ok_or(Error::NotFound)
}

/// Records with all their parts, in one query a part.
pub(super) async fn with_parts(
    tx: &mut TenantTx,
    rows: Vec<store::client::Client>,
) -> Result<Vec<Client>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let tags = store::client::list_tags(tx, &ids).await?;
    let addresses = store::client::list_addresses(tx, &ids).await?;
    let contacts = store::contact::list(tx, &ids).await?;
    let mut clients: Vec<Client> = rows.into_iter().map(Into::into).collect();
    let place = |id: Uuid| ids.iter().position(|other| *other == id);
    for tag in tags {
        if let Some(place) = place(tag.client_id) {
            clients[place].tags.push(tag.tag);
        }
    }
    for address in addresses {
        if let Some(place) = place(address.client_id) {
            clients[place].addresses.push(address.into());
        }
    }
    for contact in contacts {
        if let Some(place) = place(contact.client_id) {
            clients[place].contacts.push(contact::message(contact));
        }
    }
    Ok(clients)
}

impl From<store::client::Client> for Client {
    fn from(row: store::client::Client) -> Self {
        Self {
            id: row.id.to_string(),
            kind: ClientKind::from(row.kind).into(),
            display_name: row.display_name,
            phone: row.phone,
            best_time: row.best_time,
            status: ClientStatus::from(row.status).into(),
            source: row.source,
            tags: Vec::new(),
            notes: row.notes,
            addresses: Vec::new(),
            contacts: Vec::new(),
            created_at: Some(proto::timestamp(row.created_at.to_jiff())),
            etag: row.version.to_string(),
        }
    }
}

impl From<store::client::Address> for PostalAddress {
    fn from(row: store::client::Address) -> Self {
        Self {
            line1: row.line1,
            line2: row.line2,
            city: row.city,
            region: row.region,
            postal_code: row.postal_code,
            label: row.label,
        }
    }
}
