//! Clients from a CSV text: first shown with what is wrong, then added.
//!
//! A line is a person; lines with one name are people of one client. Nothing is added while any line is wrong by what is
//! known here; where identity then refuses a client, those before it stay. The id of each request follows from the client's
//! content, so that somebody who sends a table again, as it was or with some clients mended, adds none of the others twice
//! for as long as identity knows the person's requests, which is a day.

mod table;

use askama::Template;
use axum::response::Response;
use futures::{StreamExt as _, future::join_all, stream};
use prost::Message as _;
use proto::identity::{Client, CreateClientRequest};
use serde::Deserialize;
use tenancy::TenantId;
use tonic::Status;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use self::table::{Entry, Problem, read};
use crate::{
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::request_id_of,
    format::count,
    office::{Here, Manager, OfficeFrame, clients::COLUMNS},
    page,
};

/// Enough for the largest text that is taken.
pub(crate) const LARGEST_TEXT: usize = 1024 * 1024;
const MOST_ERRORS: usize = 50;
const SHOWN: usize = 20;
const AT_ONCE: usize = 4;
const SEND_AGAIN: &str = "Mend what was refused and send the whole table again yourself within a day: what you leave \
    unchanged is not added twice.";
/// The columns of what a request calls otherwise.
const FIELDS: [(&str, &str); 4] = [
    ("display_name", "name"),
    ("addresses", "address"),
    ("contacts", "people"),
    ("contacts.name", "person"),
];

#[derive(Template)]
#[template(path = "office/client_import.html")]
struct Page {
    frame: OfficeFrame,
    csv: String,
    outcome: String,
    /// What to do about it, beside mending the lines.
    advice: &'static str,
    problems: Vec<Problem>,
    has_more_problems: bool,
    columns: String,
}

#[derive(Template)]
#[template(path = "office/client_import_check.html")]
struct CheckPage {
    frame: OfficeFrame,
    csv: String,
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

/// The field of both forms.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    csv: String,
}

/// What became of a table.
#[derive(Default)]
struct Outcome {
    clients: usize,
    people: usize,
    /// What was refused, in the order of the lines.
    problems: Vec<Problem>,
}

/// `GET /office/clients/import`
pub(crate) async fn show(manager: Manager) -> Result<Response, Error> {
    page::show(&Page::new(&manager, Fields::default(), Outcome::default()))
}

/// `POST /office/clients/import`: shows what would be added, and adds nothing.
pub(crate) async fn check(manager: Manager, Form(fields): Form<Fields>) -> Result<Response, Error> {
    match read(&fields.csv) {
        Ok(entries) => page::show(&CheckPage::new(&manager, fields.csv, &entries)),
        Err(problems) => page::refuse(&Page::new(&manager, fields, Outcome::wrong(problems))),
    }
}

/// `POST /office/clients/import/save`
pub(crate) async fn save(manager: Manager, Form(fields): Form<Fields>) -> Result<Response, Error> {
    let outcome = match read(&fields.csv) {
        Ok(entries) => add(&manager, entries).await?,
        Err(problems) => Outcome::wrong(problems),
    };
    if !outcome.problems.is_empty() {
        return page::refuse(&Page::new(&manager, fields, outcome));
    }
    let words = format!(
        "{} Nobody is mailed before you enable portal access.",
        outcome.words()
    );
    Ok(flash::redirect(
        &manager.app,
        "/office/clients",
        &Flash::done(words),
    ))
}

/// Adds clients, a few at once, until one is refused.
async fn add(manager: &Manager, entries: Vec<Entry>) -> Result<Outcome, Error> {
    let add_one = async |Entry { line, client }: Entry| {
        let people = client.contacts.len();
        let request = CreateClientRequest {
            request_id: id_of(manager.site.tenant, &client).to_string(),
            client: Some(client),
        };
        let answer = manager.calls.clients().create_client(request).await;
        (line, people, answer)
    };
    let mut outcome = Outcome::default();
    let mut parts = stream::iter(entries).chunks(AT_ONCE);
    while outcome.problems.is_empty()
        && let Some(part) = parts.next().await
    {
        for (line, people, answer) in join_all(part.into_iter().map(add_one)).await {
            match answer {
                Ok(_) => {
                    outcome.clients += 1;
                    outcome.people += people;
                }
                Err(status) => {
                    let texts = refusals(status)?.into_iter();
                    let problems = texts.map(|text| Problem { line, text });
                    outcome.problems.extend(problems);
                }
            }
        }
    }
    Ok(outcome)
}

