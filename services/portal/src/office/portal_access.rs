//! What the office does about a person's sign-in: gives it, takes it, sends links, sets rights.

use askama::Template;
use axum::{extract::Path, response::Response};
use proto::{
    identity::{
        Contact, DisablePortalAccessRequest, EnablePortalAccessRequest, PortalAccessState,
        ResendInvitationRequest, RestorePortalAccessRequest, Rights, SendPasswordResetRequest,
        UpdateRightsRequest,
    },
    notifications::Frequency,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    csrf::Form,
    error::Error,
    form::{FormView, request_id},
    format::first_name,
    frequency,
    office::{Here, Manager, OfficeFrame, client, person::to_record},
    page,
};

#[derive(Template)]
#[template(path = "office/access.html")]
struct Page {
    frame: OfficeFrame,
    client_id: String,
    client_name: String,
    person_id: String,
    name: String,
    first_name: String,
    company: String,
    form: FormView<Fields>,
    frequencies: &'static [frequency::Choice],
}

#[derive(Template)]
#[template(path = "office/rights.html")]
struct RightsPage {
    frame: OfficeFrame,
    client_id: String,
    client_name: String,
    person_id: String,
    name: String,
    first_name: String,
    rights: Allowed,
}

/// The fields of the form that gives access.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    request_id: String,
    email: String,
    email_again: String,
    frequency: String,
    #[serde(flatten)]
    allowed: Allowed,
}

/// What a person may do, as boxes that are ticked or not.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Allowed {
    view_financials: Option<String>,
    approve: Option<String>,
    pay: Option<String>,
    message: Option<String>,
}

/// The form is a button alone.
#[derive(Deserialize)]
pub(crate) struct Act {}

/// The form is a button that sends mail, once.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Send {
    request_id: String,
}

/// `GET /office/clients/{client}/people/{person}/access`
pub(crate) async fn show(
    manager: Manager,
    Path((client_id, id)): Path<(Uuid, Uuid)>,
) -> Result<Response, Error> {
    let (record, contact) = client::read_person(&manager, client_id, id).await?;
    if has_access(&contact) {
        return Err(Error::See(format!("/office/clients/{client_id}")));
    }
    let fields = Fields::first(&contact);
    let form = FormView::new(fields);
    page::show(&Page::new(
        &manager,
        client_id,
        record.display_name,
        &contact,
        form,
    ))
}

/// `POST /office/clients/{client}/people/{person}/access`
pub(crate) async fn enable(
    manager: Manager,
    Path((client_id, id)): Path<(Uuid, Uuid)>,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let (record, contact) = client::read_person(&manager, client_id, id).await?;
    let chosen = frequency::of_word(&fields.frequency).unwrap_or(Frequency::Instant);
    let enabled = manager
        .calls
        .portal_access()
        .enable_portal_access(EnablePortalAccessRequest {
            client_id: client_id.to_string(),
            contact_id: id.to_string(),
            email: fields.email.clone(),
            email_again: fields.email_again.clone(),
            rights: Some(fields.allowed.rights()),
            frequency: chosen.as_str_name().to_owned(),
            request_id: fields.request_id.clone(),
        })
        .await;
    let enabled = match enabled {
        Ok(answer) => answer.into_inner().contact.unwrap_or_default(),
        Err(status) => {
            let names = [
                ("email", "email"),
                ("email_again", "email_again"),
                ("frequency", "frequency"),
            ];
            let form = FormView::refused(fields, &status, &names)?;
            let name = record.display_name;
            return page::refuse(&Page::new(&manager, client_id, name, &contact, form));
        }
    };
    let email = fields.email.trim();
    let is_active = enabled
        .access
        .is_some_and(|access| access.state() == PortalAccessState::Active);
    let words = if is_active {
        format!(
            "{} can look at this client’s projects with the sign-in of {email}. No invitation is needed.",
            contact.name
        )
    } else {
        format!(
            "{} is invited. The mail to {email} is queued; its steps show below.",
            contact.name
        )
    };
    Ok(to_record(&manager, client_id, words))
}

/// `GET /office/clients/{client}/people/{person}/rights`
pub(crate) async fn show_rights(
    manager: Manager,
    Path((client_id, id)): Path<(Uuid, Uuid)>,
) -> Result<Response, Error> {
    let (record, contact) = client::read_person(&manager, client_id, id).await?;
    if !has_access(&contact) {
        return Err(Error::See(format!("/office/clients/{client_id}")));
    }
    let rights = contact.access.as_ref().and_then(|access| access.rights);
    page::show(&RightsPage {
        frame: OfficeFrame::of(&manager, Here::Clients),
        client_id: client_id.to_string(),
        client_name: record.display_name,
        person_id: contact.id,
        first_name: first_name(&contact.name).to_owned(),
        name: contact.name,
        rights: Allowed::of(rights.unwrap_or_default()),
    })
}

/// `POST /office/clients/{client}/people/{person}/rights`
pub(crate) async fn save_rights(
    manager: Manager,
    Path((client_id, id)): Path<(Uuid, Uuid)>,
    Form(allowed): Form<Allowed>,
) -> Result<Response, Error> {
    let answer = manager
        .calls
        .portal_access()
        .update_rights(UpdateRightsRequest {
            client_id: client_id.to_string(),
            contact_id: id.to_string(),
            rights: Some(allowed.rights()),
        })
        .await?;
    let contact = answer.into_inner().contact.unwrap_or_default();
    let rights = contact.access.as_ref().and_then(|access| access.rights);
    let words = format!(
        "The rights of {} hold from now on: {}.",
        contact.name,
        client::rights_words(rights.as_ref())
    );
    Ok(to_record(&manager, client_id, words))
}

