//! How much time a call has left, carried along without being passed by hand.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use crate::{Error, Result};

/// No call may take longer, whatever its caller allows.
pub const CAP: Duration = Duration::from_secs(10);
/// What a hop keeps for itself, so that it can still answer when the next one runs out.
const HOP: Duration = Duration::from_millis(20);
const FLOOR: Duration = Duration::from_millis(50);
/// How long work may take to end by itself after its time is up.
const GRACE: Duration = Duration::from_secs(2);

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs `work` with `limit` left.
pub async fn within<F: Future>(limit: Duration, work: F) -> F::Output {
    DEADLINE.scope(Instant::now() + limit, work).await
}

/// Like [`within`], for work that waits for somebody who may never answer, such as a server behind a connection that was
/// cut: what has not ended soon after its limit is dropped, and DEADLINE_EXCEEDED.
pub async fn strictly<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit + GRACE, within(limit, work))
        .await
        .unwrap_or(Err(Error::DeadlineExceeded))
}

/// What is left for the work at hand; [`CAP`] where nobody set a deadline.
pub fn remaining() -> Duration {
    DEADLINE
        .try_with(|deadline| deadline.saturating_duration_since(Instant::now()))
        .unwrap_or(CAP)
        .max(FLOOR)
}

/// What the next hop gets.
pub fn for_next_hop() -> Duration {
    remaining().saturating_sub(HOP).max(FLOOR)
}

/// Reads a `grpc-timeout` value, such as "2000m".
pub(crate) fn parse_grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_timeouts_are_read() {
        assert_eq!(parse_grpc_timeout("2000m"), Some(Duration::from_secs(2)));
        assert_eq!(parse_grpc_timeout("3S"), Some(Duration::from_secs(3)));
        assert_eq!(parse_grpc_timeout(""), None);
        assert_eq!(parse_grpc_timeout("S"), None);
        assert_eq!(parse_grpc_timeout("12x"), None);
    }

    #[tokio::test]
    async fn what_never_ends_is_dropped() {
        let limit = Duration::from_millis(1);
        assert!(matches!(strictly(limit, async { Ok(1) }).await, Ok(1)));
        let never = strictly(limit, std::future::pending::<Result<()>>()).await;
        assert!(matches!(never, Err(Error::DeadlineExceeded)));
    }

    #[tokio::test]
    async fn a_hop_gets_less_than_there_is() {
        within(Duration::from_secs(2), async {
            assert!(for_next_hop() < Duration::from_millis(1981));
            assert!(for_next_hop() > Duration::from_millis(1800));
        })
        .await;
    }
}
