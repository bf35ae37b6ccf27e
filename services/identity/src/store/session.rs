//! SQL on sessions, known devices and sign-in codes.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use service::{Result, clock};
use tenancy::{TenantTx, UnscopedTx};
use uuid::Uuid;

use super::{BATCH, account::Account};
use crate::account::{Kind, Role, State};

/// A session that has not run out.
pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) kept: bool,
    pub(crate) last_seen_at: jiff_sqlx::Timestamp,
    pub(crate) ends_at: jiff_sqlx::Timestamp,
}

/// A session to be opened.
pub(crate) struct NewSession {
    pub(crate) id: Uuid,
    pub(crate) account: Uuid,
    pub(crate) secret_hash: Vec<u8>,
    pub(crate) device_hash: Vec<u8>,
    pub(crate) kept: bool,
    pub(crate) client_address: String,
    pub(crate) user_agent: String,
    pub(crate) now: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) ends_at: Timestamp,
    /// The attempt that led to it.
    pub(crate) attempt: Option<Uuid>,
}

/// Inserts a session. Its account was seen, and signed in from its device; the attempt that led to it is deleted.
pub(crate) async fn insert(tx: &mut TenantTx, session: NewSession) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "with seen as (update account set last_seen_at = $8 where tenant_id = $1 and id = $3),
              used as (
                  insert into device (tenant_id, account_id, token_hash, last_used_at) values ($1, $3, $11, $8)
                  on conflict (tenant_id, account_id, token_hash) do update set last_used_at = excluded.last_used_at),
              given_back as (delete from attempt where id = $12)
         insert into session
             (tenant_id, id, account_id, secret_hash, kept, client_address, user_agent, created_at, last_seen_at,
              expires_at, ends_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)",
        tenant,
        session.id,
        session.account,
        session.secret_hash,
        session.kept,
        session.client_address,
        session.user_agent,
        session.now.to_sqlx(),
        session.expires_at.to_sqlx(),
        session.ends_at.to_sqlx(),
        session.device_hash,
        session.attempt
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds the session of a secret, and whose it is; none where it has run out.
pub(crate) async fn find(
    tx: &mut TenantTx,
    secret_hash: &[u8],
) -> Result<Option<(Session, Account)>> {
    let tenant = tx.tenant().uuid();
    let found = sqlx::query!(
        r#"select s.id as session_id, s.kept, s.last_seen_at as session_seen_at, s.ends_at,
                  a.id, a.kind as "kind: Kind", a.role as "role: Role", a.state as "state: State", a.name, a.email,
                  a.email_key, a.phone, a.password_hash, a.preset_frequency, a.email_confirmed_at, a.accepted_at,
                  a.last_seen_at
           from session s join account a on a.tenant_id = s.tenant_id and a.id = s.account_id
           where s.tenant_id = $1 and s.secret_hash = $2 and s.expires_at > $3"#,
        tenant,
        secret_hash,
        clock::now().to_sqlx()
    )
    .map(|row| {
        let session = Session {
            id: row.session_id,
            kept: row.kept,
            last_seen_at: row.session_seen_at,
            ends_at: row.ends_at,
        };
        let account = Account {
            id: row.id,
            kind: row.kind,
            role: row.role,
            state: row.state,
            name: row.name,
            email: row.email,
            email_key: row.email_key,
            phone: row.phone,
            password_hash: row.password_hash,
            preset_frequency: row.preset_frequency,
            email_confirmed_at: row.email_confirmed_at,
            accepted_at: row.accepted_at,
            last_seen_at: row.last_seen_at,
        };
        (session, account)
    })
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found)
}

/// Records use.
pub(crate) async fn seen(
    tx: &mut TenantTx,
    id: Uuid,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update session set last_seen_at = $3, expires_at = $4 where tenant_id = $1 and id = $2",
        tenant,
        id,
        at.to_sqlx(),
        expires_at.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a session.
pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "delete from session where tenant_id = $1 and id = $2",
        tenant,
        id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes the sessions of an account, all or all but one.
pub(crate) async fn delete_of_account(
    tx: &mut TenantTx,
    account: Uuid,
    except: Option<Uuid>,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "delete from session where tenant_id = $1 and account_id = $2 and ($3::uuid is null or id <> $3)",
        tenant,
        account,
        except
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a batch of sessions that have run out; answers how many.
pub(crate) async fn delete_expired(tx: &mut UnscopedTx, before: Timestamp) -> Result<u64> {
    let deleted = sqlx::query!(
        "delete from session where (tenant_id, id) in (
             select tenant_id, id from session where expires_at < $1 limit $2)",
        before.to_sqlx(),
        BATCH.cast_signed()
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected())
}

/// True where an account's person used the device since a time.
pub(crate) async fn has_device(
    tx: &mut TenantTx,
    account: Uuid,
    token_hash: &[u8],
    since: Timestamp,
) -> Result<bool> {
    let tenant = tx.tenant().uuid();
    let has = sqlx::query_scalar!(
        r#"select exists (
               select from device
               where tenant_id = $1 and account_id = $2 and token_hash = $3 and last_used_at > $4) as "has!""#,
        tenant,
        account,
        token_hash,
        since.to_sqlx()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(has)
}

/// Deletes a batch of devices that were not used since a time; answers how many.
pub(crate) async fn delete_old_devices(tx: &mut UnscopedTx, before: Timestamp) -> Result<u64> {
    let deleted = sqlx::query!(
        "delete from device where (tenant_id, account_id, token_hash) in (
             select tenant_id, account_id, token_hash from device where last_used_at < $1 limit $2)",
        before.to_sqlx(),
        BATCH.cast_signed()
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected())
}

/// Inserts a sign-in code.
pub(crate) async fn insert_code(
    tx: &mut TenantTx,
    account: Uuid,
    code_hash: &[u8],
    expires_at: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "insert into sign_in_code (tenant_id, code_hash, account_id, expires_at) values ($1, $2, $3, $4)",
        tenant,
        code_hash,
        account,
        expires_at.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a sign-in code and answers its account; none where it is unknown or has run out.
pub(crate) async fn take_code(tx: &mut TenantTx, code_hash: &[u8]) -> Result<Option<Uuid>> {
    let tenant = tx.tenant().uuid();
    let account = sqlx::query_scalar!(
        "delete from sign_in_code where tenant_id = $1 and code_hash = $2 and expires_at > $3 returning account_id",
        tenant,
        code_hash,
        clock::now().to_sqlx()
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(account)
}

/// Deletes a batch of codes that have run out; answers how many.
pub(crate) async fn delete_expired_codes(tx: &mut UnscopedTx, before: Timestamp) -> Result<u64> {
    let deleted = sqlx::query!(
        "delete from sign_in_code where (tenant_id, code_hash) in (
             select tenant_id, code_hash from sign_in_code where expires_at < $1 limit $2)",
        before.to_sqlx(),
        BATCH.cast_signed()
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected())
}
