//! Clients from a table: what is refused on the way, and a table that is sent again.

use anyhow::Result;
use axum::http::{Method, StatusCode, header};
use url::form_urlencoded::Serializer;

use crate::stage::Stage;

const CHECK: &str = "/office/clients/import";
const SAVE: &str = "/office/clients/import/save";

/// Sends the table with what is hidden in the form of a page, as a browser does; gives the status and the next page.
async fn send(stage: &Stage, path: &str, page: &str, table: &str) -> Result<(StatusCode, String)> {
    let mut body = Serializer::new(String::new());
    body.append_pair("csrf", &stage.token().await?);
    body.append_pair("csv", table);
    let hidden = "<input type=\"hidden\" name=\"";
    for field in page.split(hidden).skip(1) {
        let (name, rest) = field.split_once("\" value=\"").unwrap_or_default();
        let (value, _) = rest.split_once('"').unwrap_or_default();
        if name != "csrf" {
            body.append_pair(name, value);
        }
    }
    let kind = "application/x-www-form-urlencoded";
    let answer = stage
        .request(Method::POST, path)
        .header(header::CONTENT_TYPE, kind)
        .body(body.finish())
        .send()
        .await?;
    Ok((answer.status(), answer.text().await?))
}

/// The names of the clients that were added.
fn names(stage: &Stage) -> Vec<String> {
    let world = stage.world();
    let clients = world.clients.values();
    let mut names: Vec<String> = clients.map(|client| client.display_name.clone()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_and_the_mended_table_adds_nobody_twice() -> Result<()> {
    let stage = Stage::new().await?;
    let table =
        "name,person,phone\nAsh,Ana Ash,\nBirch,,call me\nCedar,Cy Cedar,\nCedar,Cleo Cedar,\n";
    let (status, page) = send(&stage, CHECK, "", table).await?;
    assert_eq!(status, StatusCode::OK);
    assert!(names(&stage).is_empty());

    stage.world().refused_client = Some("Birch");
    let (status, page) = send(&stage, SAVE, &page, table).await?;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("2 clients with 3 people are added."),
        "{page}"
    );
    let refusal = "Line 3: it is refused for its phone: Enter a number";
    assert!(page.contains(refusal), "{page}");
    assert_eq!(names(&stage), ["Ash", "Cedar"]);

    // mended, in another order and from a form of its own
    stage.world().refused_client = None;
    let table =
        "name,person,phone\nBirch,,555-0142\nCedar,Cy Cedar,\nCedar,Cleo Cedar,\nAsh,Ana Ash,\n";
    for _ in 0..2 {
        let (status, page) = send(&stage, CHECK, "", table).await?;
        assert_eq!(status, StatusCode::OK);
        let (status, _) = send(&stage, SAVE, &page, table).await?;
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert_eq!(names(&stage), ["Ash", "Birch", "Cedar"]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_saved_while_a_line_is_wrong() -> Result<()> {
    let stage = Stage::new().await?;
    let phone = "5".repeat(51);
    let table = format!("name,phone\nAsh,\nBirch,{phone}\n");
    for path in [CHECK, SAVE] {
        let (status, page) = send(&stage, path, "", &table).await?;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains("Nothing is saved"), "{page}");
        assert!(page.contains("Line 3: the phone has more than 50 characters"));
        assert!(names(&stage).is_empty());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refusal_the_lines_that_follow_wait() -> Result<()> {
    let stage = Stage::new().await?;
    stage.world().refused_client = Some("Client 0");
    let lines: Vec<String> = (0..100).map(|number| format!("Client {number}")).collect();
    let table = format!("name\n{}\n", lines.join("\n"));
    let (status, page) = send(&stage, SAVE, "", &table).await?;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("Line 2: "), "{page}");
    assert!(names(&stage).len() < 50, "{}", names(&stage).len());
    Ok(())
}
