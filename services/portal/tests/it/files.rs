//! Files on their way out: as authorized as their pages, and as cached as they may be.

use anyhow::Result;
use axum::http::{Method, StatusCode};
use service::new_id;

use crate::stage::{PICTURE, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_streamed_to_who_may_see_it() -> Result<()> {
    let stage = Stage::new().await?;
    let (project, photo) = (new_id(), new_id());
    stage.world().visible = Some(photo);
    let path = format!("/p/{project}/photos/{photo}/640.jpg");

    let file = stage.get(&path).send().await?;
    assert_eq!(file.status(), StatusCode::OK);
    let headers = file.headers().clone();
    assert_eq!(headers["content-type"], "image/jpeg");
    assert_eq!(headers["cache-control"], "private, max-age=300");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(
        headers["content-length"],
        PICTURE.len().to_string().as_str()
    );
    assert_eq!(headers["etag"], format!("\"{photo}-640\"").as_str());
    assert_eq!(file.bytes().await?, PICTURE);

    let head = stage.request(Method::HEAD, &path).send().await?;
    assert_eq!(head.headers()["content-length"], headers["content-length"]);

    let again = stage
        .get(&path)
        .header("if-none-match", &headers["etag"])
        .send()
        .await?;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(again.bytes().await?.is_empty());

    let download = format!("/p/{project}/photos/{photo}/download");
    let file = stage.get(&download).send().await?;
    assert_eq!(
        file.headers()["content-disposition"],
        "attachment; filename=\"K_che 2026-11-17 4f2a.jpg\"; \
         filename*=UTF-8''K%C3%BCche%202026-11-17%204f2a.jpg"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_photo_looks_like_none() -> Result<()> {
    let stage = Stage::new().await?;
    let (project, photo) = (new_id(), new_id());
    stage.world().visible = Some(photo);
    let hidden = format!("/p/{project}/photos/{}", new_id());
    let mut answers = Vec::new();
    for path in [
        format!("{hidden}/640.jpg"),
        format!("{hidden}/download"),
        // a size that there is not, of one that may be seen
        format!("/p/{project}/photos/{photo}/original.jpg"),
        "/nowhere".to_owned(),
    ] {
        let answer = stage.get(&path).header("if-none-match", "*").send().await?;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        answers.push(answer.text().await?);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logo_is_for_everybody_and_can_do_nothing() -> Result<()> {
    let stage = Stage::new().await?;
    let path = format!("/brand/logo/{}.png", new_id());
    let logo = stage.get(&path).header("cookie", "").send().await?;
    assert_eq!(logo.status(), StatusCode::OK);
    let headers = logo.headers();
    assert_eq!(headers["content-type"], "image/png");
    assert_eq!(
        headers["content-security-policy"],
        "default-src 'none'; sandbox"
    );
    assert_eq!(
        headers["cache-control"],
        "public, max-age=31536000, immutable"
    );
    Ok(())
}
