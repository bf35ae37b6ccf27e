//! Who sees what of a project: the one place that interprets the five settings.
//!
//! Everything else asks for [`Scopes`] and turns them into what is answered.

use proto::projects::{
    FinancialsVisibility, LogScope, LogsVisibility, MoneyScope, PhotoScope, PhotosVisibility,
    ProgressScope, ProgressVisibility, ScheduleScope, ScheduleVisibility,
};
use tenancy::{Caller, Party, Person, Rights, Role};
use uuid::Uuid;

/// The five settings of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) progress: ProgressVisibility,
    pub(crate) photos: PhotosVisibility,
    pub(crate) logs: LogsVisibility,
    pub(crate) schedule: ScheduleVisibility,
    pub(crate) financials: FinancialsVisibility,
}

impl Settings {
    /// What a new project starts with: careful, but not blind.
    ///
    /// Clients see how far the work is, the milestones and the totals. Photos wait until somebody shares them, because
    /// they may show people, plates or other homes; daily logs are summed up, because they are written for the crew;
    /// single dates and invoice lines invite questions that are better answered before they come.
    pub(crate) const CAUTIOUS: Self = Self {
        progress: ProgressVisibility::Show,
        photos: PhotosVisibility::Selected,
        logs: LogsVisibility::Summarized,
        schedule: ScheduleVisibility::Milestones,
        financials: FinancialsVisibility::Summary,
    };
}

/// Who a project belongs to and who works on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Involved<'a> {
    /// The client record.
    pub(crate) client: Uuid,
    /// The project manager's account.
    pub(crate) manager: Uuid,
    /// Accounts of the team.
    pub(crate) members: &'a [Uuid],
}

/// On which side a viewer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// Owner or PM, or a service that acts for nobody.
    Manager,
    /// Crew.
    Field,
    /// The client's side.
    Client,
}

/// What one viewer may see of one project, and do on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scopes {
    pub(crate) viewer: Viewer,
    pub(crate) progress: ProgressScope,
    pub(crate) photos: PhotoScope,
    pub(crate) logs: LogScope,
    pub(crate) schedule: ScheduleScope,
    pub(crate) money: MoneyScope,
    pub(crate) may_approve: bool,
    pub(crate) may_pay: bool,
    pub(crate) may_message: bool,
}

impl Scopes {
    /// Managers see everything, whatever the settings.
    pub(crate) const MANAGER: Self = Self {
        viewer: Viewer::Manager,
        progress: ProgressScope::Full,
        photos: PhotoScope::All,
        logs: LogScope::All,
        schedule: ScheduleScope::Full,
        money: MoneyScope::Full,
        may_approve: true,
        may_pay: true,
        may_message: true,
    };

    /// The crew sees the work and its own photos, and nothing of money or what is agreed with the client.
    const FIELD: Self = Self {
        viewer: Viewer::Field,
        photos: PhotoScope::Own,
        money: MoneyScope::None,
        may_approve: false,
        may_pay: false,
        may_message: false,
        ..Self::MANAGER
    };

    /// True where the viewer may change the project.
    pub(crate) fn may_manage(&self) -> bool {
        self.viewer == Viewer::Manager
    }

    /// True where the viewer sees that there are phases at all.
    pub(crate) fn shows_phases(&self) -> bool {
        self.progress > ProgressScope::None || self.schedule > ScheduleScope::None
    }
}

/// Which projects somebody may know of, before the settings say how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Every project of the organization.
    All,
    /// Those that an account runs or is assigned to.
    AssignedTo(Uuid),
    /// Those of client records.
    Clients(Vec<Uuid>),
}

impl Reach {
    /// The reach of whoever asks; a service that acts for nobody reaches everything.
    pub(crate) fn of(caller: &Caller) -> Self {
        match &caller.person {
            None => Self::All,
            Some(person) => match &person.party {
                Party::Office {
                    role: Role::Owner | Role::Pm,
                } => Self::All,
                Party::Office { role: Role::Field } => Self::AssignedTo(person.account),
                Party::Client { memberships } => Self::Clients(
                    memberships
                        .iter()
                        .map(|membership| membership.client)
                        .collect(),
                ),
            },
        }
    }
}

/// What a caller may see of a project; none where it is as if absent.
///
/// A service that acts for nobody sees everything: only the calls that allow it come here.
pub(crate) fn scopes(caller: &Caller, involved: Involved, settings: &Settings) -> Option<Scopes> {
    match &caller.person {
        None => Some(Scopes::MANAGER),
        Some(person) => scopes_of_person(person, involved, settings),
    }
}

