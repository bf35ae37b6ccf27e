//! SQL, a file a noun.

pub(crate) mod file;
pub(crate) mod photo;
pub(crate) mod usage;
