//! The visitors of one organization, with the tokens of their forms.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use devstack::platform::Platform;
use integration_tests::{Links, Organization, PASSWORD, Visitor, routes::Host};

use super::rows::{Route, Who};

/// Two organizations, and everybody who comes to the first one's host.
pub(crate) struct Cast {
    pub(crate) alder: Organization,
    pub(crate) bluestone: Organization,
    /// Of the first one's mails.
    pub(crate) links: Links,
    pub(crate) guests: BTreeMap<Who, Guest>,
    /// At the base domain.
    pub(crate) passer_by: Guest,
}

/// A visitor with the tokens that their pages carry.
pub(crate) struct Guest {
    pub(crate) visitor: Visitor,
    /// Of forms before sign-in, bound to the browser.
    token: String,
    /// Of forms behind it, bound to the session; none for who has none at this host.
    session_token: Option<String>,
    /// An earlier session of the same person, which ended; none for who had none.
    pub(crate) ended: Option<Ended>,
}

/// A session that ended, as a browser may still hold it.
pub(crate) struct Ended {
    /// With its cookies.
    pub(crate) visitor: Visitor,
    /// Of its pages.
    pub(crate) token: String,
}

impl Cast {
    pub(crate) async fn gather(platform: &Platform) -> Result<Self> {
        let (alder, bluestone) = tokio::try_join!(
            Organization::gather(platform, "alder"),
            Organization::gather(platform, "bluestone"),
        )?;
        let port = platform.portal_port();
        let mut guests = BTreeMap::new();
        for (who, name, account) in [
            (Who::Owner, "owner", "/office/account"),
            (Who::Pm, "pm", "/office/account"),
            (Who::Field, "field", "/office/account"),
            (Who::Ana, "ana", "/account"),
            (Who::Ben, "ben", "/account"),
        ] {
            let email = format!("{name}@alder.example");
            let ended = Ended::session(&email, account, port).await?;
            let visitor = sign_in(&email, port).await?;
            let session_token = token(&visitor, account).await?;
            let guest = Guest {
                ended: Some(ended),
                ..Guest::new(visitor, Some(session_token)).await?
            };
            guests.insert(who, guest);
        }
        // a session of the other organization, carried to this host by hand
        let stranger = Visitor::new("bluestone", port)?;
        stranger
            .sign_in("owner@bluestone.example", PASSWORD)
            .await?;
        let stranger = Visitor::with_cookies_of(&stranger, "alder", port)?;
        guests.insert(Who::OtherOwner, Guest::new(stranger, None).await?);
        let anonymous = Visitor::new("alder", port)?;
        guests.insert(Who::Anonymous, Guest::new(anonymous, None).await?);
        let passer_by = Visitor::new("", port)?;
        Ok(Self {
            links: Links::mail(platform, &alder).await?,
            alder,
            bluestone,
            guests,
            passer_by: Guest {
                token: token(&passer_by, "/find").await?,
                visitor: passer_by,
                session_token: None,
                ended: None,
            },
        })
    }

    /// A token for this form that is right for somebody else.
    pub(crate) fn token_of_another(&self, who: Who, route: &Route) -> &str {
        let another = match who {
            Who::Ana => Who::Ben,
            Who::Owner => Who::Pm,
            _ => Who::Owner,
        };
        self.guests[&another].token_for(route)
    }
}

impl Guest {
    async fn new(visitor: Visitor, session_token: Option<String>) -> Result<Self> {
        Ok(Self {
            token: token(&visitor, "/forgot").await?,
            visitor,
            session_token,
            ended: None,
        })
    }

    /// The token that this form needs, as far as the visitor can have it.
    pub(crate) fn token_for(&self, route: &Route) -> &str {
        match &self.session_token {
            Some(token) if !route.is_public && route.host == Host::Organization => token,
            _ => &self.token,
        }
    }
}

impl Ended {
    /// Signs in, keeps what a browser keeps, and signs out.
    async fn session(email: &str, account: &str, port: u16) -> Result<Self> {
        let leaving = sign_in(email, port).await?;
        let visitor = Visitor::with_cookies_of(&leaving, "alder", port)?;
        let token = token(&visitor, account).await?;
        let page = leaving.submit(account, "/sign-out", &[]).await?;
        ensure!(page.status.is_redirection(), "{email} signs out: {page:?}");
        Ok(Self { visitor, token })
    }
}

async fn sign_in(email: &str, port: u16) -> Result<Visitor> {
    let visitor = Visitor::new("alder", port)?;
    let page = visitor.sign_in(email, PASSWORD).await?;
    ensure!(page.status.is_redirection(), "{email} signs in: {page:?}");
    Ok(visitor)
}

async fn token(visitor: &Visitor, path: &str) -> Result<String> {
    let page = visitor.get(path).await?;
    page.hidden("csrf")
        .with_context(|| format!("{path} has no form"))
}
