//! SQL on the settings of projects.

use jiff_sqlx::ToSqlx as _;
use proto::projects::{
    FinancialsVisibility, LogsVisibility, PhotosVisibility, ProgressVisibility, ScheduleVisibility,
};
use service::{Result, clock};
use tenancy::TenantTx;
use uuid::Uuid;

use crate::{
    access::Settings,
    state::{State as _, Stored},
};

/// The settings of a project as they stand in the database.
pub(crate) struct Visibility {
    pub(crate) project_id: Uuid,
    pub(crate) settings: Settings,
    pub(crate) updated_at: jiff::Timestamp,
    pub(crate) updated_by: Option<Uuid>,
    pub(crate) version: i64,
}

/// Finds the settings of a project.
pub(crate) async fn find(tx: &mut TenantTx, project: Uuid) -> Result<Option<Visibility>> {
    let tenant = tx.tenant().uuid();
    let visibility = sqlx::query!(
        r#"select project_id, progress as "progress: Stored<ProgressVisibility>",
             photos as "photos: Stored<PhotosVisibility>", logs as "logs: Stored<LogsVisibility>",
             schedule as "schedule: Stored<ScheduleVisibility>",
             financials as "financials: Stored<FinancialsVisibility>", updated_at, updated_by, version
         from visibility where tenant_id = $1 and project_id = $2"#,
        tenant,
        project
    )
    .map(|row| Visibility {
        project_id: row.project_id,
        settings: Settings {
            progress: row.progress.0,
            photos: row.photos.0,
            logs: row.logs.0,
            schedule: row.schedule.0,
            financials: row.financials.0,
        },
        updated_at: row.updated_at.to_jiff(),
        updated_by: row.updated_by,
        version: row.version,
    })
    .fetch_optional(&mut **tx)
    .await?;
    Ok(visibility)
}

/// Inserts the settings of a new project.
pub(crate) async fn insert(tx: &mut TenantTx, project: Uuid, settings: &Settings) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "insert into visibility (tenant_id, project_id, progress, photos, logs, schedule, financials, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        tenant,
        project,
        settings.progress.text(),
        settings.photos.text(),
        settings.logs.text(),
        settings.schedule.text(),
        settings.financials.text(),
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Updates the settings of a project.
pub(crate) async fn update(
    tx: &mut TenantTx,
    project: Uuid,
    settings: &Settings,
    account: Uuid,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update visibility set
             progress = $3, photos = $4, logs = $5, schedule = $6, financials = $7, updated_at = $8, updated_by = $9,
             version = version + 1
         where tenant_id = $1 and project_id = $2",
        tenant,
        project,
        settings.progress.text(),
        settings.photos.text(),
        settings.logs.text(),
        settings.schedule.text(),
        settings.financials.text(),
        clock::now().to_sqlx(),
        account
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
