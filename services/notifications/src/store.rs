//! All SQL, a noun each.

pub(crate) mod delivery;
pub(crate) mod digest;
pub(crate) mod inbox;
pub(crate) mod job;
pub(crate) mod photo_batch;
pub(crate) mod preference;
pub(crate) mod suppression;
