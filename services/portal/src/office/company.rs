//! The organization's own data: how clients reach it, what its invitations say, and how much its files take.

use askama::Template;
use axum::response::Response;
use proto::{
    documents::{GetUsageRequest, GetUsageResponse},
    identity::{ContactData, GetOrganizationRequest, Organization, UpdateOrganizationRequest},
};
use serde::Deserialize;
use tonic::Code;

use crate::{
    client::optional,
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::FormView,
    format::{bytes, count},
    office::{
        Here, OfficeFrame, Owner,
        edit::{Difference, LabelledFields, differences, tidy},
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
    /// None while documents is away.
    storage: Option<String>,
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
    let (saved, storage) = tokio::join!(read(&owner), storage(&owner));
    page::show(&Page {
        storage,
        ..Page::new(&owner, FormView::new(saved?))
    })
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
            owner.app.sites.forget(owner.site.tenant);
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

async fn storage(owner: &Owner) -> Option<String> {
    let answer = owner.calls.usage().get_usage(GetUsageRequest {}).await;
    optional("the storage", answer).map(|usage| storage_words(&usage))
}

/// "118 MB of 100 GB, 43 files".
fn storage_words(usage: &GetUsageResponse) -> String {
    let size = |size: i64| bytes(u64::try_from(size).unwrap_or_default());
    format!(
        "{} of {}, {}",
        size(usage.stored_bytes),
        size(usage.stored_bytes_limit),
        count(
            usize::try_from(usage.file_count).unwrap_or_default(),
            "file",
            "files"
        )
    )
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
            storage: None,
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

impl LabelledFields for Fields {
    fn labelled_fields(&self) -> Vec<(&'static str, String)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_is_told_in_sizes_and_files() {
        let usage = GetUsageResponse {
            file_count: 43,
            stored_bytes: 118 << 20,
            stored_bytes_limit: 100 << 30,
        };
        assert_eq!(storage_words(&usage), "118 MB of 100 GB, 43 files");
    }
}
