//! Events that could not be handled: kept with their reason, handled again by themselves or on demand, or given up.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice,
};

use jiff::SignedDuration;
use jiff_sqlx::ToSqlx as _;
use service::{Error, Result, clock, deadline};
use sqlx::{Row as _, postgres::PgRow, types::Json};
use tenancy::{Db, TenantId};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    consumer::{Handler, PIECE, handle_once},
    envelope::Raw,
};

/// How long an event waits that is tried again by itself.
const AGAIN: SignedDuration = SignedDuration::from_secs(15);
/// How many are read at once.
const BATCH: i64 = 100;

/// Why an event is held.
pub(crate) enum Why {
    /// Its envelope does not hold: somebody must look.
    Wrong(&'static str),
    /// Its handling failed in a way that does not pass: somebody must look.
    Failed(String),
    /// Something that its handling needs is away: it is tried again.
    Away(String),
    /// An event of the same key is held: it is tried again after that.
    Behind,
}

impl Why {
    pub(crate) fn of(error: &Error) -> Self {
        let words = format!("{error:#}");
        if error.is_transient() {
            Self::Away(words)
        } else {
            Self::Failed(words)
        }
    }

    fn words(&self) -> &str {
        match self {
            Self::Wrong(words) => words,
            Self::Failed(words) | Self::Away(words) => words,
            Self::Behind => "waits behind an event of the same key",
        }
    }

    fn again_at(&self) -> Option<jiff_sqlx::Timestamp> {
        let passes = matches!(self, Self::Away(_) | Self::Behind);
        passes.then(|| (clock::now() + AGAIN).to_sqlx())
    }
}

/// Keeps an event; the partition moves on. Its id says when it was held, also where offsets begin anew.
pub(crate) async fn hold(db: &Db, raw: &Raw, why: &Why) -> Result<()> {
    let mut tx = db.begin_unscoped("consumer: hold an event").await?;
    sqlx::query(
        r#"insert into held_event
               (tenant_id, id, topic, partition, "offset", key, headers, payload, reason, state, held_at, again_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'held', $10, $11)
           on conflict do nothing"#,
    )
    .bind(raw.tenant())
    .bind(service::new_id())
    .bind(&raw.topic)
    .bind(raw.partition)
    .bind(raw.offset)
    .bind(&raw.key)
    .bind(Json(&raw.headers))
    .bind(&raw.payload)
    .bind(why.words())
    .bind(clock::now().to_sqlx())
    .bind(why.again_at())
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    tracing::error!(
        tenant = %raw.tenant(),
        topic = raw.topic,
        partition = raw.partition,
        offset = raw.offset,
        key = raw.key,
        reason = why.words(),
        "an event is held"
    );
    Ok(())
}

/// True where an earlier event of one of these keys of an organization is held.
pub(crate) async fn is_key_held(db: &Db, tenant: TenantId, keys: &[&str]) -> Result<bool> {
    let mut tx = db.begin_unscoped("consumer: is the key held").await?;
    let held = sqlx::query_scalar(
        "select exists (select from held_event where tenant_id = $1 and key = any($2) and state = 'held')",
    )
    .bind(tenant.uuid())
    .bind(keys)
    .fetch_one(&mut *tx)
    .await?;
    Ok(held)
}

/// Handles events again that were held because something was away, in the order they came, until it is found to be away
/// still. One that waits behind an event at which somebody must look waits on.
pub(crate) async fn try_again<H: Handler>(
    service: &'static str,
    db: &Db,
    handler: &H,
) -> Result<()> {
    for held in deadline::strictly(PIECE, due(db)).await? {
        let handled = deadline::strictly(PIECE, held.handle(service, db, handler)).await;
        let Err(error) = handled else {
            tracing::info!(id = %held.id, "a held event is handled");
            continue;
        };
        tracing::warn!(id = %held.id, %error, "a held event fails again");
        deadline::strictly(PIECE, held.put_off(db, &Why::of(&error))).await?;
        // what is away is so for the others, too, and those behind it are not in turn
        break;
    }
    Ok(())
}

async fn due(db: &Db) -> Result<Vec<Held>> {
    let mut tx = db.begin_unscoped("consumer: what is tried again").await?;
    let rows = sqlx::query(
        r#"select tenant_id, id, topic, partition, "offset", key, headers, payload from held_event h
           where state = 'held' and again_at <= $1
               and not exists (
                   select from held_event e
                   where e.tenant_id = h.tenant_id and e.key = h.key and e.state = 'held'
                       and e.id < h.id and (e.again_at is null or e.again_at > $1))
           order by id limit $2"#,
    )
    .bind(clock::now().to_sqlx())
    .bind(BATCH)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    rows.iter().map(Held::read).collect()
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
    let (mut replayed, mut left) = (0, 0);
    let mut stuck = BTreeSet::new();
    let mut after = Uuid::nil();
    loop {
        let page = held_after(db, after, only).await?;
        let Some(last) = page.last() else {
            return Ok((replayed, left));
        };
        after = last.id;
        for held in page {
            if stuck.contains(&held.raw.key) {
                left += 1;
            } else if let Err(error) = held.handle(service, db, handler).await {
                tracing::warn!(id = %held.id, %error, "a held event fails again");
                stuck.insert(held.raw.key);
                left += 1;
            } else {
                replayed += 1;
            }
        }
    }
}

async fn held_after(db: &Db, after: Uuid, only: Option<Uuid>) -> Result<Vec<Held>> {
    let mut tx = db.begin_unscoped("replay: read held events").await?;
    let rows = sqlx::query(
        r#"select tenant_id, id, topic, partition, "offset", key, headers, payload from held_event
           where state = 'held' and id > $1 and ($2::uuid is null or id = $2) order by id limit $3"#,
    )
    .bind(after)
    .bind(only)
    .bind(BATCH)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    rows.iter().map(Held::read).collect()
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

/// A held event.
struct Held {
    tenant: Uuid,
    id: Uuid,
    raw: Raw,
}

impl Held {
    fn read(row: &PgRow) -> Result<Self> {
        Ok(Self {
            tenant: row.try_get("tenant_id")?,
            id: row.try_get("id")?,
            raw: Raw {
                topic: row.try_get("topic")?,
                partition: row.try_get("partition")?,
                offset: row.try_get("offset")?,
                key: row.try_get("key")?,
                headers: row
                    .try_get::<Json<BTreeMap<String, String>>, _>("headers")?
                    .0,
                payload: row.try_get("payload")?,
            },
        })
    }

    /// Handles it once more, and notes that it went through.
    async fn handle<H: Handler>(&self, service: &'static str, db: &Db, handler: &H) -> Result<()> {
        let event = self.raw.check().map_err(Error::internal)?;
        handle_once(service, db, handler, slice::from_ref(&event))
            .instrument(event.span())
            .await?;
        let mut tx = db.begin_unscoped("replay: mark a held event").await?;
        sqlx::query(
            "update held_event set state = 'replayed', settled_at = $3 where tenant_id = $1 and id = $2",
        )
        .bind(self.tenant)
        .bind(self.id)
        .bind(clock::now().to_sqlx())
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    async fn put_off(&self, db: &Db, why: &Why) -> Result<()> {
        let mut tx = db.begin_unscoped("consumer: put a held event off").await?;
        sqlx::query(
            "update held_event set reason = $3, again_at = $4 where tenant_id = $1 and id = $2",
        )
        .bind(self.tenant)
        .bind(self.id)
        .bind(why.words())
        .bind(why.again_at())
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }
}
