//! SQL on accounts.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use service::{Error, Found as _, OnConstraint as _, Result, clock};
use tenancy::{TenantTx, UnscopedTx};
use uuid::Uuid;

use crate::{
    account::{Kind, Role, State},
    email::Email,
};

/// An account as it stands in the database.
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) role: Option<Role>,
    pub(crate) state: State,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) email_key: String,
    pub(crate) phone: String,
    pub(crate) password_hash: Option<String>,
    pub(crate) preset_frequency: String,
    pub(crate) email_confirmed_at: Option<jiff_sqlx::Timestamp>,
    pub(crate) accepted_at: Option<jiff_sqlx::Timestamp>,
    pub(crate) last_seen_at: Option<jiff_sqlx::Timestamp>,
}

/// Who is invited.
pub(crate) struct Invited<'a> {
    pub(crate) kind: Kind,
    pub(crate) role: Option<Role>,
    pub(crate) name: &'a str,
    pub(crate) email: &'a Email,
    pub(crate) phone: &'a str,
    pub(crate) preset_frequency: &'a str,
}

/// An account of some organization.
pub(crate) struct Somewhere {
    pub(crate) tenant_id: Uuid,
    pub(crate) id: Uuid,
}

/// Inserts an account that waits for its person; `taken` where another has the address.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    invited: &Invited<'_>,
    taken: impl FnOnce() -> Error,
) -> Result<Uuid> {
    let tenant = tx.tenant().uuid();
    let id = service::new_id();
    sqlx::query!(
        "insert into account
             (tenant_id, id, kind, role, state, name, email, email_key, phone, preset_frequency, created_at)
         values ($1, $2, $3, $4, 'invited', $5, $6, $7, $8, $9, $10)",
        tenant,
        id,
        invited.kind.as_str(),
        invited.role.map(Role::as_str),
        invited.name,
        invited.email.text,
        invited.email.key,
        invited.phone,
        invited.preset_frequency,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await
    .on_constraint("account_email", taken)?;
    Ok(id)
}

/// Lists accounts by id, by name.
pub(crate) async fn list(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Account>> {
    let tenant = tx.tenant().uuid();
    let accounts = sqlx::query_as!(
        Account,
        r#"select id, kind as "kind: Kind", role as "role: Role", state as "state: State", name, email, email_key, phone,
                  password_hash, preset_frequency, email_confirmed_at, accepted_at, last_seen_at
           from account where tenant_id = $1 and id = any($2) order by name, id"#,
        tenant,
        ids
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(accounts)
}

/// Finds an account.
pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Account> {
    list(tx, &[id]).await?.pop().found()
}

/// Finds an account and locks it until the transaction ends.
pub(crate) async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<Account> {
    let tenant = tx.tenant().uuid();
    sqlx::query_as!(
        Account,
        r#"select id, kind as "kind: Kind", role as "role: Role", state as "state: State", name, email, email_key, phone,
                  password_hash, preset_frequency, email_confirmed_at, accepted_at, last_seen_at
           from account where tenant_id = $1 and id = $2 for no key update"#,
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?
    .found()
}

/// Finds the account of an address.
pub(crate) async fn find_by_email(tx: &mut TenantTx, email_key: &str) -> Result<Option<Account>> {
    let tenant = tx.tenant().uuid();
    let account = sqlx::query_as!(
        Account,
        r#"select id, kind as "kind: Kind", role as "role: Role", state as "state: State", name, email, email_key, phone,
                  password_hash, preset_frequency, email_confirmed_at, accepted_at, last_seen_at
           from account where tenant_id = $1 and email_key = $2"#,
        tenant,
        email_key
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(account)
}

/// Finds where an address can sign in or is invited, over all organizations.
pub(crate) async fn find_everywhere(
    tx: &mut UnscopedTx,
    email_key: &str,
    most: i64,
) -> Result<Vec<Somewhere>> {
    let accounts = sqlx::query_as!(
        Somewhere,
        "select tenant_id, id from account
         where email_key = $1 and state in ('invited', 'active') order by tenant_id limit $2",
        email_key,
        most
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(accounts)
}

/// Lists the team by name, on from the keys of the last row read.
pub(crate) async fn list_team(
    tx: &mut TenantTx,
    after: Option<&(String, Uuid)>,
    size: i64,
) -> Result<Vec<Account>> {
    let tenant = tx.tenant().uuid();
    let accounts = sqlx::query_as!(
        Account,
        r#"select id, kind as "kind: Kind", role as "role: Role", state as "state: State", name, email, email_key, phone,
                  password_hash, preset_frequency, email_confirmed_at, accepted_at, last_seen_at
           from account
           where tenant_id = $1 and kind = 'office'
             and ($2::text is null or (name collate "C", id) > ($2, $3::uuid))
           order by name collate "C", id limit $4"#,
        tenant,
        after.map(|(name, _)| name.as_str()),
        after.map(|(_, id)| *id),
        size
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(accounts)
}

/// True where some owner has confirmed an address.
pub(crate) async fn has_confirmed_owner(tx: &mut TenantTx) -> Result<bool> {
    let tenant = tx.tenant().uuid();
    let has = sqlx::query_scalar!(
        r#"select exists (
               select from account
               where tenant_id = $1 and role = 'owner' and state = 'active' and email_confirmed_at is not null) as "has!""#,
        tenant
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(has)
}

/// Locks every active owner until the transaction ends, so that two cannot go at once.
pub(crate) async fn lock_active_owners(tx: &mut TenantTx) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant().uuid();
    let owners = sqlx::query_scalar!(
        "select id from account where tenant_id = $1 and role = 'owner' and state = 'active' order by id for no key update",
        tenant
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(owners)
}

/// Makes an account active with its first password.
pub(crate) async fn accept(tx: &mut TenantTx, id: Uuid, password_hash: &str) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update account set state = 'active', password_hash = $3, accepted_at = $4
         where tenant_id = $1 and id = $2",
        tenant,
        id,
        password_hash,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sets a new password.
pub(crate) async fn set_password(tx: &mut TenantTx, id: Uuid, password_hash: &str) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update account set password_hash = $3 where tenant_id = $1 and id = $2",
        tenant,
        id,
        password_hash
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Records that the person got mail at the address; the first time counts.
pub(crate) async fn confirm_email(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update account set email_confirmed_at = coalesce(email_confirmed_at, $3) where tenant_id = $1 and id = $2",
        tenant,
        id,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sets the state; `disabled_at` goes with the disabled one.
pub(crate) async fn set_state(
    tx: &mut TenantTx,
    id: Uuid,
    state: State,
    disabled_at: Option<Timestamp>,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update account set state = $3, disabled_at = $4 where tenant_id = $1 and id = $2",
        tenant,
        id,
        state.as_str(),
        disabled_at.map(Timestamp::to_sqlx) as Option<jiff_sqlx::Timestamp>
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sets a member's role.
pub(crate) async fn set_role(tx: &mut TenantTx, id: Uuid, role: Role) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update account set role = $3 where tenant_id = $1 and id = $2",
        tenant,
        id,
        role.as_str()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sets what people change themselves.
pub(crate) async fn set_profile(
    tx: &mut TenantTx,
    id: Uuid,
    name: &str,
    phone: &str,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update account set name = $3, phone = $4 where tenant_id = $1 and id = $2",
        tenant,
        id,
        name,
        phone
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sets the address; `taken` where another account has it.
pub(crate) async fn set_email(
    tx: &mut TenantTx,
    id: Uuid,
    email: &Email,
    taken: impl FnOnce() -> Error,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update account set email = $3, email_key = $4, email_confirmed_at = null where tenant_id = $1 and id = $2",
        tenant,
        id,
        email.text,
        email.key
    )
    .execute(&mut **tx)
    .await
    .on_constraint("account_email", taken)?;
    Ok(())
}

/// Sets how often the office wants the person mailed.
pub(crate) async fn set_preset_frequency(
    tx: &mut TenantTx,
    id: Uuid,
    frequency: &str,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update account set preset_frequency = $3 where tenant_id = $1 and id = $2",
        tenant,
        id,
        frequency
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Records that the person was here.
pub(crate) async fn seen(tx: &mut TenantTx, id: Uuid, at: Timestamp) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update account set last_seen_at = $3 where tenant_id = $1 and id = $2",
        tenant,
        id,
        at.to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Records where the person looked for the portal in vain.
pub(crate) async fn set_wrong_host(tx: &mut TenantTx, id: Uuid, host: &str) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update account set wrong_host = $3, wrong_host_at = $4 where tenant_id = $1 and id = $2",
        tenant,
        id,
        host,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
