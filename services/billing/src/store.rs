//! All SQL, a noun each.

pub(crate) mod contract;
