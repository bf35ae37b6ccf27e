//! Working days, and what is late.

use jiff::{
    ToSpan as _,
    civil::{Date, Weekday},
};

use crate::phase::Details;

/// First and last day of phases that follow one another over working days, from the first one that is not before
/// `start`. Durations are working days, at least 1 each.
pub(crate) fn plan(start: Date, durations: impl IntoIterator<Item = i32>) -> Vec<(Date, Date)> {
    let mut next = working_day_from(start);
    durations
        .into_iter()
        .map(|duration| {
            let first = next;
            let mut last = first;
            for _ in 1..duration {
                last = working_day_after(last);
            }
            next = working_day_after(last);
            (first, last)
        })
        .collect()
}

fn working_day_after(day: Date) -> Date {
    working_day_from(day.saturating_add(1.day()))
}

fn working_day_from(mut day: Date) -> Date {
    while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
        day = day.saturating_add(1.day());
    }
    day
}

/// How many days the earliest open milestone is late; 0 where none is.
pub(crate) fn days_behind<'a>(phases: impl IntoIterator<Item = &'a Details>, today: Date) -> i32 {
    phases
        .into_iter()
        .filter(|phase| phase.milestone.is_some() && !phase.is_done())
        .filter_map(|phase| phase.planned_end)
        .filter(|planned| *planned < today)
        .min()
        .map_or(0, |planned| (today - planned).get_days())
}

/// Which phase is at hand: the first that is in progress, else the first that has not started.
pub(crate) fn current<'a>(phases: impl IntoIterator<Item = &'a Details>) -> Option<usize> {
    let open: Vec<_> = phases
        .into_iter()
        .enumerate()
        .filter(|(_, phase)| !phase.is_done())
        .collect();
    open.iter()
        .find(|(_, phase)| phase.percent > 0)
        .or(open.first())
        .map(|(index, _)| *index)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn phase(percent: i32, planned_end: Option<Date>, milestone: Option<&str>) -> Details {
        Details {
            percent,
            planned_end,
            milestone: milestone.map(str::to_owned),
            ..Details::blank()
        }
    }

    #[test]
    fn phases_skip_weekends() {
        // 24 August 2026 is a Monday
        assert_eq!(
            plan(date(2026, 8, 24), [10, 5, 1]),
            [
                (date(2026, 8, 24), date(2026, 9, 4)),
                (date(2026, 9, 7), date(2026, 9, 11)),
                (date(2026, 9, 14), date(2026, 9, 14)),
            ]
        );
    }

    #[test]
    fn a_start_on_a_weekend_is_the_monday_after() {
        assert_eq!(
            plan(date(2026, 8, 29), [1]),
            [(date(2026, 8, 31), date(2026, 8, 31))]
        );
    }

    #[test]
    fn the_earliest_open_milestone_says_how_late_it_is() {
        let phases = [
            phase(100, Some(date(2026, 10, 1)), Some("Permits approved")),
            phase(90, Some(date(2026, 11, 1)), None),
            phase(50, Some(date(2026, 11, 20)), Some("Countertops installed")),
            phase(0, Some(date(2026, 11, 10)), Some("Tile finished")),
            phase(0, None, Some("Final walk-through")),
        ];
        assert_eq!(days_behind(&phases, date(2026, 11, 25)), 15);
        assert_eq!(days_behind(&phases, date(2026, 11, 10)), 0);
        assert_eq!(days_behind(&phases[..2], date(2026, 11, 25)), 0);
        assert_eq!(days_behind(&[], date(2026, 11, 25)), 0);
    }

    #[test]
    fn days_behind_count_over_months() {
        let phases = [phase(0, Some(date(2026, 1, 31)), Some("Permits approved"))];
        assert_eq!(days_behind(&phases, date(2026, 4, 1)), 60);
    }

    #[test]
    fn the_current_phase_is_in_progress_or_next() {
        let at = |percents: &[i32]| {
            let phases: Vec<_> = percents.iter().map(|p| phase(*p, None, None)).collect();
            current(&phases)
        };
        assert_eq!(at(&[100, 55, 0]), Some(1));
        assert_eq!(at(&[100, 0, 55]), Some(2));
        assert_eq!(at(&[100, 0, 0]), Some(1));
        assert_eq!(at(&[100, 100]), None);
        assert_eq!(at(&[]), None);
    }
}
