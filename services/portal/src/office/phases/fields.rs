//! The fields of the form on a phase.

use proto::projects::Phase;
use serde::Deserialize;

use crate::{
    form::Errors,
    office::edit::{LabelledFields, tidy},
};

pub(super) const FIELDS: [(&str, &str); 9] = [
    ("phase", "name"),
    ("phase.name", "name"),
    ("phase.weight", "weight"),
    ("phase.progress_percent", "progress"),
    ("phase.planned_start", "planned_start"),
    ("phase.planned_end", "planned_end"),
    ("phase.actual_start", "actual_start"),
    ("phase.actual_end", "actual_end"),
    ("phase.milestone", "milestone"),
];

/// The form of one phase.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    pub(super) request_id: String,
    pub(super) etag: String,
    pub(super) name: String,
    pub(super) weight: String,
    pub(super) progress: String,
    pub(super) planned_start: String,
    pub(super) planned_end: String,
    pub(super) actual_start: String,
    pub(super) actual_end: String,
    pub(super) milestone: String,
}

impl Fields {
    pub(super) fn of(phase: &Phase) -> Self {
        Self {
            request_id: String::new(),
            etag: phase.etag.clone(),
            name: phase.name.clone(),
            weight: phase.weight().to_string(),
            progress: phase.progress_percent().to_string(),
            planned_start: phase.planned_start().to_owned(),
            planned_end: phase.planned_end().to_owned(),
            actual_start: phase.actual_start().to_owned(),
            actual_end: phase.actual_end().to_owned(),
            milestone: phase.milestone().to_owned(),
        }
    }

    /// The phase as it would be saved, or what cannot be read.
    pub(super) fn phase(&self) -> Result<Phase, Errors> {
        let mut errors = Errors::default();
        let weight = self.weight.trim().parse().ok();
        errors.check(
            weight.is_some(),
            "weight",
            "enter a whole number such as 10",
        );
        let percent = self
            .progress
            .trim()
            .trim_end_matches('%')
            .trim_end()
            .parse()
            .ok();
        errors.check(
            percent.is_some(),
            "progress",
            "enter a whole number from 0 to 100",
        );
        if !errors.is_empty() {
            return Err(errors);
        }
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Phase {
            name: self.name.clone(),
            weight,
            progress_percent: percent,
            planned_start: given(&self.planned_start),
            planned_end: given(&self.planned_end),
            actual_start: given(&self.actual_start),
            actual_end: given(&self.actual_end),
            milestone: given(&self.milestone),
            ..Phase::default()
        })
    }
}

impl LabelledFields for Fields {
    fn labelled_fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Name", tidy(&self.name)),
            ("Share of the whole", tidy(&self.weight)),
            ("Progress", tidy(&self.progress)),
            ("Planned start", self.planned_start.clone()),
            ("Planned end", self.planned_end.clone()),
            ("Started", self.actual_start.clone()),
            ("Ended", self.actual_end.clone()),
            ("Milestone", tidy(&self.milestone)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_or_asked_for_again() {
        let mut fields = Fields {
            weight: " 10 ".to_owned(),
            progress: "25 %".to_owned(),
            ..Fields::default()
        };
        let phase = fields.phase().expect("both are numbers");
        assert_eq!((phase.weight(), phase.progress_percent()), (10, 25));
        assert_eq!(phase.milestone, None);
        fields.weight = "much".to_owned();
        fields.progress = "12.5".to_owned();
        let errors = fields.phase().expect_err("neither is a whole number");
        assert_eq!(errors.all().len(), 2);
    }
}
