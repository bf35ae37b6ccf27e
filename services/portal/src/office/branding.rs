//! The organization's colors: three of its own, and what the platform makes of them.

use askama::Template;
use axum::{
    extract::Query,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderValue, header};
use proto::identity::{
    Brand, BrandAdjustment, GetOrganizationRequest, Organization, PreviewBrandRequest,
    UpdateBrandRequest,
};
use serde::Deserialize;
use tonic::Code;

use crate::{
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{FormView, request_id},
    office::{
        Here, OfficeFrame, Owner,
        edit::{Difference, LabelledFields, differences},
    },
    page,
};

pub(crate) const PATH: &str = "/office/settings/branding";

#[derive(Template)]
#[template(path = "office/branding.html")]
struct Page {
    frame: OfficeFrame,
    form: FormView<Fields>,
    stale: Vec<Difference>,
    swatches: [Swatch; 3],
    is_changed: bool,
    /// The style sheet of the two boxes.
    sheet: String,
    adjustments: Vec<Adjustment>,
    /// Of the form for a logo.
    request_id: String,
}

/// One color of the form.
struct Swatch {
    field: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
}

/// What became of a color.
struct Adjustment {
    is_kept: bool,
    text: String,
    contrast: String,
}

/// The fields of the form, and of the addresses of a preview.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    etag: String,
    primary: String,
    secondary: String,
    accent: String,
}

/// `GET /office/settings/branding`, as saved or with the colors that the address names.
pub(crate) async fn show(owner: Owner, Query(asked): Query<Fields>) -> Result<Response, Error> {
    let organization = read(&owner).await?;
    let saved = Fields::of(&organization);
    let is_preview = !asked.primary.is_empty();
    let shown = if is_preview {
        Fields {
            etag: saved.etag.clone(),
            ..asked
        }
    } else {
        saved.clone()
    };
    match preview(&owner, &shown).await {
        Ok(adjustments) => {
            let form = FormView::new(shown);
            page::show(&Page::new(&owner, form, &saved, adjustments))
        }
        Err(status) => {
            let form = FormView::refused(shown, &status, &names())?;
            let adjustments = preview(&owner, &saved).await?;
            page::refuse(&Page::new(&owner, form, &saved, adjustments))
        }
    }
}

/// `POST /office/settings/branding/preview`: leads to the page with these colors, which saves nothing.
pub(crate) async fn show_preview(_: Owner, Form(fields): Form<Fields>) -> Result<Response, Error> {
    Ok(Redirect::to(&format!("{PATH}?{}", fields.query())).into_response())
}

/// `GET /office/settings/branding/preview.css`: the tokens of colors that are not saved, for the two boxes alone.
pub(crate) async fn sheet(owner: Owner, Query(fields): Query<Fields>) -> Result<Response, Error> {
    let tokens = owner
        .calls
        .organizations()
        .preview_brand(fields.preview_request())
        .await?
        .into_inner();
    let css = format!(
        ".pv-l{{color-scheme:light;{}}}\n.pv-d{{color-scheme:dark;{}}}\n",
        tokens.light_tokens, tokens.dark_tokens
    );
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], css).into_response())
}

/// `POST /office/settings/branding`
pub(crate) async fn save(owner: Owner, Form(fields): Form<Fields>) -> Result<Response, Error> {
    let saved = owner
        .calls
        .organizations()
        .update_brand(UpdateBrandRequest {
            primary: fields.primary.clone(),
            secondary: fields.secondary.clone(),
            accent: fields.accent.clone(),
            etag: fields.etag.clone(),
        })
        .await;
    match saved {
        Ok(_) => {
            owner.app.sites.forget(owner.site.tenant);
            let words = "Your colors are saved. Portal and mail use them from now on.";
            Ok(flash::redirect(&owner.app, PATH, &Flash::done(words)))
        }
        Err(status) if status.code() == Code::Aborted => {
            let now = Fields::of(&read(&owner).await?);
            let stale = differences(&now, &fields);
            let adjustments = preview(&owner, &fields).await?;
            let form = FormView::new(Fields {
                etag: now.etag.clone(),
                ..fields
            });
            page::conflict(&Page {
                stale,
                ..Page::new(&owner, form, &now, adjustments)
            })
        }
        Err(status) => {
            let form = FormView::refused(fields, &status, &names())?;
            let now = Fields::of(&read(&owner).await?);
            let adjustments = preview(&owner, &now).await?;
            page::refuse(&Page::new(&owner, form, &now, adjustments))
        }
    }
}

