//! Limits on attempts: guessing passwords, asking for mail, making organizations.
//!
//! An attempt is claimed before its outcome is known and in a transaction of its own, so that a failed call still counts and
//! parallel ones cannot slip through together. A claim that turned out well is given back. That of a sign-in does not wait
//! for the disk.

use std::{net::IpAddr, time::Duration};

use jiff::SignedDuration;
use service::{Error, Reason, Result, clock};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use tenancy::{Caller, Db, TenantId};
use uuid::Uuid;

use crate::store::{self, attempt::Window};

/// How many attempts are let through within a time.
pub(crate) struct Limit {
    most: i64,
    within: SignedDuration,
    /// Counts only attempts from the same network.
    from_network: bool,
}

impl Limit {
    const fn of(most: i64, within: SignedDuration) -> Self {
        Self {
            most,
            within,
            from_network: false,
        }
    }

    const fn from_network(most: i64, within: SignedDuration) -> Self {
        Self {
            most,
            within,
            from_network: true,
        }
    }
}

/// Attempts are kept this long: after a hundred failures within it an account asks for a reset.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// In seconds. A person is never told to wait longer: what takes longer is mended by a reset.
const LONGEST_WAIT: f64 = 3_600.0;

/// Guesses at one account's password.
pub(crate) const SIGN_IN: &[Limit] = &[
    Limit::from_network(5, SignedDuration::from_mins(15)),
    Limit::of(20, SignedDuration::from_hours(1)),
    Limit::of(100, KEPT),
];
/// Guesses from a browser in which the account's person signed in before; beyond them it counts as unknown.
pub(crate) const SIGN_IN_BY_DEVICE: &[Limit] = &[
    Limit::of(10, SignedDuration::from_hours(1)),
    Limit::of(50, KEPT),
];
/// Guesses at the present password by somebody who is signed in.
pub(crate) const CHANGE_PASSWORD: &[Limit] = &[Limit::of(5, SignedDuration::from_mins(15))];
/// Mails that one mailbox may get because somebody asked.
pub(crate) const MAIL_TO: &[Limit] = &[Limit::of(3, SignedDuration::from_hours(1))];
/// Mails that one browser's address may cause.
pub(crate) const MAIL_FROM: &[Limit] = &[Limit::of(10, SignedDuration::from_hours(1))];
/// Organizations that one browser's address may make.
pub(crate) const SIGN_UP: &[Limit] = &[Limit::of(5, SignedDuration::from_hours(1))];

/// What is limited, hashed: an organization with an address, say, or a browser's address.
pub(crate) struct Subject(Vec<u8>);

impl Subject {
    /// Guessing at an address of an organization, whether or not an account has it.
    pub(crate) fn sign_in(tenant: TenantId, email_key: &str) -> Self {
        Self::new("sign_in", &[&tenant.to_string(), email_key])
    }

    /// Guessing from a known browser, by its device token.
    pub(crate) fn sign_in_by_device(tenant: TenantId, device: &str) -> Self {
        Self::new("sign_in_by_device", &[&tenant.to_string(), device])
    }

    /// Guessing at the password of a signed-in person.
    pub(crate) fn change_password(tenant: TenantId, account: Uuid) -> Self {
        Self::new(
            "change_password",
            &[&tenant.to_string(), &account.to_string()],
        )
    }

    /// Mail of an organization to an address that a stranger typed.
    pub(crate) fn mail_to(tenant: TenantId, email_key: &str) -> Self {
        Self::new("mail_to", &[&tenant.to_string(), email_key])
    }

    /// Mail that the office sends to a person by hand.
    pub(crate) fn office_mail(tenant: TenantId, account: Uuid) -> Self {
        Self::new("office_mail", &[&tenant.to_string(), &account.to_string()])
    }

    /// Portal addresses sent to an address over all organizations.
    pub(crate) fn portals_of(email_key: &str) -> Self {
        Self::new("portals_of", &[email_key])
    }

    /// Mail caused by a browser's address.
    pub(crate) fn mail_from(client_address: &str) -> Self {
        Self::new("mail_from", &[client_address])
    }

    /// Sign-ups from a browser's address.
    pub(crate) fn sign_up(client_address: &str) -> Self {
        Self::new("sign_up", &[client_address])
    }

    fn new(what: &str, parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in std::iter::once(&what).chain(parts) {
            // with its length, so that parts cannot run into each other
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().to_vec())
    }

