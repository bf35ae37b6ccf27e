//! An organization's colors, as the style sheet that identity derived from them.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use proto::identity::GetStylesheetRequest;

use crate::{App, assets, error::Error, session::AtSite};

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
