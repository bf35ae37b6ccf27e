//! States as text: how the enums of the protos stand in the database.

use proto::projects::{
    FinancialsVisibility, LogsVisibility, PhotosVisibility, ProgressVisibility, ProjectStatus,
    ProjectType, ScheduleVisibility,
};
use service::Violations;
use sqlx::{
    Decode, Postgres, Type, error::BoxDynError, postgres::PgTypeInfo, postgres::PgValueRef,
};

/// An enum of the protos with a text for each value but the unspecified one.
pub(crate) trait State: Copy + PartialEq + TryFrom<i32> + 'static {
    /// Every value with its text.
    const ALL: &'static [(Self, &'static str)];

    /// Reads the value that a request carries; none where it is unspecified or unknown.
    fn of_request(number: i32) -> Option<Self> {
        let value = Self::try_from(number).ok()?;
        Self::ALL
            .iter()
            .any(|(known, _)| *known == value)
            .then_some(value)
    }

    /// Reads the value that a request carries; where it has none, that is a violation and `former` stays.
    fn of_request_or(
        number: i32,
        former: Self,
        field: &'static str,
        text: &'static str,
        violations: &mut Violations,
    ) -> Self {
        let value = Self::of_request(number);
        violations.check(value.is_some(), field, text);
        value.unwrap_or(former)
    }

    /// The value as it stands in the database.
    fn text(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == self)
            .map(|(_, text)| *text)
            .expect("an unspecified value is refused where a request is read")
    }
}

impl State for ProjectType {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Kitchen, "kitchen"),
        (Self::Bathroom, "bathroom"),
        (Self::Addition, "addition"),
        (Self::WholeHome, "whole_home"),
        (Self::NewHome, "new_home"),
        (Self::Exterior, "exterior"),
        (Self::Other, "other"),
    ];
}

impl State for ProjectStatus {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Planned, "planned"),
        (Self::Active, "active"),
        (Self::OnHold, "on_hold"),
        (Self::Finished, "finished"),
    ];
}

impl State for ProgressVisibility {
    const ALL: &'static [(Self, &'static str)] = &[(Self::Show, "show"), (Self::Hide, "hide")];
}

impl State for PhotosVisibility {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::All, "all"),
        (Self::Selected, "selected"),
        (Self::None, "none"),
    ];
}

impl State for LogsVisibility {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Share, "share"),
        (Self::Summarized, "summarized"),
        (Self::Hide, "hide"),
    ];
}

impl State for ScheduleVisibility {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Full, "full"),
        (Self::Milestones, "milestones"),
        (Self::Hide, "hide"),
    ];
}

impl State for FinancialsVisibility {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Full, "full"),
        (Self::Summary, "summary"),
        (Self::Hide, "hide"),
    ];
}

/// A state in a column: a text that is none of the known ones does not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored<T>(pub(crate) T);

impl<T> Type<Postgres> for Stored<T> {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }

    fn compatible(ty: &PgTypeInfo) -> bool {
        <str as Type<Postgres>>::compatible(ty)
    }
}

impl<'r, T: State> Decode<'r, Postgres> for Stored<T> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let text = <&str as Decode<Postgres>>::decode(value)?;
        T::ALL
            .iter()
            .find(|(_, known)| *known == text)
            .map(|(value, _)| Self(*value))
            .ok_or_else(|| format!("{text:?} is not a known state").into())
    }
}
