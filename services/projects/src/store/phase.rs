//! SQL on phases.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use service::Result;
use tenancy::TenantTx;
use uuid::Uuid;

use crate::phase::Details;

/// A phase as it stands in the database.
pub(crate) struct Phase {
    pub(crate) id: Uuid,
    pub(crate) project_id: Uuid,
    pub(crate) details: Details,
    pub(crate) version: i64,
}

/// Lists the phases of projects, in order within each.
pub(crate) async fn list(tx: &mut TenantTx, projects: &[Uuid]) -> Result<Vec<Phase>> {
    let tenant = tx.tenant().uuid();
    let phases = sqlx::query!(
        "select id, project_id, name, weight, progress_percent, planned_start, planned_end, actual_start, actual_end,
             milestone, version
         from phase where tenant_id = $1 and project_id = any($2) order by project_id, position",
        tenant,
        projects
    )
    .map(|row| Phase {
        id: row.id,
        project_id: row.project_id,
        details: Details {
            name: row.name,
            weight: row.weight,
            percent: row.progress_percent,
            planned_start: row.planned_start.map(jiff_sqlx::Date::to_jiff),
            planned_end: row.planned_end.map(jiff_sqlx::Date::to_jiff),
            actual_start: row.actual_start.map(jiff_sqlx::Date::to_jiff),
            actual_end: row.actual_end.map(jiff_sqlx::Date::to_jiff),
            milestone: row.milestone,
        },
        version: row.version,
    })
    .fetch_all(&mut **tx)
    .await?;
    Ok(phases)
}

/// Finds a phase of a project.
pub(crate) async fn find(tx: &mut TenantTx, project: Uuid, id: Uuid) -> Result<Option<Phase>> {
    let phases = list(tx, &[project]).await?;
    Ok(phases.into_iter().find(|phase| phase.id == id))
}

/// Inserts a phase at the end.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    project: Uuid,
    id: Uuid,
    details: &Details,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "insert into phase
             (tenant_id, project_id, id, position, name, weight, progress_percent, planned_start, planned_end,
              actual_start, actual_end, milestone)
         values ($1, $2, $3,
             (select coalesce(max(position), 0) + 1 from phase where tenant_id = $1 and project_id = $2),
             $4, $5, $6, $7, $8, $9, $10, $11)",
        tenant,
        project,
        id,
        details.name,
        details.weight,
        details.percent,
        details.planned_start.map(Date::to_sqlx),
        details.planned_end.map(Date::to_sqlx),
        details.actual_start.map(Date::to_sqlx),
        details.actual_end.map(Date::to_sqlx),
        details.milestone
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Updates a phase.
pub(crate) async fn update(
    tx: &mut TenantTx,
    project: Uuid,
    id: Uuid,
    details: &Details,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update phase set
             name = $4, weight = $5, progress_percent = $6, planned_start = $7, planned_end = $8, actual_start = $9,
             actual_end = $10, milestone = $11, version = version + 1
         where tenant_id = $1 and project_id = $2 and id = $3",
        tenant,
        project,
        id,
        details.name,
        details.weight,
        details.percent,
        details.planned_start.map(Date::to_sqlx),
        details.planned_end.map(Date::to_sqlx),
        details.actual_start.map(Date::to_sqlx),
        details.actual_end.map(Date::to_sqlx),
        details.milestone
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a phase.
pub(crate) async fn delete(tx: &mut TenantTx, project: Uuid, id: Uuid) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "delete from phase where tenant_id = $1 and project_id = $2 and id = $3",
        tenant,
        project,
        id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts the phases of a project into the order given, which names all of them.
pub(crate) async fn reorder(tx: &mut TenantTx, project: Uuid, ids: &[Uuid]) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update phase set position = ordered.position
         from unnest($3::uuid[]) with ordinality as ordered (id, position)
         where phase.tenant_id = $1 and phase.project_id = $2 and phase.id = ordered.id",
        tenant,
        project,
        ids
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
