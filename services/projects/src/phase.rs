//! A phase: what people enter about it, and what follows from its progress.

use jiff::civil::Date;
use proto::projects::{Phase, PhaseStatus};
use service::{Violations, mask::Fields, text::is_line};

use crate::{day, parts::Parts};

/// The fields that an update may name.
pub(crate) const FIELDS: [&str; 8] = [
    "name",
    "weight",
    "progress_percent",
    "planned_start",
    "planned_end",
    "actual_start",
    "actual_end",
    "milestone",
];

/// The most phases that a project may have: every page shows all of them.
pub(crate) const MOST: usize = 200;

const TEXT_LENGTH: usize = 200;

/// What people enter about a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) name: String,
    pub(crate) weight: i32,
    /// 0 to 100.
    pub(crate) percent: i32,
    pub(crate) planned_start: Option<Date>,
    pub(crate) planned_end: Option<Date>,
    pub(crate) actual_start: Option<Date>,
    pub(crate) actual_end: Option<Date>,
    /// What is reached when the phase is done; none where it is no milestone.
    pub(crate) milestone: Option<String>,
}

impl Details {
    /// A phase that nobody has entered anything about.
    pub(crate) fn blank() -> Self {
        Self {
            name: String::new(),
            weight: 1,
            percent: 0,
            planned_start: None,
            planned_end: None,
            actual_start: None,
            actual_end: None,
            milestone: None,
        }
    }

    /// Reads a new phase; without a progress, nothing is done yet.
    pub(crate) fn of_new(message: &Phase, violations: &mut Violations) -> Self {
        let fields = match message.progress_percent {
            Some(_) => Fields::all(&FIELDS),
            None => Fields::all(&FIELDS).without("progress_percent"),
        };
        let mut details = Self::blank();
        details.apply(message, &fields, violations);
        details
    }

    /// Takes over the fields named; what cannot be read is a violation.
    pub(crate) fn apply(&mut self, message: &Phase, fields: &Fields, violations: &mut Violations) {
        if fields.has("name") {
            message.name.trim().clone_into(&mut self.name);
        }
        if fields.has("weight") {
            self.weight = message.weight.unwrap_or_default();
        }
        if fields.has("progress_percent") {
            self.percent = message.progress_percent.unwrap_or(-1);
        }
        let dates = [
            (
                "planned_start",
                "phase.planned_start",
                &message.planned_start,
                &mut self.planned_start,
            ),
            (
                "planned_end",
                "phase.planned_end",
                &message.planned_end,
                &mut self.planned_end,
            ),
            (
                "actual_start",
                "phase.actual_start",
                &message.actual_start,
                &mut self.actual_start,
            ),
            (
                "actual_end",
                "phase.actual_end",
                &message.actual_end,
                &mut self.actual_end,
            ),
        ];
        for (field, path, text, date) in dates {
            if fields.has(field) {
                *date = day::parse(text.as_deref(), path, violations);
            }
        }
        if fields.has("milestone") {
            let text = message.milestone.as_deref().unwrap_or_default().trim();
            self.milestone = (!text.is_empty()).then(|| text.to_owned());
        }
    }

    /// Lets the dates of the work follow the progress; a date that was changed at the same time stays as entered.
    pub(crate) fn follow_progress(&mut self, before: &Self, today: Date) {
        if self.percent == before.percent {
            return;
        }
        if self.percent > 0 && self.actual_start.is_none() {
            self.actual_start = Some(today);
        }
        if self.is_done() && self.actual_end.is_none() {
            self.actual_end = Some(today);
        }
        if !self.is_done() && self.actual_end == before.actual_end {
            self.actual_end = None;
        }
    }

    /// Names everything that is not as it must be.
    pub(crate) fn check(&self, violations: &mut Violations) {
        let is_ordered = |start: Option<Date>, end: Option<Date>| match (start, end) {
            (Some(start), Some(end)) => start <= end,
            _ => true,
        };
        violations
            .check(!self.name.is_empty(), "phase.name", "Enter a name")
            .check(
                is_line(&self.name, ..=TEXT_LENGTH),
                "phase.name",
                "Use one line of 200 characters at most",
            )
            .check(
                (1..=1000).contains(&self.weight),
                "phase.weight",
                "Enter a weight from 1 to 1,000",
            )
            .check(
                (0..=100).contains(&self.percent),
                "phase.progress_percent",
                "Enter a whole percent from 0 to 100",
            )
            .check(
                is_ordered(self.planned_start, self.planned_end),
                "phase.planned_end",
                "Enter a planned end that is not before the planned start",
            )
            .check(
                is_ordered(self.actual_start, self.actual_end),
                "phase.actual_end",
                "Enter an end that is not before the start",
            )
            .check(
                self.actual_end.is_none() || self.is_done(),
                "phase.actual_end",
                "Set the progress to 100 percent, or clear the end",
            )
            .check(
                self.milestone
                    .as_deref()
                    .is_none_or(|text| is_line(text, ..=TEXT_LENGTH)),
                "phase.milestone",
                "Use one line of 200 characters at most",
            );
    }

    /// Where the phase stands.
    pub(crate) fn status(&self) -> PhaseStatus {
        match self.percent {
            ..=0 => PhaseStatus::NotStarted,
            1..=99 => PhaseStatus::InProgress,
            100.. => PhaseStatus::Done,
        }
    }

    /// True where the work is complete.
    pub(crate) fn is_done(&self) -> bool {
        self.status() == PhaseStatus::Done
    }

