//! Pages that explain: for everybody, signed in or not.

use askama::Template;
use axum::response::Response;

use crate::{
    error::Error,
    page::{self, Frame},
    session::{Guest, Person},
};

#[derive(Template)]
#[template(path = "client/help.html")]
struct HelpPage {
    frame: Frame,
    home: &'static str,
}

#[derive(Template)]
#[template(path = "client/accessibility.html")]
struct AccessibilityPage {
    frame: Frame,
    home: &'static str,
}

#[derive(Template)]
#[template(path = "client/privacy.html")]
struct PrivacyPage {
    frame: Frame,
    home: &'static str,
}

/// `GET /help`
pub(crate) async fn help(person: Option<Person>, guest: Guest) -> Result<Response, Error> {
    let (frame, home) = frame(person, &guest);
    page::show(&HelpPage { frame, home })
}

/// `GET /accessibility`
pub(crate) async fn accessibility(person: Option<Person>, guest: Guest) -> Result<Response, Error> {
    let (frame, home) = frame(person, &guest);
    page::show(&AccessibilityPage { frame, home })
}

/// `GET /privacy`
pub(crate) async fn privacy(person: Option<Person>, guest: Guest) -> Result<Response, Error> {
    let (frame, home) = frame(person, &guest);
    page::show(&PrivacyPage { frame, home })
}

fn frame(person: Option<Person>, guest: &Guest) -> (Frame, &'static str) {
    match person {
        Some(person) => (person.frame(), person.home()),
        None => (guest.frame(), "/sign-in"),
    }
}

/// The pages with made-up data.
#[cfg(test)]
pub(crate) fn samples(frame: &Frame) -> Vec<(&'static str, String)> {
    let (help, accessibility, privacy) = (frame.clone(), frame.clone(), frame.clone());
    let home = "/";
    vec![
        ("help", HelpPage { frame: help, home }.render()),
        (
            "accessibility",
            AccessibilityPage {
                frame: accessibility,
                home,
            }
            .render(),
        ),
        (
            "privacy",
            PrivacyPage {
                frame: privacy,
                home,
            }
            .render(),
        ),
    ]
    .into_iter()
    .map(|(name, page)| (name, page.expect("pages render")))
    .collect()
}
