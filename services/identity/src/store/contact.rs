//! SQL on contacts and their portal access.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use proto::identity::Rights;
use service::{Error, Found as _, OnConstraint as _, Result, clock};
use tenancy::{ClientMembership, TenantTx};
use uuid::Uuid;

use crate::account::State;

/// A contact with its portal access.
pub(crate) struct Contact {
    pub(crate) id: Uuid,
    pub(crate) client_id: Uuid,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) relation: String,
    pub(crate) is_main: bool,
    /// None until portal access was enabled once.
    pub(crate) access: Option<Access>,
}

/// A contact's portal access.
pub(crate) struct Access {
    pub(crate) account_id: Uuid,
    pub(crate) account_state: State,
    pub(crate) email: String,
    pub(crate) rights: Rights,
    pub(crate) enabled_by_name: String,
    pub(crate) enabled_at: Timestamp,
    pub(crate) disabled_at: Option<Timestamp>,
    pub(crate) invited_at: Option<Timestamp>,
    pub(crate) invitation_expires_at: Option<Timestamp>,
    pub(crate) accepted_at: Option<Timestamp>,
    pub(crate) last_seen_at: Option<Timestamp>,
    pub(crate) wrong_host: String,
    pub(crate) wrong_host_at: Option<Timestamp>,
}

/// What the office writes of a contact.
pub(crate) struct Details {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) relation: String,
    pub(crate) is_main: bool,
}

/// An account's place on one client record.
pub(crate) struct Membership {
    pub(crate) account_id: Uuid,
    pub(crate) client_id: Uuid,
    pub(crate) rights: Rights,
}

impl From<&Membership> for ClientMembership {
    fn from(membership: &Membership) -> Self {
        let rights = membership.rights;
        Self {
            client: membership.client_id,
            rights: tenancy::Rights {
                view_financials: rights.view_financials,
                approve: rights.approve,
                pay: rights.pay,
                message: rights.message,
            },
        }
    }
}

