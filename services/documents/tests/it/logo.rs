//! The organization's logo.

use anyhow::Result;
use proto::documents::{
    FinishLogoRequest, FinishLogoResponse, GetLogoFileRequest, RefusalReason, StartLogoRequest,
    UploadState,
};
use service::{Reason, new_id};
use tenancy::authorized;
use tonic::Code;

use crate::stage::Stage;

const SVG: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20">
<script>fetch("https://elsewhere.example/")</script>
<rect width="40" height="20" fill="#1f5b4b"/></svg>"##;

async fn send(stage: &Stage, name: &str, bytes: &[u8]) -> Result<(String, FinishLogoResponse)> {
    let owner = &stage.tenant.owner;
    let start = StartLogoRequest {
        file_name: name.to_owned(),
        content_type: String::new(),
        size_bytes: i64::try_from(bytes.len())?,
        request_id: new_id().to_string(),
    };
    let started = stage
        .logos()?
        .start_logo(stage.request(owner, start)?)
        .await?
        .into_inner();
    stage.put(&started.put_url, bytes).await?;
    let finish = FinishLogoRequest {
        logo_id: started.logo_id.clone(),
    };
    let finished = stage
        .logos()?
        .finish_logo(stage.request(owner, finish)?)
        .await?
        .into_inner();
    Ok((started.logo_id, finished))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawing_becomes_a_plain_picture() -> Result<()> {
    let stage = Stage::new().await?;
    let (logo_id, finished) = send(&stage, "logo.svg", SVG.as_bytes()).await?;
    assert_eq!(finished.state(), UploadState::Ready);
    assert_eq!(finished.width, 2 * finished.height);

    let portal = stage.keys.signer("portal")?.service(stage.tenant.id)?;
    let file = stage
        .logos()?
        .get_logo_file(authorized(
            &portal,
            GetLogoFileRequest {
                logo_id: logo_id.clone(),
            },
        ))
        .await?
        .into_inner();
    let bytes = stage.http.get(file.get_url).send().await?.bytes().await?;
    assert!(bytes.starts_with(b"\x89PNG"));

    // once more, as a page does that was sent twice
    let again = FinishLogoRequest { logo_id };
    let again = stage
        .logos()?
        .finish_logo(stage.request(&stage.tenant.owner, again)?)
        .await?
        .into_inner();
    assert_eq!(again, finished);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logo_that_did_not_come_is_refused() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    let start = StartLogoRequest {
        file_name: "logo.svg".to_owned(),
        content_type: String::new(),
        size_bytes: i64::try_from(SVG.len())?,
        request_id: new_id().to_string(),
    };
    let mut logos = stage.logos()?;
    let logo_id = logos
        .start_logo(stage.request(owner, start)?)
        .await?
        .into_inner()
        .logo_id;
    let finish = FinishLogoRequest { logo_id };
    let finished = logos
        .finish_logo(stage.request(owner, finish)?)
        .await?
        .into_inner();
    assert_eq!(finished.state(), UploadState::Refused);
    assert_eq!(finished.refusal(), RefusalReason::Unreadable);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_storage_takes_no_logo() -> Result<()> {
    let stage = Stage::with(&[("APP__LIMITS__STORED_BYTES", "100000".to_owned())]).await?;
    let start = StartLogoRequest {
        file_name: "logo.svg".to_owned(),
        content_type: String::new(),
        size_bytes: 100_001,
        request_id: new_id().to_string(),
    };
    let refused = stage
        .logos()?
        .start_logo(stage.request(&stage.tenant.owner, start)?)
        .await
        .expect_err("too much");
    assert!(Reason::StorageFull.is_in(&refused));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_is_refused() -> Result<()> {
    let stage = Stage::new().await?;
    let (logo_id, finished) = send(&stage, "logo.png", b"only words").await?;
    assert_eq!(finished.state(), UploadState::Refused);
    assert_eq!(finished.refusal(), RefusalReason::TypeMismatch);
    let portal = stage.keys.signer("portal")?.service(stage.tenant.id)?;
    let absent = stage
        .logos()?
        .get_logo_file(authorized(&portal, GetLogoFileRequest { logo_id }))
        .await
        .expect_err("it never became one");
    assert_eq!(absent.code(), Code::NotFound);
    Ok(())
}
