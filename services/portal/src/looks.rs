//! Every page with made-up data: each must be sound HTML that the policy allows, and each is left in the temporary
//! folder, so that it can be looked at: `python3 -m http.server` in `contractoros-pages` shows them with their assets.

use std::{collections::HashSet, fs, path::PathBuf};

use askama::Template;
use jiff::{ToSpan as _, civil::Date, tz::TimeZone};
use proto::{
    billing::Contract,
    identity::{ContactData, Organization},
    notifications::{
        Delivery, DeliveryState, DeliveryStep, Frequency, InboxItem, ListInboxResponse, Preferences,
    },
    projects::{Phase, PhaseStatus, Project, ProjectStatus, SiteAddress},
    types::Money,
};

use crate::{
    assets,
    client::{
        Around, ClientFrame, Here, account, activity,
        activity::Entry,
        financials, home, progress,
        project::{Band, Opened, Section},
    },
    config::Config,
    flash::Flash,
    form::FormView,
    format::{Format, Locale, initials, time_of},
    frequency,
    page::{Frame, Letterhead, Theme},
    time_zones,
};

fn timestamp(minutes_ago: i64) -> prost_types::Timestamp {
    let at = service::clock::now() - minutes_ago.minutes();
    prost_types::Timestamp {
        seconds: at.as_second(),
        nanos: 0,
    }
}

fn day(offset: i64) -> Date {
    service::clock::today(&TimeZone::UTC) + offset.days()
}

pub(crate) fn letterhead() -> Letterhead {
    Letterhead::of(&Organization {
        name: "Alder & Finch Builders".to_owned(),
        contact: Some(ContactData {
            phone: "(503) 555-0142".to_owned(),
            email: "hello@alderfinch.example".to_owned(),
            website: "https://alderfinch.example".to_owned(),
            address: "18 Mill Street, Portland, OR 97209".to_owned(),
        }),
        ..Organization::default()
    })
}

pub(crate) fn frame(theme: Theme) -> Frame {
    Frame {
        letterhead: letterhead(),
        theme,
        flash: None,
        csrf: "token".to_owned(),
    }
}

fn phases(percent: &[i32]) -> Vec<Phase> {
    let plan = [
        ("Planning and permits", 12, Some("Permits granted")),
        ("Demolition", 7, None),
        ("Framing and structure", 11, None),
        ("Plumbing and electrical", 19, Some("Rough-in inspected")),
        ("Drywall and paint", 19, Some("Drywall and paint done")),
        ("Cabinets and counters", 24, Some("Countertops installed")),
        ("Tile and flooring", 9, Some("Tile and floor finished")),
        (
            "Fixtures and final walk-through",
            5,
            Some("Final walk-through with you"),
        ),
    ];
    let mut start = -85;
    plan.iter()
        .zip(percent)
        .enumerate()
        .map(|(index, ((name, days, milestone), percent))| {
            let (from, to) = (day(start), day(start + days - 1));
            start += days;
            let status = match percent {
                0 => PhaseStatus::NotStarted,
                100 => PhaseStatus::Done,
                _ => PhaseStatus::InProgress,
            };
            Phase {
                id: format!("phase-{index}"),
                name: (*name).to_owned(),
                status: Some(status.into()),
                progress_percent: Some(*percent),
                planned_start: Some(from.to_string()),
                planned_end: Some(to.to_string()),
                actual_end: (*percent == 100).then(|| to.to_string()),
                milestone: milestone.map(str::to_owned),
                ..Phase::default()
            }
        })
        .collect()
}

fn project(id: &str, name: &str, percent: &[i32], overall: i32) -> Project {
    let phases = phases(percent);
    let current = phases
        .iter()
        .find(|phase| phase.status != Some(PhaseStatus::Done.into()))
        .map(|phase| phase.id.clone());
    Project {
        id: id.to_owned(),
        name: name.to_owned(),
        status: ProjectStatus::Active.into(),
        address: Some(SiteAddress {
            line1: "214 Larkspur Lane".to_owned(),
            city: "Portland".to_owned(),
            ..SiteAddress::default()
        }),
        start_date: phases.first().and_then(|phase| phase.planned_start.clone()),
        planned_finish: phases.last().and_then(|phase| phase.planned_end.clone()),
        progress_percent: Some(overall),
        current_phase_id: current,
        days_behind: Some(0),
        updated_at: Some(timestamp(60)),
        phases,
        ..Project::default()
    }
}

/// The same project as a client sees it where progress, schedule and money are hidden.
fn hidden(mut project: Project) -> Project {
    project.phases.clear();
    project.progress_percent = None;
    project.current_phase_id = None;
    project.start_date = None;
    project.planned_finish = None;
    project.days_behind = None;
    project
}

