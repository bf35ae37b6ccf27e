//! When nothing moves any more.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Stage;

/// Whose events notifications hears.
const PUBLISHERS: [&str; 3] = ["identity", "projects", "documents"];
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until what was set in motion has arrived: events are handled and mails sent.
pub async fn wait_until_quiet(stage: &impl Stage) -> Result<()> {
    let mut notifications = stage.superuser("notifications").await?;
    let mut events: Vec<Uuid> = Vec::new();
    for publisher in PUBLISHERS {
        let mut connection = stage.superuser(publisher).await?;
        let published: Vec<Uuid> = sqlx::query_scalar("select id from outbox")
            .fetch_all(&mut connection)
            .await?;
        events.extend(published);
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let pending = pending(&mut notifications, &events).await?;
        if pending.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("events and mails do not come to an end: {pending:#?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What notifications has to do soon: a mail that waits for more photos waits for longer than any test. An event that it
/// could not handle is told with the reason.
async fn pending(notifications: &mut PgConnection, events: &[Uuid]) -> Result<Vec<String>> {
    sqlx::query_scalar(
        "select coalesce(
                 (select format('the event %s is held: %s', headers ->> 'ce_type', reason) from held_event
                      where headers ->> 'ce_id' = event::text),
                 format('event %s is not handled', event))
             from unnest($1) as event
             where not exists (select from inbox where event_id = event)
         union all
         select format('the %s mail %s is %s', kind, id, state) from delivery
             where state in ('queued', 'sending') and due_at < now() + interval '1 minute'",
    )
    .bind(events)
    .fetch_all(notifications)
    .await
    .context("ask notifications what it has to do")
}
