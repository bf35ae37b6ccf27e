//! Dates, times, money, counts and durations as people read them.
//!
//! Every page goes through here, so that one person sees one way of writing, in that person's own time zone.

mod bytes;
mod names;

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use askama::filters::HtmlSafe;
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use proto::types::Money;

pub(crate) use self::{
    bytes::bytes,
    names::{first_name, initials, telephone_link},
};

/// The language and country whose habits are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Locale {
    /// English as in the United States.
    #[default]
    EnUs,
}

/// A time for a page, which shows its words and carries it exactly for machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct When {
    words: String,
    time: String,
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<time datetime=\"{}\">{}</time>", self.time, self.words)
    }
}

/// Both parts are made here, from a time alone.
impl HtmlSafe for When {}

/// How to write for one person at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    locale: Locale,
    zone: TimeZone,
    now: Timestamp,
}

impl Format {
    /// Writes for somebody in `zone`, as of now.
    pub(crate) fn new(locale: Locale, zone: TimeZone) -> Self {
        Self::at(locale, zone, service::clock::now())
    }

    /// Writes for somebody in `zone`, as of a moment.
    pub(crate) fn at(locale: Locale, zone: TimeZone, now: Timestamp) -> Self {
        Self { locale, zone, now }
    }

    /// The day that it is for this person.
    pub(crate) fn today(&self) -> Date {
        self.now.to_zoned(self.zone.clone()).date()
    }

