//! Password hashing: Argon2id off the async threads, a few at once, with a bounded queue.
//!
//! One hash costs 19 MiB and about 22 ms of a core. Without a bound a burst of sign-ins would starve every other call; so
//! four run, 32 wait, and who comes after that is told to come back in a second.

use std::{sync::Arc, time::Duration};

use anyhow::anyhow;
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::SaltString,
};
use service::{Error, Reason, Result};
use tokio::sync::Semaphore;

const RUNNING: usize = 4;
const WAITING: usize = 32;
const WAIT: Duration = Duration::from_secs(1);

/// Memory in KiB, passes, lanes: the first of OWASP's recommendations for Argon2id.
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// Hashes and verifies passwords.
#[derive(Clone)]
pub(crate) struct Hasher {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    /// Verified in place of an unknown account's, so that the time tells nothing.
    dummy: Arc<str>,
}

impl Hasher {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let dummy = hash(&crate::secret::random())?;
        Ok(Self {
            admitted: Arc::new(Semaphore::new(RUNNING + WAITING)),
            running: Arc::new(Semaphore::new(RUNNING)),
            dummy: dummy.into(),
        })
    }

    /// Hashes a new password, with a salt of its own.
    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        Ok(self.run(move || hash(&password)).await??)
    }

    /// True where the password is the account's; takes as long where there is no account.
    pub(crate) async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool> {
        let password = password.to_owned();
        let is_known = stored.is_some();
        let stored = stored.unwrap_or(&self.dummy).to_owned();
        let fits = self.run(move || verify(&password, &stored)).await??;
        Ok(fits && is_known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let admitted = self
            .admitted
            .clone()
            .try_acquire_owned()
            .map_err(|_| Error::Exhausted(Reason::Busy, WAIT))?;
        let running = self
            .running
            .clone()
            .acquire_owned()
            .await
            .map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            // held by the work itself: a caller that goes away does not make room for more of it
            let _permits = (admitted, running);
            work()
        })
        .await
        .map_err(Error::internal)
    }
}

fn argon2() -> anyhow::Result<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None)
        .map_err(|error| anyhow!("the cost of Argon2id is not valid: {error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> anyhow::Result<String> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>())
        .map_err(|error| anyhow!("make a salt: {error}"))?;
    let hash = argon2()?
        .hash_password(password.as_bytes(), &salt)
        .map_err(|error| anyhow!("hash a password: {error}"))?;
    Ok(hash.to_string())
}

fn verify(password: &str, stored: &str) -> anyhow::Result<bool> {
    let stored = PasswordHash::new(stored)
        .map_err(|error| anyhow!("a stored password hash is not valid: {error}"))?;
    Ok(argon2()?
        .verify_password(password.as_bytes(), &stored)
        .is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_fits_and_others_do_not() {
        let hasher = Hasher::new().expect("the cost is valid");
        let stored = hasher.hash("seven green ladders").await.expect("room");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let right = hasher.verify("seven green ladders", Some(&stored)).await;
        let wrong = hasher.verify("seven green ladder", Some(&stored)).await;
        let unknown = hasher.verify("seven green ladders", None).await;
        assert!(right.expect("room"));
        assert!(!wrong.expect("room"));
        assert!(!unknown.expect("room"));
    }

    #[tokio::test]
    async fn a_full_queue_turns_people_away() {
        let hasher = Hasher::new().expect("the cost is valid");
        let all: Vec<_> = (0..RUNNING + WAITING)
            .map(|_| hasher.admitted.clone().try_acquire_owned().expect("room"))
            .collect();
        let refused = hasher.verify("seven green ladders", None).await;
        assert!(matches!(refused, Err(Error::Exhausted(Reason::Busy, _))));
        drop(all);
        assert!(hasher.verify("seven green ladders", None).await.is_ok());
    }
}
