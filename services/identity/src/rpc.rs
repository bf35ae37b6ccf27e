//! The gRPC services, a noun each, and how they read requests.

pub(crate) mod account;
pub(crate) mod client;
pub(crate) mod link;
pub(crate) mod member;
pub(crate) mod organization;
pub(crate) mod portal_access;
pub(crate) mod session;

use std::ops::RangeInclusive;

use jiff::tz::TimeZone;
use proto::notifications::Frequency;

/// Lengths of names.
const NAME: RangeInclusive<usize> = 1..=200;
/// Lengths of phone numbers, which may be left out.
const PHONE: RangeInclusive<usize> = 0..=50;

const WRONG_NAME: &str = "Enter a name of 200 characters at most";
const WRONG_PHONE: &str = "Enter a phone number of 50 characters at most";
const WRONG_TIME_ZONE: &str = "Choose a time zone from the list";
const WRONG_FREQUENCY: &str = "Choose how often mail is sent";

/// True for the name of a time zone, such as "America/Los_Angeles".
fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// True for the name of a frequency that a person may choose.
fn is_frequency(name: &str) -> bool {
    Frequency::from_str_name(name).is_some_and(|frequency| frequency != Frequency::Unspecified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_and_frequencies_go_by_name() {
        assert!(is_time_zone("America/Los_Angeles"));
        assert!(!is_time_zone("America/Atlantis"));
        assert!(!is_time_zone(""));
        assert!(is_frequency("FREQUENCY_DAILY"));
        assert!(!is_frequency("FREQUENCY_UNSPECIFIED"));
        assert!(!is_frequency("daily"));
    }
}
