//! The rows of `ContractService`.

use proto::{billing as bi, types::Money};
use service::new_id;

use super::{anas, rpc, setup};
use crate::matrix::{
    Row,
    Who::{Ana, Ben, Owner, Pm},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.billing.v1.ContractService";
    vec![
        Row::naming(rpc(SERVICE, "GetContract"), setup(anas), |ids| {
            bi::GetContractRequest {
                project_id: ids["project"].clone(),
            }
        })
        .allows(&[Owner, Pm, Ana])
        .hides_from(&[Ben]),
        Row::naming(rpc(SERVICE, "BatchGetContracts"), setup(anas), |ids| {
            bi::BatchGetContractsRequest {
                project_ids: vec![ids["project"].clone()],
            }
        })
        .allows(&[Owner, Pm, Ana])
        .hides_from(&[Ben])
        .leaves_out(),
        Row::naming(rpc(SERVICE, "SetContractValue"), setup(anas), |ids| {
            bi::SetContractValueRequest {
                project_id: ids["project"].clone(),
                value: Some(Money {
                    minor_units: 8_640_000,
                    currency_code: "USD".to_owned(),
                }),
                etag: ids["contract_etag"].clone(),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
    ]
}
