//! Password hashing: Argon2id off the async threads, a few at once, with a bounded queue.
//!
//! One hash costs 19 MiB and about 22 ms of a core. Without a bound a burst of sign-ins would starve every other call; so
//! one runs on each core and four at most, 32 wait, and who comes after that is told to come back in a second.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::anyhow;
use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::{Output, ParamsString, SaltString},
};
use service::{Error, Reason, Result};
use tokio::sync::Semaphore;

const MOST_RUNNING: usize = 4;
const WAITING: usize = 32;
const WAIT: Duration = Duration::from_secs(1);

/// Memory in KiB, passes, lanes: the first of OWASP's recommendations for Argon2id.
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// What one hash is computed in.
type Memory = Vec<Block>;

/// Hashes and verifies passwords.
#[derive(Clone)]
pub(crate) struct Hasher {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    /// Of hashes that are done, for those to come. Given back, it would stay with the allocator once for each thread that
    /// ever hashed.
    memory: Arc<Mutex<Vec<Memory>>>,
    /// Verified in place of an unknown account's, so that the time tells nothing.
    dummy: Arc<str>,
}

impl Hasher {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut memory = Memory::new();
        let dummy = hash(&crate::secret::random(), &mut memory)?;
        Ok(Self {
            memory: Arc::new(Mutex::new(vec![memory])),
            admitted: Arc::new(Semaphore::new(running() + WAITING)),
            running: Arc::new(Semaphore::new(running())),
            dummy: dummy.into(),
        })
    }

    /// Hashes a new password, with a salt of its own.
    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        Ok(self.run(move |memory| hash(&password, memory)).await??)
    }

    /// True where the password is the account's; takes as long where there is no account.
    pub(crate) async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool> {
        let password = password.to_owned();
        let is_known = stored.is_some();
        let stored = stored.unwrap_or(&self.dummy).to_owned();
        let fits = self
            .run(move |memory| verify(&password, &stored, memory))
            .await??;
        Ok(fits && is_known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T> {
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
        let free = self.memory.clone();
        tokio::task::spawn_blocking(move || {
            // held by the work itself: a caller that goes away does not make room for more of it
            let _permits = (admitted, running);
            let mut memory = locked(&free).pop().unwrap_or_default();
            let outcome = work(&mut memory);
            locked(&free).push(memory);
            outcome
        })
        .await
        .map_err(Error::internal)
    }
}

/// How many hashes run at once: more than one a core only push each other out of its cache.
fn running() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_RUNNING))
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hash(password: &str, memory: &mut Memory) -> anyhow::Result<String> {
    let (cost, passes, lanes) = COST;
    let params = Params::new(cost, passes, lanes, None)
        .map_err(|error| anyhow!("the cost of Argon2id is not valid: {error}"))?;
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>())
        .map_err(|error| anyhow!("make a salt: {error}"))?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(unreadable)?,
        salt: Some(salt.as_salt()),
        hash: None,
    };
    let output = output(password, &hash, Params::DEFAULT_OUTPUT_LEN, memory)?;
    let hash = PasswordHash {
        hash: Some(output),
        ..hash
    };
    Ok(hash.to_string())
}

fn verify(password: &str, stored: &str, memory: &mut Memory) -> anyhow::Result<bool> {
    let stored = PasswordHash::new(stored).map_err(unreadable)?;
    let expected = stored
        .hash
        .ok_or(anyhow!("a stored password has no hash"))?;
    // outputs are compared in constant time
    Ok(output(password, &stored, expected.len(), memory)? == expected)
}

/// Computes what a password gives with the salt and the parameters of a hash.
fn output(
    password: &str,
    hash: &PasswordHash<'_>,
    length: usize,
    memory: &mut Memory,
) -> anyhow::Result<Output> {
    let params = Params::try_from(hash).map_err(unreadable)?;
    let salt = hash.salt.ok_or(anyhow!("a stored password has no salt"))?;
    let mut salt_bytes = [0; 64];
    let salt_bytes = salt.decode_b64(&mut salt_bytes).map_err(unreadable)?;
    memory.resize(params.block_count(), Block::default());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Output::init_with(length, |output| {
        argon2.hash_password_into_with_memory(
            password.as_bytes(),
            salt_bytes,
            output,
            memory.as_mut_slice(),
        )?;
        Ok(())
    })
    .map_err(|error| anyhow!("hash a password: {error}"))
}

fn unreadable(error: argon2::password_hash::Error) -> anyhow::Error {
    anyhow!("a stored password hash is not valid: {error}")
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
    async fn memory_is_used_again() {
        let hasher = Hasher::new().expect("the cost is valid");
        let guess = || hasher.verify("seven green ladders", None);
        let guesses = (0..WAITING).map(|_| guess());
        for guessed in futures::future::join_all(guesses).await {
            assert!(!guessed.expect("room"));
        }
        assert!(locked(&hasher.memory).len() <= running());
    }

    #[test]
    fn hashes_are_those_of_argon2() {
        use argon2::PasswordVerifier as _;

        let stored = hash("seven green ladders", &mut Memory::new()).expect("it hashes");
        let stored = PasswordHash::new(&stored).expect("a hash");
        let verified = Argon2::default().verify_password(b"seven green ladders", &stored);
        assert!(verified.is_ok());
    }

    #[tokio::test]
    async fn a_full_queue_turns_people_away() {
        let hasher = Hasher::new().expect("the cost is valid");
        let all: Vec<_> = (0..running() + WAITING)
            .map(|_| hasher.admitted.clone().try_acquire_owned().expect("room"))
            .collect();
        let refused = hasher.verify("seven green ladders", None).await;
        assert!(matches!(refused, Err(Error::Exhausted(Reason::Busy, _))));
        drop(all);
        assert!(hasher.verify("seven green ladders", None).await.is_ok());
    }
}
