//! What every page has: whose letterhead it stands under, light or dark, a message from the page before.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use proto::identity::Organization;

use crate::{
    assets,
    config::Config,
    cookies::{Cookie, Cookies},
    error::Error,
    flash::Flash,
    format::telephone_link,
};

/// Whose page it is, and how to reach them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Letterhead {
    /// The company.
    pub(crate) name: String,
    /// The address of its colors.
    pub(crate) stylesheet: String,
    /// Its logo, in the place of the platform's mark and the name.
    pub(crate) logo: Option<Logo>,
    /// Its telephone number.
    pub(crate) phone: Option<Phone>,
    /// Its mail address.
    pub(crate) email: Option<String>,
    /// Its own site.
    pub(crate) website: Option<String>,
    /// Its postal address.
    pub(crate) address: Option<String>,
    /// True for an organization, false for the platform itself.
    pub(crate) is_organization: bool,
    /// Where the platform's own pages are, such as "https://example.com"; empty for an organization.
    pub(crate) origin: String,
}

/// A picture with the company's name in it or beside it.
#[derive(Clone, Debug)]
pub(crate) struct Logo {
    /// Where it is.
    pub(crate) path: String,
    /// In pixels.
    pub(crate) width: i32,
    /// In pixels.
    pub(crate) height: i32,
}

/// A telephone number as it is read, and as it is dialed.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    /// Such as "(503) 555-0142".
    pub(crate) shown: String,
    /// Such as "tel:+15035550142".
    pub(crate) link: String,
}

impl Letterhead {
    /// The platform's own, at the base domain and where no organization answers.
    pub(crate) fn of_platform(config: &Config) -> Self {
        Self {
            name: "ContractorOS".to_owned(),
            stylesheet: assets::url("platform.css"),
            origin: config.origin(&config.base_domain),
            ..Self::default()
        }
    }

    /// An organization's.
    pub(crate) fn of(organization: &Organization) -> Self {
        let contact = organization.contact.clone().unwrap_or_default();
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        let brand = organization.brand.clone().unwrap_or_default();
        let hash = brand.stylesheet_hash;
        Self {
            name: organization.name.clone(),
            stylesheet: if hash.is_empty() {
                assets::url("platform.css")
            } else {
                format!("/brand/{hash}.css")
            },
            logo: given(brand.logo_id).map(|id| Logo {
                path: format!("/brand/logo/{id}.png"),
                width: brand.logo_width,
                height: brand.logo_height,
            }),
            phone: given(contact.phone).map(|shown| Phone {
                link: telephone_link(&shown),
                shown,
            }),
            email: given(contact.email),
            website: given(contact.website).filter(|site| is_web_address(site)),
            address: given(contact.address),
            is_organization: true,
            origin: String::new(),
        }
    }
}

/// True for addresses that may stand in a link: somebody else's text must not become a script.
fn is_web_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the device has it.
    #[default]
    Device,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Reads a form's or a cookie's word; everything else is the device's choice.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Device,
        }
    }

    /// All of them, with what each is called where a person chooses.
    pub(crate) fn choices() -> [(Self, &'static str); 3] {
        [
            (Self::Device, "Like my device"),
            (Self::Light, "Light"),
            (Self::Dark, "Dark"),
        ]
    }

    /// The word in forms, in the cookie and in `data-theme`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The word where it is not the device's choice.
    pub(crate) fn fixed(self) -> Option<&'static str> {
        (self != Self::Device).then(|| self.word())
    }

    /// Reads what the person chose on this browser.
    pub(crate) fn read(headers: &HeaderMap, cookies: Cookies) -> Self {
        Self::of(&cookies.read(headers, Cookie::Theme).unwrap_or_default())
    }
}

/// What `base.html` needs; every page has a field `frame` that is one, or gives one by deref.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    /// Whose page it is.
    pub(crate) letterhead: Letterhead,
    /// Light or dark.
    pub(crate) theme: Theme,
    /// A message from the page before.
    pub(crate) flash: Option<Flash>,
    /// The token that each form carries.
    pub(crate) csrf: String,
}

/// A page with status 200.
pub(crate) fn show(page: &impl Template) -> Result<Response, Error> {
    Ok(document(StatusCode::OK, page.render()?))
}

/// A page again, with a form that was refused: status 422.
pub(crate) fn refuse(page: &impl Template) -> Result<Response, Error> {
    Ok(document(StatusCode::UNPROCESSABLE_ENTITY, page.render()?))
}

/// A page again, with what somebody else saved in the meantime: status 409.
pub(crate) fn conflict(page: &impl Template) -> Result<Response, Error> {
    Ok(document(StatusCode::CONFLICT, page.render()?))
}

/// A link's page that says why the link ended: status 410.
pub(crate) fn gone(page: &impl Template) -> Result<Response, Error> {
    Ok(document(StatusCode::GONE, page.render()?))
}

/// True for the headers of a page.
pub(crate) fn is_page(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// An HTML document.
pub(crate) fn document(status: StatusCode, text: String) -> Response {
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}

#[cfg(test)]
mod tests {
    use proto::identity::ContactData;

    use super::*;

    #[test]
    fn an_organizations_text_does_not_become_a_script() {
        let organization = Organization {
            contact: Some(ContactData {
                website: "javascript:alert(1)".to_owned(),
                phone: "(503) 555-0142".to_owned(),
                ..ContactData::default()
            }),
            ..Organization::default()
        };
        let letterhead = Letterhead::of(&organization);
        assert!(letterhead.website.is_none());
        assert!(letterhead.email.is_none());
        assert_eq!(letterhead.phone.expect("a phone").link, "tel:+15035550142");
    }

    #[test]
    fn an_unknown_theme_is_the_devices_choice() {
        assert_eq!(Theme::of("\" onload=x"), Theme::Device);
        assert_eq!(Theme::of("dark").fixed(), Some("dark"));
        assert_eq!(Theme::of("device").fixed(), None);
    }
}