fn around(projects: Vec<Project>) -> Around {
    let item = |id: &str, text: &str, minutes: i64, seen| InboxItem {
        id: id.to_owned(),
        text: text.to_owned(),
        project_id: "a".to_owned(),
        project_name: "Kitchen remodel".to_owned(),
        seen,
        created_at: Some(timestamp(minutes)),
        ..InboxItem::default()
    };
    Around {
        projects,
        inbox: Some(ListInboxResponse {
            items: vec![
                item("1", "Milestone reached: drywall and paint done", 90, false),
                item("2", "Milestone reached: rough-in inspected", 60 * 26, true),
                item(
                    "3",
                    "Milestone reached: permits granted",
                    60 * 24 * 40,
                    true,
                ),
            ],
            unseen_count: 1,
            ..ListInboxResponse::default()
        }),
        preferences: Some(Preferences {
            frequency: Frequency::Daily.into(),
            time_zone: "America/Los_Angeles".to_owned(),
            ..Preferences::default()
        }),
        format: Format::new(Locale::EnUs, TimeZone::UTC),
    }
}

fn entries(around: &Around) -> Vec<Entry> {
    let items = around.inbox.clone().unwrap_or_default().items;
    items
        .into_iter()
        .map(|item| {
            let at = time_of(item.created_at).expect("set above");
            Entry {
                id: item.id,
                actor: Some("Tomás Reyes".to_owned()),
                initials: initials("Tomás Reyes"),
                text: item.text,
                project: item.project_name,
                link: "/p/a".to_owned(),
                when: Some(around.format.when_first(at)),
                is_seen: item.seen,
            }
        })
        .collect()
}

fn client_frame(around: &Around, theme: Theme, here: Here) -> ClientFrame {
    ClientFrame::new(frame(theme), "Maya Okafor", around, here)
}

fn kitchen() -> Project {
    project(
        "a",
        "Kitchen remodel",
        &[100, 100, 100, 100, 100, 55, 0, 0],
        68,
    )
}

fn kitchen_of(id: &str) -> Project {
    Project {
        id: id.to_owned(),
        ..kitchen()
    }
}

fn addition() -> Project {
    let mut project = project("b", "House addition", &[100, 40, 0, 0, 0, 0, 0, 0], 22);
    project.days_behind = Some(3);
    project
}

fn home_page(theme: Theme, projects: Vec<Project>, with_news: bool) -> String {
    let mut around = around(projects);
    if !with_news {
        around.inbox = Some(ListInboxResponse::default());
    }
    let contract = Contract {
        value: Some(Money {
            minor_units: 8_640_000,
            currency_code: "USD".to_owned(),
        }),
        ..Contract::default()
    };
    let recent = entries(&around);
    let frame = client_frame(&around, theme, Here::Home);
    let contract = with_news.then_some(contract);
    render(&home::Page::new(frame, &around, recent, contract))
}

fn progress_page(theme: Theme, project: Project) -> String {
    let around = around(vec![project.clone(), addition()]);
    let team = ["Ruth Finch", "Tomás Reyes"].map(|name| progress::TeamMember {
        name: name.to_owned(),
        initials: initials(name),
        role: "Project manager",
    });
    let sections = [Section::Progress, Section::Financials];
    let opened = Opened {
        frame: client_frame(&around, theme, Here::Project(project.id.clone())),
        band: Band::new(&project, &sections, Section::Progress),
        around,
        project,
    };
    render(&progress::Page::new(opened, team.into()))
}

fn financials_page(theme: Theme, contract: Option<financials::Contract>) -> String {
    let around = around(vec![kitchen(), addition()]);
    let sections = [Section::Progress, Section::Financials];
    render(&financials::Page {
        frame: client_frame(&around, theme, Here::Project("a".to_owned())),
        band: Band::new(&kitchen(), &sections, Section::Financials),
        as_of: around.format.when(service::clock::now()),
        contract,
    })
}

fn account_page(theme: Theme, is_refused: bool) -> String {
    let around = around(vec![kitchen(), addition()]);
    let delivery = |subject: &str, state: DeliveryState, minutes| Delivery {
        subject: subject.to_owned(),
        state: state.into(),
        steps: vec![DeliveryStep {
            state: state.into(),
            at: Some(timestamp(minutes)),
            ..DeliveryStep::default()
        }],
        ..Delivery::default()
    };
    let deliveries = vec![
        delivery("Your daily summary", DeliveryState::Held, 30),
        delivery(
            "Milestone reached: drywall and paint done",
            DeliveryState::Accepted,
            90,
        ),
        delivery("Set a new password", DeliveryState::Bounced, 9000),
    ];
    let mut password = FormView::<account::Password>::default();
    let mut frame = client_frame(&around, theme, Here::Account);
    if is_refused {
        password.errors.add(
            "current_password",
            "this is not your current password; try again",
        );
        password
            .errors
            .add("new_password", "use at least 12 characters");
    } else {
        frame.set_flash(Flash::done("Your email settings are saved: Once a day."));
    }
    render(&account::Page {
        frame,
        email: "maya@okafor.example".to_owned(),
        frequencies: frequency::all(),
        zones: time_zones::choices("America/Los_Angeles"),
        notifications: Some(FormView::new(account::Notifications {
            frequency: "daily".to_owned(),
            time_zone: "America/Los_Angeles".to_owned(),
        })),
        contact: FormView::new(account::Contact {
            name: "Maya Okafor".to_owned(),
            phone: "(503) 555-0177".to_owned(),
        }),
        password,
        mail: Some(account::Mail::new(deliveries, &around.format)),
    })
}

