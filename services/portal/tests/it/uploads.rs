//! Files on their way in: by a form, and by a script.

use std::time::Duration;

use anyhow::Result;
use axum::http::{Method, StatusCode, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{StreamExt as _, stream};
use reqwest::{Body, Response};
use service::new_id;

use crate::stage::Stage;

const BOUNDARY: &str = "a-line-between";

/// A form as browsers write it; a part with a file name is a file.
fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file_name, content) in parts {
        let file = match file_name {
            Some(file) => format!("; filename=\"{file}\"\r\ncontent-type: image/jpeg"),
            None => String::new(),
        };
        let head = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn send(stage: &Stage, parts: &[(&str, Option<&str>, &[u8])]) -> Result<Response> {
    let path = format!("/office/projects/{}/photos", new_id());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    Ok(stage
        .request(Method::POST, &path)
        .header(header::CONTENT_TYPE, kind)
        .body(form(parts))
        .send()
        .await?)
}

/// The message that the next page shows.
fn message(answer: &Response) -> String {
    let cookie = answer
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .find_map(|cookie| cookie.to_str().ok()?.strip_prefix("flash="))
        .unwrap_or_default();
    let text = cookie.split('.').next().unwrap_or_default();
    let json = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    String::from_utf8_lossy(&json).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_brings_many_files_and_each_is_told_of() -> Result<()> {
    let stage = Stage::new().await?;
    let token = stage.token().await?;
    let large = vec![7; 60_000];
    let answer = send(
        &stage,
        &[
            ("csrf", None, token.as_bytes()),
            ("request_id", None, b"form-1"),
            ("phase", None, b""),
            ("audience", None, b"internal"),
            ("caption", None, b"Base cabinets"),
            ("photo", Some("one.jpg"), &large),
            ("photo", Some("notes.pdf"), b"notes"),
            // more than all files together may take of the disk
            ("photo", Some("two.jpg"), &large),
            ("photo", Some("three.jpg"), b"three"),
        ],
    )
    .await?;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let said = message(&answer);
    for words in [
        "2 photos were added and are being prepared. 2 were refused.",
        "notes.pdf: It is not a photo. Choose JPEG, PNG or HEIC files.",
        "two.jpg: Too much is being added at the moment.",
    ] {
        assert!(said.contains(words), "{said}");
    }

    let world = stage.world();
    let mut sizes: Vec<_> = world.started.values().collect();
    sizes.sort_by_key(|request| request.size_bytes);
    assert_eq!(sizes[0].file_name, "three.jpg");
    assert_eq!(sizes[1].size_bytes, 60_000);
    assert_eq!(sizes[1].caption, "Base cabinets");
    assert_ne!(sizes[0].request_id, sizes[1].request_id);
    let mut finished = world.finished.clone();
    finished.sort();
    assert!(finished.iter().eq(world.stored.keys()));
    assert!(world.stored.values().any(|bytes| *bytes == large));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_is_taken_before_the_token_was_seen() -> Result<()> {
    let stage = Stage::new().await?;
    let token = stage.token().await?;
    let file = ("photo", Some("one.jpg"), b"one".as_slice());
    for parts in [
        vec![file],
        vec![file, ("csrf", None, token.as_bytes())],
        vec![("csrf", None, b"made up".as_slice()), file],
    ] {
        let answer = send(&stage, &parts).await?;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    }
    assert!(stage.world().started.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_brings_one_file_at_a_time() -> Result<()> {
    let stage = Stage::new().await?;
    let token = stage.token().await?;
    let path = format!("/office/projects/{}/photos/upload", new_id());
    let request = |name: &str| {
        let query = format!("{path}?name={name}&request_id={}", new_id());
        stage
            .request(Method::POST, &query)
            .header(header::CONTENT_TYPE, "image/jpeg")
    };

    let large = vec![7; 3 << 20];
    let answer = request("one.jpg")
        .header("x-csrf-token", &token)
        .body(large.clone())
        .send()
        .await?;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.text().await?.contains("\"state\":\"processing\""));
    assert!(stage.world().stored.values().any(|bytes| *bytes == large));

    let refused = request("notes.pdf")
        .header("x-csrf-token", &token)
        .body(large.clone())
        .send()
        .await?;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let words = refused.text().await?;
    assert!(words.contains("\"reason\":\"It is not a photo"), "{words}");

    let forged = request("two.jpg").body("two").send().await?;
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
    let endless = stream::iter([Ok::<_, std::io::Error>("three")]);
    let without_length = request("three.jpg")
        .header("x-csrf-token", &token)
        .body(Body::wrap_stream(endless))
        .send()
        .await?;
    assert_eq!(without_length.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(stage.world().stored.len(), 1);
    Ok(())
}

/// A token lives for a minute, and an upload may take far longer.
#[tokio::test]
async fn a_slow_upload_ends_with_a_new_token_and_a_quick_one_with_its_own() -> Result<()> {
    let stage = Stage::new().await?;
    let csrf = stage.token().await?;
    for (pause, tokens) in [(None, 1), (Some(Duration::from_secs(21)), 2)] {
        let before = stage.world().tokens;
        let begun = stage.world().started.len();
        let world = stage.world.clone();
        let second = async move {
            while world.lock().expect("nobody panicked").started.len() == begun {
                tokio::task::yield_now().await;
            }
            if let Some(pause) = pause {
                tokio::time::pause();
                tokio::time::advance(pause).await;
                tokio::time::resume();
            }
            Ok("half")
        };
        let first = std::future::ready(Ok::<_, std::io::Error>("half"));
        let body = stream::once(first).chain(stream::once(second));
        let path = format!(
            "/office/projects/{}/photos/upload?name=one.jpg&request_id={}",
            new_id(),
            new_id()
        );
        let answer = stage
            .request(Method::POST, &path)
            .header(header::CONTENT_TYPE, "image/jpeg")
            .header(header::CONTENT_LENGTH, 8)
            .header("x-csrf-token", &csrf)
            .body(Body::wrap_stream(body))
            .send()
            .await?;
        assert_eq!(answer.status(), StatusCode::OK, "{pause:?}");
        assert_eq!(stage.world().tokens - before, tokens, "{pause:?}");
    }
    Ok(())
}
