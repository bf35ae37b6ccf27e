//! A client's record: its people and whether each can get in, their mail, the projects, the notes.

mod people;

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use proto::{
    identity::{Client, ClientKind, Contact, GetClientRequest, PostalAddress, Rights},
    notifications::{Delivery, ListDeliveriesRequest},
    projects::{ListProjectsRequest, Project},
};
use serde::Deserialize;
use uuid::Uuid;

use self::people::Person;
use crate::{
    badge::Badge,
    client::optional,
    error::Error,
    format::{Format, capitalized, count, first_name, telephone_link, time_of},
    office::{Here, Manager, OfficeFrame, format_of, mail::Article},
    page,
};

const MAILS: i32 = 10;
/// Enough of each person's mail to tell whether the address works.
const CHECKED_MAILS: i32 = 100;
const PROJECTS: i32 = 100;

#[derive(Template)]
#[template(path = "office/client.html")]
struct Page {
    frame: OfficeFrame,
    id: String,
    name: String,
    is_company: bool,
    status: Badge,
    head: String,
    people: Vec<Person>,
    people_count: String,
    facts: Vec<Fact>,
    phone: Option<(String, String)>,
    addresses: Vec<Address>,
    tags: Vec<String>,
    notes: String,
    projects: Vec<ProjectRow>,
    mail: Option<Mail>,
    back: String,
}

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    mail: String,
    after: String,
}

/// A word and what it is.
struct Fact {
    label: &'static str,
    value: String,
}

/// A postal address in lines.
struct Address {
    label: String,
    lines: Vec<String>,
}

/// A project of the client.
struct ProjectRow {
    id: String,
    name: String,
    percent: i32,
    badge: Option<Badge>,
}

/// The mails to the people of the record.
struct Mail {
    articles: Vec<Article>,
    is_problems: bool,
    first: Option<String>,
    next: Option<String>,
}

/// `GET /office/clients/{client}`
pub(crate) async fn show(
    manager: Manager,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let client = read(&manager, id).await?;
    let accounts: Vec<String> = client
        .contacts
        .iter()
        .filter_map(|contact| contact.access.as_ref())
        .map(|access| access.account_id.clone())
        .collect();
    let request = |page_size, problems_only, page_token: &str| ListDeliveriesRequest {
        page_size,
        page_token: page_token.to_owned(),
        account_ids: accounts.clone(),
        problems_only,
    };
    let is_problems = asked.mail == "problems";
    let shown_request = request(MAILS, is_problems, &asked.after);
    let newest_request = request(CHECKED_MAILS, false, "");
    let (projects, shown, newest) = tokio::join!(
        projects_of(&manager, id),
        deliveries(&manager, shown_request),
        deliveries(&manager, newest_request)
    );
    let newest = newest.map(|(deliveries, _)| deliveries).unwrap_or_default();

    let format = format_of(&manager);
    let host = &manager.site.organization.host;
    let path = format!("/office/clients/{id}");
    let people = client
        .contacts
        .iter()
        .map(|contact| Person::new(contact, &newest, host, &format))
        .collect();
    let mail = shown
        .map(|(deliveries, token)| Mail::new(&deliveries, &token, &asked, &path, &client, &format));
    page::show(&Page {
        frame: OfficeFrame::of(&manager, Here::Clients),
        id: client.id.clone(),
        name: client.display_name.clone(),
        is_company: client.kind() == ClientKind::Company,
        status: Badge::of_client(client.status()),
        head: head(&client, &format),
        people,
        people_count: count(client.contacts.len(), "person", "people"),
        facts: facts(&client),
        phone: dialed(&client.phone),
        addresses: client.addresses.iter().map(Address::new).collect(),
        tags: client.tags.clone(),
        notes: client.notes.clone(),
        projects: projects?.iter().map(ProjectRow::new).collect(),
        mail,
        back: path,
    })
}

/// Reads a record; one that is not of this organization is not there.
pub(crate) async fn read(manager: &Manager, id: Uuid) -> Result<Client, Error> {
    manager
        .calls
        .clients()
        .get_client(GetClientRequest { id: id.to_string() })
        .await?
        .into_inner()
        .client
        .ok_or(Error::NotFound)
}

/// Reads one person of a record, with the record.
pub(crate) async fn read_person(
    manager: &Manager,
    client: Uuid,
    person: Uuid,
) -> Result<(Client, Contact), Error> {
    let record = read(manager, client).await?;
    let person = person.to_string();
    let contact = record
        .contacts
        .iter()
        .find(|contact| contact.id == person)
        .cloned()
        .ok_or(Error::NotFound)?;
    Ok((record, contact))
}

