//! The isolation matrix: every RPC × every kind of caller × own, foreign, absent and malformed ids.
//!
//! `rows` holds the expectations, written by hand. Whoever a row does not name is expected to be refused: a new RPC is
//! closed to everybody until its row says otherwise, and one without a row fails here.

mod coverage;
mod matrix;
mod rows;

use anyhow::Result;
use integration_tests::{Cast, Services};

#[tokio::test(flavor = "multi_thread")]
async fn no_call_crosses_organizations() -> Result<()> {
    let services = Services::start().await?;
    let cast = Cast::gather(&services).await?;
    let failures = matrix::check(&services, &cast, &rows::rows()).await?;
    services.stop().await?;
    assert!(
        failures.is_empty(),
        "{} expectations do not hold:\n{}",
        failures.len(),
        failures.join("\n")
    );
    testing::proved(
        "isolation.calls",
        &format!("{} RPCs", coverage::rpcs().len()),
    )
}

#[test]
fn every_rpc_has_a_row() {
    let rows: Vec<_> = rows::rows().iter().map(|row| row.rpc).collect();
    let rpcs = coverage::rpcs();
    let missing: Vec<_> = rpcs
        .iter()
        .filter(|rpc| !rows.contains(&rpc.as_str()))
        .collect();
    let unknown: Vec<_> = rows
        .iter()
        .filter(|row| !rpcs.iter().any(|rpc| rpc == *row))
        .collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "without a row: {missing:?}; rows of no RPC: {unknown:?}"
    );
}
