//! The audit trail: each deed leads to its call.

use anyhow::Result;
use proto::identity::CreateClientRequest;
use service::new_id;
use sqlx::Row as _;
use tenancy::authorized;
use uuid::Uuid;

use crate::{ADDRESS, OFFICE_PASSWORD, Setup, okafors, sign_in_form};

#[tokio::test(flavor = "multi_thread")]
async fn a_deed_is_recorded_with_its_request_and_the_browsers_address() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let form = sign_in_form("sam@alder.example", OFFICE_PASSWORD);
    setup.sign_in(office.tenant, form).await?;
    let request_id = new_id();
    let request = CreateClientRequest {
        client: Some(okafors()),
        request_id: request_id.to_string(),
    };
    let request = authorized(&office.owner, request);
    setup.clients().create_client(request).await?;

    let mut connection = setup.db.superuser().await?;
    let rows = sqlx::query(
        "select action, service, request_id, host(client_address) as address from audit
         where tenant_id = $1 and action in ('session.open', 'client.create') order by id desc limit 2",
    )
    .bind(office.tenant.uuid())
    .fetch_all(&mut connection)
    .await?;
    let created: Option<Uuid> = rows[0].try_get("request_id")?;
    assert_eq!(created, Some(request_id));
    assert_eq!(rows[0].try_get::<Option<String>, _>("service")?, None);
    let opened: Option<String> = rows[1].try_get("address")?;
    assert_eq!(opened.as_deref(), Some(ADDRESS));
    let service: Option<String> = rows[1].try_get("service")?;
    assert_eq!(service.as_deref(), Some("portal"));
    Ok(())
}
