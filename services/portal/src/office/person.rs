//! One person of a client's record: added, changed, taken off.

use askama::Template;
use axum::{extract::Path, response::Response};
use proto::identity::{
    Contact, CreateContactRequest, DeleteContactRequest, PortalAccess, PortalAccessState,
    UpdateContactRequest,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{FormView, request_id},
    office::{Here, Manager, OfficeFrame, client, mask},
    page,
};

const FIELDS: [(&str, &str); 5] = [
    ("contact", "name"),
    ("contact.name", "name"),
    ("contact.email", "email"),
    ("contact.phone", "phone"),
    ("contact.relation", "relation"),
];

#[derive(Template)]
#[template(path = "office/person.html")]
struct Page {
    frame: OfficeFrame,
    client_id: String,
    client_name: String,
    /// None while the person is new.
    id: Option<String>,
    title: String,
    /// What a new address would do, where it would do more than it says.
    email_hint: &'static str,
    form: FormView<Fields>,
}

/// The fields of the form.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    request_id: String,
    name: String,
    email: String,
    phone: String,
    relation: String,
    main_contact: Option<String>,
}

/// The form is a button alone.
#[derive(Deserialize)]
pub(crate) struct Remove {}

/// `GET /office/clients/{client}/people/new`
pub(crate) async fn new(manager: Manager, Path(client_id): Path<Uuid>) -> Result<Response, Error> {
    let record = client::read(&manager, client_id).await?;
    let fields = Fields {
        request_id: request_id(),
        main_contact: record.contacts.is_empty().then(|| "true".to_owned()),
        ..Fields::default()
    };
    let name = record.display_name;
    page::show(&Page::new(
        &manager,
        client_id,
        name,
        None,
        FormView::new(fields),
    ))
}

/// `POST /office/clients/{client}/people/new`
pub(crate) async fn create(
    manager: Manager,
    Path(client_id): Path<Uuid>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let created = manager
        .calls
        .clients()
        .create_contact(CreateContactRequest {
            contact: Some(fields.contact(client_id)),
            request_id: fields.request_id.clone(),
        })
        .await;
    if let Err(status) = created {
        let form = FormView::refused(fields, &status, &FIELDS)?;
        let record = client::read(&manager, client_id).await?;
        let name = record.display_name;
        return page::refuse(&Page::new(&manager, client_id, name, None, form));
    }
    let words = format!(
        "{} is on the record. Nobody is mailed before you enable portal access.",
        fields.name.trim()
    );
    Ok(to_record(&manager, client_id, words))
}

/// `GET /office/clients/{client}/people/{person}/edit`
pub(crate) async fn edit(
    manager: Manager,
    Path((client_id, id)): Path<(Uuid, Uuid)>,
) -> Result<Response, Error> {
    let (record, contact) = client::read_person(&manager, client_id, id).await?;
    let form = FormView::new(Fields::of(&contact));
    page::show(&Page::new(
        &manager,
        client_id,
        record.display_name,
        Some(&contact),
        form,
    ))
}

/// `POST /office/clients/{client}/people/{person}/edit`
pub(crate) async fn save(
    manager: Manager,
    Path((client_id, id)): Path<(Uuid, Uuid)>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let (record, before) = client::read_person(&manager, client_id, id).await?;
    let saved = manager
        .calls
        .clients()
        .update_contact(UpdateContactRequest {
            contact: Some(Contact {
                id: id.to_string(),
                ..fields.contact(client_id)
            }),
            update_mask: Some(mask(&[
                "name",
                "email",
                "phone",
                "relation",
                "main_contact",
            ])),
        })
        .await;
    if let Err(status) = saved {
        let form = FormView::refused(fields, &status, &FIELDS)?;
        return page::refuse(&Page::new(
            &manager,
            client_id,
            record.display_name,
            Some(&before),
            form,
        ));
    }
    let name = fields.name.trim();
    let is_invited = before
        .access
        .as_ref()
        .is_some_and(|access| is_open(access.state()));
    let words = if is_invited && fields.email.trim() != address_of(&before) {
        format!(
            "{name} is saved. The invitation goes to the new address, and the former link stops working."
        )
    } else {
        format!("{name} is saved.")
    };
    Ok(to_record(&manager, client_id, words))
}

/// `POST /office/clients/{client}/people/{person}/remove`
pub(crate) async fn remove(
    manager: Manager,
    Path((client_id, id)): Path<(Uuid, Uuid)>,
    Form(Remove {}): Form<Remove>,
) -> Result<Response, Error> {
    let (_, contact) = client::read_person(&manager, client_id, id).await?;
    manager
        .calls
        .clients()
        .delete_contact(DeleteContactRequest {
            client_id: client_id.to_string(),
            id: id.to_string(),
        })
        .await?;
    let words = format!("{} is taken off this record.", contact.name);
    Ok(to_record(&manager, client_id, words))
}

/// Back to the record with a word on what happened.
pub(crate) fn to_record(manager: &Manager, client: Uuid, words: String) -> Response {
    let path = format!("/office/clients/{client}");
    flash::redirect(&manager.app, &path, &Flash::done(words))
}

impl Page {
    fn new(
        manager: &Manager,
        client: Uuid,
        client_name: String,
        contact: Option<&Contact>,
        form: FormView<Fields>,
    ) -> Self {
        let state = contact
            .and_then(|contact| contact.access.as_ref())
            .map(PortalAccess::state);
        let email_hint = match state {
            Some(PortalAccessState::Active) => {
                "This is how the person signs in. To change it, end the access on the record, then enable it with the new address."
            }
            Some(state) if is_open(state) => {
                "The invitation goes to the new address, and the former link stops working."
            }
            _ => "Needed for portal access. Nothing is sent yet.",
        };
        Self {
            frame: OfficeFrame::of(manager, Here::Clients),
            client_id: client.to_string(),
            client_name,
            id: contact.map(|contact| contact.id.clone()),
            title: contact.map_or_else(
                || "Add a person".to_owned(),
                |contact| format!("Edit {}", contact.name),
            ),
            email_hint,
            form,
        }
    }

    fn action(&self) -> String {
        let id = self.id.as_deref();
        let end = id.map_or_else(|| "new".to_owned(), |id| format!("{id}/edit"));
        format!("/office/clients/{}/people/{end}", self.client_id)
    }
}

impl Fields {
    fn of(contact: &Contact) -> Self {
        Self {
            request_id: String::new(),
            name: contact.name.clone(),
            email: address_of(contact).to_owned(),
            phone: contact.phone.clone(),
            relation: contact.relation.clone(),
            main_contact: contact.main_contact.then(|| "true".to_owned()),
        }
    }

    fn contact(&self, client: Uuid) -> Contact {
        Contact {
            client_id: client.to_string(),
            name: self.name.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
            relation: self.relation.clone(),
            main_contact: self.main_contact.is_some(),
            ..Contact::default()
        }
    }
}

/// True while an invitation waits to be accepted, in time or not.
fn is_open(state: PortalAccessState) -> bool {
    matches!(
        state,
        PortalAccessState::Invited | PortalAccessState::InvitationExpired
    )
}

/// Where mail to a person goes.
fn address_of(contact: &Contact) -> &str {
    contact
        .access
        .as_ref()
        .map_or(contact.email.as_str(), |access| access.email.as_str())
}
