//! All SQL, a noun each.

pub(crate) mod account;
pub(crate) mod attempt;
pub(crate) mod client;
pub(crate) mod contact;
pub(crate) mod link;
pub(crate) mod organization;
pub(crate) mod session;

/// Rows that one statement of the clean-up deletes: few enough that nobody waits for its locks.
pub(crate) const BATCH: u64 = 1_000;
