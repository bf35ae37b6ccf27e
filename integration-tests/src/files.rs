//! Photos and logos of the cast: small files, sent the way that the portal sends them.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use proto::documents::{
    FinishLogoRequest, FinishPhotoRequest, ListUploadsRequest, PhotoAudience, StartLogoRequest,
    StartPhotoRequest, UploadState, logo_service_client::LogoServiceClient,
    photo_service_client::PhotoServiceClient,
};
use service::new_id;
use tenancy::authorized;
use uuid::Uuid;

use crate::Stage;

/// How long a small photo may take to be ready.
const PATIENCE: Duration = Duration::from_secs(30);
/// A drawing of one rectangle.
const LOGO: &[u8] = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="#1f5b4b"/></svg>"##;

/// A JPEG of 64 by 48 pixels.
pub fn jpeg() -> Vec<u8> {
    let pixels = [120_u8; 3 * 64 * 48];
    let image = turbojpeg::Image {
        pixels: pixels.as_slice(),
        width: 64,
        pitch: 3 * 64,
        height: 48,
        format: turbojpeg::PixelFormat::RGB,
    };
    turbojpeg::compress(image, 85, turbojpeg::Subsamp::Sub2x2)
        .expect("a small picture can be written")
        .to_vec()
}

/// Starts a photo that is shared with the client, and sends its bytes.
pub async fn start_photo(
    stage: &impl Stage,
    token: &str,
    project: Uuid,
    name: &str,
) -> Result<Uuid> {
    send(stage, token, project, name, &jpeg()).await
}

/// Adds a photo that is shared with the client, and waits until it is ready or refused.
pub async fn add_photo(
    stage: &impl Stage,
    token: &str,
    project: Uuid,
    bytes: &[u8],
) -> Result<Uuid> {
    let id = send(stage, token, project, "site.jpg", bytes).await?;
    let mut photos = PhotoServiceClient::new(stage.peer("documents")?);
    let finish = FinishPhotoRequest {
        photo_id: id.to_string(),
    };
    photos
        .finish_photo(authorized(token, finish))
        .await
        .context("finish a photo")?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let list = ListUploadsRequest {
            project_id: project.to_string(),
        };
        let uploads = photos
            .list_uploads(authorized(token, list))
            .await?
            .into_inner()
            .uploads;
        let upload = uploads.iter().find(|upload| upload.id == id.to_string());
        if upload.is_none_or(|upload| upload.state() == UploadState::Refused) {
            return Ok(id);
        }
        if tokio::time::Instant::now() > deadline {
            bail!("a photo is not ready: {upload:?}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn send(
    stage: &impl Stage,
    token: &str,
    project: Uuid,
    name: &str,
    bytes: &[u8],
) -> Result<Uuid> {
    let start = StartPhotoRequest {
        project_id: project.to_string(),
        file_name: name.to_owned(),
        size_bytes: i64::try_from(bytes.len())?,
        caption: "Base cabinets are in".to_owned(),
        audience: PhotoAudience::Shared.into(),
        request_id: new_id().to_string(),
        ..StartPhotoRequest::default()
    };
    let started = PhotoServiceClient::new(stage.peer("documents")?)
        .start_photo(authorized(token, start))
        .await
        .context("start a photo")?
        .into_inner();
    put(&started.put_url, bytes).await?;
    Ok(started.photo_id.parse()?)
}

/// Starts a logo and sends its bytes.
pub async fn start_logo(stage: &impl Stage, token: &str) -> Result<Uuid> {
    let start = StartLogoRequest {
        file_name: "logo.svg".to_owned(),
        content_type: "image/svg+xml".to_owned(),
        size_bytes: i64::try_from(LOGO.len())?,
        request_id: new_id().to_string(),
    };
    let started = LogoServiceClient::new(stage.peer("documents")?)
        .start_logo(authorized(token, start))
        .await
        .context("start a logo")?
        .into_inner();
    put(&started.put_url, LOGO).await?;
    Ok(started.logo_id.parse()?)
}

/// Makes a logo of what was sent.
pub async fn finish_logo(stage: &impl Stage, token: &str, logo: Uuid) -> Result<()> {
    let finish = FinishLogoRequest {
        logo_id: logo.to_string(),
    };
    LogoServiceClient::new(stage.peer("documents")?)
        .finish_logo(authorized(token, finish))
        .await
        .context("finish a logo")?;
    Ok(())
}

async fn put(url: &str, bytes: &[u8]) -> Result<()> {
    reqwest::Client::new()
        .put(url)
        .body(bytes.to_vec())
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .context("send a file to the bucket")?;
    Ok(())
}