/// Inserts a contact.
pub(crate) async fn insert(tx: &mut TenantTx, client: Uuid, details: &Details) -> Result<Uuid> {
    let tenant = tx.tenant().uuid();
    let id = service::new_id();
    clear_main(tx, client, details).await?;
    sqlx::query!(
        "insert into contact (tenant_id, id, client_id, name, email, phone, relation, main_contact)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        tenant,
        id,
        client,
        details.name,
        details.email,
        details.phone,
        details.relation,
        details.is_main
    )
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// Updates what the office writes of a contact.
pub(crate) async fn update(
    tx: &mut TenantTx,
    client: Uuid,
    id: Uuid,
    details: &Details,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    clear_main(tx, client, details).await?;
    sqlx::query!(
        "update contact set name = $3, email = $4, phone = $5, relation = $6, main_contact = $7
         where tenant_id = $1 and id = $2",
        tenant,
        id,
        details.name,
        details.email,
        details.phone,
        details.relation,
        details.is_main
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A record has one main contact: a new one takes the place of the former.
async fn clear_main(tx: &mut TenantTx, client: Uuid, details: &Details) -> Result<()> {
    if !details.is_main {
        return Ok(());
    }
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update contact set main_contact = false where tenant_id = $1 and client_id = $2 and main_contact",
        tenant,
        client
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a contact.
pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "delete from contact where tenant_id = $1 and id = $2",
        tenant,
        id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lists the contacts of records, the main one first.
pub(crate) async fn list(tx: &mut TenantTx, clients: &[Uuid]) -> Result<Vec<Contact>> {
    let tenant = tx.tenant().uuid();
    let rows = sqlx::query!(
        r#"select contact.id, contact.client_id, contact.name, contact.email, contact.phone, contact.relation,
                  contact.main_contact, contact.view_financials, contact.approve, contact.pay, contact.message,
                  contact.access_enabled_at, contact.access_disabled_at,
                  account.id as "account_id?", account.state as "account_state?: State",
                  account.email as "account_email?", account.accepted_at as "accepted_at?",
                  account.last_seen_at as "last_seen_at?", account.wrong_host as "wrong_host?",
                  account.wrong_host_at as "wrong_host_at?", enabler.name as "enabled_by_name?",
                  invitation.created_at as "invited_at?", invitation.expires_at as "invitation_expires_at?"
           from contact
           left join account on account.tenant_id = contact.tenant_id and account.id = contact.account_id
           left join account enabler
               on enabler.tenant_id = contact.tenant_id and enabler.id = contact.access_enabled_by
           left join lateral (
               select link.created_at, link.expires_at from link
               where link.tenant_id = contact.tenant_id and link.account_id = contact.account_id
                 and link.purpose = 'invite'
               order by link.id desc limit 1) invitation on true
           where contact.tenant_id = $1 and contact.client_id = any($2)
           order by contact.client_id, contact.main_contact desc, contact.id"#,
        tenant,
        clients
    )
    .fetch_all(&mut **tx)
    .await?;
    let time = |time: jiff_sqlx::Timestamp| time.to_jiff();
    Ok(rows
        .into_iter()
        .map(|row| {
            let rights = Rights {
                view_financials: row.view_financials,
                approve: row.approve,
                pay: row.pay,
                message: row.message,
            };
            let account = row
                .account_id
                .zip(row.account_state)
                .zip(row.access_enabled_at);
            let access = account.map(|((account_id, account_state), enabled_at)| Access {
                account_id,
                account_state,
                email: row.account_email.unwrap_or_default(),
                rights,
                enabled_by_name: row.enabled_by_name.unwrap_or_default(),
                enabled_at: enabled_at.to_jiff(),
                disabled_at: row.access_disabled_at.map(time),
                invited_at: row.invited_at.map(time),
                invitation_expires_at: row.invitation_expires_at.map(time),
                accepted_at: row.accepted_at.map(time),
                last_seen_at: row.last_seen_at.map(time),
                wrong_host: row.wrong_host.unwrap_or_default(),
                wrong_host_at: row.wrong_host_at.map(time),
            });
            Contact {
                id: row.id,
                client_id: row.client_id,
                name: row.name,
                email: row.email,
                phone: row.phone,
                relation: row.relation,
                is_main: row.main_contact,
                access,
            }
        })
        .collect())
}

/// Finds a contact of a record.
pub(crate) async fn get(tx: &mut TenantTx, client: Uuid, id: Uuid) -> Result<Contact> {
    list(tx, &[client])
        .await?
        .into_iter()
        .find(|contact| contact.id == id)
        .found()
}

/// Ties a contact to an account and gives it rights; `twice` where another contact of the record has that account.
pub(crate) async fn enable_access(
    tx: &mut TenantTx,
    contact: Uuid,
    account: Uuid,
    email: &str,
    rights: Rights,
    by: Uuid,
    twice: impl FnOnce() -> Error,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update contact
         set account_id = $3, email = $4, view_financials = $5, approve = $6, pay = $7, message = $8,
             access_enabled_by = $9, access_enabled_at = $10, access_disabled_at = null
         where tenant_id = $1 and id = $2",
        tenant,
        contact,
        account,
        email,
        rights.view_financials,
        rights.approve,
        rights.pay,
        rights.message,
        by,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await
    .on_constraint("contact_account_once", twice)?;
    Ok(())
}

/// Ends a contact's access; the tie to the account stays for whoever reads the record.
pub(crate) async fn disable_access(tx: &mut TenantTx, contact: Uuid) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update contact set access_disabled_at = $3 where tenant_id = $1 and id = $2",
        tenant,
        contact,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives a contact's access back.
pub(crate) async fn restore_access(tx: &mut TenantTx, contact: Uuid, by: Uuid) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update contact set access_disabled_at = null, access_enabled_by = $3, access_enabled_at = $4
         where tenant_id = $1 and id = $2",
        tenant,
        contact,
        by,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sets what a contact may do.
pub(crate) async fn set_rights(tx: &mut TenantTx, contact: Uuid, rights: Rights) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update contact set view_financials = $3, approve = $4, pay = $5, message = $6
         where tenant_id = $1 and id = $2",
        tenant,
        contact,
        rights.view_financials,
        rights.approve,
        rights.pay,
        rights.message
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Copies an account's name, address and phone to the contacts that sign in with it; answers their records.
pub(crate) async fn follow_account(tx: &mut TenantTx, account: Uuid) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant().uuid();
    let clients = sqlx::query_scalar!(
        "update contact set name = account.name, email = account.email, phone = account.phone
         from account
         where contact.tenant_id = $1 and contact.account_id = $2
           and account.tenant_id = $1 and account.id = $2 and contact.access_disabled_at is null
         returning contact.client_id",
        tenant,
        account
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(clients)
}

/// Lists the places of accounts whose access is not disabled.
pub(crate) async fn memberships(tx: &mut TenantTx, accounts: &[Uuid]) -> Result<Vec<Membership>> {
    let tenant = tx.tenant().uuid();
    let rows = sqlx::query!(
        r#"select account_id as "account_id!", client_id, view_financials, approve, pay, message from contact
           where tenant_id = $1 and account_id = any($2) and access_disabled_at is null
           order by account_id, client_id"#,
        tenant,
        accounts
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Membership {
            account_id: row.account_id,
            client_id: row.client_id,
            rights: Rights {
                view_financials: row.view_financials,
                approve: row.approve,
                pay: row.pay,
                message: row.message,
            },
        })
        .collect())
}

/// Lists the accounts that have a place on records.
pub(crate) async fn accounts_of(tx: &mut TenantTx, clients: &[Uuid]) -> Result<Vec<Uuid>> {
    let tenant = tx.tenant().uuid();
    let accounts = sqlx::query_scalar!(
        r#"select distinct account_id as "account_id!" from contact
           where tenant_id = $1 and client_id = any($2) and account_id is not null and access_disabled_at is null"#,
        tenant,
        clients
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(accounts)
}