    /// True where the phase is a milestone and done.
    pub(crate) fn is_reached(&self) -> bool {
        self.milestone.is_some() && self.is_done()
    }

    /// The parts of the project in which somebody can see the way from `before` to this.
    pub(crate) fn parts_changed(&self, before: &Self) -> Parts {
        let moves_on = self.status() != before.status();
        let is_milestone = self.milestone.is_some() || before.milestone.is_some();
        let names = self.name != before.name;
        let ends = (self.planned_end, self.actual_end) != (before.planned_end, before.actual_end);
        let starts =
            (self.planned_start, self.actual_start) != (before.planned_start, before.actual_start);
        let milestone = self.milestone != before.milestone;
        Parts {
            details: false,
            progress: names || self.percent != before.percent || self.weight != before.weight,
            // which phase is at hand is seen with every schedule
            schedule: names || moves_on || milestone || starts || ends,
            milestones: names || moves_on || milestone || (ends && is_milestone),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 25);

    fn at(percent: i32) -> Details {
        Details {
            name: "Demolition".to_owned(),
            percent,
            ..Details::blank()
        }
    }

    fn moved(before: &Details, percent: i32) -> Details {
        let mut after = before.clone();
        after.percent = percent;
        after.follow_progress(before, TODAY);
        after
    }

    fn violated(details: &Details) -> Vec<&'static str> {
        let mut violations = Violations::new();
        details.check(&mut violations);
        match violations.finish() {
            Err(service::Error::Invalid(violations)) => {
                violations.iter().map(|violation| violation.field).collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn the_status_follows_the_progress() {
        assert_eq!(at(0).status(), PhaseStatus::NotStarted);
        assert_eq!(at(1).status(), PhaseStatus::InProgress);
        assert_eq!(at(99).status(), PhaseStatus::InProgress);
        assert_eq!(at(100).status(), PhaseStatus::Done);
    }

    #[test]
    fn the_first_progress_is_the_start() {
        let started = moved(&at(0), 10);
        assert_eq!(
            (started.actual_start, started.actual_end),
            (Some(TODAY), None)
        );
    }

    #[test]
    fn a_start_that_is_known_stays() {
        let mut before = at(10);
        before.actual_start = Some(date(2026, 11, 2));
        assert_eq!(moved(&before, 20).actual_start, before.actual_start);
    }

    #[test]
    fn completing_is_the_end_and_going_back_clears_it() {
        let done = moved(&at(0), 100);
        assert_eq!(
            (done.actual_start, done.actual_end),
            (Some(TODAY), Some(TODAY))
        );
        let open = moved(&done, 90);
        assert_eq!((open.actual_start, open.actual_end), (Some(TODAY), None));
        assert!(violated(&open).is_empty());
    }

    #[test]
    fn dates_that_are_entered_win() {
        let before = at(10);
        let mut after = at(100);
        after.actual_start = Some(date(2026, 11, 2));
        after.actual_end = Some(date(2026, 11, 20));
        let entered = after.clone();
        after.follow_progress(&before, TODAY);
        assert_eq!(after, entered);
    }

    #[test]
    fn an_end_without_completion_is_refused() {
        let mut details = at(90);
        details.actual_end = Some(TODAY);
        assert_eq!(violated(&details), ["phase.actual_end"]);
    }

    #[test]
    fn everything_wrong_is_named() {
        let details = Details {
            name: String::new(),
            weight: 0,
            percent: 101,
            planned_start: Some(date(2026, 11, 25)),
            planned_end: Some(date(2026, 11, 24)),
            actual_start: Some(date(2026, 11, 25)),
            actual_end: Some(date(2026, 11, 24)),
            milestone: Some("x".repeat(201)),
        };
        assert_eq!(
            violated(&details),
            [
                "phase.name",
                "phase.weight",
                "phase.progress_percent",
                "phase.planned_end",
                "phase.actual_end",
                "phase.milestone"
            ]
        );
    }

    #[test]
    fn a_field_that_is_not_named_stays() {
        let mut details = at(10);
        let message = Phase {
            name: "Framing".to_owned(),
            progress_percent: Some(20),
            ..Phase::default()
        };
        let fields = Fields::of_mask(&["progress_percent".to_owned()], &FIELDS).expect("known");
        details.apply(&message, &fields, &mut Violations::new());
        assert_eq!((details.name.as_str(), details.percent), ("Demolition", 20));
    }

    #[test]
    fn progress_within_a_phase_shows_in_the_progress_alone() {
        let parts = moved(&moved(&at(0), 10), 20).parts_changed(&moved(&at(0), 10));
        assert_eq!(
            parts,
            Parts {
                progress: true,
                ..Parts::default()
            }
        );
    }

    #[test]
    fn a_date_that_is_no_milestones_shows_in_the_full_schedule_alone() {
        let mut later = at(0);
        later.planned_end = Some(TODAY);
        assert_eq!(
            later.parts_changed(&at(0)),
            Parts {
                schedule: true,
                ..Parts::default()
            }
        );
        assert!(at(0).parts_changed(&at(0)).is_empty());
    }

    #[test]
    fn a_milestones_date_shows_with_milestones_only() {
        let mut before = at(0);
        before.milestone = Some("Permits approved".to_owned());
        let mut after = before.clone();
        after.planned_end = Some(TODAY);
        assert!(after.parts_changed(&before).milestones);
        assert!(!after.parts_changed(&before).progress);
    }
}
