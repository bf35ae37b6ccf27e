//! `PhaseService`.

use anyhow::{Context as _, Result};
use prost::Message as _;
use proto::projects::{
    CreatePhaseRequest, DeletePhaseRequest, MilestoneReached, Phase, PhaseProgressed, PhaseStatus,
    Project, ReorderPhasesRequest, UpdatePhaseRequest,
};
use service::{clock, new_id};
use tonic::{Code, Status};

use crate::{Setup, code, violated};

fn change(phase: Phase, paths: &[&str]) -> UpdatePhaseRequest {
    let mut request = UpdatePhaseRequest {
        phase: Some(phase),
        update_mask: None,
    };
    request.update_mask.get_or_insert_default().paths =
        paths.iter().map(|path| (*path).to_owned()).collect();
    request
}

impl Setup {
    async fn update_phase(&self, phase: Phase, paths: &[&str]) -> Result<Phase, Status> {
        let request = self
            .by(&self.tenant.pm, change(phase, paths))
            .expect("a token");
        let answer = self
            .phases()
            .expect("a client")
            .update_phase(request)
            .await?;
        Ok(answer.into_inner().phase.expect("a phase"))
    }

    async fn move_to(&self, phase: &Phase, percent: i32) -> Result<Phase, Status> {
        let phase = Phase {
            progress_percent: Some(percent),
            ..phase.clone()
        };
        self.update_phase(phase, &["progress_percent"]).await
    }

    /// What was published since the project was created.
    async fn news(&self) -> Result<Vec<String>> {
        let names = self.event_names().await?;
        Ok(names
            .into_iter()
            .filter(|name| name != "ProjectCreated")
            .collect())
    }
}

fn today() -> String {
    let zone = jiff::tz::TimeZone::get("America/Los_Angeles").expect("a time zone");
    clock::today(&zone).to_string()
}

/// The fourth phase of a kitchen is a milestone, the second is none.
fn milestone_of(project: &Project) -> &Phase {
    &project.phases[3]
}

