//! The calls that documents answers, a file a noun.

mod edit;
pub(crate) mod logo;
pub(crate) mod photo;
mod upload;
pub(crate) mod usage;