    /// "Good morning", "Good afternoon" or "Good evening".
    pub(crate) fn greeting(&self) -> &'static str {
        match self.now.to_zoned(self.zone.clone()).hour() {
            4..12 => "Good morning",
            12..18 => "Good afternoon",
            _ => "Good evening",
        }
    }

    /// A day: "Fri, Nov 20", and "Mon, Nov 30, 2026" in another year.
    pub(crate) fn day(&self, day: Date) -> String {
        match self.locale {
            Locale::EnUs if day.year() == self.today().year() => {
                day.strftime("%a, %b %-d").to_string()
            }
            Locale::EnUs => day.strftime("%a, %b %-d, %Y").to_string(),
        }
    }

    /// A day without its weekday: "Nov 20", and "Nov 20, 2026" in another year.
    pub(crate) fn short_day(&self, day: Date) -> String {
        match self.locale {
            Locale::EnUs if day.year() == self.today().year() => day.strftime("%b %-d").to_string(),
            Locale::EnUs => day.strftime("%b %-d, %Y").to_string(),
        }
    }

    /// A day in full, for headings: "Tuesday, November 17", and "Monday, November 30, 2026" in another year.
    pub(crate) fn long_day(&self, day: Date) -> String {
        match self.locale {
            Locale::EnUs if day.year() != self.today().year() => {
                day.strftime("%A, %B %-d, %Y").to_string()
            }
            Locale::EnUs => day.strftime("%A, %B %-d").to_string(),
        }
    }

    /// The month of a moment: "August 2026".
    pub(crate) fn month_of(&self, at: Timestamp) -> String {
        match self.locale {
            Locale::EnUs => at.to_zoned(self.zone.clone()).strftime("%B %Y").to_string(),
        }
    }

    /// The day on which a moment falls, for this person.
    pub(crate) fn date(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// How many midnights have passed since a moment, for this person; never less than none.
    pub(crate) fn days_since(&self, at: Timestamp) -> usize {
        let day = self.date(at);
        usize::try_from((self.today() - day).get_days()).unwrap_or(0)
    }

    /// How long ago a moment is, in days: "today", "yesterday", "4 days ago".
    pub(crate) fn days_ago(&self, at: Timestamp) -> String {
        match self.days_since(at) {
            0 => "today".to_owned(),
            1 => "yesterday".to_owned(),
            days => format!("{} ago", count(days, "day", "days")),
        }
    }

    /// Two days: "Nov 9 – Dec 2"; one where both are the same.
    pub(crate) fn days(&self, from: Date, to: Date) -> String {
        if from == to {
            return self.short_day(from);
        }
        format!("{} – {}", self.short_day(from), self.short_day(to))
    }

    /// How far off a day is, for the two weeks ahead: "today", "tomorrow", "in 3 days".
    pub(crate) fn until(&self, day: Date) -> Option<String> {
        let days = (day - self.today()).get_days();
        match days {
            0 => Some("today".to_owned()),
            1 => Some("tomorrow".to_owned()),
            2..=14 => Some(format!("in {days} days")),
            _ => None,
        }
    }

    /// A time of day: "8:12 am".
    pub(crate) fn time(&self, at: Timestamp) -> String {
        match self.locale {
            Locale::EnUs => at
                .to_zoned(self.zone.clone())
                .strftime("%-I:%M %P")
                .to_string(),
        }
    }

    /// A moment inside a sentence: "today, 8:12 am", "yesterday, 4:40 pm", "Sat, Nov 14, 9:05 am".
    pub(crate) fn moment(&self, at: Timestamp) -> String {
        let day = self.date(at);
        let today = self.today();
        let named = if day == today {
            "today".to_owned()
        } else if day == today.saturating_sub(1.day()) {
            "yesterday".to_owned()
        } else {
            self.day(day)
        };
        format!("{named}, {}", self.time(at))
    }

    /// A moment at the start of a line: "Today, 8:12 am".
    pub(crate) fn moment_first(&self, at: Timestamp) -> String {
        capitalized(&self.moment(at))
    }

    /// The day of a moment, for this person.
    pub(crate) fn day_of(&self, at: Timestamp) -> String {
        self.day(self.date(at))
    }

    /// A moment inside a sentence, for a page.
    pub(crate) fn when(&self, at: Timestamp) -> When {
        When {
            words: self.moment(at),
            time: at.to_string(),
        }
    }

    /// A moment at the start of a line, for a page: "Today, 8:12 am".
    pub(crate) fn when_first(&self, at: Timestamp) -> When {
        When {
            words: self.moment_first(at),
            time: at.to_string(),
        }
    }

    /// A moment in full, for a page: "Monday, November 16, 2:05 pm".
    pub(crate) fn long_when(&self, at: Timestamp) -> When {
        When {
            words: format!("{}, {}", self.long_day(self.date(at)), self.time(at)),
            time: at.to_string(),
        }
    }

    /// A day that is ahead, for a page: "Fri, Nov 20 · in 3 days".
    pub(crate) fn ahead(&self, day: Date) -> When {
        let mut words = self.day(day);
        if let Some(until) = self.until(day) {
            words.push_str(" · ");
            words.push_str(&until);
        }
        When {
            words,
            time: day.to_string(),
        }
    }

    /// An amount: "$14,875.00", "−$200.00".
    pub(crate) fn money(&self, money: &Money) -> String {
        let sign = if money.minor_units < 0 { "−" } else { "" };
        format!("{sign}{}", self.amount(money))
    }

    fn amount(&self, money: &Money) -> String {
        let Locale::EnUs = self.locale;
        let decimals = decimals(&money.currency_code);
        let units = money.minor_units.unsigned_abs();
        let divisor = 10_u64.pow(decimals);
        let mut text = symbol(&money.currency_code);
        text.push_str(&grouped(units / divisor));
        if decimals > 0 {
            let width = decimals as usize;
            write!(text, ".{:0width$}", units % divisor).expect("writing to a string cannot fail");
        }
        text
    }
}

/// Reads a day from an answer, such as "2026-11-25"; none where it is absent.
pub(crate) fn date_of(text: Option<&str>) -> Option<Date> {
    text.and_then(|text| text.parse().ok())
}

/// Reads a time from an answer; none where it is absent.
pub(crate) fn time_of(time: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    time.and_then(|time| Timestamp::new(time.seconds, time.nanos).ok())
}

/// A text with its first letter in upper case, as sentences start.
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// A number of things: "1 photo", "12 photos".
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number as u64),
        if number == 1 { one } else { many }
    )
}

/// How long to wait, rounded up so that nobody comes back too early: "1 minute", "2 hours".
pub(crate) fn wait(duration: Duration) -> String {
    let minutes = duration.as_secs().div_ceil(60).max(1);
    if minutes < 90 {
        return count(
            usize::try_from(minutes).unwrap_or(usize::MAX),
            "minute",
            "minutes",
        );
    }
    let hours = minutes.div_ceil(60);
    count(
        usize::try_from(hours).unwrap_or(usize::MAX),
        "hour",
        "hours",
    )
}

