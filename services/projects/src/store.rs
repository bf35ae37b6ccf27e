//! All SQL, a noun each.

pub(crate) mod phase;
pub(crate) mod project;
pub(crate) mod visibility;
