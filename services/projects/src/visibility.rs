//! What a change of the settings means for clients, in words.
//!
//! The words follow the scopes of a client with every right, so that they say what `access` does.

use proto::projects::{
    LogScope, MoneyScope, PhotoScope, ProgressScope, ScheduleScope, VisibilityChange,
};
use tenancy::Rights;

use crate::access::{Scopes, Settings, scopes_of_client};

const EVERY_RIGHT: Rights = Rights {
    view_financials: true,
    approve: true,
    pay: true,
    message: true,
};

/// One whole sentence a change; none where nothing changes.
pub(crate) fn changes(before: &Settings, after: &Settings) -> Vec<VisibilityChange> {
    let before = scopes_of_client(EVERY_RIGHT, before);
    let after = scopes_of_client(EVERY_RIGHT, after);
    [
        change(before.progress, after.progress, progress),
        change(before.schedule, after.schedule, schedule),
        phases(&before, &after),
        change(before.photos, after.photos, photos),
        change(before.logs, after.logs, logs),
        change(before.money, after.money, money),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The sentence on the way from one scope to another; a later one in the order of its enum shows more.
fn change<T: Copy + PartialOrd>(
    before: T,
    after: T,
    sentence: impl Fn(T, T) -> &'static str,
) -> Option<VisibilityChange> {
    (before != after).then(|| VisibilityChange {
        shows_more: after > before,
        text: sentence(before, after).to_owned(),
    })
}

/// Phases go away and come back with progress and schedule together.
fn phases(before: &Scopes, after: &Scopes) -> Option<VisibilityChange> {
    change(before.shows_phases(), after.shows_phases(), |_, shows| {
        if shows {
            "The list of phases becomes visible."
        } else {
            "The list of phases is hidden, because neither progress nor schedule is shown."
        }
    })
}

fn progress(_: ProgressScope, after: ProgressScope) -> &'static str {
    match after {
        ProgressScope::Full => "The percentage becomes visible, overall and by phase.",
        ProgressScope::None | ProgressScope::Unspecified => {
            "The percentage is hidden, overall and by phase."
        }
    }
}

fn schedule(before: ScheduleScope, after: ScheduleScope) -> &'static str {
    match (before, after) {
        (ScheduleScope::Milestones, ScheduleScope::Full) => {
            "The dates of every phase become visible, not only those of milestones."
        }
        (_, ScheduleScope::Full) => {
            "All dates, milestones and the next milestone become visible; milestone mail is sent."
        }
        (ScheduleScope::Full, ScheduleScope::Milestones) => {
            "The start date and the dates of phases without a milestone are hidden. Milestones and the planned finish \
             stay visible."
        }
        (_, ScheduleScope::Milestones) => {
            "Milestones, the next milestone and the planned finish become visible; milestone mail is sent."
        }
        (_, ScheduleScope::None | ScheduleScope::Unspecified) => {
            "Dates, milestones and the next milestone are hidden; no milestone mail is sent."
        }
    }
}

fn photos(before: PhotoScope, after: PhotoScope) -> &'static str {
    match (before, after) {
        (_, PhotoScope::NotInternal | PhotoScope::All) => {
            "Every photo that is not marked as internal becomes visible."
        }
        (PhotoScope::NotInternal | PhotoScope::All, PhotoScope::Shared) => {
            "Photos that are not marked as shared are hidden."
        }
        (_, PhotoScope::Shared) => "Photos that are marked as shared become visible.",
        (_, PhotoScope::None | PhotoScope::Own | PhotoScope::Unspecified) => {
            "All photos are hidden, those in daily logs and messages as well; no photo mail is sent."
        }
    }
}

