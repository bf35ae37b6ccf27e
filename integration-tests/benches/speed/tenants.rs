//! A thousand organizations beside ten.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use devstack::{platform::Platform, services::Service};
use integration_tests::{Organization, Stage as _};
use proto::projects::{GetProjectRequest, project_service_client::ProjectServiceClient};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tenancy::{TenantId, authorized};
use uuid::Uuid;

use crate::{
    line::{Goal, Line, median, millis},
    page::{self, Page},
};

const FEW: usize = 10;
const MANY: usize = 1_000;
const ROUNDS: usize = 2;
const LOOKS: usize = 100;
const WARM_UP: usize = 20;
const CALLS: usize = 300;

/// An id of a copy: the time of the first one's, and for the rest what its organization makes of it.
const ID_OF_COPY: &str = "create function pg_temp.of_copy(id uuid, tenant uuid) returns uuid
    language sql immutable strict as $$
        select overlay(md5(id::text || tenant::text) placing left(replace(id::text, '-', ''), 13) from 1)::uuid
    $$";

/// The same organization is asked for its client's Home and for a project, while there are few others and while there are
/// many: each is a copy of it, row by row in all five databases.
pub(crate) async fn measure(platform: &Platform) -> Result<Line> {
    let bluestone = Organization::gather(platform, "bluestone").await?;
    let ana = page::sign_in(platform, &bluestone, "ana").await?;
    let home = Page {
        visitor: &ana,
        path: "/".to_owned(),
    };
    let copies: Vec<Uuid> = (0..MANY).map(|_| TenantId::new().uuid()).collect();
    // there are alder, bluestone and what is copied
    let (few, more) = copies[..MANY - 2].split_at(FEW - 2);
    fill(platform, bluestone.id, few).await?;

    let (mut of_few, mut of_many) = (Times::default(), Times::default());
    for _ in 0..ROUNDS {
        of_few.take(platform, &bluestone, &home).await?;
        fill(platform, bluestone.id, more).await?;
        of_many.take(platform, &bluestone, &home).await?;
        empty(platform, more).await?;
    }
    empty(platform, few).await?;
    let (few, many) = (of_few.medians(), of_many.medians());
    let ratio = |index: usize| many[index].as_secs_f64() / few[index].as_secs_f64();
    Ok(Line {
        name: "tenants.1000",
        ratio: ratio(0).max(ratio(1)),
        goal: Goal::AtMost(1.15),
        method: format!(
            "Home: p50 {:.2} ms with {MANY} organizations, {:.2} ms with {FEW} ({:.2}); GetProject: {:.2} and {:.2} ms ({:.2}); the \
             larger ratio counts; median of {ROUNDS} rounds of {LOOKS} and {CALLS} each, in turn",
            millis(many[0]),
            millis(few[0]),
            ratio(0),
            millis(many[1]),
            millis(few[1]),
            ratio(1)
        ),
    })
}

/// How long a page and a call took.
#[derive(Default)]
struct Times {
    home: Vec<Duration>,
    read: Vec<Duration>,
}

impl Times {
    async fn take(
        &mut self,
        platform: &Platform,
        organization: &Organization,
        home: &Page<'_>,
    ) -> Result<()> {
        home.p50(WARM_UP).await?;
        for _ in 0..LOOKS {
            self.home.push(home.look().await?);
        }
        let mut projects = ProjectServiceClient::new(platform.peer("projects")?);
        let token = platform.person(organization.id, &organization.ana)?;
        for call in 0..WARM_UP + CALLS {
            let request = GetProjectRequest {
                id: organization.anas.project.to_string(),
            };
            let begin = Instant::now();
            projects
                .get_project(authorized(&token, request))
                .await
                .context("read a project")?;
            if call >= WARM_UP {
                self.read.push(begin.elapsed());
            }
        }
        Ok(())
    }

    fn medians(self) -> [Duration; 2] {
        [median(self.home), median(self.read)]
    }
}

/// Copies an organization: all of its rows, with its own id and the ids in them replaced.
async fn fill(platform: &Platform, first: TenantId, copies: &[Uuid]) -> Result<()> {
    for service in Service::WITH_DATABASE {
        let mut database = platform.postgres().admin(service.name()).await?;
        database.execute(ID_OF_COPY).await?;
        unchecked(&mut database).await?;
        for table in tables(&mut database).await? {
            let (names, values) = columns(&mut database, &table).await?;
            // the names come from the catalogue
            let statement = format!(
                "insert into {table} ({names})
                 select {values} from {table} first, unnest($2::uuid[]) as copy (tenant) where first.tenant_id = $1"
            );
            sqlx::query(AssertSqlSafe(statement))
                .bind(first.uuid())
                .bind(copies)
                .execute(&mut database)
                .await
                .with_context(|| format!("copy the rows of {table}"))?;
        }
        tidy(database).await?;
    }
    Ok(())
}

/// Takes copies away.
async fn empty(platform: &Platform, copies: &[Uuid]) -> Result<()> {
    for service in Service::WITH_DATABASE {
        let mut database = platform.postgres().admin(service.name()).await?;
        unchecked(&mut database).await?;
        for table in tables(&mut database).await? {
            let statement = format!("delete from {table} where tenant_id = any($1)");
            sqlx::query(AssertSqlSafe(statement))
                .bind(copies)
                .execute(&mut database)
                .await
                .with_context(|| format!("delete the rows of {table}"))?;
        }
        tidy(database).await?;
    }
    Ok(())
}

/// Copies refer to each other as the first ones do, so that no key needs to be looked up.
async fn unchecked(database: &mut PgConnection) -> Result<()> {
    database
        .execute("set session_replication_role = replica")
        .await
        .context("check no foreign keys")?;
    Ok(())
}

/// Does what the database would do by itself before long.
async fn tidy(mut database: PgConnection) -> Result<()> {
    database
        .execute("vacuum (analyze)")
        .await
        .context("tidy a database")?;
    database.close().await.context("close a connection")
}

async fn tables(database: &mut PgConnection) -> Result<Vec<String>> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attname = 'tenant_id'",
    )
    .fetch_all(database)
    .await
    .context("list the tables of organizations")
}

/// A table's columns, and what stands in them for a copy.
async fn columns(database: &mut PgConnection, table: &str) -> Result<(String, String)> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select attname::text, format_type(atttypid, null) from pg_attribute
         where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum",
    )
    .bind(table)
    .fetch_all(database)
    .await
    .context("list the columns of a table")?;
    let names: Vec<String> = columns
        .iter()
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    let values: Vec<String> = columns
        .iter()
        .map(|(name, kind)| match (name.as_str(), kind.as_str()) {
            ("tenant_id", _) => "copy.tenant".to_owned(),
            // the only name that all organizations share
            ("slug", "text") => "'s' || left(replace(copy.tenant::text, '-', ''), 32)".to_owned(),
            (_, "uuid") => format!("pg_temp.of_copy(first.\"{name}\", copy.tenant)"),
            (_, "uuid[]") => format!(
                "array(select pg_temp.of_copy(one, copy.tenant) from unnest(first.\"{name}\") as one)"
            ),
            _ => format!("first.\"{name}\""),
        })
        .collect();
    Ok((names.join(", "), values.join(", ")))
}
