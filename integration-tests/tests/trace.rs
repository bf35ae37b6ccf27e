//! One trace from the click to the mail.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::{Context as _, Result};
use devstack::platform::{Options, Platform};
use integration_tests::{Organization, PASSWORD, Receiver, Span, Stage as _, Visitor};
use proto::projects::{GetProjectRequest, project_service_client::ProjectServiceClient};
use tenancy::authorized;

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_milestone_is_one_trace_from_the_click_to_the_mail() -> Result<()> {
    let (receiver, address) = Receiver::start().await?;
    let folder = tempfile::tempdir_in("/var/tmp")?;
    let mut options = Options::for_test(folder.path())?;
    options.otlp_endpoint = Some(address);
    let platform = Platform::start(options).await?;
    let outcome = click(&platform, &receiver).await;
    platform.stop().await?;
    outcome
}

async fn click(platform: &Platform, receiver: &Receiver) -> Result<()> {
    let alder = Organization::gather(platform, "alder").await?;
    let second = second_milestone(platform, &alder).await?;
    let pm = Visitor::new("alder", platform.portal_port())?;
    let page = pm.sign_in("pm@alder.example", PASSWORD).await?;
    anyhow::ensure!(page.status.is_redirection(), "the PM signs in: {page:?}");
    let phases = format!("/office/projects/{}/phases", alder.anas.project);
    let mails = platform.smtp().mails().len();
    let page = pm
        .submit(
            &phases,
            &format!("/phases/{second}/progress"),
            &[("percent", "100")],
        )
        .await?;
    anyhow::ensure!(
        page.status.is_redirection(),
        "the phase is completed: {page:?}"
    );
    let mailed = async {
        while platform.smtp().mails().len() == mails {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, mailed)
        .await
        .with_context(|| format!("no mail told of the milestone within {PATIENCE:?}"))?;

    let spans = receiver
        .wait_until(PATIENCE, |spans| {
            click_trace(spans).is_some_and(|trace| missing(&of_trace(spans, &trace)).is_empty())
        })
        .await;
    let spans = match spans {
        Ok(spans) => spans,
        Err(_) => receiver.spans(),
    };
    let trace = click_trace(&spans).context("the click has a span")?;
    let whole = of_trace(&spans, &trace);
    assert_eq!(missing(&whole), Vec::<&str>::new(), "{whole:#?}");

    let ids: BTreeSet<_> = whole.iter().map(|span| span.id.as_str()).collect();
    let roots: Vec<_> = whole
        .iter()
        .filter(|span| !ids.contains(span.parent.as_str()))
        .collect();
    assert_eq!(roots.len(), 1, "one root, the click: {roots:#?}");
    assert_eq!(roots[0].service, "portal");
    let (logs, _) = receiver.others();
    assert!(logs > 0, "logs are sent too");
    Ok(())
}

/// A milestone of Ana's that was not reached yet.
async fn second_milestone(platform: &Platform, alder: &Organization) -> Result<String> {
    let token = platform.person(alder.id, &alder.owner)?;
    let project = ProjectServiceClient::new(platform.peer("projects")?)
        .get_project(authorized(
            &token,
            GetProjectRequest {
                id: alder.anas.project.to_string(),
            },
        ))
        .await?
        .into_inner()
        .project
        .context("the answer carries the project")?;
    let phase = project
        .phases
        .into_iter()
        .find(|phase| phase.milestone.is_some() && phase.progress_percent != Some(100))
        .context("a milestone is left")?;
    Ok(phase.id)
}

/// What must be in the trace and is not.
fn missing(trace: &[Span]) -> Vec<&'static str> {
    let by_service: BTreeMap<&str, Vec<&str>> = trace.iter().fold(
        BTreeMap::new(),
        |mut services: BTreeMap<&str, Vec<&str>>, span| {
            services
                .entry(span.service.as_str())
                .or_default()
                .push(span.name.as_str());
            services
        },
    );
    let has = |service: &str, part: &str| {
        by_service
            .get(service)
            .is_some_and(|names| names.iter().any(|name| name.contains(part)))
    };
    [
        ("the click at the portal", has("portal", "POST")),
        (
            "the portal's call",
            has("portal", "PhaseService/UpdatePhase"),
        ),
        ("the service", has("projects", "PhaseService/UpdatePhase")),
        ("its transaction", has("projects", "transaction")),
        (
            "the outbox's relay",
            has("projects", "send contractoros.projects.v1"),
        ),
        (
            "the consumer",
            has("notifications", "process contractoros.projects.v1"),
        ),
        ("the mail", has("notifications", "mail")),
    ]
    .into_iter()
    .filter(|(_, is_there)| !is_there)
    .map(|(what, _)| what)
    .collect()
}

fn click_trace(spans: &[Span]) -> Option<String> {
    spans
        .iter()
        .find(|span| span.service == "portal" && span.name.contains("/phases/{phase}/progress"))
        .map(|span| span.trace.clone())
}

fn of_trace(spans: &[Span], trace: &str) -> Vec<Span> {
    spans
        .iter()
        .filter(|span| span.trace == trace)
        .cloned()
        .collect()
}