fn logs(before: LogScope, after: LogScope) -> &'static str {
    match (before, after) {
        (_, LogScope::Published | LogScope::All) => {
            "Published daily logs become visible, with those of their photos that the photo setting allows."
        }
        (LogScope::Published | LogScope::All, LogScope::Summary) => {
            "Daily logs and their photos are hidden. Their summaries stay visible."
        }
        (_, LogScope::Summary) => "Summaries of the daily logs become visible.",
        (_, LogScope::None | LogScope::Unspecified) => {
            "Daily logs and their summaries are hidden; no log mail is sent."
        }
    }
}

fn money(before: MoneyScope, after: MoneyScope) -> &'static str {
    match (before, after) {
        (MoneyScope::Summary, MoneyScope::Full) => "Invoice lines become visible.",
        (_, MoneyScope::Full) => {
            "The contract value, all totals and invoices with their lines become visible."
        }
        (MoneyScope::Full, MoneyScope::Summary) => {
            "Invoice lines are hidden. Totals, balance and payments stay visible."
        }
        (_, MoneyScope::Summary) => {
            "The contract value and all totals become visible, without invoice lines."
        }
        (_, MoneyScope::None | MoneyScope::Unspecified) => {
            "The contract value and all totals are hidden. An invoice that was sent stays payable."
        }
    }
}

#[cfg(test)]
mod tests {
    use proto::projects::{
        FinancialsVisibility, LogsVisibility, PhotosVisibility, ProgressVisibility,
        ScheduleVisibility,
    };

    use super::*;
    use crate::access::tests::all_settings;

    const OPEN: Settings = Settings {
        progress: ProgressVisibility::Show,
        photos: PhotosVisibility::All,
        logs: LogsVisibility::Share,
        schedule: ScheduleVisibility::Full,
        financials: FinancialsVisibility::Full,
    };
    const SHUT: Settings = Settings {
        progress: ProgressVisibility::Hide,
        photos: PhotosVisibility::None,
        logs: LogsVisibility::Hide,
        schedule: ScheduleVisibility::Hide,
        financials: FinancialsVisibility::Hide,
    };

    fn texts(before: &Settings, after: &Settings) -> Vec<String> {
        changes(before, after)
            .into_iter()
            .map(|change| change.text)
            .collect()
    }

    #[test]
    fn the_same_settings_change_nothing() {
        for settings in all_settings() {
            assert!(changes(&settings, &settings).is_empty());
        }
    }

    #[test]
    fn hiding_everything_says_so() {
        assert_eq!(
            texts(&OPEN, &SHUT),
            [
                "The percentage is hidden, overall and by phase.",
                "Dates, milestones and the next milestone are hidden; no milestone mail is sent.",
                "The list of phases is hidden, because neither progress nor schedule is shown.",
                "All photos are hidden, those in daily logs and messages as well; no photo mail is sent.",
                "Daily logs and their summaries are hidden; no log mail is sent.",
                "The contract value and all totals are hidden. An invoice that was sent stays payable.",
            ]
        );
        assert!(
            changes(&OPEN, &SHUT)
                .iter()
                .all(|change| !change.shows_more)
        );
        assert!(changes(&SHUT, &OPEN).iter().all(|change| change.shows_more));
    }

    #[test]
    fn one_setting_is_one_sentence() {
        let mut after = OPEN;
        after.financials = FinancialsVisibility::Summary;
        assert_eq!(
            texts(&OPEN, &after),
            ["Invoice lines are hidden. Totals, balance and payments stay visible."]
        );
        assert_eq!(texts(&after, &OPEN), ["Invoice lines become visible."]);
    }

    #[test]
    fn there_and_back_differ_in_direction_and_in_words() {
        for before in all_settings() {
            for after in all_settings() {
                let (there, back) = (changes(&before, &after), changes(&after, &before));
                assert_eq!(there.len(), back.len());
                for (there, back) in there.iter().zip(&back) {
                    assert_ne!(there.shows_more, back.shows_more, "{before:?} {after:?}");
                    assert_ne!(there.text, back.text, "{before:?} {after:?}");
                    assert!(there.text.ends_with('.'));
                }
            }
        }
    }
}
