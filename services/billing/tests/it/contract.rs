//! Contracts: who sets and sees the value, and what stays when it is set twice.

use anyhow::Result;
use proto::billing::{BatchGetContractsRequest, SetContractValueRequest};
use service::{Reason, new_id};
use tonic::{Code, Status};

use crate::stage::Stage;

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
