//! An organization's colors, as the style sheet that identity derived from them, and its logo.

use axum::{
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use proto::{documents::GetLogoFileRequest, identity::GetStylesheetRequest};
use uuid::Uuid;

use crate::{App, assets, error::Error, session::AtSite};

/// A logo that is opened by itself can do nothing.
const ALONE: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// `GET /brand/{file}`: the file is named after its content, such as "3f5a….css".
pub(crate) async fn stylesheet(
    AtSite(site): AtSite,
    State(app): State<App>,
    Path(file): Path<String>,
) -> Result<Response, Error> {
    let hash = file.strip_suffix(".css").ok_or(Error::NotFound)?.to_owned();
    let css = app
        .backend
        .portal(site.tenant)?
        .organizations()
        .get_stylesheet(GetStylesheetRequest { hash })
        .await?
        .into_inner()
        .css;
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, assets::FOR_GOOD),
    ];
    Ok((headers, css).into_response())
}

/// `GET /brand/logo/{file}`: the file is named after the logo's id, such as "0192….png", and never changes.
pub(crate) async fn logo(
    AtSite(site): AtSite,
    State(app): State<App>,
    Path(file): Path<String>,
) -> Result<Response, Error> {
    let id = file.strip_suffix(".png").ok_or(Error::NotFound)?;
    let id: Uuid = id.parse().map_err(|_| Error::NotFound)?;
    let place = app
        .backend
        .portal(site.tenant)?
        .logos()
        .get_logo_file(GetLogoFileRequest {
            logo_id: id.to_string(),
        })
        .await?
        .into_inner();
    let file = app.storage.get(&place.get_url).await?;
    let length = file.content_length();
    let mut response = Body::from_stream(file.bytes_stream()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    headers.insert(header::CACHE_CONTROL, assets::FOR_GOOD);
    headers.insert(header::CONTENT_SECURITY_POLICY, ALONE);
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    Ok(response)
}
