//! SQL on projects and their teams.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use proto::projects::{
    FinancialsVisibility, LogsVisibility, PhotosVisibility, ProgressVisibility, ProjectStatus,
    ProjectType, ScheduleVisibility,
};
use service::{Found as _, Result, clock};
use tenancy::TenantTx;
use uuid::Uuid;

use crate::{
    access::{Involved, Reach, Settings},
    parts::{Parts, Times},
    project::{Address, Details, Point},
    state::{State as _, Stored},
};

/// A project as it stands in the database, with its team and its settings.
pub(crate) struct Project {
    pub(crate) id: Uuid,
    pub(crate) client_id: Uuid,
    pub(crate) details: Details,
    pub(crate) settings: Settings,
    pub(crate) changed: Times,
    pub(crate) version: i64,
}

impl Project {
    /// Who it belongs to and who works on it.
    pub(crate) fn involved(&self) -> Involved<'_> {
        Involved {
            client: self.client_id,
            manager: self.details.manager,
            members: &self.details.members,
        }
    }
}

/// Which projects to list.
pub(crate) struct Filter<'a> {
    /// What the caller may know of.
    pub(crate) reach: &'a Reach,
    /// Only these.
    pub(crate) ids: Option<&'a [Uuid]>,
    /// Only those of this client record.
    pub(crate) client: Option<Uuid>,
    /// Only those in this status.
    pub(crate) status: Option<ProjectStatus>,
    /// Only those older than this one.
    pub(crate) before: Option<Uuid>,
    /// At most so many.
    pub(crate) limit: i64,
}

/// Lists projects, newest first.
pub(crate) async fn list(tx: &mut TenantTx, filter: &Filter<'_>) -> Result<Vec<Project>> {
    let tenant = tx.tenant().uuid();
    let (assigned, clients) = match filter.reach {
        Reach::All => (None, None),
        Reach::AssignedTo(account) => (Some(*account), None),
        Reach::Clients(clients) => (None, Some(clients.as_slice())),
    };
    let status = filter.status.map(ProjectStatus::text);
    let projects = sqlx::query!(
        r#"select project.id, client_id, name, type as "project_type: Stored<ProjectType>",
             status as "status: Stored<ProjectStatus>", address_line1, address_city, address_region,
             address_postal_code, latitude_e6, longitude_e6, start_date, planned_finish, manager_id,
             array(
                 select account_id from project_member
                 where project_member.tenant_id = project.tenant_id and project_member.project_id = project.id
                 order by account_id
             ) as "members!: Vec<Uuid>",
             time_zone, details_changed_at, progress_changed_at, schedule_changed_at, milestones_changed_at,
             project.version, progress as "progress: Stored<ProgressVisibility>",
             photos as "photos: Stored<PhotosVisibility>", logs as "logs: Stored<LogsVisibility>",
             schedule as "schedule: Stored<ScheduleVisibility>",
             financials as "financials: Stored<FinancialsVisibility>"
         from project
         join visibility on visibility.tenant_id = project.tenant_id and visibility.project_id = project.id
         where project.tenant_id = $1
             and ($2::uuid is null or manager_id = $2 or exists (
                 select from project_member
                 where project_member.tenant_id = project.tenant_id and project_member.project_id = project.id
                     and account_id = $2
             ))
             and ($3::uuid[] is null or client_id = any($3))
             and ($4::uuid[] is null or project.id = any($4))
             and ($5::uuid is null or client_id = $5)
             and ($6::text is null or status = $6)
             and ($7::uuid is null or project.id < $7)
         order by project.id desc limit $8"#,
        tenant,
        assigned,
        clients,
        filter.ids,
        filter.client,
        status,
        filter.before,
        filter.limit
    )
    .map(|row| Project {
        id: row.id,
        client_id: row.client_id,
        details: Details {
            name: row.name,
            project_type: row.project_type.0,
            status: row.status.0,
            address: Address {
                line1: row.address_line1,
                city: row.address_city,
                region: row.address_region,
                postal_code: row.address_postal_code,
                point: row.latitude_e6.zip(row.longitude_e6).map(
                    |(latitude, longitude)| Point {
                        latitude,
                        longitude,
                    },
                ),
            },
            start_date: row.start_date.map(jiff_sqlx::Date::to_jiff),
            planned_finish: row.planned_finish.map(jiff_sqlx::Date::to_jiff),
            manager: row.manager_id,
            members: row.members,
            time_zone: row.time_zone,
        },
        settings: Settings {
            progress: row.progress.0,
            photos: row.photos.0,
            logs: row.logs.0,
            schedule: row.schedule.0,
            financials: row.financials.0,
        },
        changed: Times {
            details: row.details_changed_at.to_jiff(),
            progress: row.progress_changed_at.to_jiff(),
            schedule: row.schedule_changed_at.to_jiff(),
            milestones: row.milestones_changed_at.to_jiff(),
        },
        version: row.version,
    })
    .fetch_all(&mut **tx)
    .await?;
    Ok(projects)
}