fn scopes_of_person(person: &Person, involved: Involved, settings: &Settings) -> Option<Scopes> {
    match person.party {
        Party::Office {
            role: Role::Owner | Role::Pm,
        } => Some(Scopes::MANAGER),
        Party::Office { role: Role::Field } => {
            let is_assigned =
                involved.manager == person.account || involved.members.contains(&person.account);
            is_assigned.then_some(Scopes::FIELD)
        }
        Party::Client { .. } => {
            let rights = person.rights_for(involved.client)?;
            Some(scopes_of_client(rights, settings))
        }
    }
}

/// What a person of the client sees: the settings, narrowed by the person's rights and widened by nothing.
pub(crate) fn scopes_of_client(rights: Rights, settings: &Settings) -> Scopes {
    Scopes {
        viewer: Viewer::Client,
        progress: match settings.progress {
            ProgressVisibility::Show => ProgressScope::Full,
            ProgressVisibility::Hide | ProgressVisibility::Unspecified => ProgressScope::None,
        },
        photos: match settings.photos {
            PhotosVisibility::All => PhotoScope::NotInternal,
            PhotosVisibility::Selected => PhotoScope::Shared,
            PhotosVisibility::None | PhotosVisibility::Unspecified => PhotoScope::None,
        },
        logs: match settings.logs {
            LogsVisibility::Share => LogScope::Published,
            LogsVisibility::Summarized => LogScope::Summary,
            LogsVisibility::Hide | LogsVisibility::Unspecified => LogScope::None,
        },
        schedule: match settings.schedule {
            ScheduleVisibility::Full => ScheduleScope::Full,
            ScheduleVisibility::Milestones => ScheduleScope::Milestones,
            ScheduleVisibility::Hide | ScheduleVisibility::Unspecified => ScheduleScope::None,
        },
        money: match settings.financials {
            _ if !rights.view_financials => MoneyScope::None,
            FinancialsVisibility::Full => MoneyScope::Full,
            FinancialsVisibility::Summary => MoneyScope::Summary,
            FinancialsVisibility::Hide | FinancialsVisibility::Unspecified => MoneyScope::None,
        },
        may_approve: rights.approve,
        // an invoice that was sent stays payable where the money is hidden
        may_pay: rights.pay,
        may_message: rights.message,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use tenancy::ClientMembership;

    use super::*;
    use crate::state::State as _;

    /// Every combination of the five settings.
    pub(crate) fn all_settings() -> Vec<Settings> {
        let mut all = Vec::new();
        for (progress, _) in ProgressVisibility::ALL {
            for (photos, _) in PhotosVisibility::ALL {
                for (logs, _) in LogsVisibility::ALL {
                    for (schedule, _) in ScheduleVisibility::ALL {
                        for (financials, _) in FinancialsVisibility::ALL {
                            all.push(Settings {
                                progress: *progress,
                                photos: *photos,
                                logs: *logs,
                                schedule: *schedule,
                                financials: *financials,
                            });
                        }
                    }
                }
            }
        }
        all
    }

    /// Every combination of the four rights.
    pub(crate) fn all_rights() -> Vec<Rights> {
        (0..16)
            .map(|bits| Rights {
                view_financials: bits & 1 > 0,
                approve: bits & 2 > 0,
                pay: bits & 4 > 0,
                message: bits & 8 > 0,
            })
            .collect()
    }

    fn office(role: Role) -> Person {
        Person {
            account: service::new_id(),
            party: Party::Office { role },
            session: None,
        }
    }

    fn client(memberships: &[(Uuid, Rights)]) -> Person {
        Person {
            account: service::new_id(),
            party: Party::Client {
                memberships: memberships
                    .iter()
                    .map(|(client, rights)| ClientMembership {
                        client: *client,
                        rights: *rights,
                    })
                    .collect(),
            },
            session: None,
        }
    }

    fn words(settings: &Settings) -> [&'static str; 5] {
        [
            settings.progress.text(),
            settings.photos.text(),
            settings.logs.text(),
            settings.schedule.text(),
            settings.financials.text(),
        ]
    }

    fn scope_words(scopes: &Scopes) -> [String; 5] {
        let last = |name: &str| {
            let (_, word) = name.split_once("_SCOPE_").expect("the name of a scope");
            word.to_owned()
        };
        [
            last(scopes.progress.as_str_name()),
            last(scopes.photos.as_str_name()),
            last(scopes.logs.as_str_name()),
            last(scopes.schedule.as_str_name()),
            last(scopes.money.as_str_name()),
        ]
    }

    /// What the product page says that a client sees, in words and by another way than the code.
    fn oracle(settings: [&str; 5], view_financials: bool) -> [&'static str; 5] {
        const TABLE: [(usize, &str, &str); 14] = [
            (0, "show", "FULL"),
            (0, "hide", "NONE"),
            (1, "all", "NOT_INTERNAL"),
            (1, "selected", "SHARED"),
            (1, "none", "NONE"),
            (2, "share", "PUBLISHED"),
            (2, "summarized", "SUMMARY"),
            (2, "hide", "NONE"),
            (3, "full", "FULL"),
            (3, "milestones", "MILESTONES"),
            (3, "hide", "NONE"),
            (4, "full", "FULL"),
            (4, "summary", "SUMMARY"),
            (4, "hide", "NONE"),
        ];
        let mut expected = ["NONE"; 5];
        for (setting, value, scope) in TABLE {
            if settings[setting] == value && (setting != 4 || view_financials) {
                expected[setting] = scope;
            }
        }
        expected
    }

    #[test]
    fn clients_see_what_the_oracle_says_in_every_combination() {
        let (record, manager) = (service::new_id(), service::new_id());
        let involved = Involved {
            client: record,
            manager,
            members: &[],
        };
        let settings = all_settings();
        assert_eq!(settings.len(), 162);
        for settings in settings {
            for rights in all_rights() {
                let person = client(&[(service::new_id(), Rights::default()), (record, rights)]);
                let scopes = scopes_of_person(&person, involved, &settings).expect("visible");
                assert_eq!(
                    scope_words(&scopes),
                    oracle(words(&settings), rights.view_financials),
                    "{settings:?} {rights:?}"
                );
                assert_eq!(
                    [scopes.may_approve, scopes.may_pay, scopes.may_message],
                    [rights.approve, rights.pay, rights.message]
                );
                assert!(!scopes.may_manage());
            }
        }
    }

    #[test]
    fn a_project_of_another_client_is_not_visible() {
        let stranger = client(&[(service::new_id(), all_rights()[15])]);
        let involved = Involved {
            client: service::new_id(),
            manager: stranger.account,
            members: &[stranger.account],
        };
        for settings in all_settings() {
            assert_eq!(scopes_of_person(&stranger, involved, &settings), None);
        }
    }

    #[test]
    fn managers_see_everything_whatever_the_settings() {
        let involved = Involved {
            client: service::new_id(),
            manager: service::new_id(),
            members: &[],
        };
        for settings in all_settings() {
            for role in [Role::Owner, Role::Pm] {
                let scopes = scopes_of_person(&office(role), involved, &settings).expect("visible");
                assert_eq!(scope_words(&scopes), ["FULL", "ALL", "ALL", "FULL", "FULL"]);
                assert!(scopes.may_manage());
            }
        }
    }

    #[test]
    fn the_crew_sees_assigned_projects_without_their_money() {
        let (foreman, hand, stranger) = (
            office(Role::Field),
            office(Role::Field),
            office(Role::Field),
        );
        let members = [hand.account];
        let involved = Involved {
            client: service::new_id(),
            manager: foreman.account,
            members: &members,
        };
        for settings in all_settings() {
            for person in [&foreman, &hand] {
                let scopes = scopes_of_person(person, involved, &settings).expect("visible");
                assert_eq!(scope_words(&scopes), ["FULL", "OWN", "ALL", "FULL", "NONE"]);
                assert!(!scopes.may_manage() && !scopes.may_approve && !scopes.may_pay);
            }
            assert_eq!(scopes_of_person(&stranger, involved, &settings), None);
        }
    }

    #[test]
    fn a_service_that_acts_for_nobody_sees_everything() {
        let caller = Caller::system(tenancy::TenantId::new(), "notifications");
        let involved = Involved {
            client: service::new_id(),
            manager: service::new_id(),
            members: &[],
        };
        let scopes = scopes(&caller, involved, &Settings::CAUTIOUS);
        assert_eq!(scopes, Some(Scopes::MANAGER));
        assert_eq!(Reach::of(&caller), Reach::All);
    }

    #[test]
    fn reach_and_scopes_agree() {
        let record = service::new_id();
        let (ana, crew) = (client(&[(record, Rights::default())]), office(Role::Field));
        let tenant = tenancy::TenantId::new();
        let reach = |person: &Person| {
            let mut caller = Caller::system(tenant, "documents");
            caller.person = Some(person.clone());
            Reach::of(&caller)
        };
        assert_eq!(reach(&ana), Reach::Clients(vec![record]));
        assert_eq!(reach(&crew), Reach::AssignedTo(crew.account));
        assert_eq!(reach(&office(Role::Pm)), Reach::All);
    }
}
