//! The form on a client's record: a new one, or changes to one.

use askama::Template;
use axum::{extract::Path, response::Response};
use proto::identity::{
    Client, ClientKind, CreateClientRequest, PostalAddress, UpdateClientRequest,
};
use serde::Deserialize;
use tonic::Code;
use uuid::Uuid;

use crate::{
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{FormView, request_id},
    office::{
        Choice, Here, Manager, OfficeFrame, client,
        clients::{status_choices, status_of, status_word},
        edit::{Difference, LabelledFields, differences, tidy},
        mask,
    },
    page,
};

const SECOND: &str = "Second address";

/// The fields of a request, and those of the form.
const FIELDS: [(&str, &str); 9] = [
    ("client.kind", "kind"),
    ("client.display_name", "name"),
    ("client.phone", "phone"),
    ("client.best_time", "best_time"),
    ("client.status", "status"),
    ("client.source", "source"),
    ("client.tags", "tags"),
    ("client.notes", "notes"),
    ("client.addresses", "line1"),
];

#[derive(Template)]
#[template(path = "office/client_form.html")]
struct Page {
    frame: OfficeFrame,
    /// The record; none while it is new.
    id: Option<String>,
    title: String,
    form: FormView<Fields>,
    stale: Vec<Difference>,
    statuses: Vec<Choice>,
}

/// The fields of the form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    request_id: String,
    etag: String,
    kind: String,
    name: String,
    status: String,
    phone: String,
    best_time: String,
    source: String,
    tags: String,
    notes: String,
    label: String,
    line1: String,
    line2: String,
    city: String,
    region: String,
    postal_code: String,
    label_2: String,
    line1_2: String,
    line2_2: String,
    city_2: String,
    region_2: String,
    postal_code_2: String,
}

/// `GET /office/clients/new`
pub(crate) async fn new(manager: Manager) -> Result<Response, Error> {
    let fields = Fields {
        request_id: request_id(),
        kind: "individual".to_owned(),
        status: "active".to_owned(),
        label: "Home".to_owned(),
        ..Fields::default()
    };
    page::show(&Page::new(&manager, None, FormView::new(fields)))
}

/// `POST /office/clients/new`
pub(crate) async fn create(
    manager: Manager,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let created = manager
        .calls
        .clients()
        .create_client(CreateClientRequest {
            client: Some(fields.record(&[])),
            request_id: fields.request_id.clone(),
        })
        .await;
    let client = match created {
        Ok(answer) => answer.into_inner().client.unwrap_or_default(),
        Err(status) => {
            let form = FormView::refused(fields, &status, &FIELDS)?;
            return page::refuse(&Page::new(&manager, None, form));
        }
    };
    let words = format!(
        "{} is added. Next: the people who belong to it.",
        client.display_name
    );
    let path = format!("/office/clients/{}", client.id);
    Ok(flash::redirect(&manager.app, &path, &Flash::done(words)))
}

/// `GET /office/clients/{client}/edit`
pub(crate) async fn edit(manager: Manager, Path(id): Path<Uuid>) -> Result<Response, Error> {
    let record = client::read(&manager, id).await?;
    let form = FormView::new(Fields::of(&record));
    page::show(&Page::new(&manager, Some(&record), form))
}