    /// Names the lock that puts claims on this subject one after the other.
    fn lock(&self) -> i64 {
        let first = self.0.first_chunk().expect("SHA-256 has 32 bytes");
        i64::from_be_bytes(*first)
    }
}

/// Whether an attempt may be made.
pub(crate) enum Claim {
    /// It may, and counts from now on.
    Made(Uuid),
    /// It may not, for this long.
    Refused(Duration),
}

impl Claim {
    /// The attempt's id, or TOO_MANY_ATTEMPTS.
    pub(crate) fn allowed(self) -> Result<Uuid> {
        match self {
            Self::Made(id) => Ok(id),
            Self::Refused(wait) => Err(Error::Exhausted(Reason::TooManyAttempts, wait)),
        }
    }

    /// True where the attempt may be made; for answers that must not tell.
    pub(crate) fn is_allowed(&self) -> bool {
        matches!(self, Self::Made(_))
    }
}

/// Counts an attempt, unless one of the limits is reached.
pub(crate) async fn claim(
    connection: &mut PgConnection,
    subject: &Subject,
    client_address: &str,
    limits: &[Limit],
) -> Result<Claim> {
    let network = network_of(client_address);
    let now = clock::now();
    let windows: Vec<Window> = limits
        .iter()
        .map(|limit| Window {
            most: limit.most,
            since: now - limit.within,
            network: limit.from_network.then(|| network.clone()),
        })
        .collect();
    // by a statement of its own: the next one sees what others committed before they gave the lock
    store::attempt::lock(connection, subject.lock()).await?;
    let id = service::new_id();
    let wait = store::attempt::insert(connection, id, &subject.0, &network, &windows, now).await?;
    Ok(match wait {
        None => Claim::Made(id),
        Some(seconds) => Claim::Refused(Duration::from_secs_f64(seconds.clamp(1.0, LONGEST_WAIT))),
    })
}

/// Counts mail that somebody who is not signed in asks for: by mailbox and by the browser's address.
pub(crate) async fn claim_mail(
    connection: &mut PgConnection,
    mailbox: &Subject,
    client_address: &str,
) -> Result<bool> {
    let asker = Subject::mail_from(client_address);
    let from = claim(connection, &asker, client_address, MAIL_FROM).await?;
    Ok(from.is_allowed()
        && claim(connection, mailbox, client_address, MAIL_TO)
            .await?
            .is_allowed())
}

/// Answers an outcome; where there is none, for want of room to find it out, the attempt is given back: it told nothing.
pub(crate) async fn outcome<T>(
    db: &Db,
    caller: &Caller,
    attempt: Uuid,
    outcome: Result<T>,
) -> Result<T> {
    if outcome.is_err() {
        let mut tx = db.begin(caller).await?;
        give_back(&mut tx, attempt).await?;
        tx.commit().await?;
    }
    outcome
}

/// Gives a claim back: the attempt was no failure.
pub(crate) async fn give_back(connection: &mut PgConnection, attempt: Uuid) -> Result<()> {
    store::attempt::delete(connection, attempt).await
}

/// Forgets every failure: the person showed that the address is theirs.
pub(crate) async fn forget(connection: &mut PgConnection, subject: &Subject) -> Result<()> {
    store::attempt::delete_subject(connection, &subject.0).await
}

/// The network that an address is counted under: /24 or /48, which one household or office has as a rule.
fn network_of(client_address: &str) -> String {
    match client_address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(IpAddr::V6(ip)) => {
            let [a, b, c, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbors_share_a_network() {
        assert_eq!(network_of("203.0.113.7"), "203.0.113.0/24");
        assert_eq!(network_of("::ffff:203.0.113.9"), "203.0.113.0/24");
        assert_eq!(network_of("2001:db8:1:2::3"), "2001:db8:1::/48");
        assert_eq!(network_of(""), "unknown");
    }

    #[test]
    fn subjects_do_not_run_into_each_other() {
        let one = Subject::new("mail_to", &["ab", "c"]);
        let other = Subject::new("mail_to", &["a", "bc"]);
        assert_ne!(one.0, other.0);
        let tenant = TenantId::new();
        let sign_in = Subject::sign_in(tenant, "maya@okafor.example");
        let mail = Subject::mail_to(tenant, "maya@okafor.example");
        assert_ne!(sign_in.0, mail.0);
    }
}
