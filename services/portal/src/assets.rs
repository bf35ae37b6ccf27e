//! Style sheet, script, icons and font: compiled in, served under the hash of their content, cached for good.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    body::Bytes,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

/// For files whose name changes with their content.
pub(crate) const FOR_GOOD: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable");

struct Asset {
    name: &'static str,
    /// The name with the hash in it, such as "app.1f2e3d4c.css".
    hashed: String,
    kind: &'static str,
    body: Bytes,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let font = Asset::new(
        "inter.woff2",
        "font/woff2",
        include_bytes!("assets/fonts/inter.woff2").as_slice().into(),
    );
    let style = Asset::new(
        "app.css",
        "text/css; charset=utf-8",
        app_style(&font.hashed).into(),
    );
    vec![
        font,
        style,
        Asset::new(
            "platform.css",
            "text/css; charset=utf-8",
            include_str!("assets/platform.css").into(),
        ),
        Asset::new(
            "portal.js",
            "text/javascript; charset=utf-8",
            include_str!("assets/portal.js").into(),
        ),
        Asset::new(
            "office.js",
            "text/javascript; charset=utf-8",
            include_str!("assets/office.js").into(),
        ),
        Asset::new(
            "upload.js",
            "text/javascript; charset=utf-8",
            include_str!("assets/upload.js").into(),
        ),
        Asset::new(
            "icons.svg",
            "image/svg+xml",
            include_str!("assets/icons.svg").into(),
        ),
        Asset::new(
            "favicon.svg",
            "image/svg+xml",
            include_str!("assets/favicon.svg").into(),
        ),
    ]
});

impl Asset {
    fn new(name: &'static str, kind: &'static str, body: Bytes) -> Self {
        let hash = hex::encode(&Sha256::digest(&body)[..8]);
        let (stem, extension) = name.split_once('.').expect("every asset has an extension");
        Self {
            name,
            hashed: format!("{stem}.{hash}.{extension}"),
            kind,
            body,
        }
    }
}

/// The style sheet with the font's real name, and with a class for each percentage, because no page may carry styles.
fn app_style(font: &str) -> String {
    let mut style = include_str!("assets/app.css").replace("inter.woff2", font);
    style.push_str("@layer tools{");
    for percent in 0..=100 {
        write!(
            style,
            ".p-{percent}{{--p:{percent}%}}.w-{percent}{{--w:{percent}}}"
        )
        .expect("writing to a string cannot fail");
    }
    style.push('}');
    style
}

/// The address of an asset, for templates.
pub(crate) fn url(name: &str) -> String {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .expect("templates name assets that exist");
    format!("/assets/{}", asset.hashed)
}

/// The address of an icon inside the sprite, for templates.
pub(crate) fn icon(name: &str) -> String {
    format!("{}#{name}", url("icons.svg"))
}

/// `GET /assets/{name}`
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.hashed == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    (
        [
            (header::CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
            (header::CACHE_CONTROL, FOR_GOOD),
        ],
        asset.body.clone(),
    )
        .into_response()
}

/// Every asset by the name under which it is served.
#[cfg(test)]
pub(crate) fn all() -> Vec<(String, Bytes)> {
    ASSETS
        .iter()
        .map(|asset| (asset.hashed.clone(), asset.body.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_names_the_font_by_its_hash() {
        let style = ASSETS
            .iter()
            .find(|asset| asset.name == "app.css")
            .expect("listed");
        let font = ASSETS
            .iter()
            .find(|asset| asset.name == "inter.woff2")
            .expect("listed");
        let text = String::from_utf8_lossy(&style.body);
        assert!(text.contains(&format!("url({})", font.hashed)));
        assert!(text.contains(".p-100{--p:100%}"));
    }

    #[test]
    fn addresses_change_with_the_content() {
        assert!(url("app.css").starts_with("/assets/app."));
        let one = Asset::new("a.css", "text/css", "a{}".into());
        let other = Asset::new("a.css", "text/css", "b{}".into());
        assert_ne!(one.hashed, other.hashed);
    }
}
