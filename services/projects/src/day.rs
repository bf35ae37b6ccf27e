//! Days as the protos carry them: ISO 8601, such as "2026-11-25".

use jiff::civil::Date;
use service::Violations;

/// Reads a day; none where the field is absent or empty. What is no day is a violation.
pub(crate) fn parse(
    text: Option<&str>,
    field: &'static str,
    violations: &mut Violations,
) -> Option<Date> {
    let text = text.filter(|text| !text.is_empty())?;
    // jiff reads more than plain days, and PostgreSQL keeps fewer years than jiff
    let day = text
        .parse::<Date>()
        .ok()
        .filter(|day| day.to_string() == text && (1900..2200).contains(&day.year()));
    violations.check(day.is_some(), field, "Enter a date such as 2026-11-25");
    day
}

/// Writes a day.
pub(crate) fn text(day: Option<Date>) -> Option<String> {
    day.map(|day| day.to_string())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn parsed(text: Option<&str>) -> (Option<Date>, bool) {
        let mut violations = Violations::new();
        let day = parse(text, "start_date", &mut violations);
        (day, violations.finish().is_ok())
    }

    #[test]
    fn a_day_is_read() {
        assert_eq!(parsed(Some("2026-11-25")), (Some(date(2026, 11, 25)), true));
    }

    #[test]
    fn absent_and_empty_mean_none() {
        assert_eq!(parsed(None), (None, true));
        assert_eq!(parsed(Some("")), (None, true));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "20261125",
            "2026-11-25T08:00:00",
            "2026-02-30",
            "0001-01-01",
            "soon",
        ] {
            assert_eq!(parsed(Some(text)), (None, false), "{text}");
        }
    }
}