/// `POST /office/clients/{client}/people/{person}/access/resend`
pub(crate) async fn resend(
    manager: Manager,
    Path((client_id, id)): Path<(Uuid, Uuid)>,
    Form(Send { request_id }): Form<Send>,
) -> Result<Response, Error> {
    let answer = manager
        .calls
        .portal_access()
        .resend_invitation(ResendInvitationRequest {
            client_id: client_id.to_string(),
            contact_id: id.to_string(),
            request_id,
        })
        .await?;
    let contact = answer.into_inner().contact.unwrap_or_default();
    let email = contact
        .access
        .map(|access| access.email)
        .unwrap_or_default();
    let words = format!("A new invitation to {email} is queued. The former link stopped working.");
    Ok(to_record(&manager, client_id, words))
}

/// `POST /office/clients/{client}/people/{person}/access/reset`
pub(crate) async fn reset(
    manager: Manager,
    Path((client_id, id)): Path<(Uuid, Uuid)>,
    Form(Send { request_id }): Form<Send>,
) -> Result<Response, Error> {
    manager
        .calls
        .portal_access()
        .send_password_reset(SendPasswordResetRequest {
            client_id: client_id.to_string(),
            contact_id: id.to_string(),
            request_id,
        })
        .await?;
    let words = "A link to choose a new password is queued. It works for 60 minutes, once.";
    Ok(to_record(&manager, client_id, words.to_owned()))
}

/// `POST /office/clients/{client}/people/{person}/access/disable`
pub(crate) async fn disable(
    manager: Manager,
    Path((client_id, id)): Path<(Uuid, Uuid)>,
    Form(Act {}): Form<Act>,
) -> Result<Response, Error> {
    let answer = manager
        .calls
        .portal_access()
        .disable_portal_access(DisablePortalAccessRequest {
            client_id: client_id.to_string(),
            contact_id: id.to_string(),
        })
        .await?;
    let contact = answer.into_inner().contact.unwrap_or_default();
    let words = format!(
        "{} no longer has access. Nothing that was decided changes.",
        contact.name
    );
    Ok(to_record(&manager, client_id, words))
}

/// `POST /office/clients/{client}/people/{person}/access/restore`
pub(crate) async fn restore(
    manager: Manager,
    Path((client_id, id)): Path<(Uuid, Uuid)>,
    Form(Act {}): Form<Act>,
) -> Result<Response, Error> {
    let answer = manager
        .calls
        .portal_access()
        .restore_portal_access(RestorePortalAccessRequest {
            client_id: client_id.to_string(),
            contact_id: id.to_string(),
        })
        .await?;
    let contact = answer.into_inner().contact.unwrap_or_default();
    let is_active = contact
        .access
        .is_some_and(|access| access.state() == PortalAccessState::Active);
    let words = if is_active {
        format!("{} can sign in again.", contact.name)
    } else {
        format!(
            "{} is invited again: the former invitation was never accepted.",
            contact.name
        )
    };
    Ok(to_record(&manager, client_id, words))
}

/// True while a person can sign in or is invited to.
fn has_access(contact: &Contact) -> bool {
    contact
        .access
        .as_ref()
        .is_some_and(|access| access.state() != PortalAccessState::Disabled)
}

impl Page {
    fn new(
        manager: &Manager,
        client: Uuid,
        client_name: String,
        contact: &Contact,
        form: FormView<Fields>,
    ) -> Self {
        Self {
            frame: OfficeFrame::of(manager, Here::Clients),
            client_id: client.to_string(),
            client_name,
            person_id: contact.id.clone(),
            name: contact.name.clone(),
            first_name: first_name(&contact.name).to_owned(),
            company: manager.site.organization.name.clone(),
            form,
            frequencies: frequency::for_new_accounts(),
        }
    }
}

impl Fields {
    /// What the form starts with: family decides with everybody else, an outsider looks only.
    fn first(contact: &Contact) -> Self {
        let is_family = contact.main_contact
            || matches!(
                contact.relation.to_lowercase().as_str(),
                "spouse" | "partner" | "wife" | "husband"
            );
        Self {
            request_id: request_id(),
            email: contact.email.clone(),
            email_again: String::new(),
            frequency: frequency::word_of(Frequency::Instant).to_owned(),
            allowed: Allowed::of(Rights {
                view_financials: is_family,
                approve: is_family,
                pay: is_family,
                message: is_family,
            }),
        }
    }
}

impl Allowed {
    fn of(rights: Rights) -> Self {
        let ticked = |may: bool| may.then(|| "true".to_owned());
        Self {
            view_financials: ticked(rights.view_financials),
            approve: ticked(rights.approve),
            pay: ticked(rights.pay),
            message: ticked(rights.message),
        }
    }

    fn rights(&self) -> Rights {
        Rights {
            view_financials: self.view_financials.is_some(),
            approve: self.approve.is_some(),
            pay: self.pay.is_some(),
            message: self.message.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn family_may_decide_and_outsiders_look() {
        let rights = |relation: &str| {
            let contact = Contact {
                relation: relation.to_owned(),
                ..Contact::default()
            };
            Fields::first(&contact).allowed.rights()
        };
        assert!(rights("Spouse").approve);
        assert_eq!(rights("Architect"), Rights::default());
    }
}
