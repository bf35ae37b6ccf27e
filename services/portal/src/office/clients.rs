//! The list of clients, on a page and as a file.

use askama::Template;
use axum::{
    extract::Query,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use proto::identity::{
    Client, ClientKind, ClientStatus, Contact, ListClientsRequest, PortalAccess,
};
use serde::Deserialize;

use crate::{
    badge::Badge,
    error::Error,
    format::count,
    office::{Choice, Here, Manager, OfficeFrame},
    page,
};

const CLIENTS: i32 = 25;
const FILE_PAGE: i32 = 500;

/// The columns of the file, as the import reads them.
pub(crate) const COLUMNS: [&str; 16] = [
    "name",
    "kind",
    "status",
    "phone",
    "best_time",
    "source",
    "tags",
    "notes",
    "address",
    "address2",
    "city",
    "region",
    "postal_code",
    "person",
    "email",
    "relation",
];

#[derive(Template)]
#[template(path = "office/clients.html")]
struct Page {
    frame: OfficeFrame,
    asked: Asked,
    statuses: Vec<Choice>,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
}

/// What the address asks for.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// Words to search for.
    pub(crate) q: String,
    /// A status by its word.
    pub(crate) status: String,
    /// A tag.
    pub(crate) tag: String,
    /// The page's token.
    pub(crate) after: String,
}

/// One client of the list.
struct Row {
    id: String,
    name: String,
    people: String,
    place: String,
    tags: Vec<Tag>,
    status: Badge,
    access: Badge,
}

/// A tag that leads to all clients who have it.
struct Tag {
    name: String,
    link: String,
}

/// `GET /office/clients`
pub(crate) async fn show(manager: Manager, Query(asked): Query<Asked>) -> Result<Response, Error> {
    let answer = manager
        .calls
        .clients()
        .list_clients(ListClientsRequest {
            page_size: CLIENTS,
            ..asked.request()
        })
        .await?
        .into_inner();
    page::show(&Page {
        frame: OfficeFrame::of(&manager, Here::Clients),
        statuses: status_choices(&asked.status, Some("Every status")),
        rows: answer.clients.iter().map(Row::new).collect(),
        first: (!asked.after.is_empty()).then(|| asked.path("")),
        next: (!answer.next_page_token.is_empty()).then(|| asked.path(&answer.next_page_token)),
        asked,
    })
}

impl Asked {
    /// True where not every client is meant.
    pub(crate) fn is_filtered(&self) -> bool {
        !(self.q.is_empty() && self.status.is_empty() && self.tag.is_empty())
    }

    /// The file with the clients of this list.
    pub(crate) fn file_link(&self) -> String {
        self.link("/office/clients.csv", "")
    }

    fn path(&self, after: &str) -> String {
        self.link("/office/clients", after)
    }

    fn link(&self, path: &str, after: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("q", self.q.as_str()),
            ("status", &self.status),
            ("tag", &self.tag),
            ("after", after),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        match query.finish() {
            text if text.is_empty() => path.to_owned(),
            text => format!("{path}?{text}"),
        }
    }

    fn request(&self) -> ListClientsRequest {
        ListClientsRequest {
            page_token: self.after.clone(),
            search: self.q.trim().to_owned(),
            status: status_of(&self.status).into(),
            tag: self.tag.trim().to_owned(),
            ..ListClientsRequest::default()
        }
    }
}

impl Row {
    fn new(client: &Client) -> Self {
        let place = client.addresses.first().map(|address| {
            [address.line1.as_str(), &address.city]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(", ")
        });
        Self {
            id: client.id.clone(),
            name: client.display_name.clone(),
            people: people_words(&client.contacts),
            place: place.unwrap_or_default(),
            tags: client
                .tags
                .iter()
                .map(|tag| Tag {
                    link: Asked {
                        tag: tag.clone(),
                        ..Asked::default()
                    }
                    .path(""),
                    name: tag.clone(),
                })
                .collect(),
            status: Badge::of_client(client.status()),
            access: best_access(&client.contacts),
        }
    }
}

fn people_words(contacts: &[Contact]) -> String {
    match contacts {
        [] => "No people yet".to_owned(),
        [only] => only.name.clone(),
        [one, other] => format!("{} and {}", one.name, other.name),
        [first, rest @ ..] => format!(
            "{} and {}",
            first.name,
            count(rest.len(), "other", "others")
        ),
    }
}

/// How far the person of a client has come who has come farthest: one person who can look is enough.
fn best_access(contacts: &[Contact]) -> Badge {
    use proto::identity::PortalAccessState::{Active, Disabled, InvitationExpired, Invited};
    let states: Vec<_> = contacts
        .iter()
        .filter_map(|contact| contact.access.as_ref())
        .map(PortalAccess::state)
        .collect();
    let best = [Active, Invited, InvitationExpired, Disabled]
        .into_iter()
        .find(|state| states.contains(state));
    Badge::of_access(best)
}

/// The word of a status in addresses, forms and files.
pub(crate) fn status_word(status: ClientStatus) -> &'static str {
    match status {
        ClientStatus::Lead => "lead",
        ClientStatus::Active => "active",
        ClientStatus::Past => "past",
        ClientStatus::Unspecified => "",
    }
}