async fn read(owner: &Owner) -> Result<Organization, Error> {
    owner
        .calls
        .organizations()
        .get_organization(GetOrganizationRequest {})
        .await?
        .into_inner()
        .organization
        .ok_or(Error::NotFound)
}

async fn preview(owner: &Owner, fields: &Fields) -> Result<Vec<BrandAdjustment>, tonic::Status> {
    let answer = owner
        .calls
        .organizations()
        .preview_brand(fields.preview_request())
        .await?;
    Ok(answer.into_inner().adjustments)
}

fn names() -> [(&'static str, &'static str); 3] {
    ["primary", "secondary", "accent"].map(|name| (name, name))
}

impl Page {
    fn new(
        owner: &Owner,
        form: FormView<Fields>,
        saved: &Fields,
        adjustments: Vec<BrandAdjustment>,
    ) -> Self {
        let values = &form.values;
        let swatch = |field, label, hint, value: &String| Swatch {
            field,
            label,
            hint,
            value: value.clone(),
        };
        // a color that cannot be read has no preview: the boxes show what is saved
        let previewed = if form.errors.is_empty() {
            values
        } else {
            saved
        };
        Self {
            frame: OfficeFrame::of(owner, Here::Branding),
            swatches: [
                swatch(
                    "primary",
                    "Primary",
                    "Buttons, progress, current tab",
                    &values.primary,
                ),
                swatch(
                    "secondary",
                    "Secondary",
                    "Initials and quiet backgrounds",
                    &values.secondary,
                ),
                swatch("accent", "Accent", "Highlights", &values.accent),
            ],
            is_changed: !differences(saved, values).is_empty(),
            sheet: format!("{PATH}/preview.css?{}", previewed.query()),
            adjustments: adjustments.into_iter().map(Adjustment::new).collect(),
            stale: Vec::new(),
            request_id: request_id(),
            form,
        }
    }
}

impl Adjustment {
    fn new(adjustment: BrandAdjustment) -> Self {
        let (whole, tenths) = (
            adjustment.contrast_hundredths / 100,
            adjustment.contrast_hundredths % 100 / 10,
        );
        Self {
            is_kept: adjustment.kept,
            text: adjustment.text,
            contrast: format!("{whole}.{tenths} to 1"),
        }
    }
}

impl Fields {
    fn of(organization: &Organization) -> Self {
        let Brand {
            primary,
            secondary,
            accent,
            ..
        } = organization.brand.clone().unwrap_or_default();
        Self {
            etag: organization.etag.clone(),
            primary,
            secondary,
            accent,
        }
    }

    fn preview_request(&self) -> PreviewBrandRequest {
        PreviewBrandRequest {
            primary: self.primary.clone(),
            secondary: self.secondary.clone(),
            accent: self.accent.clone(),
        }
    }

    fn query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("primary", self.primary.trim())
            .append_pair("secondary", self.secondary.trim())
            .append_pair("accent", self.accent.trim())
            .finish()
    }
}

impl LabelledFields for Fields {
    fn labelled_fields(&self) -> Vec<(&'static str, String)> {
        let color = |text: &str| text.trim().to_lowercase();
        vec![
            ("Primary", color(&self.primary)),
            ("Secondary", color(&self.secondary)),
            ("Accent", color(&self.accent)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_told_with_one_decimal() {
        let shown = |contrast_hundredths| {
            Adjustment::new(BrandAdjustment {
                contrast_hundredths,
                ..BrandAdjustment::default()
            })
            .contrast
        };
        assert_eq!(shown(459), "4.5 to 1");
        assert_eq!(shown(1590), "15.9 to 1");
    }

    #[test]
    fn a_color_survives_its_address() {
        let fields = Fields {
            primary: "#FFF1A8".to_owned(),
            secondary: "#d8e2dc".to_owned(),
            accent: " #f4a9a8 ".to_owned(),
            ..Fields::default()
        };
        assert_eq!(
            fields.query(),
            "primary=%23FFF1A8&secondary=%23d8e2dc&accent=%23f4a9a8"
        );
    }
}
