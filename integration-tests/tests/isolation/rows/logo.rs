//! The rows of `LogoService`.

use integration_tests::{Organization, Services, finish_logo, start_logo};
use proto::documents as dc;
use service::new_id;

use super::{rpc, setup, token};
use crate::matrix::{
    Ids, Row, SetupFuture,
    Who::{Owner, Portal},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.documents.v1.LogoService";
    vec![
        Row::plain(rpc(SERVICE, "StartLogo"), setup(nothing), |_| {
            dc::StartLogoRequest {
                file_name: "logo.png".to_owned(),
                content_type: "image/png".to_owned(),
                size_bytes: 1_000,
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner]),
        Row::naming(rpc(SERVICE, "FinishLogo"), setup(started), |ids| {
            dc::FinishLogoRequest {
                logo_id: ids["logo"].clone(),
            }
        })
        .allows(&[Owner]),
        Row::naming(rpc(SERVICE, "GetLogoFile"), setup(logo), |ids| {
            dc::GetLogoFileRequest {
                logo_id: ids["logo"].clone(),
            }
        })
        .allows(&[Portal]),
    ]
}

fn nothing<'a>(_: &'a Services, _: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async { Ok(Ids::new()) })
}

/// A logo whose bytes have come.
fn started<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let logo = start_logo(services, &token(services, organization)?).await?;
        Ok(Ids::from([("logo", logo.to_string())]))
    })
}

/// A logo that is ready.
fn logo<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let token = token(services, organization)?;
        let logo = start_logo(services, &token).await?;
        finish_logo(services, &token, logo).await?;
        Ok(Ids::from([("logo", logo.to_string())]))
    })
}
