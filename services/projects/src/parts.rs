//! The parts of a project that the settings hide apart, and when each last changed.
//!
//! A viewer's "last updated" is the newest of the parts in sight, so that it says nothing of a hidden one.

use jiff::Timestamp;
use proto::projects::{ProgressScope, ScheduleScope};

use crate::access::Scopes;

/// Parts that a change touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// What everybody sees who sees the project.
    pub(crate) details: bool,
    /// Percents and what they are made of.
    pub(crate) progress: bool,
    /// What only the full schedule shows.
    pub(crate) schedule: bool,
    /// What the schedule shows from milestones only upwards.
    pub(crate) milestones: bool,
}

impl Parts {
    /// What is seen of the phases, whatever of them is seen.
    pub(crate) const PHASES: Self = Self {
        details: false,
        progress: true,
        schedule: true,
        milestones: true,
    };

    /// True where nothing is touched.
    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// When each part last changed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) details: Timestamp,
    pub(crate) progress: Timestamp,
    pub(crate) schedule: Timestamp,
    pub(crate) milestones: Timestamp,
}

impl Times {
    /// When anything in a viewer's sight last changed.
    pub(crate) fn newest(&self, scopes: &Scopes) -> Timestamp {
        let mut newest = self.details;
        if scopes.progress > ProgressScope::None {
            newest = newest.max(self.progress);
        }
        if scopes.schedule > ScheduleScope::None {
            newest = newest.max(self.milestones);
        }
        if scopes.schedule > ScheduleScope::Milestones {
            newest = newest.max(self.schedule);
        }
        newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access;

    #[test]
    fn a_hidden_part_does_not_show_in_the_time() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let times = Times {
            details: at(1),
            milestones: at(2),
            progress: at(3),
            schedule: at(4),
        };
        for settings in access::tests::all_settings() {
            let scopes = access::scopes_of_client(Default::default(), &settings);
            let expected = match (scopes.progress, scopes.schedule) {
                (_, ScheduleScope::Full) => 4,
                (ProgressScope::Full, _) => 3,
                (_, ScheduleScope::Milestones) => 2,
                _ => 1,
            };
            assert_eq!(times.newest(&scopes), at(expected), "{settings:?}");
        }
        assert_eq!(times.newest(&Scopes::MANAGER), at(4));
    }
}
