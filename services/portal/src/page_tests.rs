//! Every page with made-up data: each must be sound HTML that the policy allows, and each is left in the temporary
//! folder, so that it can be looked at: `python3 -m http.server` in `contractoros-pages` shows them with their assets.

mod photos;
mod sample;

use std::{collections::HashSet, fs, path::PathBuf};

use askama::Template;
use proto::{
    billing::Contract,
    identity::{ContactData, Organization},
    notifications::{Delivery, DeliveryState, DeliveryStep, ListInboxResponse},
    projects::Project,
    types::Money,
};

use self::sample::{addition, around, entries, hidden, kitchen, kitchen_of, timestamp};
use crate::{
    account::{Contact, Password},
    assets,
    client::{
        Around, ClientFrame, Here, account, activity, financials, home, progress,
        project::{Band, Opened, Section},
    },
    config::Config,
    flash::Flash,
    form::FormView,
    format::initials,
    frequency,
    page::{Frame, Letterhead, Theme},
    pictures::Picture,
    time_zones,
};

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

fn client_frame(around: &Around, theme: Theme, here: Here) -> ClientFrame {
    ClientFrame::new(frame(theme), "Maya Okafor", around, here)
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
    let strip = around
        .projects
        .first()
        .filter(|_| with_news)
        .and_then(|project| home::Strip::new(project, &sample::photos(5), &around.format));
    render(&home::Page::new(frame, &around, recent, contract, strip))
}

fn progress_page(theme: Theme, project: Project) -> String {
    let around = around(vec![project.clone(), addition()]);
    let team = ["Ruth Finch", "Tomás Reyes"].map(|name| progress::TeamMember {
        name: name.to_owned(),
        initials: initials(name),
        role: "Project manager",
    });
    let pictures = sample::photos(3)
        .photos
        .iter()
        .map(|photo| Picture::of(photo, &around.format))
        .collect();
    let sections = [Section::Progress, Section::Photos, Section::Financials];
    let opened = Opened {
        frame: client_frame(&around, theme, Here::Project(project.id.clone())),
        band: Band::new(&project, &sections, Section::Progress),
        around,
        project,
    };
    render(&progress::Page::new(opened, team.into(), pictures))
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
    let mut password = FormView::<Password>::default();
    let mut frame = client_frame(&around, theme, Here::Account);
    if is_refused {
        password
            .errors
            .add("current_password", "This is not your current password");
        password
            .errors
            .add("new_password", "Use 12 characters or more");
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
        contact: FormView::new(Contact {
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
    let config: Config = service::config::load_from(crate::DEFAULT_CONFIG, Default::default())
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
                as_of: "2026-11-25T17:00:00Z".to_owned(),
            }),
        ),
        (
            "activity-empty",
            render(&activity::Page {
                frame: client_frame(&around, theme, Here::Activity),
                entries: Vec::new(),
                older: String::new(),
                is_first: true,
                as_of: String::new(),
            }),
        ),
        ("error", crate::error::sample(frame(theme))),
        ("error-no-portal", crate::error::sample(platform.clone())),
    ];
    pages.extend(photos::pages(theme));
    pages.extend(crate::auth::samples(&frame(theme)));
    pages.extend(crate::client::help::samples(&frame(theme)));
    pages.extend(crate::signup::samples(&platform));
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
