//! How long photos are gathered before one mail tells of all of them.

use jiff::{SignedDuration, Timestamp};

/// Nobody has added anything for so long.
const QUIET: SignedDuration = SignedDuration::from_mins(15);
/// People wait no longer, however many photos still come.
const LONGEST: SignedDuration = SignedDuration::from_mins(60);

/// When a batch that was opened then is due, if the photo of this moment is its last.
pub(crate) fn due(opened_at: Timestamp, now: Timestamp) -> Timestamp {
    (now + QUIET).min(opened_at + LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_due_after_a_quarter_of_an_hour_of_quiet_or_after_an_hour() {
        let opened_at: Timestamp = "2026-11-25T09:00:00Z".parse().expect("a time");
        let minutes = |count| SignedDuration::from_mins(count);
        let due_after =
            |count| due(opened_at, opened_at + minutes(count)).duration_since(opened_at);
        assert_eq!(due_after(0), minutes(15));
        assert_eq!(due_after(10), minutes(25));
        assert_eq!(due_after(45), minutes(60));
        assert_eq!(due_after(50), minutes(60));
    }
}
