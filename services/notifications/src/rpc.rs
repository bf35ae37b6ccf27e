//! The gRPC services, a noun each.

pub(crate) mod delivery;
pub(crate) mod inbox;
pub(crate) mod preference;

use jiff::Timestamp;
use service::page;
use uuid::Uuid;

/// Takes off the row that was read to see whether there is another page, and makes that page's token.
fn next_page<T>(rows: &mut Vec<T>, size: i64, keys: impl Fn(&T) -> (Timestamp, Uuid)) -> String {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if rows.len() <= size {
        return String::new();
    }
    rows.truncate(size);
    rows.last()
        .map_or_else(String::new, |row| page::token(&keys(row)))
}
