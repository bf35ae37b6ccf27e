//! What becomes of news that waits for a summary.

use jiff::tz::TimeZone;
use proto::notifications::{DeliveryState, Frequency, MailKind};
use service::{Result, clock};
use tenancy::TenantTx;
use uuid::Uuid;

use crate::{
    digest::{self, Rhythm},
    store::{
        self,
        delivery::{About, NewDelivery},
    },
};

/// Why a mail that gathered photos waits for a summary instead.
const SUMMED_UP: &str = "The person chose summaries.";
/// Why news was not mailed to a person with such preferences.
pub(crate) const CHOSEN: &str = "The person chose not to be mailed news.";

/// Puts waiting news under preferences that changed: what waits for a summary, and mails that still gather photos.
///
/// With another rhythm or time zone it waits for that summary. Without summaries, what waited for one goes out at once, in
/// a last one, and what gathers photos goes on doing so. Where the person wants no news by mail all of it is dropped, and
/// no later change brings it back.
pub(crate) async fn follow(
    tx: &mut TenantTx,
    account: Uuid,
    frequency: Frequency,
    zone: &TimeZone,
) -> Result<()> {
    let held = store::delivery::lock_held(tx, account).await?;
    let gathering = store::delivery::lock_gathering(tx, account).await?;
    match (Rhythm::of(frequency), frequency) {
        (Some(rhythm), _) => {
            let due_at = digest::next(rhythm, zone, clock::now());
            store::delivery::put_off(tx, &held, due_at).await?;
            let state = DeliveryState::Held;
            store::delivery::advance(tx, &gathering, state, Some(due_at), SUMMED_UP).await
        }
        (None, Frequency::Critical | Frequency::Paused) => {
            let waiting = [held, gathering].concat();
            store::delivery::advance(tx, &waiting, DeliveryState::Dropped, None, CHOSEN).await
        }
        (None, _) if held.is_empty() => Ok(()),
        (None, _) => {
            open(tx, account, &held).await?;
            Ok(())
        }
    }
}

/// Opens the summary of today in the person's time zone; news waits for the next where today had its own.
pub(crate) async fn open_today(
    tx: &mut TenantTx,
    account: Uuid,
    frequency: Frequency,
    zone: &TimeZone,
) -> Result<()> {
    let Some(rhythm) = Rhythm::of(frequency) else {
        return follow(tx, account, frequency, zone).await;
    };
    let held = store::delivery::lock_held(tx, account).await?;
    if held.is_empty() {
        return Ok(());
    }
    let today = clock::today(zone);
    if store::digest::exists(tx, account, rhythm, today).await? {
        let due_at = digest::next(rhythm, zone, clock::now());
        return store::delivery::put_off(tx, &held, due_at).await;
    }
    let delivery = open(tx, account, &held).await?;
    store::digest::insert(tx, account, rhythm, today, delivery).await
}

/// Queues a summary that takes the news along; photos that come later are told by another.
async fn open(tx: &mut TenantTx, account: Uuid, news: &[Uuid]) -> Result<Uuid> {
    let summary = NewDelivery {
        account,
        kind: MailKind::Digest,
        state: DeliveryState::Queued,
        due_at: clock::now(),
        about: About::default(),
        resend_of: None,
    };
    let id = store::delivery::insert(tx, summary).await?;
    store::delivery::give_to_digest(tx, news, id).await?;
    store::photo_batch::close_of(tx, news).await?;
    Ok(id)
}
