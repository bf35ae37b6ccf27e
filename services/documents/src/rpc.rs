//! The calls that documents answers, a file a noun.

pub(crate) mod logo;
pub(crate) mod photo;
pub(crate) mod usage;
