//! Events that could not be handled: kept with their reason, and handled again or given up on demand.

use std::collections::{BTreeMap, BTreeSet};

use jiff_sqlx::ToSqlx as _;
use service::{Error, Result, clock};
use sqlx::{Row as _, types::Json};
use tenancy::Db;
use uuid::Uuid;

use crate::{
    consumer::{Handler, handle_once},
    envelope::Raw,
};

/// Keeps an event; the partition moves on.
pub(crate) async fn hold(db: &Db, raw: &Raw, reason: &str) -> Result<()> {
    tracing::error!(
        topic = raw.topic,
        partition = raw.partition,
        offset = raw.offset,
        key = raw.key,
        reason,
        "an event is held"
    );
    let mut tx = db.begin_unscoped("consumer: hold an event").await?;
    sqlx::query(
        r#"insert into held_event
               (tenant_id, id, topic, partition, "offset", key, headers, payload, reason, state, held_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'held', $10)
           on conflict on constraint held_event_origin do nothing"#,
    )
    .bind(raw.tenant())
    .bind(service::new_id())
    .bind(&raw.topic)
    .bind(raw.partition)
    .bind(raw.offset)
    .bind(&raw.key)
    .bind(Json(&raw.headers))
    .bind(&raw.payload)
    .bind(reason)
    .bind(clock::now().to_sqlx())
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// True where an earlier event of the same key is held.
pub(crate) async fn is_key_held(db: &Db, raw: &Raw) -> Result<bool> {
    let mut tx = db.begin_unscoped("consumer: is the key held").await?;
    let held = sqlx::query_scalar(
        "select exists (select from held_event where tenant_id = $1 and key = $2 and state = 'held')",
    )
    .bind(raw.tenant())
    .bind(&raw.key)
    .fetch_one(&mut *tx)
    .await?;
    Ok(held)
}

/// Handles held events again, in the order they came; answers how many went through and how many stay.
///
/// Where one fails again, later ones of its key stay as well.
pub async fn replay<H: Handler>(
    service: &'static str,
    db: &Db,
    handler: &H,
    only: Option<Uuid>,
) -> Result<(usize, usize)> {
    let mut tx = db.begin_unscoped("replay: read held events").await?;
    let rows = sqlx::query(
        r#"select tenant_id, id, topic, partition, "offset", key, headers, payload from held_event
           where state = 'held' and ($1::uuid is null or id = $1) order by topic, partition, "offset""#,
    )
    .bind(only)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;

    let total = rows.len();
    let mut replayed = 0;
    let mut stuck = BTreeSet::new();
    for row in rows {
        let (tenant, id): (Uuid, Uuid) = (row.try_get("tenant_id")?, row.try_get("id")?);
        let raw = Raw {
            topic: row.try_get("topic")?,
            partition: row.try_get("partition")?,
            offset: row.try_get("offset")?,
            key: row.try_get("key")?,
            headers: row
                .try_get::<Json<BTreeMap<String, String>>, _>("headers")?
                .0,
            payload: row.try_get("payload")?,
        };
        if stuck.contains(&raw.key) {
            continue;
        }
        let outcome = match raw.check() {
            Ok(event) => handle_once(service, db, handler, &event).await,
            Err(reason) => Err(Error::internal(reason)),
        };
        if let Err(error) = outcome {
            tracing::warn!(%id, %error, "a held event fails again");
            stuck.insert(raw.key);
            continue;
        }
        let mut tx = db.begin_unscoped("replay: mark a held event").await?;
        sqlx::query(
            "update held_event set state = 'replayed', settled_at = $3 where tenant_id = $1 and id = $2",
        )
        .bind(tenant)
        .bind(id)
        .bind(clock::now().to_sqlx())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        replayed += 1;
    }
    Ok((replayed, total - replayed))
}

/// Gives a held event up, for one that can never be handled; those of its key wait for it no longer.
///
/// It stays in the table as dead. NOT_FOUND where no event with this id is held.
pub async fn give_up(db: &Db, id: Uuid) -> Result<()> {
    let mut tx = db.begin_unscoped("replay: give a held event up").await?;
    let given_up = sqlx::query(
        "update held_event set state = 'dead', settled_at = $2 where id = $1 and state = 'held'",
    )
    .bind(id)
    .bind(clock::now().to_sqlx())
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if given_up == 0 {
        return Err(Error::NotFound);
    }
    tx.commit().await
}
