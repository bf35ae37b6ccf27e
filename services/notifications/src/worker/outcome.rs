//! What becomes of a mail that was handled, and of the news in it.

use jiff::SignedDuration;
use proto::notifications::{DeliveryState, MailKind};
use service::{Error, Result, clock};
use tenancy::{TenantId, TenantTx};
use tracing::Span;
use uuid::Uuid;

use crate::{
    compose::{Composed, Outcome},
    events,
    smtp::Answer,
    store::{
        self,
        job::{Job, Settled},
    },
    words::Word as _,
};

/// Pauses before another try where the mail server did not take a mail: soon for a server that puts off strangers, and
/// after a day in all for a mailbox that was full.
const RETRIES: [SignedDuration; 2] = [
    SignedDuration::from_mins(15),
    SignedDuration::from_mins(23 * 60 + 45),
];

const CARRIED: &str = "It was part of a summary.";
const BOUNCED_BEFORE: &str = "Mail to this address bounced before.";
const NOT_WRITTEN: &str = "The mail could not be written.";

/// A mail that is done with but for its record.
pub(super) struct Handled {
    pub(super) span: Span,
    pub(super) tenant: TenantId,
    pub(super) job: Job,
    pub(super) composed: Composed,
    /// What the mail server said; none where it was not asked.
    pub(super) answer: Option<Answer>,
}

/// Writes down what became of a mail and of the news in it, unless somebody else has done so; answers the state in which it
/// ends, where it does.
pub(super) async fn write(tx: &mut TenantTx, handled: &Handled) -> Result<Option<DeliveryState>> {
    let Handled {
        job,
        composed,
        answer,
        ..
    } = handled;
    let settled = settled(handled)?;
    if !store::job::settle(tx, job.id, &settled).await? {
        return Ok(None);
    }
    for (id, why) in &composed.left_out {
        store::delivery::advance(tx, &[*id], DeliveryState::Dropped, None, why).await?;
    }
    if let (Outcome::Letter(letter), Some(Answer::NoSuchAddress(_))) = (&composed.outcome, answer) {
        store::suppression::insert(tx, job.account_id, &letter.address, job.id).await?;
        events::delivery_bounced(tx, job.id, job.account_id).await?;
    }
    if settled.due_at.is_some() {
        return Ok(None);
    }
    if MailKind::of_word(&job.kind)? != MailKind::Digest {
        return Ok(Some(settled.state));
    }
    // the news that it took along ends as it did
    let carried: Vec<Uuid> = store::delivery::news_of(tx, job.id, false)
        .await?
        .into_iter()
        .map(|news| news.delivery_id)
        .collect();
    store::delivery::advance(tx, &carried, settled.state, None, CARRIED).await?;
    Ok(Some(settled.state))
}

/// What becomes of a mail by what was written and what the mail server said.
fn settled(handled: &Handled) -> Result<Settled<'_>> {
    let Handled {
        job,
        composed,
        answer,
        ..
    } = handled;
    let end = |state, detail, subject: Option<_>| Settled {
        state,
        due_at: None,
        detail,
        was_tried: subject.is_some(),
        subject,
    };
    let letter = match &composed.outcome {
        Outcome::Letter(letter) => letter,
        Outcome::Dropped(why) => return Ok(end(DeliveryState::Dropped, *why, None)),
        Outcome::Suppressed => return Ok(end(DeliveryState::Suppressed, BOUNCED_BEFORE, None)),
        Outcome::Unwritten => return Ok(try_later(job, NOT_WRITTEN, None)),
    };
    let subject = letter.mail.subject.as_str();
    match answer {
        Some(Answer::Accepted(said)) => Ok(end(DeliveryState::Accepted, said, Some(subject))),
        Some(Answer::NoSuchAddress(said)) => Ok(end(DeliveryState::Bounced, said, Some(subject))),
        Some(Answer::Refused(said)) => Ok(try_later(job, said, Some(subject))),
        None => Err(Error::internal("a letter was not sent")),
    }
}

/// Another try of a mail, or its end after the last.
fn try_later<'a>(job: &Job, why: &'a str, subject: Option<&'a str>) -> Settled<'a> {
    let tries = usize::try_from(job.attempts).unwrap_or(RETRIES.len());
    let pause = RETRIES.get(tries);
    Settled {
        state: match pause {
            Some(_) => DeliveryState::Queued,
            None => DeliveryState::Failed,
        },
        due_at: pause.map(|pause| clock::now() + *pause),
        detail: why,
        was_tried: true,
        subject,
    }
}
