//! `ClientService`.

use jiff_sqlx::ToSqlx as _;
use proto::identity::{
    Client, ClientKind, ClientStatus, Contact, CreateClientRequest, CreateClientResponse,
    CreateContactRequest, CreateContactResponse, DeleteContactRequest, DeleteContactResponse,
    GetClientRequest, GetClientResponse, ListClientsRequest, ListClientsResponse, PortalAccess,
    PostalAddress, UpdateClientRequest, UpdateClientResponse, UpdateContactRequest,
    UpdateContactResponse, client_service_server::ClientService,
};
use service::{Error, Reason, Result, Violations, clock, page, parse_id};
use tenancy::{Audience, Caller, Db, Once, TenantTx, audit};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    NAME, PHONE, WRONG_NAME, WRONG_PHONE, batch, cut, is_line, is_text, paths, version_of,
};
use crate::{
    account::{State, require_confirmed_owner},
    client::{self, Kind},
    email::Email,
    link::{self, LinkKey, Purpose},
    rpc, search,
    store::{
        self,
        contact::{Access, Details},
    },
};

const MOST_CONTACTS: usize = 20;
const MOST_TAGS: usize = 20;
const MOST_ADDRESSES: usize = 10;

const CLIENT_PATHS: [&str; 9] = [
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
const CONTACT_PATHS: [&str; 5] = ["name", "email", "phone", "relation", "main_contact"];

pub(crate) struct Clients {
    pub(crate) db: Db,
    pub(crate) links: LinkKey,
}

#[tonic::async_trait]
impl ClientService for Clients {
    async fn create_client(
        &self,
        request: Request<CreateClientRequest>,
    ) -> Result<Response<CreateClientResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let wanted = request.client.clone().unwrap_or_default();
        let mut record = store::client::Client {
            id: service::new_id(),
            kind: Kind::Individual,
            display_name: String::new(),
            phone: String::new(),
            best_time: String::new(),
            status: client::Status::Active,
            source: String::new(),
            notes: String::new(),
            created_at: clock::now().to_sqlx(),
            version: 1,
        };
        // kind and status have their defaults where the request names none
        let named = CLIENT_PATHS.into_iter().filter(|path| match *path {
            "kind" => wanted.kind() != ClientKind::Unspecified,
            "status" => wanted.status() != ClientStatus::Unspecified,
            _ => true,
        });
        let mut violations = Violations::new();
        apply(
            &mut record,
            &wanted,
            &named.collect::<Vec<_>>(),
            &mut violations,
        );
        let contacts = read_contacts(&wanted.contacts, &mut violations);
        violations.finish()?;

        let mut tx = self.db.begin(&caller).await?;
        let method = "ClientService.CreateClient";
        let fresh =
            match Once::begin(&mut tx, &caller, method, &request.request_id, &request).await? {
                Once::Before(response) => return Ok(Response::new(response)),
                Once::Fresh(fresh) => fresh,
            };
        store::client::insert(&mut tx, &record).await?;
        store::client::replace_tags(&mut tx, record.id, &tags(&wanted)).await?;
        store::client::replace_addresses(&mut tx, record.id, &addresses(&wanted, record.id))
            .await?;
        for contact in &contacts {
            store::contact::insert(&mut tx, record.id, contact).await?;
        }
        search::reindex(&mut tx, record.id).await?;
        audit::record(&mut tx, &caller, "client.create", record.id).await?;
        let response = CreateClientResponse {
            client: Some(whole(&mut tx, record.id).await?),
        };
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }

    async fn get_client(
        &self,
        request: Request<GetClientRequest>,
    ) -> Result<Response<GetClientResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let id = parse_id(&request.get_ref().id, "id")?;

        let mut tx = self.db.begin(&caller).await?;
        let client = whole(&mut tx, id).await?;
        tx.commit().await?;

        Ok(Response::new(GetClientResponse {
            client: Some(client),
        }))
    }

    async fn list_clients(
        &self,
        request: Request<ListClientsRequest>,
    ) -> Result<Response<ListClientsResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let size = page::size(request.page_size)?;
        let after: Option<(String, Uuid)> = page::keys(&request.page_token)?;
        let (words_from, words_before) = search::ranges(&request.search);
        let ids = batch(&request.ids, "ids")?;
        let tag = request.tag.trim();
        let filter = store::client::Filter {
            words_from,
            words_before,
            status: client::Status::read(request.status()),
            tag: (!tag.is_empty()).then(|| tag.to_owned()),
            ids: (!ids.is_empty()).then_some(ids),
        };

        let mut tx = self.db.begin(&caller).await?;
        let mut rows = store::client::list(&mut tx, &filter, after.as_ref(), size + 1).await?;
        let next_page_token = cut(&mut rows, size, |last| {
            (store::client::sort_key(&last.display_name), last.id)
        });
        let clients = with_parts(&mut tx, rows).await?;
        tx.commit().await?;

        Ok(Response::new(ListClientsResponse {
            clients,
            next_page_token,
        }))
    }

    async fn update_client(
        &self,
        request: Request<UpdateClientRequest>,
    ) -> Result<Response<UpdateClientResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let wanted = request.client.unwrap_or_default();
        let id = parse_id(&wanted.id, "client.id")?;
        let paths = paths(request.update_mask.as_ref(), &CLIENT_PATHS)?;
        let version = version_of(&wanted.etag)?;

        let mut tx = self.db.begin(&caller).await?;
        let mut record = store::client::get(&mut tx, id).await?;
        record.version = version;
        let mut violations = Violations::new();
        apply(&mut record, &wanted, &paths, &mut violations);
        violations.finish()?;
        store::client::update(&mut tx, &record).await?;
        if paths.contains(&"tags") {
            store::client::replace_tags(&mut tx, id, &tags(&wanted)).await?;
        }
        if paths.contains(&"addresses") {
            store::client::replace_addresses(&mut tx, id, &addresses(&wanted, id)).await?;
        }
        search::reindex(&mut tx, id).await?;
        audit::record(&mut tx, &caller, "client.update", id).await?;
        let client = whole(&mut tx, id).await?;
        tx.commit().await?;

        Ok(Response::new(UpdateClientResponse {
            client: Some(client),
        }))
    }

    async fn create_contact(
        &self,
        request: Request<CreateContactRequest>,
    ) -> Result<Response<CreateContactResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let wanted = request.contact.clone().unwrap_or_default();
        let client = parse_id(&wanted.client_id, "contact.client_id")?;
        let details = details(&wanted);
        let mut violations = Violations::new();
        check(&details, &CONTACT_FIELDS, &mut violations);
        violations.finish()?;

        let mut tx = self.db.begin(&caller).await?;
        let method = "ClientService.CreateContact";
        let fresh =
            match Once::begin(&mut tx, &caller, method, &request.request_id, &request).await? {
                Once::Before(response) => return Ok(Response::new(response)),
                Once::Fresh(fresh) => fresh,
            };
        store::client::lock(&mut tx, client).await?;
        let present = store::contact::list(&mut tx, &[client]).await?;
        if present.len() >= MOST_CONTACTS {
            return Err(Error::invalid("contact", WRONG_CONTACTS).into());
        }
        let id = store::contact::insert(&mut tx, client, &details).await?;
        search::reindex(&mut tx, client).await?;
        audit::record(&mut tx, &caller, "contact.create", id).await?;
        let contact = store::contact::get(&mut tx, client, id).await?;
        let response = CreateContactResponse {
            contact: Some(message(contact)),
        };
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }

    async fn update_contact(
        &self,
        request: Request<UpdateContactRequest>,
    ) -> Result<Response<UpdateContactResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let wanted = request.contact.unwrap_or_default();
        let id = parse_id(&wanted.id, "contact.id")?;
        let client = parse_id(&wanted.client_id, "contact.client_id")?;
        let paths = paths(request.update_mask.as_ref(), &CONTACT_PATHS)?;

        let mut tx = self.db.begin(&caller).await?;
        store::client::lock(&mut tx, client).await?;
        let before = store::contact::get(&mut tx, client, id).await?;
        let details = merged(&before, details(&wanted), &paths);
        let mut violations = Violations::new();
        check(&details, &CONTACT_FIELDS, &mut violations);
        violations.finish()?;
        // before the contact, as everywhere: two changes that meet never wait for each other
        let account = match &before.access {
            Some(access) if !client::is_disabled(access) => {
                Some(store::account::lock(&mut tx, access.account_id).await?)
            }
            _ => None,
        };
        store::contact::update(&mut tx, client, id, &details).await?;
        match &account {
            Some(account) => {
                self.update_sign_in(&mut tx, &caller, account, &details)
                    .await?;
            }
            None => search::reindex(&mut tx, client).await?,
        }
        audit::record(&mut tx, &caller, "contact.update", id).await?;
        let contact = store::contact::get(&mut tx, client, id).await?;
        tx.commit().await?;

        Ok(Response::new(UpdateContactResponse {
            contact: Some(message(contact)),
        }))
    }

    async fn delete_contact(
        &self,
        request: Request<DeleteContactRequest>,
    ) -> Result<Response<DeleteContactResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let client = parse_id(&request.client_id, "client_id")?;
        let id = parse_id(&request.id, "id")?;

        let mut tx = self.db.begin(&caller).await?;
        store::client::lock(&mut tx, client).await?;
        let contact = store::contact::get(&mut tx, client, id).await?;
        if contact
            .access
            .as_ref()
            .is_some_and(|access| !client::is_disabled(access))
        {
            return Err(Error::Precondition(Reason::AccessExists).into());
        }
        store::contact::delete(&mut tx, id).await?;
        search::reindex(&mut tx, client).await?;
        audit::record(&mut tx, &caller, "contact.delete", id).await?;
        tx.commit().await?;

        Ok(Response::new(DeleteContactResponse {}))
    }
}

