//! Of which projects a person may be told what, now.

use std::collections::HashMap;

use proto::{
    notifications::MailKind,
    projects::{PhotoScope, ProjectAccess, ScheduleScope},
};
use service::{Result, parse_id};
use uuid::Uuid;

/// The projects of which a person may see something now, a list for each kind of news.
#[derive(Clone, Debug, Default)]
pub(crate) struct VisibleProjects {
    names: HashMap<Uuid, String>,
    /// Those whose milestones the person may see.
    pub(crate) milestones: Vec<Uuid>,
    /// Those of which the person may see photos; which ones is for documents to say.
    pub(crate) photos: Vec<Uuid>,
}

impl VisibleProjects {
    /// Reads what projects resolved for the person.
    pub(crate) fn of(projects: Vec<ProjectAccess>) -> Result<Self> {
        let mut visible = Self::default();
        for access in projects {
            let id = parse_id(&access.project_id, "project_id")?;
            if access.schedule() > ScheduleScope::None {
                visible.milestones.push(id);
            }
            if access.photos() > PhotoScope::None {
                visible.photos.push(id);
            }
            visible.names.insert(id, access.project_name);
        }
        Ok(visible)
    }

    /// Nothing but what there is of one project.
    pub(crate) fn only(mut self, project: Uuid) -> Self {
        self.milestones.retain(|id| *id == project);
        self.photos.retain(|id| *id == project);
        self
    }

    /// What a project is called; empty where the person may not see it.
    pub(crate) fn name(&self, project: Uuid) -> &str {
        self.names.get(&project).map_or("", String::as_str)
    }

    /// True where the person may be mailed such news of a project.
    pub(crate) fn allow(&self, kind: MailKind, project: Uuid) -> bool {
        match kind {
            MailKind::MilestoneReached => self.milestones.contains(&project),
            MailKind::PhotosAdded => self.photos.contains(&project),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_news_has_its_own_guard() {
        let [hidden, milestones, photos] = [(); 3].map(|()| service::new_id());
        let access = |id: Uuid, schedule: ScheduleScope, photos: PhotoScope| ProjectAccess {
            project_id: id.to_string(),
            project_name: "Kitchen remodel".to_owned(),
            schedule: schedule.into(),
            photos: photos.into(),
            ..ProjectAccess::default()
        };
        let visible = VisibleProjects::of(vec![
            access(hidden, ScheduleScope::None, PhotoScope::None),
            access(milestones, ScheduleScope::Milestones, PhotoScope::None),
            access(photos, ScheduleScope::None, PhotoScope::Shared),
        ])
        .expect("ids");
        assert_eq!(visible.milestones, [milestones]);
        assert_eq!(visible.photos, [photos]);
        assert!(visible.allow(MailKind::MilestoneReached, milestones));
        assert!(!visible.allow(MailKind::MilestoneReached, photos));
        assert!(visible.allow(MailKind::PhotosAdded, photos));
        assert!(!visible.allow(MailKind::PhotosAdded, milestones));
        assert!(visible.clone().only(photos).milestones.is_empty());
        assert_eq!(visible.name(hidden), "Kitchen remodel");
    }
}
