//! When summaries go out: daily at 8:00, weekly on Mondays at 8:00, by the clock on the client's wall.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime, Weekday},
    tz::{AmbiguousOffset, TimeZone},
};
use proto::notifications::Frequency;

/// The hour of the day.
const HOUR: i8 = 8;

/// How often summaries come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// Each day.
    Daily,
    /// Each Monday.
    Weekly,
}

impl Rhythm {
    /// The rhythm of a frequency; none where it has no summaries.
    pub(crate) fn of(frequency: Frequency) -> Option<Self> {
        match frequency {
            Frequency::Daily => Some(Self::Daily),
            Frequency::Weekly => Some(Self::Weekly),
            Frequency::Unspecified
            | Frequency::Instant
            | Frequency::Critical
            | Frequency::Paused => None,
        }
    }

    /// Its name in the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }

    fn falls_on(self, day: Date) -> bool {
        match self {
            Self::Daily => true,
            Self::Weekly => day.weekday() == Weekday::Monday,
        }
    }
}

/// The first summary after a time.
pub(crate) fn next(rhythm: Rhythm, zone: &TimeZone, after: Timestamp) -> Timestamp {
    let today = after.to_zoned(zone.clone()).date();
    // a week, and a day for where this morning is over
    (0..=8_i64)
        .map(|days| today.saturating_add(days.days()))
        .filter(|day| rhythm.falls_on(*day))
        .map(|day| first_instant(zone, day.at(HOUR, 0, 0, 0)))
        .find(|time| *time > after)
        .expect("eight days have a Monday and a morning to come")
}

/// The first instant at which a wall clock shows a time, or, where the clock is put forward over it, the first after.
fn first_instant(zone: &TimeZone, wall: DateTime) -> Timestamp {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    if let AmbiguousOffset::Gap { after, .. } = ambiguous.offset()
        && let Ok(before_the_gap) = after.to_timestamp(wall)
        && let Some(transition) = zone.following(before_the_gap).next()
    {
        return transition.timestamp();
    }
    // of the two instants of an overlap this is the earlier
    ambiguous.compatible().unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("the zone is known")
    }

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_daily_summary_comes_at_the_next_eight() {
        let los_angeles = zone("America/Los_Angeles");
        let next = |after| next(Rhythm::Daily, &los_angeles, time(after));
        assert_eq!(next("2026-11-18T15:59:59Z"), time("2026-11-18T16:00:00Z"));
        assert_eq!(next("2026-11-18T16:00:00Z"), time("2026-11-19T16:00:00Z"));
    }

    #[test]
    fn a_weekly_summary_comes_on_monday() {
        let los_angeles = zone("America/Los_Angeles");
        let next = |after| next(Rhythm::Weekly, &los_angeles, time(after));
        assert_eq!(next("2026-11-18T12:00:00Z"), time("2026-11-23T16:00:00Z"));
        assert_eq!(next("2026-11-23T16:00:00Z"), time("2026-11-30T16:00:00Z"));
    }

    #[test]
    fn the_wall_clock_holds_over_a_change_of_the_offset() {
        let new_york = zone("America/New_York");
        let next = |after| next(Rhythm::Daily, &new_york, time(after));
        // clocks go back on November 1 and forward on March 14
        assert_eq!(next("2026-10-31T12:00:00Z"), time("2026-11-01T13:00:00Z"));
        assert_eq!(next("2027-03-13T13:00:00Z"), time("2027-03-14T12:00:00Z"));
    }

    #[test]
    fn a_skipped_time_gives_way_to_the_first_after_it() {
        let new_york = zone("America/New_York");
        let skipped = date(2027, 3, 14).at(2, 15, 0, 0);
        assert_eq!(
            first_instant(&new_york, skipped),
            time("2027-03-14T07:00:00Z")
        );
        let half_an_hour = zone("Australia/Lord_Howe");
        let skipped = date(2026, 10, 4).at(2, 15, 0, 0);
        assert_eq!(
            first_instant(&half_an_hour, skipped),
            time("2026-10-03T15:30:00Z")
        );
        // Samoa left out December 30, 2011
        let samoa = zone("Pacific/Apia");
        let skipped = date(2011, 12, 30).at(8, 0, 0, 0);
        assert_eq!(first_instant(&samoa, skipped), time("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn of_a_repeated_time_the_first_counts() {
        let new_york = zone("America/New_York");
        let repeated = date(2026, 11, 1).at(1, 30, 0, 0);
        assert_eq!(
            first_instant(&new_york, repeated),
            time("2026-11-01T05:30:00Z")
        );
    }

    proptest! {
        #[test]
        fn summaries_keep_their_distance(
            name in prop::sample::select(vec![
                "America/Los_Angeles", "America/New_York", "America/St_Johns", "America/Phoenix", "Europe/Dublin",
                "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Kiritimati", "UTC",
            ]),
            second in 1_577_836_800_i64..2_524_608_000,
            rhythm in prop::sample::select(vec![Rhythm::Daily, Rhythm::Weekly]),
        ) {
            let zone = zone(name);
            let after = Timestamp::from_second(second).expect("in range");
            let first = next(rhythm, &zone, after);
            let second = next(rhythm, &zone, first);
            let (days, at_most_hours) = match rhythm {
                Rhythm::Daily => (1, 25),
                Rhythm::Weekly => (7, 7 * 24 + 1),
            };
            prop_assert!(after < first);
            prop_assert!(first.duration_since(after).as_hours() <= at_most_hours);
            let (first, second) = (first.to_zoned(zone.clone()), second.to_zoned(zone));
            prop_assert_eq!(first.hour(), HOUR);
            prop_assert_eq!(first.minute(), 0);
            prop_assert_eq!(first.date() + days.days(), second.date());
        }
    }
}