impl Clients {
    /// Carries a contact's new details to the account that the person signs in with.
    ///
    /// Who was invited at a wrong address is invited again at the right one. An address that somebody signs in with already
    /// stays: changing it here would hand the account to whoever has the other mailbox.
    async fn update_sign_in(
        &self,
        tx: &mut TenantTx,
        caller: &Caller,
        account: &store::account::Account,
        details: &Details,
    ) -> Result<()> {
        store::account::set_profile(tx, account.id, &details.name, &details.phone).await?;
        if details.email.to_lowercase() != account.email_key {
            if account.state == State::Active {
                return Err(Error::invalid(CONTACT_FIELDS.email, SIGNS_IN_EMAIL));
            }
            let email = Email::parse(&details.email)
                .ok_or(Error::invalid(CONTACT_FIELDS.email, Email::WRONG))?;
            let taken = || Error::invalid(CONTACT_FIELDS.email, TAKEN_EMAIL);
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

const WRONG_CONTACTS: &str = "A record has 20 contacts at most";
const SIGNS_IN_EMAIL: &str = "This person signs in with the present address: disable portal access, then enable it with the new one";
const TAKEN_EMAIL: &str = "Another sign-in has this address: enter another";

/// Where a contact's fields stand in a request.
struct Fields {
    name: &'static str,
    email: &'static str,
    phone: &'static str,
    relation: &'static str,
}

const CONTACT_FIELDS: Fields = Fields {
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

fn details(wanted: &Contact) -> Details {
    Details {
        name: wanted.name.trim().to_owned(),
        email: wanted.email.trim().to_owned(),
        phone: wanted.phone.trim().to_owned(),
        relation: wanted.relation.trim().to_owned(),
        is_main: wanted.main_contact,
    }
}

fn check(details: &Details, fields: &Fields, violations: &mut Violations) {
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
fn read_contacts(wanted: &[Contact], violations: &mut Violations) -> Vec<Details> {
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
fn merged(before: &store::contact::Contact, wanted: Details, paths: &[&str]) -> Details {
    let pick = |path: &str, wanted: String, before: &str| {
        if paths.contains(&path) {
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
        is_main: if paths.contains(&"main_contact") {
            wanted.is_main
        } else {
            before.is_main
        },
    }
}

/// Takes over the wanted fields of a record, and says which are wrong.
fn apply(
    record: &mut store::client::Client,
    wanted: &Client,
    paths: &[&str],
    violations: &mut Violations,
) {
    for path in paths {
        match *path {
            "kind" => match Kind::read(wanted.kind()) {
                Some(kind) => record.kind = kind,
                None => {
                    violations.check(false, "client.kind", "Choose people or a company");
                }
            },
            "status" => match client::Status::read(wanted.status()) {
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
                let holds = is_text(&record.notes, 10_000);
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

fn tags(wanted: &Client) -> Vec<String> {
    wanted
        .tags
        .iter()
        .map(|tag| tag.trim().to_owned())
        .filter(|tag| !tag.is_empty())
        .collect()
}

/// The addresses of a record that say anything.
fn addresses(wanted: &Client, client: Uuid) -> Vec<store::client::Address> {
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
async fn whole(tx: &mut TenantTx, id: Uuid) -> Result<Client> {
    let row = store::client::get(tx, id).await?;
    with_parts(tx, vec![row])
        .await?
        .pop()
        .ok_or(Error::NotFound)
}

/// Records with all their parts, in one query a part.
async fn with_parts(tx: &mut TenantTx, rows: Vec<store::client::Client>) -> Result<Vec<Client>> {
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
            clients[place].contacts.push(message(contact));
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

/// A contact as messages carry it.
pub(crate) fn message(row: store::contact::Contact) -> Contact {
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
