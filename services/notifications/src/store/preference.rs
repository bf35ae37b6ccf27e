//! SQL on preferences.

use jiff_sqlx::ToSqlx as _;
use proto::notifications::Frequency;
use service::{Result, clock};
use tenancy::TenantTx;
use uuid::Uuid;

use crate::words::Word as _;

/// A client's preferences.
#[derive(Clone, Debug)]
pub(crate) struct Preference {
    pub(crate) frequency: Frequency,
    /// Empty until the person chose one.
    pub(crate) time_zone: String,
}

impl Preference {
    /// Reads the columns of a row; none where the client has no row.
    pub(crate) fn read(frequency: Option<&str>, time_zone: Option<&str>) -> Result<Self> {
        Ok(Self {
            frequency: match frequency {
                Some(word) => Frequency::of_word(word)?,
                None => Frequency::Instant,
            },
            time_zone: time_zone.unwrap_or_default().to_owned(),
        })
    }
}

/// Finds an account's preferences.
pub(crate) async fn find(tx: &mut TenantTx, account: Uuid) -> Result<Preference> {
    let tenant = tx.tenant().uuid();
    let row = sqlx::query!(
        "select frequency, time_zone from preference where tenant_id = $1 and account_id = $2",
        tenant,
        account
    )
    .fetch_optional(&mut **tx)
    .await?;
    let row = row.as_ref();
    Preference::read(
        row.map(|row| row.frequency.as_str()),
        row.map(|row| row.time_zone.as_str()),
    )
}

/// Saves what the office proposes; what the person chose stays.
pub(crate) async fn propose(tx: &mut TenantTx, account: Uuid, frequency: Frequency) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "insert into preference (tenant_id, account_id, frequency, time_zone, updated_at)
         values ($1, $2, $3, '', $4)
         on conflict (tenant_id, account_id) do update set
             frequency = excluded.frequency, updated_at = excluded.updated_at
         where preference.chosen_at is null",
        tenant,
        account,
        frequency.word(),
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Saves what the person chose.
pub(crate) async fn choose(
    tx: &mut TenantTx,
    account: Uuid,
    frequency: Frequency,
    time_zone: &str,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "insert into preference (tenant_id, account_id, frequency, time_zone, chosen_at, updated_at)
         values ($1, $2, $3, $4, $5, $5)
         on conflict (tenant_id, account_id) do update set
             frequency = excluded.frequency, time_zone = excluded.time_zone,
             chosen_at = excluded.chosen_at, updated_at = excluded.updated_at",
        tenant,
        account,
        frequency.word(),
        time_zone,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
