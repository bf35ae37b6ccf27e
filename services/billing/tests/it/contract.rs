//! Contracts: who sets and sees the value, and what stays when it is set twice.

use std::collections::HashMap;

use anyhow::Result;
use proto::{
    billing::{
        BatchGetContractsRequest, GetContractRequest, SetContractValueRequest,
        contract_service_client::ContractServiceClient,
    },
    projects::MoneyScope,
    types::Money,
};
use service::{Peer, Reason, config::load_from, new_id};
use tenancy::{Person, authorized};
use testing::{Running, Tenant, TestDb, TestKeys, environment};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::fake_projects::FakeProjects;

struct Stage {
    keys: TestKeys,
    tenant: Tenant,
    project: Uuid,
    db: TestDb,
    billing: Running,
    _projects: Running,
}

impl Stage {
    async fn new() -> Result<Self> {
        let keys = TestKeys::new()?;
        let tenant = Tenant::new();
        let project = new_id();
        let projects = FakeProjects {
            project,
            scopes: HashMap::from([
                (tenant.owner.account, (MoneyScope::Full, true)),
                (tenant.ana.account, (MoneyScope::Summary, false)),
                (tenant.ben.account, (MoneyScope::None, false)),
            ]),
        }
        .start(&keys)
        .await?;
        let db = TestDb::new("billing", &billing::migrations()).await?;
        let config = load_from(
            billing::DEFAULT_CONFIG,
            environment(
                &db,
                &keys,
                &[("APP__PEERS__PROJECTS", projects.address().to_owned())],
            )?,
        )?;
        Ok(Self {
            billing: Running::start(billing::build(config).await?)?,
            keys,
            tenant,
            project,
            db,
            _projects: projects,
        })
    }

    fn client(&self) -> Result<ContractServiceClient<Peer>> {
        Ok(ContractServiceClient::new(self.billing.peer()?))
    }

    fn request<T>(&self, person: &Person, message: T) -> Result<tonic::Request<T>> {
        Ok(authorized(
            &self.keys.person(self.tenant.id, person)?,
            message,
        ))
    }

    fn value(&self, minor_units: i64, etag: &str, request_id: Uuid) -> SetContractValueRequest {
        SetContractValueRequest {
            project_id: self.project.to_string(),
            value: Some(Money {
                minor_units,
                currency_code: "USD".to_owned(),
            }),
            etag: etag.to_owned(),
            request_id: request_id.to_string(),
        }
    }

    async fn set(&self, request: SetContractValueRequest) -> Result<Result<String, Status>> {
        let request = self.request(&self.tenant.owner, request)?;
        let answer = self.client()?.set_contract_value(request).await;
        Ok(answer.map(|answer| answer.into_inner().contract.unwrap_or_default().etag))
    }

    async fn get(&self, person: &Person) -> Result<Result<i64, Status>> {
        let message = GetContractRequest {
            project_id: self.project.to_string(),
        };
        let request = self.request(person, message)?;
        let answer = self.client()?.get_contract(request).await;
        Ok(answer.map(|answer| {
            let contract = answer.into_inner().contract.unwrap_or_default();
            contract.value.unwrap_or_default().minor_units
        }))
    }

    async fn events(&self) -> Result<i64> {
        let mut connection = self.db.superuser().await?;
        Ok(sqlx::query_scalar("select count(*) from outbox")
            .fetch_one(&mut connection)
            .await?)
    }
}

fn code<T>(answer: Result<T, Status>) -> Code {
    answer.map_or_else(|status| status.code(), |_| Code::Ok)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_seen_by_whom_the_scope_allows() -> Result<()> {
    let stage = Stage::new().await?;
    stage.set(stage.value(8_640_000, "", new_id())).await??;

    assert_eq!(stage.get(&stage.tenant.owner).await??, 8_640_000);
    assert_eq!(stage.get(&stage.tenant.ana).await??, 8_640_000);
    assert_eq!(code(stage.get(&stage.tenant.ben).await?), Code::NotFound);
    assert_eq!(
        code(stage.get(&stage.tenant.field).await?),
        Code::PermissionDenied
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_and_absent_contracts_answer_alike() -> Result<()> {
    let stage = Stage::new().await?;
    let absent = stage
        .get(&stage.tenant.ana)
        .await?
        .expect_err("none is set");
    stage.set(stage.value(1, "", new_id())).await??;
    let hidden = stage.get(&stage.tenant.ben).await?.expect_err("hidden");
    assert_eq!(absent.code(), hidden.code());
    assert_eq!(absent.message(), hidden.message());
    assert_eq!(absent.details(), hidden.details());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_leaves_out_what_is_hidden() -> Result<()> {
    let stage = Stage::new().await?;
    stage.set(stage.value(1, "", new_id())).await??;
    for (person, expected) in [(&stage.tenant.ana, 1), (&stage.tenant.ben, 0)] {
        let message = BatchGetContractsRequest {
            project_ids: vec![stage.project.to_string(), new_id().to_string()],
        };
        let request = stage.request(person, message)?;
        let answer = stage.client()?.batch_get_contracts(request).await?;
        assert_eq!(answer.into_inner().contracts.len(), expected);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_sets_once() -> Result<()> {
    let stage = Stage::new().await?;
    let request = stage.value(8_640_000, "", new_id());
    let first = stage.set(request.clone()).await??;
    let second = stage.set(request.clone()).await??;
    assert_eq!(first, second);
    assert_eq!(stage.events().await?, 1);

    let other_content = SetContractValueRequest {
        value: stage.value(1, "", new_id()).value,
        ..request
    };
    assert_eq!(code(stage.set(other_content).await?), Code::InvalidArgument);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_etag_changes_nothing() -> Result<()> {
    let stage = Stage::new().await?;
    let etag = stage.set(stage.value(100, "", new_id())).await??;
    stage.set(stage.value(200, &etag, new_id())).await??;
    for stale in [etag.as_str(), "", "nonsense"] {
        let refused = stage
            .set(stage.value(300, stale, new_id()))
            .await?
            .expect_err("the etag is stale");
        assert_eq!(refused.code(), Code::Aborted);
        assert!(Reason::EtagStale.is_in(&refused));
    }
    assert_eq!(stage.get(&stage.tenant.owner).await??, 200);
    assert_eq!(stage.events().await?, 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_values_name_their_field() -> Result<()> {
    use tonic_types::StatusExt as _;

    let stage = Stage::new().await?;
    let mut negative = stage.value(-1, "", new_id());
    if let Some(value) = &mut negative.value {
        value.currency_code = "dollars".to_owned();
    }
    let refused = stage
        .set(negative)
        .await?
        .expect_err("two fields are wrong");
    let fields: Vec<_> = refused
        .get_details_bad_request()
        .expect("the violations are listed")
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect();
    assert_eq!(fields, ["value.minor_units", "value.currency_code"]);
    Ok(())
}