/// Reads the word of a status.
pub(crate) fn status_of(word: &str) -> ClientStatus {
    [ClientStatus::Lead, ClientStatus::Active, ClientStatus::Past]
        .into_iter()
        .find(|status| status_word(*status) == word)
        .unwrap_or(ClientStatus::Unspecified)
}

/// The statuses to choose from; `all` names the choice of none, where there is one.
pub(crate) fn status_choices(chosen: &str, all: Option<&str>) -> Vec<Choice> {
    let statuses = [
        ("lead", "Lead"),
        ("active", "Active client"),
        ("past", "Past client"),
    ];
    all.map(|label| Choice::new("", label, chosen))
        .into_iter()
        .chain(statuses.map(|(word, label)| Choice::new(word, label, chosen)))
        .collect()
}

/// `GET /office/clients.csv`: the clients of the list, a line a person, after RFC 4180.
pub(crate) async fn file(manager: Manager, Query(asked): Query<Asked>) -> Result<Response, Error> {
    let mut records = manager.calls.clients();
    let mut request = ListClientsRequest {
        page_size: FILE_PAGE,
        page_token: String::new(),
        ..asked.request()
    };
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    write_line(&mut writer, &COLUMNS.map(str::to_owned))?;
    loop {
        let answer = records.list_clients(request.clone()).await?.into_inner();
        for client in &answer.clients {
            for line in lines_of(client) {
                write_line(&mut writer, &line)?;
            }
        }
        if answer.next_page_token.is_empty() {
            break;
        }
        request.page_token = answer.next_page_token;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| anyhow::anyhow!("write a file: {error}"))?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"clients.csv\""),
        ),
    ];
    Ok((headers, bytes).into_response())
}

fn write_line(writer: &mut csv::Writer<Vec<u8>>, line: &[String; 16]) -> Result<(), Error> {
    writer
        .write_record(line.iter().map(|cell| harmless(cell)))
        .map_err(|error| {
            anyhow::Error::new(error)
                .context("write a line of a file")
                .into()
        })
}

fn lines_of(client: &Client) -> Vec<[String; 16]> {
    let people: Vec<Option<&Contact>> = if client.contacts.is_empty() {
        vec![None]
    } else {
        client.contacts.iter().map(Some).collect()
    };
    people
        .into_iter()
        .map(|person| line_of(client, person))
        .collect()
}

fn line_of(client: &Client, person: Option<&Contact>) -> [String; 16] {
    let address = client.addresses.first().cloned().unwrap_or_default();
    let person = person.cloned().unwrap_or_default();
    let kind = match client.kind() {
        ClientKind::Company => "company",
        ClientKind::Individual | ClientKind::Unspecified => "individual",
    };
    [
        client.display_name.clone(),
        kind.to_owned(),
        status_word(client.status()).to_owned(),
        client.phone.clone(),
        client.best_time.clone(),
        client.source.clone(),
        client.tags.join("; "),
        client.notes.clone(),
        address.line1,
        address.line2,
        address.city,
        address.region,
        address.postal_code,
        person.name,
        person.email,
        person.relation,
    ]
}

/// A cell that no spreadsheet takes for a formula: one that begins like a formula gets an apostrophe before it.
///
/// See OWASP, "CSV injection". A telephone number keeps its plus sign: digits, spaces and brackets compute nothing.
fn harmless(cell: &str) -> String {
    let is_number = |text: &str| {
        text.strip_prefix('+').is_some_and(|rest| {
            rest.chars()
                .all(|letter| letter.is_ascii_digit() || " ()-.".contains(letter))
        })
    };
    let begins_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if begins_formula && !is_number(cell) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// Undoes [`harmless`], so that a file that was exported can be imported.
pub(crate) fn as_typed(cell: &str) -> &str {
    let cell = cell.trim();
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use proto::identity::PortalAccessState;

    use super::*;

    #[test]
    fn no_cell_computes() {
        for formula in ["=1+1", "@SUM(A1)", "-2+3", "+1+1*cmd", "\t=1"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for text in ["Maya", "+1 (503) 555-0142", "", "a=b"] {
            assert_eq!(harmless(text), text);
        }
        assert_eq!(as_typed(&harmless("=1+1")), "=1+1");
        assert_eq!(as_typed(" 'tis "), "'tis");
    }

    #[test]
    fn a_line_a_person_and_one_where_there_is_none() {
        let mut client = Client {
            display_name: "Okafor".to_owned(),
            ..Client::default()
        };
        assert_eq!(lines_of(&client).len(), 1);
        client.contacts = vec![Contact::default(), Contact::default()];
        assert_eq!(lines_of(&client).len(), 2);
    }

    #[test]
    fn filters_stay_from_page_to_page() {
        let asked = Asked {
            q: "maya & co".to_owned(),
            status: "active".to_owned(),
            ..Asked::default()
        };
        assert_eq!(
            asked.path("t0"),
            "/office/clients?q=maya+%26+co&status=active&after=t0"
        );
        assert_eq!(Asked::default().path(""), "/office/clients");
    }

    #[test]
    fn one_person_who_can_look_is_enough() {
        let contact = |state: PortalAccessState| Contact {
            access: Some(PortalAccess {
                state: state.into(),
                ..PortalAccess::default()
            }),
            ..Contact::default()
        };
        let both = [
            contact(PortalAccessState::Disabled),
            contact(PortalAccessState::Active),
        ];
        assert_eq!(best_access(&both).words, "Active");
        assert_eq!(best_access(&[]).words, "No access");
    }
}
