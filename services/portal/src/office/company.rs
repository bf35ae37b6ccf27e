//! The organization's own data: how clients reach it, and what its invitations say.

use askama::Template;
use axum::response::Response;
use proto::identity::{
    ContactData, GetOrganizationRequest, Organization, UpdateOrganizationRequest,
};
use serde::Deserialize;
use tonic::Code;

use crate::{
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::FormView,
    office::{
        Here, OfficeFrame, Owner,
        edit::{Difference, Told, differences, tidy},
        mask,
    },
    page, time_zones,
};

const PATH: &str = "/office/settings/organization";

const FIELDS: [(&str, &str); 7] = [
    ("organization.name", "name"),
    ("organization.contact.phone", "phone"),
    ("organization.contact.email", "email"),
    ("organization.contact.website", "website"),
    ("organization.contact.address", "address"),
    ("organization.welcome_text", "welcome_text"),
    ("organization.time_zone", "time_zone"),
];

#[derive(Template)]
#[template(path = "office/company.html")]
struct Page {
    frame: OfficeFrame,
    host: String,
    form: FormView<Fields>,
    stale: Vec<Difference>,
    zones: Vec<time_zones::Group>,
}

/// The fields of the form.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    etag: String,
    name: String,
    phone: String,
    email: String,
    website: String,
    address: String,
    welcome_text: String,
    time_zone: String,
}

/// `GET /office/settings/organization`
pub(crate) async fn show(owner: Owner) -> Result<Response, Error> {
    let form = FormView::new(read(&owner).await?);
    page::show(&Page::new(&owner, form))
}

/// `POST /office/settings/organization`
pub(crate) async fn save(owner: Owner, Form(fields): Form<Fields>) -> Result<Response, Error> {
    let saved = owner
        .calls
        .organizations()
        .update_organization(UpdateOrganizationRequest {
            organization: Some(fields.organization()),
            update_mask: Some(mask(&["name", "contact", "welcome_text", "time_zone"])),
        })
        .await;
    match saved {
        Ok(_) => {
            let words = "Your company’s data is saved. Clients see it from the next page on.";
            Ok(flash::redirect(&owner.app, PATH, &Flash::done(words)))
        }
        Err(status) if status.code() == Code::Aborted => {
            let now = read(&owner).await?;
            let stale = differences(&now, &fields);
            let form = FormView::new(Fields {
                etag: now.etag,
                ..fields
            });
            page::conflict(&Page {
                stale,
                ..Page::new(&owner, form)
            })
        }
        Err(status) => {
            let form = FormView::refused(fields, &status, &FIELDS)?;
            page::refuse(&Page::new(&owner, form))
        }
    }
}

async fn read(owner: &Owner) -> Result<Fields, Error> {
    let answer = owner
        .calls
        .organizations()
        .get_organization(GetOrganizationRequest {})
        .await?;
    let organization = answer.into_inner().organization.ok_or(Error::NotFound)?;
    Ok(Fields::of(organization))
}

impl Page {
    fn new(owner: &Owner, form: FormView<Fields>) -> Self {
        Self {
            frame: OfficeFrame::of(owner, Here::Company),
            host: owner.site.organization.host.clone(),
            zones: time_zones::choices(&form.values.time_zone),
            form,
            stale: Vec::new(),
        }
    }
}

impl Fields {
    fn of(organization: Organization) -> Self {
        let contact = organization.contact.unwrap_or_default();
        Self {
            etag: organization.etag,
            name: organization.name,
            phone: contact.phone,
            email: contact.email,
            website: contact.website,
            address: contact.address,
            welcome_text: organization.welcome_text,
            time_zone: organization.time_zone,
        }
    }

    fn organization(&self) -> Organization {
        Organization {
            name: self.name.clone(),
            contact: Some(ContactData {
                phone: self.phone.clone(),
                email: self.email.clone(),
                website: self.website.clone(),
                address: tidy(&self.address),
            }),
            welcome_text: tidy(&self.welcome_text),
            time_zone: self.time_zone.clone(),
            etag: self.etag.clone(),
            ..Organization::default()
        }
    }
}

impl Told for Fields {
    fn told(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Name", tidy(&self.name)),
            ("Phone", tidy(&self.phone)),
            ("Email", tidy(&self.email)),
            ("Website", tidy(&self.website)),
            ("Address", tidy(&self.address)),
            ("Welcome text", tidy(&self.welcome_text)),
            ("Time zone", self.time_zone.clone()),
        ]
    }
}
