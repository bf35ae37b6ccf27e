//! Phases that a kind of project usually has.

use jiff::civil::Date;

use crate::{phase::Details, schedule};

/// A list of phases to start from.
pub(crate) struct Template {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) phases: &'static [TemplatePhase],
}

/// One phase of a template.
pub(crate) struct TemplatePhase {
    pub(crate) name: &'static str,
    pub(crate) weight: i32,
    /// Working days.
    pub(crate) duration: i32,
    pub(crate) milestone: Option<&'static str>,
}

impl Template {
    /// The phases of a new project, planned one after the other from its start; without a start they have no dates.
    pub(crate) fn phases(&self, start: Option<Date>) -> Vec<Details> {
        let durations = self.phases.iter().map(|phase| phase.duration);
        let days = match start {
            Some(start) => schedule::plan(start, durations)
                .into_iter()
                .map(|(first, last)| (Some(first), Some(last)))
                .collect(),
            None => vec![(None, None); self.phases.len()],
        };
        self.phases
            .iter()
            .zip(days)
            .map(|(phase, (planned_start, planned_end))| Details {
                name: phase.name.to_owned(),
                weight: phase.weight,
                planned_start,
                planned_end,
                milestone: phase.milestone.map(str::to_owned),
                ..Details::blank()
            })
            .collect()
    }
}

/// Finds a template by its id.
pub(crate) fn find(id: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.id == id)
}

const fn phase(
    name: &'static str,
    weight: i32,
    duration: i32,
    milestone: Option<&'static str>,
) -> TemplatePhase {
    TemplatePhase {
        name,
        weight,
        duration,
        milestone,
    }
}

/// Every template; the weights of each add up to 100.
pub(crate) static TEMPLATES: [Template; 5] = [
    Template {
        id: "kitchen",
        name: "Kitchen remodel",
        phases: &[
            phase("Planning and permits", 8, 10, Some("Permits approved")),
            phase("Demolition", 7, 5, None),
            phase("Framing and structure", 12, 10, None),
            phase(
                "Plumbing and electrical",
                15,
                15,
                Some("Rough-in inspection passed"),
            ),
            phase("Drywall and paint", 15, 15, Some("Drywall and paint done")),
            phase(
                "Cabinets and counters",
                20,
                18,
                Some("Countertops installed"),
            ),
            phase("Tile and flooring", 13, 7, Some("Tile and floor finished")),
            phase(
                "Fixtures and final walk-through",
                10,
                5,
                Some("Final walk-through with you"),
            ),
        ],
    },
    Template {
        id: "bathroom",
        name: "Bathroom remodel",
        phases: &[
            phase("Planning and permits", 10, 8, Some("Permits approved")),
            phase("Demolition", 8, 3, None),
            phase(
                "Plumbing and electrical",
                20,
                7,
                Some("Rough-in inspection passed"),
            ),
            phase("Waterproofing and drywall", 17, 5, None),
            phase("Tile", 22, 7, Some("Tile finished")),
            phase(
                "Vanity, fixtures and glass",
                15,
                5,
                Some("Fixtures installed"),
            ),
            phase(
                "Paint and final walk-through",
                8,
                3,
                Some("Final walk-through with you"),
            ),
        ],
    },
    Template {
        id: "addition",
        name: "House addition",
        phases: &[
            phase("Design and permits", 8, 20, Some("Permits approved")),
            phase(
                "Site preparation and foundation",
                15,
                15,
                Some("Foundation inspection passed"),
            ),
            phase("Framing and roof", 20, 20, Some("Roof is on")),
            phase(
                "Windows, doors and siding",
                12,
                12,
                Some("House is closed in"),
            ),
            phase(
                "Plumbing, electrical and heating",
                15,
                15,
                Some("Rough-in inspection passed"),
            ),
            phase("Insulation and drywall", 10, 12, None),
            phase("Interior finishes", 13, 18, None),
            phase(
                "Final inspection and walk-through",
                7,
                5,
                Some("Final walk-through with you"),
            ),
        ],
    },
    Template {
        id: "whole_home",
        name: "Whole-home remodel",
        phases: &[
            phase("Design and permits", 6, 25, Some("Permits approved")),
            phase("Demolition", 6, 10, None),
            phase(
                "Structure and framing",
                14,
                20,
                Some("Framing inspection passed"),
            ),
            phase("Windows and exterior", 10, 12, None),
            phase(
                "Plumbing, electrical and heating",
                16,
                25,
                Some("Rough-in inspection passed"),
            ),
            phase("Insulation and drywall", 10, 15, Some("Drywall done")),
            phase(
                "Cabinets, counters and trim",
                16,
                20,
                Some("Cabinets and counters installed"),
            ),
            phase(
                "Tile, flooring and paint",
                14,
                20,
                Some("Floors and paint finished"),
            ),
            phase(
                "Fixtures and final walk-through",
                8,
                8,
                Some("Final walk-through with you"),
            ),
        ],
    },
    Template {
        id: "exterior",
        name: "Exterior work",
        phases: &[
            phase("Planning and materials", 10, 10, Some("Materials on site")),
            phase("Preparation and repairs", 20, 5, None),
            phase("Roofing and gutters", 25, 8, Some("Roof finished")),
            phase("Siding and trim", 25, 10, Some("Siding finished")),
            phase("Painting", 15, 6, None),
            phase(
                "Cleanup and final walk-through",
                5,
                2,
                Some("Final walk-through with you"),
            ),
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::civil::date;
    use service::Violations;

    use super::*;

    #[test]
    fn ids_are_unique_and_found() {
        let ids: HashSet<_> = TEMPLATES.iter().map(|template| template.id).collect();
        assert_eq!(ids.len(), TEMPLATES.len());
        assert!(TEMPLATES.iter().all(|template| find(template.id).is_some()));
        assert!(find("castle").is_none());
    }

    #[test]
    fn weights_add_up_and_every_phase_is_valid() {
        for template in &TEMPLATES {
            let whole: i32 = template.phases.iter().map(|phase| phase.weight).sum();
            assert_eq!(whole, 100, "{}", template.id);
            assert!(template.phases.iter().all(|phase| phase.duration > 0));
            for phase in template.phases(Some(date(2026, 8, 24))) {
                let mut violations = Violations::new();
                phase.check(&mut violations);
                violations.finish().expect("a phase of a template is valid");
            }
        }
    }

    #[test]
    fn every_template_ends_with_a_milestone() {
        for template in &TEMPLATES {
            let last = template.phases.last().expect("a template has phases");
            assert!(last.milestone.is_some(), "{}", template.id);
        }
    }
    #[test]
    fn a_kitchen_is_planned_from_its_start() {
        let kitchen = find("kitchen").expect("a template");
        let planned = kitchen.phases(Some(date(2026, 8, 24)));
        let first = planned.first().expect("a kitchen has phases");
        let last = planned.last().expect("a kitchen has phases");
        assert_eq!(first.planned_start, Some(date(2026, 8, 24)));
        assert_eq!(last.planned_end, Some(date(2026, 12, 18)));
        assert!(
            kitchen
                .phases(None)
                .iter()
                .all(|phase| phase.planned_end.is_none())
        );
    }
}
