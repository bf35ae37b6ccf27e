//! Mailed links: tokens, lifetimes, states.
//!
//! A token is an HMAC of the link row's id under a key that stands outside the database. Minting it again for the same
//! delivery gives the same link, and a copy of the database gives none. What is stored is the token's hash.

use anyhow::{Context as _, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use proto::identity::{LinkIssued, LinkPurpose, LinkState};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use service::{Result, clock};
use sha2::Sha256;
use tenancy::TenantTx;
use uuid::Uuid;

use crate::{events, secret, store};

const MIN_KEY_BYTES: usize = 32;

/// The key that tokens are made with.
#[derive(Clone)]
pub(crate) struct LinkKey(SecretSlice<u8>);

impl LinkKey {
    /// Reads the key; fails where it is too short to be one.
    pub(crate) fn from_hex(text: &SecretString) -> anyhow::Result<Self> {
        let bytes = hex::decode(text.expose_secret()).context("link_key must be hex digits")?;
        ensure!(
            bytes.len() >= MIN_KEY_BYTES,
            "link_key must have {MIN_KEY_BYTES} bytes or more"
        );
        Ok(Self(bytes.into()))
    }

    /// The token of a link, as it stands in the mail.
    pub(crate) fn token(&self, link: Uuid) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret())
            .expect("HMAC takes a key of any length");
        mac.update(link.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

/// What a link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Purpose {
    Invite,
    Reset,
    ConfirmEmail,
    AccessEnded,
    PortalAddress,
}

impl Purpose {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Reset => "reset",
            Self::ConfirmEmail => "confirm_email",
            Self::AccessEnded => "access_ended",
            Self::PortalAddress => "portal_address",
        }
    }

    /// First part of the link's path; none where the mail gives no power.
    pub(crate) fn path(self) -> Option<&'static str> {
        match self {
            Self::Invite => Some("invite"),
            Self::Reset => Some("reset"),
            Self::ConfirmEmail => Some("confirm"),
            Self::AccessEnded | Self::PortalAddress => None,
        }
    }

    fn lifetime(self) -> SignedDuration {
        match self {
            Self::Invite => SignedDuration::from_hours(14 * 24),
            Self::Reset => SignedDuration::from_mins(60),
            Self::ConfirmEmail | Self::AccessEnded | Self::PortalAddress => {
                SignedDuration::from_hours(7 * 24)
            }
        }
    }
}

impl From<Purpose> for LinkPurpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Invite => Self::Invite,
            Purpose::Reset => Self::Reset,
            Purpose::ConfirmEmail => Self::ConfirmEmail,
            Purpose::AccessEnded => Self::AccessEnded,
            Purpose::PortalAddress => Self::PortalAddress,
        }
    }
}

/// Whether a link still works: who used it learns that first, then that it was replaced, then that it is too old.
pub(crate) fn state(link: &store::link::Link, now: Timestamp) -> LinkState {
    if link.used_at.is_some() {
        LinkState::Used
    } else if link.voided_at.is_some() {
        LinkState::Void
    } else if link.expires_at.to_jiff() <= now {
        LinkState::Expired
    } else {
        LinkState::Open
    }
}

/// Makes a link in place of the account's former one of that purpose, and lets its mail be sent.
pub(crate) async fn issue(
    tx: &mut TenantTx,
    key: &LinkKey,
    account: Uuid,
    purpose: Purpose,
    actor: Option<Uuid>,
) -> Result<()> {
    let id = service::new_id();
    let token_hash = purpose.path().map(|_| secret::hash(&key.token(id)));
    store::link::void_open(tx, account, purpose).await?;
    let link = store::link::NewLink {
        id,
        account,
        purpose,
        token_hash,
        created_by: actor,
        expires_at: clock::now() + purpose.lifetime(),
    };
    store::link::insert(tx, link).await?;
    let event = LinkIssued {
        link_id: id.to_string(),
        account_id: account.to_string(),
        purpose: LinkPurpose::from(purpose).into(),
        actor_id: actor.map(|id| id.to_string()).unwrap_or_default(),
    };
    events::publish(tx, account, &event).await
}

#[cfg(test)]
mod tests {
    use jiff_sqlx::ToSqlx as _;

    use super::*;

    fn key(byte: &str) -> LinkKey {
        LinkKey::from_hex(&byte.repeat(32).into()).expect("32 bytes")
    }

    #[test]
    fn a_token_depends_on_the_row_and_on_the_key() {
        let (link, other) = (service::new_id(), service::new_id());
        assert_eq!(key("a1").token(link), key("a1").token(link));
        assert_ne!(key("a1").token(link), key("a1").token(other));
        assert_ne!(key("a1").token(link), key("a2").token(link));
        assert_eq!(key("a1").token(link).len(), 43);
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(LinkKey::from_hex(&"a1".repeat(31).into()).is_err());
        assert!(LinkKey::from_hex(&"no hex".into()).is_err());
        assert!(LinkKey::from_hex(&"".into()).is_err());
    }

    #[test]
    fn what_happened_to_a_link_comes_before_its_age() {
        let now = clock::now();
        let mut link = store::link::Link {
            id: service::new_id(),
            account_id: service::new_id(),
            purpose: Purpose::Reset,
            created_by: None,
            expires_at: (now + Purpose::Reset.lifetime()).to_sqlx(),
            used_at: None,
            voided_at: None,
        };
        assert_eq!(state(&link, now), LinkState::Open);
        assert_eq!(
            state(&link, now + SignedDuration::from_mins(60)),
            LinkState::Expired
        );
        link.voided_at = Some(now.to_sqlx());
        assert_eq!(state(&link, now), LinkState::Void);
        link.used_at = Some(now.to_sqlx());
        assert_eq!(state(&link, now), LinkState::Used);
    }
}