/// Why identity refused a client; everything else is an error.
fn refusals(status: Status) -> Result<Vec<String>, Error> {
    let violations = status
        .get_details_bad_request()
        .map(|request| request.field_violations)
        .unwrap_or_default();
    let mut texts: Vec<String> = violations
        .into_iter()
        .map(|violation| {
            let field = violation.field.trim_start_matches("client.");
            let known = FIELDS.iter().find(|(name, _)| *name == field);
            let column = known.map_or(field.trim_start_matches("contacts."), |(_, column)| column);
            let named = column.replace('_', " ");
            format!("it is refused for its {named}: {}", violation.description)
        })
        .collect();
    match Error::from(status) {
        Error::Invalid if texts.is_empty() => texts.push("it is refused".to_owned()),
        Error::Invalid => {}
        Error::Refused(words) => texts = vec![words.to_owned()],
        other => return Err(other),
    }
    Ok(texts)
}

impl Outcome {
    /// Nothing was added, because of these.
    fn wrong(problems: Vec<Problem>) -> Self {
        Self {
            problems,
            ..Self::default()
        }
    }

    /// In a whole sentence.
    fn words(&self) -> String {
        format!(
            "{} with {} added.",
            count(self.clients, "client", "clients"),
            count(self.people, "person is", "people are"),
        )
    }
}

impl Page {
    fn new(manager: &Manager, fields: Fields, outcome: Outcome) -> Self {
        let (words, advice) = match outcome.clients {
            0 => ("Nothing is saved: some lines are wrong".to_owned(), ""),
            _ => (outcome.words(), SEND_AGAIN),
        };
        let mut problems = outcome.problems;
        let has_more_problems = problems.len() > MOST_ERRORS;
        problems.truncate(MOST_ERRORS);
        Self {
            frame: OfficeFrame::of(manager, Here::Clients),
            csv: fields.csv,
            outcome: words,
            advice,
            problems,
            has_more_problems,
            columns: COLUMNS.join(", "),
        }
    }
}

impl CheckPage {
    fn new(manager: &Manager, csv: String, entries: &[Entry]) -> Self {
        let people: usize = entries
            .iter()
            .map(|entry| entry.client.contacts.len())
            .sum();
        let shown = entries.iter().take(SHOWN);
        Self {
            frame: OfficeFrame::of(manager, Here::Clients),
            csv,
            clients: count(entries.len(), "client", "clients"),
            people: count(people, "person", "people"),
            rows: shown.map(|entry| Row::new(&entry.client)).collect(),
            more: entries.len().saturating_sub(SHOWN),
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

/// The id of the request that adds a client: the same wherever the client stands in a table, and whatever stands beside
/// it. No table has the same client twice, because lines with one name are one client.
fn id_of(organization: TenantId, client: &Client) -> Uuid {
    request_id_of([organization.uuid().as_bytes(), &client.encode_to_vec()])
}

#[cfg(test)]
mod tests {
    use proto::identity::Contact;
    use service::Reason;
    use tonic::Code;
    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn the_same_client_has_the_same_request_in_any_table_of_the_organization() {
        let organization = TenantId::from(service::new_id());
        let ids = |text: &str| -> Vec<Uuid> {
            let entries = read(text).expect("all lines are right");
            let clients = entries.iter().map(|entry| &entry.client);
            clients.map(|client| id_of(organization, client)).collect()
        };
        let first = ids("name,city\nA,Portland\nB,Salem\n");
        assert_ne!(first[0], first[1]);
        assert_eq!(
            ids("city,name\nSalem,B\nEugene,C\nPortland, A\n")[2],
            first[0]
        );
        assert_ne!(ids("name,city\nA,Salem\n")[0], first[0]);
        let entries = read("name,city\nA,Portland\n").expect("it is right");
        let elsewhere = TenantId::from(service::new_id());
        assert_ne!(id_of(elsewhere, &entries[0].client), first[0]);
        let client = Client {
            contacts: vec![Contact::default()],
            ..entries[0].client.clone()
        };
        assert_ne!(id_of(organization, &client), first[0]);
    }

    #[test]
    fn a_refusal_is_told_and_an_outage_is_not_taken_for_one() {
        let mut details = ErrorDetails::new();
        details.add_bad_request_violation("client.contacts.email", "Enter a whole address");
        details.add_bad_request_violation("client.display_name", "Enter a name");
        let refused = Status::with_error_details(Code::InvalidArgument, "not valid", details);
        assert_eq!(
            refusals(refused).expect("texts"),
            [
                "it is refused for its email: Enter a whole address",
                "it is refused for its name: Enter a name"
            ]
        );
        let reused =
            ErrorDetails::with_error_info(Reason::RequestIdReused.as_str(), "contractoros", []);
        let reused = Status::with_error_details(Code::InvalidArgument, "reused", reused);
        assert_eq!(refusals(reused).expect("a text").len(), 1);
        assert!(refusals(Status::unavailable("away")).is_err());
        assert!(refusals(Status::permission_denied("no")).is_err());
    }
}
