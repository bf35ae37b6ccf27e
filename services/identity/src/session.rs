//! Sessions: how long they last, and how one is opened.

use jiff::{SignedDuration, Timestamp};
use service::{Result, clock};
use tenancy::TenantTx;
use uuid::Uuid;

use crate::{
    account::{self, Kind},
    rpc, secret,
    store::{self, account::Account},
};

/// A session's use is recorded at most this often: a page makes many requests.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// A browser that nobody signed in from for this long is a new one.
pub(crate) const DEVICE_KEPT: SignedDuration = SignedDuration::from_hours(365 * 24);
const CODE_LIFETIME: SignedDuration = SignedDuration::from_secs(60);

/// How long a session lasts: without use, and at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    idle: SignedDuration,
    most: SignedDuration,
}

impl Lifetime {
    /// Clients come rarely and see one household; the office comes daily and sees everything.
    pub(crate) const fn of(kind: Kind, kept: bool) -> Self {
        let twelve_hours = SignedDuration::from_hours(12);
        let (idle, most) = match (kind, kept) {
            (Kind::Client, true) => (
                SignedDuration::from_hours(30 * 24),
                SignedDuration::from_hours(90 * 24),
            ),
            (Kind::Office, true) => (twelve_hours, SignedDuration::from_hours(7 * 24)),
            (_, false) => (twelve_hours, twelve_hours),
        };
        Self { idle, most }
    }

    /// When a session that is used now ends without further use.
    pub(crate) fn expiry(self, now: Timestamp, ends_at: Timestamp) -> Timestamp {
        (now + self.idle).min(ends_at)
    }
}

/// The browser that signs in.
pub(crate) struct Browser {
    pub(crate) client_address: String,
    pub(crate) user_agent: String,
    /// What an earlier sign-in of the same person gave it.
    pub(crate) known_device: Option<String>,
}

/// Opens a session for an active account, and gives back the attempt that led to it, if one did.
pub(crate) async fn open(
    tx: &mut TenantTx,
    account: &Account,
    kept: bool,
    browser: Browser,
    attempt: Option<Uuid>,
) -> Result<proto::identity::Session> {
    let now = clock::now();
    let lifetime = Lifetime::of(account.kind, kept);
    let ends_at = now + lifetime.most;
    let expires_at = lifetime.expiry(now, ends_at);
    let secret = secret::random();
    let device = browser.known_device.unwrap_or_else(secret::random);
    let session = store::session::NewSession {
        id: service::new_id(),
        account: account.id,
        secret_hash: secret::hash(&secret),
        device_hash: secret::hash(&device),
        kept,
        client_address: start_of(&browser.client_address, 100),
        user_agent: start_of(&browser.user_agent.replace('\0', ""), 500),
        now,
        expires_at,
        ends_at,
        attempt,
    };
    store::session::insert(tx, session).await?;

    let memberships = account::memberships(tx, account).await?;
    Ok(proto::identity::Session {
        secret,
        expires_at: Some(proto::timestamp(expires_at)),
        device,
        account: Some(rpc::account::message(account, &memberships)),
    })
}

/// True where the person signed in from this browser within a year.
pub(crate) async fn is_known_device(
    tx: &mut TenantTx,
    account: Uuid,
    device: &str,
) -> Result<bool> {
    if device.is_empty() {
        return Ok(false);
    }
    let since = clock::now() - DEVICE_KEPT;
    store::session::has_device(tx, account, &secret::hash(device), since).await
}

/// Makes the code that carries a sign-up to its new host.
pub(crate) async fn issue_code(tx: &mut TenantTx, account: Uuid) -> Result<String> {
    let code = secret::random();
    let expires_at = clock::now() + CODE_LIFETIME;
    store::session::insert_code(tx, account, &secret::hash(&code), expires_at).await?;
    Ok(code)
}

/// Moves a session on: it was used now. False where that was written down a moment ago, and is not written again.
pub(crate) async fn touch(
    tx: &mut TenantTx,
    session: &store::session::Session,
    account: &Account,
) -> Result<bool> {
    let now = clock::now();
    if now.duration_since(session.last_seen_at.to_jiff()) < SEEN_EVERY {
        return Ok(false);
    }
    let expires_at =
        Lifetime::of(account.kind, session.kept).expiry(now, session.ends_at.to_jiff());
    // the account first, as whoever ends its sessions has it
    store::account::seen(tx, account.id, now).await?;
    store::session::seen(tx, session.id, now, expires_at).await?;
    Ok(true)
}

/// What a browser says of itself may be of any length.
fn start_of(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_moves_a_session_on_up_to_its_end() {
        let start = clock::now();
        let client = Lifetime::of(Kind::Client, true);
        let ends_at = start + client.most;
        let days = |count: i64| SignedDuration::from_hours(count * 24);
        assert_eq!(client.expiry(start, ends_at), start + days(30));
        let later = start + days(20);
        assert_eq!(client.expiry(later, ends_at), start + days(50));
        let late = start + days(80);
        assert_eq!(client.expiry(late, ends_at), start + days(90));
    }

    #[test]
    fn a_session_that_is_not_kept_ends_after_twelve_hours() {
        for kind in [Kind::Client, Kind::Office] {
            let lifetime = Lifetime::of(kind, false);
            assert_eq!(lifetime.most, SignedDuration::from_hours(12));
        }
        let office = Lifetime::of(Kind::Office, true);
        assert_eq!(office.idle, SignedDuration::from_hours(12));
    }
}