fn render(page: &impl Template) -> String {
    page.render().expect("pages render")
}

fn pages(theme: Theme) -> Vec<(&'static str, String)> {
    let config: Config = service::config::load_from(crate::DEFAULTS, Default::default())
        .expect("the defaults are valid");
    let platform = Frame {
        letterhead: Letterhead::of_platform(&config),
        theme,
        ..Frame::default()
    };
    let around = around(vec![kitchen(), addition()]);
    let contract = financials::Contract {
        value: "$86,400.00".to_owned(),
        currency: "US dollars".to_owned(),
        since: Some("Fri, Aug 14".to_owned()),
    };
    let mut pages = vec![
        ("home", home_page(theme, vec![kitchen(), addition()], true)),
        (
            "home-many",
            home_page(
                theme,
                vec![kitchen(), addition(), kitchen_of("c"), kitchen_of("d")],
                true,
            ),
        ),
        (
            "home-hidden",
            home_page(theme, vec![hidden(kitchen())], false),
        ),
        ("home-empty", home_page(theme, Vec::new(), false)),
        ("progress", progress_page(theme, kitchen())),
        ("progress-hidden", progress_page(theme, hidden(kitchen()))),
        ("financials", financials_page(theme, Some(contract))),
        ("financials-empty", financials_page(theme, None)),
        ("account", account_page(theme, false)),
        ("account-error", account_page(theme, true)),
        (
            "activity",
            render(&activity::Page {
                frame: client_frame(&around, theme, Here::Activity),
                entries: entries(&around),
                older: "older".to_owned(),
                is_first: true,
            }),
        ),
        (
            "activity-empty",
            render(&activity::Page {
                frame: client_frame(&around, theme, Here::Activity),
                entries: Vec::new(),
                older: String::new(),
                is_first: true,
            }),
        ),
        ("error", crate::error::looks(frame(theme))),
        ("error-no-portal", crate::error::looks(platform.clone())),
    ];
    pages.extend(crate::auth::looks(&frame(theme)));
    pages.extend(crate::client::help::looks(&frame(theme)));
    pages.extend(crate::signup::looks(&platform));
    pages
}

/// Every value of an attribute, such as each `id`.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    page.split(attribute)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

fn faults(page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |holds: bool, fault: String| {
        if !holds {
            faults.push(fault);
        }
    };
    check(page.matches("<h1").count() == 1, "one h1".to_owned());
    check(page.len() <= 40_000, format!("{} bytes", page.len()));
    for forbidden in [" style=", "<style", " onclick=", "javascript:", "<script>"] {
        check(!page.contains(forbidden), format!("{forbidden} is inline"));
    }
    for word in [
        "uccessfully",
        "lick here",
        ">Submit",
        "please",
        "None<",
        "TODO",
    ] {
        check(!page.contains(word), format!("says {word}"));
    }
    let ids = values(page, " id=\"");
    let known: HashSet<_> = ids.iter().copied().collect();
    check(
        known.len() == ids.len(),
        format!("an id stands twice: {ids:?}"),
    );
    for target in values(page, " for=\"")
        .into_iter()
        .chain(values(page, " href=\"#"))
        .chain(values(page, " aria-labelledby=\""))
        .chain(
            values(page, " aria-describedby=\"")
                .into_iter()
                .flat_map(str::split_whitespace),
        )
    {
        check(known.contains(target), format!("#{target} leads nowhere"));
    }
    let posts = page.matches("method=\"post\"").count();
    let tokens = page.matches("name=\"csrf\"").count();
    let with_code = page.matches("name=\"code\"").count();
    check(
        posts == tokens + with_code,
        "a form lacks its token".to_owned(),
    );
    check(!page.contains("<title> ·"), "no title".to_owned());
    faults
}

#[test]
fn every_page_is_sound() {
    let folder: PathBuf = std::env::temp_dir().join("contractoros-pages");
    fs::create_dir_all(folder.join("assets")).expect("a folder for pages");
    for (name, body) in assets::all() {
        fs::write(folder.join("assets").join(name), body).expect("an asset is written");
    }
    for theme in [Theme::Light, Theme::Dark] {
        for (name, page) in pages(theme) {
            let file = folder.join(format!("{name}-{}.html", theme.word()));
            fs::write(file, &page).expect("a page is written");
            assert_eq!(faults(&page), Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn what_is_hidden_is_not_on_the_page() {
    let page = progress_page(Theme::Device, hidden(kitchen()));
    for word in [
        // with what stands around it: an asset's name may hold the digits
        "68%",
        ">68<",
        "55%",
        "Cabinets",
        "Planned finish",
        "Coming up",
        "phasebar",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    let home = home_page(Theme::Device, vec![hidden(kitchen())], false);
    for word in [
        "68%",
        ">68<",
        "Progress</dt>",
        "milestone</dt>",
        "Contract value",
        "On track",
        "phasebar",
    ] {
        assert!(!home.contains(word), "{word}");
    }
}
