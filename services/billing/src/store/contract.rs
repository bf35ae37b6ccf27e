//! SQL on contracts.

use jiff_sqlx::ToSqlx as _;
use service::{Error, Reason, Result, clock};
use tenancy::TenantTx;
use uuid::Uuid;

/// A contract as it stands in the database.
pub(crate) struct Contract {
    pub(crate) project_id: Uuid,
    pub(crate) value_minor_units: i64,
    pub(crate) currency_code: String,
    pub(crate) updated_at: jiff_sqlx::Timestamp,
    pub(crate) version: i64,
}

/// Lists the contracts of projects; projects without one are left out.
pub(crate) async fn list(tx: &mut TenantTx, projects: &[Uuid]) -> Result<Vec<Contract>> {
    let tenant = tx.tenant().uuid();
    let contracts = sqlx::query_as!(
        Contract,
        "select project_id, value_minor_units, currency_code, updated_at, version
         from contract where tenant_id = $1 and project_id = any($2)",
        tenant,
        projects
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(contracts)
}

/// Finds a project's contract and locks it until the transaction ends.
pub(crate) async fn lock(tx: &mut TenantTx, project: Uuid) -> Result<Option<Contract>> {
    let tenant = tx.tenant().uuid();
    let contract = sqlx::query_as!(
        Contract,
        "select project_id, value_minor_units, currency_code, updated_at, version
         from contract where tenant_id = $1 and project_id = $2 for update",
        tenant,
        project
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(contract)
}

/// Inserts or updates a project's contract; `version` is the one read before, 0 where there was none.
pub(crate) async fn save(
    tx: &mut TenantTx,
    project: Uuid,
    value: &proto::types::Money,
    account: Uuid,
    version: i64,
) -> Result<Contract> {
    let tenant = tx.tenant().uuid();
    sqlx::query_as!(
        Contract,
        "insert into contract
             (tenant_id, project_id, value_minor_units, currency_code, updated_by, updated_at, version)
         values ($1, $2, $3, $4, $5, $6, 1)
         on conflict (tenant_id, project_id) do update set
             value_minor_units = excluded.value_minor_units, currency_code = excluded.currency_code,
             updated_by = excluded.updated_by, updated_at = excluded.updated_at,
             version = contract.version + 1
         where contract.version = $7
         returning project_id, value_minor_units, currency_code, updated_at, version",
        tenant,
        project,
        value.minor_units,
        value.currency_code,
        account,
        clock::now().to_sqlx(),
        version
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(Error::Conflict(Reason::EtagStale))
}
