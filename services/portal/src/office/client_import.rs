//! Clients from a CSV text: first shown with what is wrong, then added all at once.
//!
//! A line is a person; lines with one name are people of one client. Nothing is saved while any line is wrong. The ids
//! of the requests follow from the form's own, so that a form that is sent again adds nobody twice.

use std::collections::HashMap;

use askama::Template;
use axum::response::Response;
use email_address::EmailAddress;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use proto::identity::{
    Client, ClientKind, ClientStatus, Contact, CreateClientRequest, PostalAddress,
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::request_id,
    format::count,
    office::{
        Here, Manager, OfficeFrame,
        client_form::{kind_of, tags_of},
        clients::{COLUMNS, as_typed, status_of},
    },
    page,
};

/// Enough for the largest text that is taken.
pub(crate) const LARGEST_TEXT: usize = 1024 * 1024;
const MOST_CLIENTS: usize = 500;
const MOST_ERRORS: usize = 50;
const SHOWN: usize = 20;
const AT_ONCE: usize = 4;
const LONGEST_CELL: usize = 200;
const LONGEST_NOTES: usize = 10_000;

#[derive(Template)]
#[template(path = "office/client_import.html")]
struct Page {
    frame: OfficeFrame,
    csv: String,
    problems: Vec<Problem>,
    has_more_problems: bool,
    columns: String,
}

#[derive(Template)]
#[template(path = "office/client_import_check.html")]
struct CheckPage {
    frame: OfficeFrame,
    csv: String,
    request_id: String,
    clients: String,
    people: String,
    rows: Vec<Row>,
    more: usize,
}

/// One client as it would be added.
struct Row {
    name: String,
    people: String,
    place: String,
    tags: String,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    line: u64,
    text: String,
}

/// The fields of both forms.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    csv: String,
    request_id: String,
}

/// `GET /office/clients/import`
pub(crate) async fn show(manager: Manager) -> Result<Response, Error> {
    page::show(&Page::new(&manager, Fields::default(), Vec::new()))
}

/// `POST /office/clients/import`: shows what would be added, and adds nothing.
pub(crate) async fn check(manager: Manager, Form(fields): Form<Fields>) -> Result<Response, Error> {
    match read(&fields.csv) {
        Ok(clients) => page::show(&CheckPage::new(&manager, fields.csv, &clients)),
        Err(problems) => page::refuse(&Page::new(&manager, fields, problems)),
    }
}

/// `POST /office/clients/import/save`
pub(crate) async fn save(manager: Manager, Form(fields): Form<Fields>) -> Result<Response, Error> {
    let clients = match read(&fields.csv) {
        Ok(clients) => clients,
        Err(problems) => return page::refuse(&Page::new(&manager, fields, problems)),
    };
    let added = clients.len();
    let people: usize = clients.iter().map(|client| client.contacts.len()).sum();
    stream::iter(clients.into_iter().enumerate())
        .map(|(index, client)| {
            let mut records = manager.calls.clients();
            let request = CreateClientRequest {
                client: Some(client),
                request_id: id_of_part(&fields.request_id, index),
            };
            async move { records.create_client(request).await.map(|_| ()) }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    let words = format!(
        "{} with {} added. Nobody is mailed before you enable portal access.",
        count(added, "client", "clients"),
        count(people, "person is", "people are"),
    );
    Ok(flash::redirect(
        &manager.app,
        "/office/clients",
        &Flash::done(words),
    ))
}

impl Page {
    fn new(manager: &Manager, fields: Fields, mut problems: Vec<Problem>) -> Self {
        let has_more_problems = problems.len() > MOST_ERRORS;
        problems.truncate(MOST_ERRORS);
        Self {
            frame: OfficeFrame::of(manager, Here::Clients),
            csv: fields.csv,
            problems,
            has_more_problems,
            columns: COLUMNS.join(", "),
        }
    }
}

impl CheckPage {
    fn new(manager: &Manager, csv: String, clients: &[Client]) -> Self {
        let people: usize = clients.iter().map(|client| client.contacts.len()).sum();
        Self {
            frame: OfficeFrame::of(manager, Here::Clients),
            csv,
            request_id: request_id(),
            clients: count(clients.len(), "client", "clients"),
            people: count(people, "person", "people"),
            rows: clients.iter().take(SHOWN).map(Row::new).collect(),
            more: clients.len().saturating_sub(SHOWN),
        }
    }
}

impl Row {
    fn new(client: &Client) -> Self {
        let people: Vec<String> = client
            .contacts
            .iter()
            .map(|contact| match contact.email.as_str() {
                "" => contact.name.clone(),
                email => format!("{} ({email})", contact.name),
            })
            .collect();
        let address = client.addresses.first().cloned().unwrap_or_default();
        let place: Vec<String> = [address.line1, address.city]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        Self {
            name: client.display_name.clone(),
            people: people.join(", "),
            place: place.join(", "),
            tags: client.tags.join(", "),
        }
    }
}

/// Reads all clients of a text, or everything that is wrong with it.
fn read(text: &str) -> Result<Vec<Client>, Vec<Problem>> {
    // with one kind of line end, because the reader counts a line too few where there are two
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter_of(&text))
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes());
    let columns = match reader.headers() {
        Ok(headers) => Columns::read(headers)?,
        Err(_) => return Err(vec![no_table()]),
    };
    let mut clients: Vec<Client> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut problems = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                problems.push(Problem {
                    line: error.position().map_or(1, csv::Position::line),
                    text: "it has more or fewer columns than the first line".to_owned(),
                });
                continue;
            }
        };
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = record.position().map_or(1, csv::Position::line);
        let cells = Cells {
            columns: &columns,
            record: &record,
        };
        cells.check(line, &mut problems);
        let key = cells.get("name").to_lowercase();
        if let Some(place) = places.get(&key) {
            clients[*place].contacts.extend(cells.contact());
        } else {
            places.insert(key, clients.len());
            clients.push(cells.client());
        }
    }
    if clients.is_empty() && problems.is_empty() {
        problems.push(no_table());
    }
    if clients.len() > MOST_CLIENTS {
        problems.push(Problem {
            line: 1,
            text: format!("the text has more than {MOST_CLIENTS} clients; import it in parts"),
        });
    }
    if problems.is_empty() {
        Ok(clients)
    } else {
        Err(problems)
    }
}

