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
use prost_types::FieldMask;
use proto::notifications::Frequency;
use serde::Serialize;
use service::{Error, Reason, Result, page, parse_id};
use uuid::Uuid;

/// The most ids that one call may name.
const BATCH: usize = 1_000;

/// Lengths of names.
const NAME: RangeInclusive<usize> = 1..=200;
/// Lengths of phone numbers, which may be left out.
const PHONE: RangeInclusive<usize> = 0..=50;

const WRONG_NAME: &str = "Enter a name of 200 characters at most";
const WRONG_PHONE: &str = "Enter a phone number of 50 characters at most";
const WRONG_TIME_ZONE: &str = "Choose a time zone from the list";
const WRONG_FREQUENCY: &str = "Choose how often mail is sent";

/// True where a text of one line has one of these lengths.
fn is_line(text: &str, lengths: RangeInclusive<usize>) -> bool {
    lengths.contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// True where a text of any lines is not too long.
fn is_text(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.contains('\0')
}

/// True for the name of a time zone, such as "America/Los_Angeles".
fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// True for the name of a frequency that a person may choose.
fn is_frequency(name: &str) -> bool {
    Frequency::from_str_name(name).is_some_and(|frequency| frequency != Frequency::Unspecified)
}

/// The fields that an update changes: those that the mask names, or all where it names none.
fn paths(mask: Option<&FieldMask>, known: &[&'static str]) -> Result<Vec<&'static str>> {
    let named = mask.map(|mask| mask.paths.as_slice()).unwrap_or_default();
    if named.is_empty() {
        return Ok(known.to_vec());
    }
    named
        .iter()
        .map(|path| {
            known
                .iter()
                .copied()
                .find(|known| known == path)
                .ok_or(Error::invalid(
                    "update_mask",
                    "must name fields that can be changed",
                ))
        })
        .collect()
}

/// Reads ids.
fn batch(ids: &[String], field: &'static str) -> Result<Vec<Uuid>> {
    if ids.len() > BATCH {
        return Err(Error::invalid(field, "must be 1,000 at most"));
    }
    ids.iter().map(|id| parse_id(id, field)).collect()
}

/// Cuts a list that was read one row too long, and answers the token of its next page; empty where there is none.
fn cut<T, K: Serialize>(rows: &mut Vec<T>, size: i64, keys: impl FnOnce(&T) -> K) -> String {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if rows.len() <= size {
        return String::new();
    }
    rows.truncate(size);
    rows.last()
        .map(|last| page::token(&keys(last)))
        .unwrap_or_default()
}

/// The version that an etag carries; what never was one is as stale as an old one.
fn version_of(etag: &str) -> Result<i64> {
    etag.parse().map_err(|_| Error::Conflict(Reason::EtagStale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_mask_names_everything() {
        let known = ["name", "phone"];
        assert_eq!(paths(None, &known).expect("all"), known);
        let one = FieldMask {
            paths: vec!["phone".to_owned()],
        };
        assert_eq!(paths(Some(&one), &known).expect("known"), ["phone"]);
        let unknown = FieldMask {
            paths: vec!["email".to_owned()],
        };
        assert!(paths(Some(&unknown), &known).is_err());
    }

    #[test]
    fn a_line_holds_no_line_break() {
        assert!(is_line("Sam", NAME));
        assert!(!is_line("", NAME));
        assert!(!is_line("Sam\r\nBcc: all@okafor.example", NAME));
        assert!(!is_line(&"ä".repeat(201), NAME));
        assert!(is_line(&"ä".repeat(200), NAME));
    }

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
