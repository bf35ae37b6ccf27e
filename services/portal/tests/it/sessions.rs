//! Who has to sign in, and who does not.

use anyhow::Result;
use axum::http::StatusCode;
use service::Reason;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_portal_that_is_refused_sends_nobody_in_a_circle() -> Result<()> {
    let stage = Stage::new().await?;
    for call in ["ResolveHost", "ResolveSession"] {
        stage.world().unknown_caller = Some((call, Reason::TokenInvalid));
        for path in ["/office/account", "/sign-in"] {
            let answer = stage.get(path).send().await?;
            let status = answer.status();
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{call}, {path}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_session_has_ended_signs_in_and_comes_back() -> Result<()> {
    let stage = Stage::new().await?;
    stage.world().unknown_caller = Some(("ResolveSession", Reason::SessionEnded));
    let answer = stage.get("/office/account").send().await?;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(
        answer.headers()["location"],
        "/sign-in?next=%2Foffice%2Faccount"
    );
    let answer = stage.get("/sign-in").send().await?;
    assert_eq!(answer.status(), StatusCode::OK);

    // it ended while the page was made
    stage.world().unknown_caller = Some(("GetMyAccount", Reason::SessionEnded));
    let answer = stage.get("/office/account").send().await?;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "/sign-in");
    Ok(())
}
