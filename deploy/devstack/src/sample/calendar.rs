//! Days as builders count them: working days before and after today.

use anyhow::{Context, Result};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The working days around a day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calendar {
    today: Date,
}

impl Calendar {
    pub(super) fn around(today: Date) -> Self {
        Self { today }
    }

    /// The working day that is so many working days away: -1 is the last one before today, and 0
    /// is today or, on a weekend, the Monday after.
    pub(super) fn day(self, offset: i32) -> Result<Date> {
        let step = if offset < 0 { -1 } else { 1 };
        let mut day = self.today;
        while is_weekend(day) {
            day = day.checked_add(1.day())?;
        }
        for _ in 0..offset.unsigned_abs() {
            day = day.checked_add(step.days())?;
            while is_weekend(day) {
                day = day.checked_add(step.days())?;
            }
        }
        Ok(day)
    }

    /// A time of such a day, as clocks show it in a time zone.
    pub(super) fn moment(
        self,
        offset: i32,
        (hour, minute): (i8, i8),
        zone: &str,
    ) -> Result<Timestamp> {
        let zone = TimeZone::get(zone).with_context(|| format!("find the time zone {zone}"))?;
        let time = self.day(offset)?.at(hour, minute, 0, 0);
        Ok(time.to_zoned(zone)?.timestamp())
    }
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn working_days_skip_weekends() -> Result<()> {
        let wednesday = Calendar::around(date(2026, 11, 25));
        assert_eq!(wednesday.day(0)?, date(2026, 11, 25));
        assert_eq!(wednesday.day(-2)?, date(2026, 11, 23));
        assert_eq!(wednesday.day(-3)?, date(2026, 11, 20));
        assert_eq!(wednesday.day(3)?, date(2026, 11, 30));

        let sunday = Calendar::around(date(2026, 11, 22));
        assert_eq!(sunday.day(0)?, date(2026, 11, 23));
        assert_eq!(sunday.day(-1)?, date(2026, 11, 20));
        Ok(())
    }

    #[test]
    fn a_moment_follows_the_wall_clock() -> Result<()> {
        let calendar = Calendar::around(date(2026, 11, 4));
        let before = calendar.moment(-3, (9, 30), "America/Los_Angeles")?;
        let after = calendar.moment(-2, (9, 30), "America/Los_Angeles")?;
        assert_eq!(before.to_string(), "2026-10-30T16:30:00Z");
        assert_eq!(after.to_string(), "2026-11-02T17:30:00Z");
        Ok(())
    }
}