/// How many decimals a currency has, after ISO 4217.
fn decimals(currency: &str) -> u32 {
    match currency {
        "CLP" | "ISK" | "JPY" | "KRW" | "VND" => 0,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// A currency in words: "US dollars"; its code where we have none.
pub(crate) fn currency_words(currency: &str) -> String {
    match currency {
        "USD" => "US dollars",
        "CAD" => "Canadian dollars",
        "EUR" => "euros",
        "GBP" => "pounds sterling",
        other => other,
    }
    .to_owned()
}

fn symbol(currency: &str) -> String {
    match currency {
        "USD" => "$".to_owned(),
        "CAD" => "CA$".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        other => format!("{other} "),
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn format_at(now: &str) -> Format {
        Format {
            locale: Locale::EnUs,
            zone: TimeZone::get("America/Los_Angeles").expect("a known zone"),
            now: now.parse().expect("a time"),
        }
    }

    fn dollars(minor_units: i64) -> Money {
        Money {
            minor_units,
            currency_code: "USD".to_owned(),
        }
    }

    #[test]
    fn days_name_the_year_only_where_it_is_another() {
        let format = format_at("2026-11-17T17:10:00Z");
        assert_eq!(format.day(date(2026, 11, 20)), "Fri, Nov 20");
        assert_eq!(format.day(date(2027, 1, 4)), "Mon, Jan 4, 2027");
        assert_eq!(
            format.days(date(2026, 11, 9), date(2026, 12, 2)),
            "Nov 9 – Dec 2"
        );
        assert_eq!(format.days(date(2026, 11, 9), date(2026, 11, 9)), "Nov 9");
    }

    #[test]
    fn moments_follow_the_persons_own_midnight() {
        // 11:30 pm on the 16th in Los Angeles is the 17th in UTC
        let format = format_at("2026-11-17T17:10:00Z");
        assert_eq!(
            format.moment("2026-11-17T16:12:00Z".parse().expect("a time")),
            "today, 8:12 am"
        );
        assert_eq!(
            format
                .when_first("2026-11-17T07:30:00Z".parse().expect("a time"))
                .to_string(),
            "<time datetime=\"2026-11-17T07:30:00Z\">Yesterday, 11:30 pm</time>"
        );
        assert_eq!(
            format.moment("2026-11-09T22:15:00Z".parse().expect("a time")),
            "Mon, Nov 9, 2:15 pm"
        );
    }

    #[test]
    fn the_next_two_weeks_are_counted() {
        let format = format_at("2026-11-17T17:10:00Z");
        assert_eq!(format.until(date(2026, 11, 17)).as_deref(), Some("today"));
        assert_eq!(
            format.until(date(2026, 11, 20)).as_deref(),
            Some("in 3 days")
        );
        assert_eq!(
            format.until(date(2026, 12, 1)).as_deref(),
            Some("in 14 days")
        );
        assert_eq!(format.until(date(2026, 12, 2)), None);
        assert_eq!(format.until(date(2026, 11, 16)), None);
    }

    #[test]
    fn the_greeting_follows_the_persons_clock() {
        assert_eq!(format_at("2026-11-17T17:10:00Z").greeting(), "Good morning");
        assert_eq!(
            format_at("2026-11-17T22:10:00Z").greeting(),
            "Good afternoon"
        );
        assert_eq!(format_at("2026-11-18T06:10:00Z").greeting(), "Good evening");
    }

    #[test]
    fn money_has_its_currencys_decimals_and_a_real_minus() {
        let format = format_at("2026-11-17T17:10:00Z");
        assert_eq!(format.money(&dollars(1_487_500)), "$14,875.00");
        assert_eq!(format.money(&dollars(5)), "$0.05");
        assert_eq!(format.money(&dollars(-20_000)), "−$200.00");
        assert_eq!(
            format.money(&dollars(i64::MIN)),
            "−$92,233,720,368,547,758.08"
        );
        let yen = Money {
            minor_units: 1_200_000,
            currency_code: "JPY".to_owned(),
        };
        assert_eq!(format.money(&yen), "JPY 1,200,000");
    }

    #[test]
    fn waits_are_rounded_up() {
        assert_eq!(wait(Duration::from_secs(1)), "1 minute");
        assert_eq!(wait(Duration::from_secs(61)), "2 minutes");
        assert_eq!(wait(Duration::from_hours(2)), "2 hours");
    }
}
