//! What projects publishes; the aggregate is always the project.

use ::events::{Aggregate, publish};
use proto::projects::{
    MilestoneReached, MilestoneReopened, PhaseCompleted, PhaseProgressed, ProjectCreated,
    VisibilityChanged,
};
use service::Result;
use tenancy::TenantTx;
use uuid::Uuid;

use crate::{phase::Details, store::project::Project};

/// A project was created.
pub(crate) async fn project_created(
    tx: &mut TenantTx,
    project: Uuid,
    client: Uuid,
    actor: Uuid,
) -> Result<()> {
    let event = ProjectCreated {
        project_id: project.to_string(),
        client_id: client.to_string(),
        actor_id: actor.to_string(),
    };
    publish(tx, aggregate(project), &event).await
}

/// A phase went from `before` to `after`: at most one event on its progress, then at most one on its milestone.
///
/// Only completing a phase reaches its milestone. One that is named after the fact is old news.
pub(crate) async fn phase_moved(
    tx: &mut TenantTx,
    project: &Project,
    phase: Uuid,
    before: &Details,
    after: &Details,
    actor: Uuid,
) -> Result<()> {
    let is_completed = after.is_done() && !before.is_done();
    if is_completed {
        let event = PhaseCompleted {
            project_id: project.id.to_string(),
            phase_id: phase.to_string(),
            actor_id: actor.to_string(),
        };
        publish(tx, aggregate(project.id), &event).await?;
    } else if after.percent != before.percent {
        let event = PhaseProgressed {
            project_id: project.id.to_string(),
            phase_id: phase.to_string(),
            old_percent: before.percent,
            new_percent: after.percent,
            actor_id: actor.to_string(),
        };
        publish(tx, aggregate(project.id), &event).await?;
    }
    if is_completed && after.is_reached() {
        let event = MilestoneReached {
            project_id: project.id.to_string(),
            phase_id: phase.to_string(),
            client_id: project.client_id.to_string(),
            actor_id: actor.to_string(),
        };
        publish(tx, aggregate(project.id), &event).await?;
    } else if before.is_reached() && !after.is_reached() {
        milestone_reopened(tx, project.id, phase, actor).await?;
    }
    Ok(())
}

/// A milestone that was reached is open again, or gone.
pub(crate) async fn milestone_reopened(
    tx: &mut TenantTx,
    project: Uuid,
    phase: Uuid,
    actor: Uuid,
) -> Result<()> {
    let event = MilestoneReopened {
        project_id: project.to_string(),
        phase_id: phase.to_string(),
        actor_id: actor.to_string(),
    };
    publish(tx, aggregate(project), &event).await
}

/// The settings of a project changed.
pub(crate) async fn visibility_changed(
    tx: &mut TenantTx,
    project: Uuid,
    actor: Uuid,
) -> Result<()> {
    let event = VisibilityChanged {
        project_id: project.to_string(),
        actor_id: actor.to_string(),
    };
    publish(tx, aggregate(project), &event).await
}

fn aggregate(project: Uuid) -> Aggregate {
    Aggregate {
        kind: "project",
        id: project,
    }
}