async fn projects_of(manager: &Manager, client: Uuid) -> Result<Vec<Project>, Error> {
    let answer = manager
        .calls
        .projects()
        .list_projects(ListProjectsRequest {
            page_size: PROJECTS,
            client_id: client.to_string(),
            ..ListProjectsRequest::default()
        })
        .await?;
    Ok(answer.into_inner().projects)
}

/// Mails and the token of the next page; none while notifications is away.
async fn deliveries(
    manager: &Manager,
    request: ListDeliveriesRequest,
) -> Option<(Vec<Delivery>, String)> {
    // no account at all would mean every account of the organization
    if request.account_ids.is_empty() {
        return Some((Vec::new(), String::new()));
    }
    let answer = manager.calls.deliveries().list_deliveries(request).await;
    optional("mails", answer).map(|answer| (answer.deliveries, answer.next_page_token))
}

fn head(client: &Client, format: &Format) -> String {
    let place = client
        .addresses
        .first()
        .map(|address| {
            [address.line1.as_str(), &address.city]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(", ")
        })
        .filter(|place| !place.is_empty());
    let since = time_of(client.created_at).map(|at| format!("since {}", format.month_of(at)));
    let parts: Vec<String> = place.into_iter().chain(since).collect();
    capitalized(&parts.join(" · "))
}

fn facts(client: &Client) -> Vec<Fact> {
    let facts = [("Best time", &client.best_time), ("Source", &client.source)];
    facts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(label, value)| Fact {
            label,
            value: value.clone(),
        })
        .collect()
}

/// A telephone number as it is read and as it is dialed.
fn dialed(phone: &str) -> Option<(String, String)> {
    (!phone.is_empty()).then(|| (phone.to_owned(), telephone_link(phone)))
}

/// What a person may do, as a list of verbs.
pub(crate) fn rights_words(rights: Option<&Rights>) -> String {
    let rights = rights.copied().unwrap_or_default();
    let words: Vec<&str> = [
        (rights.view_financials, "see money"),
        (rights.approve, "approve"),
        (rights.pay, "pay"),
        (rights.message, "write"),
    ]
    .into_iter()
    .filter_map(|(may, word)| may.then_some(word))
    .collect();
    if words.is_empty() {
        "look only".to_owned()
    } else {
        words.join(", ")
    }
}

impl Address {
    fn new(address: &PostalAddress) -> Self {
        let city = [&address.city, &address.region]
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        let last = format!("{city} {}", address.postal_code);
        Self {
            label: if address.label.is_empty() {
                "Address".to_owned()
            } else {
                address.label.clone()
            },
            lines: [address.line1.as_str(), &address.line2, last.trim()]
                .into_iter()
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }
}

impl ProjectRow {
    fn new(project: &Project) -> Self {
        Self {
            id: project.id.clone(),
            name: project.name.clone(),
            percent: project.progress_percent().clamp(0, 100),
            badge: Badge::of_project(project),
        }
    }
}

impl Mail {
    fn new(
        deliveries: &[Delivery],
        next: &str,
        asked: &Asked,
        path: &str,
        client: &Client,
        format: &Format,
    ) -> Self {
        let is_problems = asked.mail == "problems";
        let link = |after: &str| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            if is_problems {
                query.append_pair("mail", "problems");
            }
            if !after.is_empty() {
                query.append_pair("after", after);
            }
            format!("{path}?{}#mail", query.finish())
        };
        let name_of = |account: &str| {
            client
                .contacts
                .iter()
                .find(|contact| {
                    let access = contact.access.as_ref();
                    access.is_some_and(|access| access.account_id == account)
                })
                .map_or("", |contact| first_name(&contact.name))
        };
        Self {
            articles: deliveries
                .iter()
                .map(|delivery| Article::new(delivery, name_of(&delivery.account_id), format))
                .collect(),
            is_problems,
            first: (!asked.after.is_empty()).then(|| link("")),
            next: (!next.is_empty()).then(|| link(next)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_told_as_verbs() {
        let all = Rights {
            view_financials: true,
            approve: true,
            pay: true,
            message: true,
        };
        assert_eq!(rights_words(Some(&all)), "see money, approve, pay, write");
        assert_eq!(rights_words(None), "look only");
    }

    #[test]
    fn an_address_has_no_empty_lines() {
        let address = PostalAddress {
            line1: "214 Larkspur Lane".to_owned(),
            city: "Portland".to_owned(),
            region: "OR".to_owned(),
            postal_code: "97214".to_owned(),
            ..PostalAddress::default()
        };
        let lines = Address::new(&address).lines;
        assert_eq!(lines, ["214 Larkspur Lane", "Portland, OR 97214"]);
    }
}
