//! What a project costs.

use askama::Template;
use axum::{extract::Path, response::Response};
use proto::billing::GetContractRequest;
use tonic::Code;
use uuid::Uuid;

use crate::{
    client::{
        ClientFrame,
        project::{Band, Opened, Section},
    },
    error::Error,
    format::{When, currency_words, time_of},
    page,
    session::Client,
};

#[derive(Template)]
#[template(path = "client/financials.html")]
pub(crate) struct Page {
    pub(crate) frame: ClientFrame,
    pub(crate) band: Band,
    /// The moment for which the page holds.
    pub(crate) as_of: When,
    /// None where no value was entered yet.
    pub(crate) contract: Option<Contract>,
}

/// The contract.
pub(crate) struct Contract {
    pub(crate) value: String,
    pub(crate) currency: String,
    pub(crate) since: Option<String>,
}

/// `GET /p/{project}/financials`
pub(crate) async fn show(client: Client, Path(id): Path<Uuid>) -> Result<Response, Error> {
    let mut contracts = client.calls.contracts();
    let contract = async {
        let request = GetContractRequest {
            project_id: id.to_string(),
        };
        match contracts.get_contract(request).await {
            Ok(answer) => Ok(answer.into_inner().contract),
            // that the client may see money at all is the project's answer
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(status.into()),
        }
    };
    let (opened, contract) =
        tokio::try_join!(Opened::load(&client, id, Section::Financials), contract)?;
    let format = &opened.around.format;
    let contract = contract.and_then(|contract| {
        let value = contract.value?;
        Some(Contract {
            since: time_of(contract.updated_at).map(|at| format.day_of(at)),
            value: format.money(&value),
            currency: currency_words(&value.currency_code),
        })
    });
    page::show(&Page {
        as_of: format.when(service::clock::now()),
        frame: opened.frame,
        band: opened.band,
        contract,
    })
}