/// Finds a project within somebody's reach.
pub(crate) async fn find(tx: &mut TenantTx, id: Uuid, reach: &Reach) -> Result<Option<Project>> {
    let filter = Filter {
        reach,
        ids: Some(&[id]),
        client: None,
        status: None,
        before: None,
        limit: 1,
    };
    Ok(list(tx, &filter).await?.pop())
}

/// Finds a project to change it, or anything of it: the lock puts changes of one project one after the other.
pub(crate) async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<Project> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "select id from project where tenant_id = $1 and id = $2 for update",
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?
    .found()?;
    find(tx, id, &Reach::All).await?.found()
}

/// Inserts a project.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    id: Uuid,
    client: Uuid,
    details: &Details,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    let address = &details.address;
    sqlx::query!(
        "insert into project
             (tenant_id, id, client_id, name, type, status, address_line1, address_city, address_region,
              address_postal_code, latitude_e6, longitude_e6, start_date, planned_finish, manager_id, time_zone,
              details_changed_at, progress_changed_at, schedule_changed_at, milestones_changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $17, $17)",
        tenant,
        id,
        client,
        details.name,
        details.project_type.text(),
        details.status.text(),
        address.line1,
        address.city,
        address.region,
        address.postal_code,
        address.point.map(|point| point.latitude),
        address.point.map(|point| point.longitude),
        details.start_date.map(Date::to_sqlx),
        details.planned_finish.map(Date::to_sqlx),
        details.manager,
        details.time_zone,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    insert_members(tx, id, &details.members).await
}

/// Updates what people enter about a project.
pub(crate) async fn update(tx: &mut TenantTx, id: Uuid, details: &Details) -> Result<()> {
    let tenant = tx.tenant().uuid();
    let address = &details.address;
    sqlx::query!(
        "update project set
             name = $3, type = $4, status = $5, address_line1 = $6, address_city = $7, address_region = $8,
             address_postal_code = $9, latitude_e6 = $10, longitude_e6 = $11, start_date = $12, planned_finish = $13,
             manager_id = $14, time_zone = $15, version = version + 1
         where tenant_id = $1 and id = $2",
        tenant,
        id,
        details.name,
        details.project_type.text(),
        details.status.text(),
        address.line1,
        address.city,
        address.region,
        address.postal_code,
        address.point.map(|point| point.latitude),
        address.point.map(|point| point.longitude),
        details.start_date.map(Date::to_sqlx),
        details.planned_finish.map(Date::to_sqlx),
        details.manager,
        details.time_zone
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from project_member where tenant_id = $1 and project_id = $2 and not account_id = any($3)",
        tenant,
        id,
        &details.members
    )
    .execute(&mut **tx)
    .await?;
    insert_members(tx, id, &details.members).await
}

/// Says that parts of a project changed now.
pub(crate) async fn touch(tx: &mut TenantTx, id: Uuid, parts: Parts) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update project set
             details_changed_at = case when $3 then $7 else details_changed_at end,
             progress_changed_at = case when $4 then $7 else progress_changed_at end,
             schedule_changed_at = case when $5 then $7 else schedule_changed_at end,
             milestones_changed_at = case when $6 then $7 else milestones_changed_at end
         where tenant_id = $1 and id = $2",
        tenant,
        id,
        parts.details,
        parts.progress,
        parts.schedule,
        parts.milestones,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_members(tx: &mut TenantTx, id: Uuid, members: &[Uuid]) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "insert into project_member (tenant_id, project_id, account_id)
         select $1, $2, account from unnest($3::uuid[]) as account
         on conflict do nothing",
        tenant,
        id,
        members
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