/// `POST /office/clients/{client}/edit`
pub(crate) async fn save(
    manager: Manager,
    Path(id): Path<Uuid>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let before = client::read(&manager, id).await?;
    let record = Client {
        id: id.to_string(),
        etag: fields.etag.clone(),
        ..fields.record(&before.addresses)
    };
    let paths = [
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
    let saved = manager
        .calls
        .clients()
        .update_client(UpdateClientRequest {
            client: Some(record),
            update_mask: Some(mask(&paths)),
        })
        .await;
    let path = format!("/office/clients/{id}");
    match saved {
        Ok(_) => {
            let words = format!("{} is saved.", fields.name.trim());
            Ok(flash::redirect(&manager.app, &path, &Flash::done(words)))
        }
        Err(status) if status.code() == Code::Aborted => {
            let now = client::read(&manager, id).await?;
            let stale = differences(&Fields::of(&now), &fields);
            if stale.is_empty() {
                let flash = Flash::done("Somebody else saved the very same a moment ago.");
                return Ok(flash::redirect(&manager.app, &path, &flash));
            }
            let form = FormView::new(Fields {
                etag: now.etag.clone(),
                ..fields
            });
            page::conflict(&Page {
                stale,
                ..Page::new(&manager, Some(&now), form)
            })
        }
        Err(status) => {
            let form = FormView::refused(fields, &status, &FIELDS)?;
            page::refuse(&Page::new(&manager, Some(&before), form))
        }
    }
}

impl Page {
    fn new(manager: &Manager, record: Option<&Client>, form: FormView<Fields>) -> Self {
        Self {
            frame: OfficeFrame::of(manager, Here::Clients),
            id: record.map(|record| record.id.clone()),
            title: record.map_or_else(
                || "Add a client".to_owned(),
                |record| format!("Edit {}", record.display_name),
            ),
            statuses: status_choices(&form.values.status, None),
            form,
            stale: Vec::new(),
        }
    }

    /// Where the form goes.
    fn action(&self) -> String {
        match &self.id {
            Some(id) => format!("/office/clients/{id}/edit"),
            None => "/office/clients/new".to_owned(),
        }
    }

    /// True where the second address is in use, or wrong.
    fn has_second(&self) -> bool {
        let values = &self.form.values;
        !(values.line1_2.is_empty() && values.city_2.is_empty() && values.postal_code_2.is_empty())
    }
}

impl Fields {
    fn of(client: &Client) -> Self {
        let address = |index: usize| client.addresses.get(index).cloned().unwrap_or_default();
        let (first, second) = (address(0), address(1));
        Self {
            request_id: String::new(),
            etag: client.etag.clone(),
            kind: kind_word(client.kind()).to_owned(),
            name: client.display_name.clone(),
            status: status_word(client.status()).to_owned(),
            phone: client.phone.clone(),
            best_time: client.best_time.clone(),
            source: client.source.clone(),
            tags: client.tags.join(", "),
            notes: client.notes.clone(),
            label: first.label,
            line1: first.line1,
            line2: first.line2,
            city: first.city,
            region: first.region,
            postal_code: first.postal_code,
            label_2: second.label,
            line1_2: second.line1,
            line2_2: second.line2,
            city_2: second.city,
            region_2: second.region,
            postal_code_2: second.postal_code,
        }
    }

    /// The record as it would be saved; addresses that the form does not show stay.
    fn record(&self, addresses: &[PostalAddress]) -> Client {
        let first = PostalAddress {
            line1: self.line1.clone(),
            line2: self.line2.clone(),
            city: self.city.clone(),
            region: self.region.clone(),
            postal_code: self.postal_code.clone(),
            label: self.label.clone(),
        };
        let second = PostalAddress {
            line1: self.line1_2.clone(),
            line2: self.line2_2.clone(),
            city: self.city_2.clone(),
            region: self.region_2.clone(),
            postal_code: self.postal_code_2.clone(),
            label: self.label_2.clone(),
        };
        let others = addresses.iter().skip(2).cloned();
        Client {
            kind: kind_of(&self.kind).into(),
            display_name: self.name.clone(),
            phone: self.phone.clone(),
            best_time: self.best_time.clone(),
            status: status_of(&self.status).into(),
            source: self.source.clone(),
            tags: tags_of(&self.tags),
            notes: tidy(&self.notes),
            addresses: [first, second]
                .into_iter()
                .filter(says_something)
                .chain(others)
                .collect(),
            ..Client::default()
        }
    }
}

impl LabelledFields for Fields {
    fn labelled_fields(&self) -> Vec<(&'static str, String)> {
        let status = status_choices(&self.status, None)
            .into_iter()
            .find(|choice| choice.is_chosen)
            .map(|choice| choice.label)
            .unwrap_or_default();
        let lines = |parts: [&String; 5]| {
            parts
                .into_iter()
                .filter(|part| !part.trim().is_empty())
                .map(|part| part.trim())
                .collect::<Vec<_>>()
                .join(", ")
        };
        vec![
            ("Kind", self.kind.clone()),
            ("Name", tidy(&self.name)),
            ("Status", status),
            ("Phone", tidy(&self.phone)),
            ("Best time to call", tidy(&self.best_time)),
            ("Source", tidy(&self.source)),
            ("Tags", tags_of(&self.tags).join(", ")),
            ("Notes", tidy(&self.notes)),
            (
                "Address",
                lines([
                    &self.line1,
                    &self.line2,
                    &self.city,
                    &self.region,
                    &self.postal_code,
                ]),
            ),
            (
                SECOND,
                lines([
                    &self.line1_2,
                    &self.line2_2,
                    &self.city_2,
                    &self.region_2,
                    &self.postal_code_2,
                ]),
            ),
        ]
    }
}

fn says_something(address: &PostalAddress) -> bool {
    [
        &address.line1,
        &address.line2,
        &address.city,
        &address.region,
        &address.postal_code,
    ]
    .into_iter()
    .any(|part| !part.trim().is_empty())
}

/// The word of a kind in forms and files.
fn kind_word(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Company => "company",
        ClientKind::Individual | ClientKind::Unspecified => "individual",
    }
}

/// Reads the word of a kind.
pub(crate) fn kind_of(word: &str) -> ClientKind {
    match word {
        "individual" => ClientKind::Individual,
        "company" => ClientKind::Company,
        _ => ClientKind::Unspecified,
    }
}

/// Reads tags: between commas, each once.
pub(crate) fn tags_of(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in text.split([',', ';']).map(str::trim) {
        let is_known = tags.iter().any(|known| known.eq_ignore_ascii_case(tag));
        if !tag.is_empty() && !is_known {
            tags.push(tag.to_owned());
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stand_between_commas_each_once() {
        assert_eq!(tags_of(" VIP, referral;vip ,, "), ["VIP", "referral"]);
        assert!(tags_of("").is_empty());
    }

    #[test]
    fn addresses_that_the_form_does_not_show_stay() {
        let address = |line: &str| PostalAddress {
            line1: line.to_owned(),
            ..PostalAddress::default()
        };
        let before = [address("a"), address("b"), address("c")];
        let client = Client {
            addresses: before.to_vec(),
            ..Client::default()
        };
        let mut fields = Fields::of(&client);
        fields.line1_2 = " ".to_owned();
        let lines: Vec<String> = fields
            .record(&before)
            .addresses
            .into_iter()
            .map(|address| address.line1)
            .collect();
        assert_eq!(lines, ["a", "c"]);
    }

    #[test]
    fn an_address_that_changed_is_told_as_one_line() {
        let mut now = Fields {
            city: "Portland".to_owned(),
            ..Fields::default()
        };
        let typed = now.clone();
        now.line1 = "214 Larkspur Lane".to_owned();
        let found = differences(&now, &typed);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].saved, "214 Larkspur Lane, Portland");
    }
}
