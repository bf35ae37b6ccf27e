//! Answers that take the same time whatever was done for them.
//!
//! Who asks for a reset or for portals must not learn whether an address is known. What is done for a known one takes some
//! milliseconds more, which a stranger could measure; so each answer waits until either would long be done.

use std::{future::Future, time::Duration};

/// Many times what the longer way takes.
const TIME: Duration = Duration::from_millis(200);

/// Does some work and answers in an even time.
pub(crate) async fn in_even_time<F: Future>(work: F) -> F::Output {
    let (answer, ()) = tokio::join!(work, tokio::time::sleep(TIME));
    answer
}