fn no_table() -> Problem {
    Problem {
        line: 1,
        text: "there is no table; the first line names the columns, each further line is a person"
            .to_owned(),
    }
}

/// What stands between the cells: spreadsheets of some countries, and copied cells, have no comma there.
fn delimiter_of(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let most = |one: &u8, other: &u8| {
        let number = |delimiter: &u8| first.bytes().filter(|byte| byte == delimiter).count();
        number(one).cmp(&number(other))
    };
    [b'\t', b';', b','].into_iter().max_by(most).unwrap_or(b',')
}

/// Where each known column stands.
struct Columns(HashMap<&'static str, usize>);

impl Columns {
    fn read(headers: &csv::StringRecord) -> Result<Self, Vec<Problem>> {
        let mut columns = HashMap::new();
        let mut problems = Vec::new();
        for (place, header) in headers.iter().enumerate() {
            let name = header.trim().to_lowercase().replace(' ', "_");
            match COLUMNS.iter().find(|column| **column == name) {
                Some(column) => {
                    columns.insert(*column, place);
                }
                None => problems.push(Problem {
                    line: 1,
                    text: format!("“{header}” is no column that is known here"),
                }),
            }
        }
        if !columns.contains_key("name") {
            problems.push(Problem {
                line: 1,
                text: "the column “name” is missing".to_owned(),
            });
        }
        if problems.is_empty() {
            Ok(Self(columns))
        } else {
            Err(problems)
        }
    }
}

/// One line by the names of its columns.
struct Cells<'a> {
    columns: &'a Columns,
    record: &'a csv::StringRecord,
}

