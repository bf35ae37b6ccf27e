//! The one source of business time.
//!
//! Deadlines, holds, digests and every stored time come from here and never from SQL's `now()`, so that development
//! and tests can move time for the whole platform. Only lifetimes of access tokens and call deadlines follow the
//! machine's own clock: they guard, they do not record.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

static OFFSET_MILLIS: AtomicI64 = AtomicI64::new(0);

/// The time now.
pub fn now() -> Timestamp {
    let offset = SignedDuration::from_millis(OFFSET_MILLIS.load(Ordering::Relaxed));
    let moved = Timestamp::now() + offset;
    // PostgreSQL keeps microseconds: what is stored must equal what was read
    Timestamp::from_microsecond(moved.as_microsecond()).unwrap_or(moved)
}

/// The day now in a time zone.
pub fn today(zone: &TimeZone) -> Date {
    now().to_zoned(zone.clone()).date()
}

/// Moves this process's clock so that it shows `time` and runs on from there.
pub(crate) fn set(time: Timestamp) {
    let offset = time.duration_since(Timestamp::now());
    let millis = i64::try_from(offset.as_millis()).unwrap_or(0);
    OFFSET_MILLIS.store(millis, Ordering::Relaxed);
}
