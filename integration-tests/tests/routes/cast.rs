//! The visitors of one organization, with the tokens of their forms.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use devstack::platform::Platform;
use integration_tests::{Organization, PASSWORD, Visitor};

use super::rows::{Host, Route, Who};

/// Two organizations, and everybody who comes to the first one's host.
pub(crate) struct Cast {
    pub(crate) alder: Organization,
    pub(crate) bluestone: Organization,
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
            let visitor = Visitor::new("alder", port)?;
            let page = visitor
                .sign_in(&format!("{name}@alder.example"), PASSWORD)
                .await?;
            ensure!(page.status.is_redirection(), "{name} signs in: {page:?}");
            let session_token = token(&visitor, account).await?;
            guests.insert(who, Guest::new(visitor, Some(session_token)).await?);
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
            alder,
            bluestone,
            guests,
            passer_by: Guest {
                token: token(&passer_by, "/find").await?,
                visitor: passer_by,
                session_token: None,
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

async fn token(visitor: &Visitor, path: &str) -> Result<String> {
    let page = visitor.get(path).await?;
    page.hidden("csrf")
        .with_context(|| format!("{path} has no form"))
}