impl Cells<'_> {
    fn get(&self, column: &str) -> &str {
        let place = self.columns.0.get(column);
        place
            .and_then(|place| self.record.get(*place))
            .map_or("", as_typed)
    }

    fn check(&self, line: u64, problems: &mut Vec<Problem>) {
        let mut check = |holds: bool, text: String| {
            if !holds {
                problems.push(Problem { line, text });
            }
        };
        check(
            !self.get("name").is_empty(),
            "the name is missing".to_owned(),
        );
        let email = self.get("email");
        check(
            email.is_empty() || is_address(email),
            format!("“{email}” is no whole email address"),
        );
        let status = self.get("status").to_lowercase();
        check(
            status.is_empty() || status_of(&status) != ClientStatus::Unspecified,
            format!("the status “{status}” is none of lead, active, past"),
        );
        let kind = self.get("kind").to_lowercase();
        check(
            kind.is_empty() || kind_of(&kind) != ClientKind::Unspecified,
            format!("the kind “{kind}” is none of individual, company"),
        );
        for column in COLUMNS {
            let most = if column == "notes" {
                LONGEST_NOTES
            } else {
                LONGEST_CELL
            };
            check(
                self.get(column).chars().count() <= most,
                format!(
                    "the {} has more than {most} characters",
                    column.replace('_', " ")
                ),
            );
        }
    }

    fn client(&self) -> Client {
        let status = match status_of(&self.get("status").to_lowercase()) {
            ClientStatus::Unspecified => ClientStatus::Active,
            status => status,
        };
        let kind = match kind_of(&self.get("kind").to_lowercase()) {
            ClientKind::Unspecified => ClientKind::Individual,
            kind => kind,
        };
        let address = PostalAddress {
            line1: self.get("address").to_owned(),
            line2: self.get("address2").to_owned(),
            city: self.get("city").to_owned(),
            region: self.get("region").to_owned(),
            postal_code: self.get("postal_code").to_owned(),
            label: String::new(),
        };
        Client {
            kind: kind.into(),
            display_name: self.get("name").to_owned(),
            phone: self.get("phone").to_owned(),
            best_time: self.get("best_time").to_owned(),
            status: status.into(),
            source: self.get("source").to_owned(),
            tags: tags_of(self.get("tags")),
            notes: self.get("notes").to_owned(),
            addresses: (address != PostalAddress::default())
                .then_some(address)
                .into_iter()
                .collect(),
            contacts: self.contact().into_iter().collect(),
            ..Client::default()
        }
    }

    /// The person of the line: named on their own, or like the client where only an address stands there.
    fn contact(&self) -> Option<Contact> {
        let (person, email) = (self.get("person"), self.get("email"));
        if person.is_empty() && email.is_empty() {
            return None;
        }
        let name = if person.is_empty() {
            self.get("name")
        } else {
            person
        };
        Some(Contact {
            name: name.to_owned(),
            email: email.to_owned(),
            relation: self.get("relation").to_owned(),
            ..Contact::default()
        })
    }
}

fn is_address(text: &str) -> bool {
    EmailAddress::is_valid(text)
        && text
            .rsplit_once('@')
            .is_some_and(|(_, domain)| domain.contains('.') && !domain.ends_with('.'))
}

/// The id of one request of many: always the same for one form and one place in it.
fn id_of_part(form: &str, index: usize) -> String {
    let hash = Sha256::digest(format!("{form}:{index}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    let id: Uuid = uuid::Builder::from_custom_bytes(bytes).into_uuid();
    id.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_one_name_are_people_of_one_client() {
        let text = "name,person,email,tags,city\r\n\
            Okafor,Maya Okafor,maya@okafor.example,\"VIP; kitchen\",Portland\r\n\
            okafor,Daniel Okafor,daniel@okafor.example,,\r\n\
            \r\n\
            Hal Brandt,,hal@brandt.example,,\r\n";
        let clients = read(text).expect("all lines are right");
        assert_eq!(clients.len(), 2);
        assert_eq!(clients[0].contacts.len(), 2);
        assert_eq!(clients[0].tags, ["VIP", "kitchen"]);
        assert_eq!(clients[0].addresses[0].city, "Portland");
        assert_eq!(clients[1].contacts[0].name, "Hal Brandt");
        assert!(clients[1].addresses.is_empty());
    }

    #[test]
    fn everything_wrong_is_named_with_its_line() {
        let text = "name,email,status\nA,a@b,active\n,c@d.example,gone\nE,e@f.example,lead,more\n";
        let problems = read(text).expect_err("three lines are wrong");
        let lines: Vec<u64> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 3, 3, 4]);
        let problems = read(&text.replace('\n', "\r\n")).expect_err("as browsers send it");
        assert_eq!(problems[0].line, 2);
    }

    #[test]
    fn columns_are_known_by_name_in_any_order_and_with_any_delimiter() {
        let clients = read("\u{feff}City; Name ;Postal code\nPortland;Okafor;97214\n");
        let clients = clients.expect("a spreadsheet's way");
        assert_eq!(clients[0].addresses[0].postal_code, "97214");
        let problems = read("name,shoe size\nA,44\n").expect_err("an unknown column");
        assert_eq!(problems[0].line, 1);
        assert!(read("").is_err());
        assert!(read("name\n").is_err());
    }

    #[test]
    fn a_form_that_is_sent_again_makes_the_same_requests() {
        assert_eq!(id_of_part("a", 1), id_of_part("a", 1));
        assert_ne!(id_of_part("a", 1), id_of_part("a", 2));
        assert_ne!(id_of_part("a", 1), id_of_part("b", 1));
        assert!(id_of_part("a", 1).parse::<Uuid>().is_ok());
    }
}