#[tokio::test(flavor = "multi_thread")]
async fn completing_a_milestone_tells_whose_people_to_tell() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let phase = milestone_of(&project);

    let started = setup.move_to(phase, 40).await?;
    assert_eq!(started.status(), PhaseStatus::InProgress);
    assert_eq!(
        (started.actual_start.clone(), started.actual_end.clone()),
        (Some(today()), None)
    );
    let done = setup.move_to(&started, 100).await?;
    assert_eq!(done.status(), PhaseStatus::Done);
    assert_eq!(done.actual_end, Some(today()));

    assert_eq!(
        setup.news().await?,
        ["PhaseProgressed", "PhaseCompleted", "MilestoneReached"]
    );
    let events = setup.events().await?;
    assert_eq!(
        PhaseProgressed::decode(events[1].1.as_slice())?,
        PhaseProgressed {
            project_id: project.id.clone(),
            phase_id: phase.id.clone(),
            old_percent: 0,
            new_percent: 40,
            actor_id: setup.tenant.pm.account.to_string(),
        }
    );
    assert_eq!(
        MilestoneReached::decode(events[3].1.as_slice())?,
        MilestoneReached {
            project_id: project.id.clone(),
            phase_id: phase.id.clone(),
            client_id: setup.tenant.anas_record.to_string(),
            actor_id: setup.tenant.pm.account.to_string(),
        }
    );
    let read = setup.seen_by(&setup.tenant.pm, &project.id).await?;
    assert_eq!(read.progress_percent, Some(15));
    assert_eq!(
        read.etag, project.etag,
        "progress does not make a form stale"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_milestone_that_was_reached_opens_again() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let done = setup.move_to(milestone_of(&project), 100).await?;
    let open = setup.move_to(&done, 90).await?;
    assert_eq!(open.actual_end, None);
    assert_eq!(
        setup.news().await?,
        [
            "PhaseCompleted",
            "MilestoneReached",
            "PhaseProgressed",
            "MilestoneReopened"
        ]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phase_without_a_milestone_only_completes() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let done = setup.move_to(&project.phases[1], 100).await?;
    setup.move_to(&done, 90).await?;
    assert_eq!(setup.news().await?, ["PhaseCompleted", "PhaseProgressed"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_where_nothing_moves() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let phase = milestone_of(&project);
    let same = setup.update_phase(phase.clone(), &[]).await?;
    assert_eq!(&same, phase);
    let renamed = Phase {
        name: "Rough-in".to_owned(),
        ..phase.clone()
    };
    let renamed = setup.update_phase(renamed, &["name"]).await?;
    assert_eq!(renamed.name, "Rough-in");
    assert!(setup.news().await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_milestone_named_after_the_fact_is_no_news() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let done = setup.move_to(&project.phases[1], 100).await?;
    let named = Phase {
        milestone: Some("Site is clear".to_owned()),
        ..done
    };
    setup.update_phase(named, &["milestone"]).await?;
    assert_eq!(setup.news().await?, ["PhaseCompleted"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_that_are_entered_win() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let phase = Phase {
        progress_percent: Some(100),
        actual_start: Some("2026-09-08".to_owned()),
        actual_end: Some("2026-09-14".to_owned()),
        ..project.phases[1].clone()
    };
    let saved = setup
        .update_phase(phase, &["progress_percent", "actual_start", "actual_end"])
        .await?;
    assert_eq!(saved.actual_start.as_deref(), Some("2026-09-08"));
    assert_eq!(saved.actual_end.as_deref(), Some("2026-09-14"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_etag_and_wrong_fields_are_refused() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let phase = project.phases[1].clone();
    setup.move_to(&phase, 10).await?;
    let stale = setup.move_to(&phase, 20).await.expect_err("stale");
    assert_eq!(stale.code(), Code::Aborted);

    let wrong = Phase {
        name: String::new(),
        weight: Some(0),
        planned_end: Some("2020-01-01".to_owned()),
        actual_end: Some("tomorrow".to_owned()),
        ..project.phases[2].clone()
    };
    let request = setup.by(&setup.tenant.pm, change(wrong, &[]))?;
    let answer = setup.phases()?.update_phase(request).await;
    assert_eq!(
        violated(answer),
        [
            "phase.actual_end",
            "phase.name",
            "phase.weight",
            "phase.planned_end"
        ]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn phases_are_added_removed_and_put_in_order() -> Result<()> {
    let setup = Setup::start().await?;
    let project = setup.create_kitchen().await?;
    let request = CreatePhaseRequest {
        phase: Some(Phase {
            project_id: project.id.clone(),
            name: "Punch list".to_owned(),
            weight: Some(100),
            milestone: Some("Punch list done".to_owned()),
            progress_percent: Some(100),
            ..Phase::default()
        }),
        request_id: new_id().to_string(),
    };
    let mut answers = Vec::new();
    for _ in 0..2 {
        let asked = setup.by(&setup.tenant.pm, request.clone())?;
        let answer = setup.phases()?.create_phase(asked).await?.into_inner();
        answers.push(answer.phase.context("a phase")?);
    }
    assert_eq!(answers[0], answers[1], "the same request id adds one phase");
    let added = answers.remove(0);
    assert_eq!(added.actual_end, Some(today()));

    let read = setup.seen_by(&setup.tenant.pm, &project.id).await?;
    assert_eq!(read.phases.len(), 9);
    assert_eq!(read.phases[8], added);
    assert_eq!(read.progress_percent, Some(50));

    let mut ids: Vec<_> = read.phases.iter().map(|phase| phase.id.clone()).collect();
    ids.reverse();
    let reorder = ReorderPhasesRequest {
        project_id: project.id.clone(),
        phase_ids: ids.clone(),
    };
    let asked = setup.by(&setup.tenant.pm, reorder.clone())?;
    let answer = setup.phases()?.reorder_phases(asked).await?.into_inner();
    let ordered: Vec<_> = answer.phases.into_iter().map(|phase| phase.id).collect();
    assert_eq!(ordered, ids);

    for wrong in [
        ids[1..].to_vec(),
        [ids.clone(), vec![ids[0].clone()]].concat(),
        [ids[1..].to_vec(), vec![new_id().to_string()]].concat(),
    ] {
        let wrong = ReorderPhasesRequest {
            phase_ids: wrong,
            ..reorder.clone()
        };
        let asked = setup.by(&setup.tenant.pm, wrong)?;
        let answer = setup.phases()?.reorder_phases(asked).await;
        assert_eq!(violated(answer), ["phase_ids"]);
    }

    let mut delete = DeletePhaseRequest {
        project_id: project.id.clone(),
        id: added.id.clone(),
        etag: "0".to_owned(),
    };
    let asked = setup.by(&setup.tenant.pm, delete.clone())?;
    let answer = setup.phases()?.delete_phase(asked).await;
    assert_eq!(code(&answer), Code::Aborted);
    delete.etag = added.etag;
    let asked = setup.by(&setup.tenant.pm, delete.clone())?;
    setup.phases()?.delete_phase(asked).await?;
    let asked = setup.by(&setup.tenant.pm, delete)?;
    let answer = setup.phases()?.delete_phase(asked).await;
    assert_eq!(code(&answer), Code::NotFound);
    assert_eq!(
        setup.news().await?,
        ["PhaseCompleted", "MilestoneReached", "MilestoneReopened"]
    );
    Ok(())
}
