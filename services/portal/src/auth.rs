//! Pages before sign-in: signing in and out, forgotten passwords, and the links that are mailed.
//!
//! The page of a link never uses it up: only its form does, so that a mail scanner may look at it as often as it likes.

use proto::identity::{AccountKind, GetLinkRequest, Link, LinkPurpose, LinkState, Role};

use crate::{
    App,
    error::Error,
    format::{Format, Locale},
    host::Site,
};

pub(crate) mod confirm;
pub(crate) mod forgot;
pub(crate) mod invite;
pub(crate) mod reset;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod welcome;

/// Longer than any token of ours.
const LONGEST_TOKEN: usize = 200;

/// Reads what a link is for; a token of another kind of link is as good as none.
async fn read_link(
    app: &App,
    site: &Site,
    token: &str,
    purpose: LinkPurpose,
) -> Result<Link, Error> {
    if token.len() > LONGEST_TOKEN {
        return Err(Error::NotFound);
    }
    let link = app
        .backend
        .portal(site.tenant)?
        .links()
        .get_link(GetLinkRequest {
            token: token.to_owned(),
        })
        .await?
        .into_inner()
        .link
        .unwrap_or_default();
    if link.purpose() == purpose {
        Ok(link)
    } else {
        Err(Error::NotFound)
    }
}

/// Why a link no longer works, as its page says it; none while it does.
fn end_of(state: LinkState) -> Option<&'static str> {
    match state {
        LinkState::Open => None,
        LinkState::Used => Some("It was used already."),
        LinkState::Expired => Some("It has expired."),
        LinkState::Void | LinkState::Unspecified => {
            Some("A newer link was sent to you since. Look for the latest mail.")
        }
    }
}

/// What a new password needs, said before it is typed.
fn password_rule(kind: AccountKind) -> String {
    format!(
        "At least {} characters. A few words that you remember work well.",
        least_password(kind)
    )
}

/// How long a password is at least: the office signs in without a second factor, so its passwords are longer.
fn least_password(kind: AccountKind) -> usize {
    match kind {
        AccountKind::Office => 15,
        AccountKind::Client | AccountKind::Unspecified => 12,
    }
}

/// An office role in words.
pub(crate) fn role_words(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Pm => "Project manager",
        Role::Field => "Crew",
        Role::Unspecified => "Team member",
    }
}

fn site_format(site: &Site) -> Format {
    Format::new(Locale::default(), site.zone.clone())
}

/// The pages before sign-in with made-up data.
#[cfg(test)]
pub(crate) fn samples(frame: &crate::page::Frame) -> Vec<(&'static str, String)> {
    let mut pages = sign_in::samples(frame);
    pages.extend(forgot::samples(frame));
    pages.extend(reset::samples(frame));
    pages.extend(confirm::samples(frame));
    pages.extend(invite::samples(frame));
    pages
}
