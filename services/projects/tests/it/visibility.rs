//! `VisibilityService`, and what its settings do to what clients see.

use anyhow::{Context as _, Result};
use proto::projects::{
    CompareVisibilityRequest, FinancialsVisibility, GetVisibilityRequest, LogsVisibility, Phase,
    PhotosVisibility, ProgressVisibility, ScheduleVisibility, UpdatePhaseRequest,
    UpdateVisibilityRequest, Visibility,
};
use tonic::Code;

use crate::{Setup, code, violated};

impl Setup {
    async fn settings(&self, project: &str) -> Result<Visibility> {
        let request = GetVisibilityRequest {
            project_id: project.to_owned(),
        };
        let request = self.by(&self.tenant.pm, request)?;
        let answer = self.visibility()?.get_visibility(request).await?;
        answer.into_inner().visibility.context("settings")
    }

    pub(crate) async fn save(&self, visibility: Visibility) -> Result<Visibility> {
        let request = UpdateVisibilityRequest {
            visibility: Some(visibility),
        };
        let request = self.by(&self.tenant.pm, request)?;
        let answer = self.visibility()?.update_visibility(request).await?;
        answer.into_inner().visibility.context("settings")
    }

    pub(crate) async fn show(
        &self,
        project: &str,
        progress: ProgressVisibility,
        schedule: ScheduleVisibility,
    ) -> Result<Visibility> {
        let mut visibility = self.settings(project).await?;
        visibility.set_progress(progress);
        visibility.set_schedule(schedule);
        self.save(visibility).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_starts_with_careful_settings() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let visibility = setup.settings(&project.id).await?;
    assert_eq!(visibility.progress(), ProgressVisibility::Show);
    assert_eq!(visibility.photos(), PhotosVisibility::Selected);
    assert_eq!(visibility.logs(), LogsVisibility::Summarized);
    assert_eq!(visibility.schedule(), ScheduleVisibility::Milestones);
    assert_eq!(visibility.financials(), FinancialsVisibility::Summary);
    assert_eq!(visibility.updated_by, "");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_hold_from_the_next_request_on() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let ana = &setup.tenant.ana;

    let seen = setup.seen_by(ana, &project.id).await?;
    assert_eq!(seen.progress_percent, Some(0));
    assert_eq!(seen.start_date, None);
    assert_eq!(seen.planned_finish, project.planned_finish);
    assert_eq!(seen.phases[1].planned_end, None);
    assert_eq!(seen.phases[3].planned_end, project.phases[3].planned_end);
    assert_eq!(seen.phases[3].planned_start, None);
    assert_eq!(seen.phases[3].weight, None);

    let saved = setup
        .show(
            &project.id,
            ProgressVisibility::Hide,
            ScheduleVisibility::Full,
        )
        .await?;
    assert_eq!(saved.updated_by, setup.tenant.pm.account.to_string());
    let seen = setup.seen_by(ana, &project.id).await?;
    assert_eq!(seen.progress_percent, None);
    assert_eq!(seen.phases[0].status, None);
    assert_eq!(seen.start_date, project.start_date);
    assert_eq!(seen.phases[1].planned_end, project.phases[1].planned_end);

    setup
        .show(
            &project.id,
            ProgressVisibility::Hide,
            ScheduleVisibility::Hide,
        )
        .await?;
    let seen = setup.seen_by(ana, &project.id).await?;
    assert!(seen.phases.is_empty());
    assert_eq!(seen.current_phase_id, None);
    assert_eq!(seen.planned_finish, None);
    assert_eq!(seen.days_behind, None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_is_hidden_leaves_no_trace_in_what_a_client_sees() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    setup
        .show(
            &project.id,
            ProgressVisibility::Hide,
            ScheduleVisibility::Hide,
        )
        .await?;
    let before = setup.seen_by(&setup.tenant.ana, &project.id).await?;
    let request = UpdatePhaseRequest {
        phase: Some(Phase {
            progress_percent: Some(100),
            ..project.phases[0].clone()
        }),
        update_mask: None,
    };
    let request = setup.by(&setup.tenant.pm, request)?;
    setup.phases()?.update_phase(request).await?;
    let after = setup.seen_by(&setup.tenant.ana, &project.id).await?;
    assert_eq!(before, after);

    setup
        .show(
            &project.id,
            ProgressVisibility::Show,
            ScheduleVisibility::Hide,
        )
        .await?;
    let shown = setup.seen_by(&setup.tenant.ana, &project.id).await?;
    assert_ne!(shown.updated_at, before.updated_at);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn saving_publishes_only_a_change() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let first = setup.settings(&project.id).await?;
    let same = setup.save(first.clone()).await?;
    assert_eq!(same, first);
    assert_eq!(setup.event_names().await?, ["ProjectCreated"]);

    let mut changed = first.clone();
    changed.set_photos(PhotosVisibility::All);
    let saved = setup.save(changed).await?;
    assert_ne!(saved.etag, first.etag);
    assert_eq!(
        setup.event_names().await?,
        ["ProjectCreated", "VisibilityChanged"]
    );

    let request = UpdateVisibilityRequest {
        visibility: Some(first),
    };
    let request = setup.by(&setup.tenant.owner, request)?;
    let stale = setup.visibility()?.update_visibility(request).await;
    assert_eq!(code(&stale), Code::Aborted);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_setting_must_be_chosen() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let request = UpdateVisibilityRequest {
        visibility: Some(Visibility {
            project_id: project.id,
            photos: 9,
            ..Visibility::default()
        }),
    };
    let request = setup.by(&setup.tenant.pm, request)?;
    let answer = setup.visibility()?.update_visibility(request).await;
    assert_eq!(
        violated(answer),
        [
            "visibility.progress",
            "visibility.photos",
            "visibility.logs",
            "visibility.schedule",
            "visibility.financials"
        ]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_says_what_would_change_and_changes_nothing() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let stands = setup.settings(&project.id).await?;
    let mut wanted = stands.clone();
    wanted.set_financials(FinancialsVisibility::Hide);
    wanted.set_photos(PhotosVisibility::All);
    for (settings, expected) in [
        (stands.clone(), vec![]),
        (
            wanted,
            vec![
                (
                    true,
                    "Every photo that is not marked as internal becomes visible.",
                ),
                (
                    false,
                    "The contract value and all totals are hidden. An invoice that was sent stays payable.",
                ),
            ],
        ),
    ] {
        let request = CompareVisibilityRequest {
            visibility: Some(settings),
        };
        let request = setup.by(&setup.tenant.owner, request)?;
        let answer = setup
            .visibility()?
            .compare_visibility(request)
            .await?
            .into_inner();
        let changes: Vec<_> = answer
            .changes
            .iter()
            .map(|change| (change.shows_more, change.text.as_str()))
            .collect();
        assert_eq!(changes, expected);
    }
    assert_eq!(setup.settings(&project.id).await?, stands);
    Ok(())
}
