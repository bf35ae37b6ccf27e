//! Mails as they are read: content, letterhead, and the templates that make text and HTML of them.

use askama::Template;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proto::{
    identity::{Organization, Role},
    projects::Project,
};
use service::{Error, Result, clock};
use uuid::Uuid;

use crate::brand::Button;

/// How the portal is reached.
#[derive(Clone, Debug)]
pub(crate) struct PortalAddress {
    scheme: &'static str,
    port: u16,
}

impl PortalAddress {
    /// Plain http where the platform runs on a developer's machine; port 0 is the scheme's own.
    pub(crate) fn new(base_domain: &str, port: u16) -> Self {
        let scheme = if base_domain == "localhost" {
            "http"
        } else {
            "https"
        };
        Self { scheme, port }
    }

    fn url(&self, host: &str, path: &str) -> String {
        match self.port {
            0 => format!("{}://{host}{path}", self.scheme),
            port => format!("{}://{host}:{port}{path}", self.scheme),
        }
    }
}

/// The organization as each of its mails shows it.
#[derive(Clone, Debug)]
pub(crate) struct Letterhead {
    pub(crate) organization: String,
    pub(crate) phone: String,
    pub(crate) email: String,
    pub(crate) website: String,
    pub(crate) address: String,
    pub(crate) welcome_text: String,
    pub(crate) button: Button,
    portal: PortalAddress,
    host: String,
}

impl Letterhead {
    pub(crate) fn of(organization: &Organization, portal: &PortalAddress) -> Self {
        let contact = organization.contact.clone().unwrap_or_default();
        let brand = organization.brand.clone().unwrap_or_default();
        Self {
            organization: one_line(&organization.name),
            phone: contact.phone,
            email: contact.email,
            website: contact.website,
            address: contact.address,
            welcome_text: organization.welcome_text.clone(),
            button: Button::of(&brand.primary),
            portal: portal.clone(),
            host: organization.host.clone(),
        }
    }

    /// The address of a page of the organization's portal.
    pub(crate) fn url(&self, path: &str) -> String {
        self.portal.url(&self.host, path)
    }

    fn website_url(&self) -> String {
        if self.website.starts_with("https://") || self.website.starts_with("http://") {
            self.website.clone()
        } else {
            format!("https://{}", self.website)
        }
    }
}

/// What a mail says.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Invitation {
        inviter: String,
        url: String,
        valid_until: String,
    },
    TeamInvitation {
        inviter: String,
        role: &'static str,
        url: String,
        valid_until: String,
    },
    Reset {
        url: String,
        valid_until: String,
    },
    ConfirmEmail {
        url: String,
        valid_until: String,
    },
    AccessEnded,
    PortalAddress,
    PasswordChanged {
        time: String,
    },
    MilestoneReached {
        text: String,
        project: String,
        url: String,
    },
    PhotosAdded {
        count: usize,
        /// Who added them; empty where nobody knows.
        added_by: String,
        captions: Vec<String>,
        project: String,
        url: String,
    },
    Digest {
        day: String,
        projects: Vec<Section>,
    },
}

/// A project in a summary.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) project: String,
    pub(crate) url: String,
    pub(crate) lines: Vec<String>,
}

/// A mail, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) html: String,
    pub(crate) text: String,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    subject: &'a str,
    head: &'a Letterhead,
    first_name: &'a str,
    content: &'a Content,
}

#[derive(Template)]
#[template(path = "mail.txt", escape = "none")]
struct Text<'a> {
    head: &'a Letterhead,
    first_name: &'a str,
    content: &'a Content,
}

/// Writes a mail to a person.
pub(crate) fn render(head: &Letterhead, name: &str, content: &Content) -> Result<Rendered> {
    let first_name = name.split_whitespace().next().unwrap_or_default();
    let subject = one_line(&subject(head, first_name, content));
    let html = Html {
        subject: &subject,
        head,
        first_name,
        content,
    }
    .render()
    .map_err(Error::internal)?;
    let text = Text {
        head,
        first_name,
        content,
    }
    .render()
    .map_err(Error::internal)?;
    Ok(Rendered {
        html,
        text: without_gaps(&text),
        subject,
    })
}

fn subject(head: &Letterhead, first_name: &str, content: &Content) -> String {
    let organization = &head.organization;
    match content {
        Content::Invitation { .. } if first_name.is_empty() => {
            format!("Your project portal at {organization}")
        }
        Content::Invitation { .. } => {
            format!("{first_name}, your project portal at {organization}")
        }
        Content::TeamInvitation { .. } => format!("Join the team of {organization}"),
        Content::Reset { .. } => format!("Choose a new password · {organization}"),
        Content::ConfirmEmail { .. } => format!("Confirm your email address · {organization}"),
        Content::AccessEnded => format!("Your access has ended · {organization}"),
        Content::PortalAddress => format!("Where to find your portal · {organization}"),
        Content::PasswordChanged { .. } => format!("Your password was changed · {organization}"),
        Content::MilestoneReached { text, project, .. } => format!("{text} · {project}"),
        Content::PhotosAdded { count, project, .. } => {
            format!("{} of {project}", photos_text(*count))
        }
        Content::Digest { day, .. } => format!("Your summary for {day} · {organization}"),
    }
}

/// The milestone that a phase ends with; none where it has none, or where the reader of the project may not see it.
pub(crate) fn milestone_of(project: &Project, phase: Uuid) -> Option<&str> {
    let phase = phase.to_string();
    project
        .phases
        .iter()
        .find(|candidate| candidate.id == phase)?
        .milestone
        .as_deref()
        .filter(|milestone| !milestone.is_empty())
}

/// Says that a milestone was reached, such as "Milestone reached: drywall and paint done".
pub(crate) fn milestone_text(milestone: &str) -> String {
    format!("Milestone reached: {}", in_sentence(milestone))
}

/// Says that photos were added, such as "6 new photos".
pub(crate) fn photos_text(count: usize) -> String {
    match count {
        1 => "1 new photo".to_owned(),
        _ => format!("{count} new photos"),
    }
}

/// A text that began a line, as part of a sentence; what begins with an abbreviation such as "HVAC" stays.
fn in_sentence(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let rest = letters.as_str();
    if rest.chars().next().is_some_and(char::is_lowercase) {
        first.to_lowercase().chain(rest.chars()).collect()
    } else {
        text.to_owned()
    }
}

/// A role as people say it.
pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "an owner",
        Role::Pm => "a project manager",
        Role::Field | Role::Unspecified => "a member of the field team",
    }
}

/// Until when something holds: the hour where it is soon, otherwise the day.
pub(crate) fn until(time: Timestamp, zone: &TimeZone) -> String {
    let is_soon = time.duration_since(clock::now()) < SignedDuration::from_hours(24);
    let format = if is_soon {
        "%-I:%M %p %Z on %A, %B %-d"
    } else {
        "%A, %B %-d, %Y"
    };
    time.to_zoned(zone.clone()).strftime(format).to_string()
}

/// A moment in the past.
pub(crate) fn moment(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone())
        .strftime("%A, %B %-d, %Y, at %-I:%M %p %Z")
        .to_string()
}

/// Today, as a summary's subject has it, such as "Wed, Nov 18".
pub(crate) fn today(zone: &TimeZone) -> String {
    clock::today(zone).strftime("%a, %b %-d").to_string()
}

/// A text without line breaks or other control characters, fit for a header.
pub(crate) fn one_line(text: &str) -> String {
    text.split(char::is_control)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Takes out the gaps that a template's own lines leave: at most one empty line in a row.
fn without_gaps(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut gap = false;
    for line in text.trim().lines().map(str::trim_end) {
        if line.is_empty() {
            gap = true;
            continue;
        }
        if gap {
            tidy.push('\n');
        }
        gap = false;
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy
}

#[cfg(test)]
mod tests {
    use proto::identity::{Brand, ContactData};

    use super::*;

    fn letterhead() -> Letterhead {
        let organization = Organization {
            name: "Alder & Finch Builders".to_owned(),
            host: "alder.localhost".to_owned(),
            contact: Some(ContactData {
                phone: "(503) 555-0142".to_owned(),
                email: "hello@alderfinch.example".to_owned(),
                website: "alderfinch.example".to_owned(),
                address: "18 Mill Street, Portland, OR 97209".to_owned(),
            }),
            welcome_text: "We are glad to build with you.\nAsk us anything.".to_owned(),
            brand: Some(Brand {
                primary: "#1f5b4b".to_owned(),
                ..Brand::default()
            }),
            ..Organization::default()
        };
        Letterhead::of(&organization, &PortalAddress::new("localhost", 8080))
    }

    fn every_content() -> Vec<Content> {
        let url = "http://alder.localhost:8080/x".to_owned();
        let valid_until = "Wednesday, December 9, 2026".to_owned();
        vec![
            Content::Invitation {
                inviter: "Nora Finch".to_owned(),
                url: url.clone(),
                valid_until: valid_until.clone(),
            },
            Content::TeamInvitation {
                inviter: String::new(),
                role: role_name(Role::Pm),
                url: url.clone(),
                valid_until: valid_until.clone(),
            },
            Content::Reset {
                url: url.clone(),
                valid_until: valid_until.clone(),
            },
            Content::ConfirmEmail {
                url: url.clone(),
                valid_until,
            },
            Content::AccessEnded,
            Content::PortalAddress,
            Content::PasswordChanged {
                time: "Wednesday, November 25, 2026, at 9:00 AM PST".to_owned(),
            },
            Content::MilestoneReached {
                text: milestone_text("Drywall and paint done"),
                project: "Kitchen remodel".to_owned(),
                url: url.clone(),
            },
            Content::PhotosAdded {
                count: 6,
                added_by: "Omar Reyes".to_owned(),
                captions: vec!["Cabinets from the window".to_owned()],
                project: "Kitchen remodel".to_owned(),
                url: url.clone(),
            },
            Content::Digest {
                day: "Wed, Nov 25".to_owned(),
                projects: vec![Section {
                    project: "Kitchen remodel".to_owned(),
                    url,
                    lines: vec![milestone_text("Drywall and paint done")],
                }],
            },
        ]
    }

    #[test]
    fn the_invitation_says_what_a_client_needs() {
        let mail = render(&letterhead(), "Maya Okafor", &every_content()[0]).expect("renders");
        assert_eq!(
            mail.subject,
            "Maya, your project portal at Alder & Finch Builders"
        );
        insta::assert_snapshot!(mail.text);
    }

    #[test]
    fn every_mail_has_both_parts_and_the_contact_data() {
        for content in every_content() {
            let mail = render(&letterhead(), "Maya Okafor", &content).expect("renders");
            assert!(!mail.subject.is_empty());
            for part in [&mail.html, &mail.text] {
                assert!(part.contains("Maya"), "{part}");
                assert!(part.contains("(503) 555-0142"), "{part}");
                assert!(
                    !part.contains('!') || part.starts_with("<!doctype"),
                    "{part}"
                );
            }
            assert!(mail.html.contains("Alder &#38; Finch Builders"));
            assert!(mail.text.contains("Alder & Finch Builders"));
        }
    }

    #[test]
    fn only_news_says_how_to_get_less_of_it() {
        for content in every_content() {
            let mail = render(&letterhead(), "Maya", &content).expect("renders");
            let is_news = matches!(
                content,
                Content::MilestoneReached { .. }
                    | Content::PhotosAdded { .. }
                    | Content::Digest { .. }
            );
            let link = "http://alder.localhost:8080/account";
            assert_eq!(mail.html.contains(link), is_news, "{}", mail.subject);
            assert_eq!(mail.text.contains(link), is_news, "{}", mail.subject);
        }
    }

    #[test]
    fn a_mail_of_photos_says_how_many_by_whom_and_of_what() {
        let captions = ["Cabinets", "Sink"].map(str::to_owned).to_vec();
        let content = |count, added_by: &str, captions: &[String]| Content::PhotosAdded {
            count,
            added_by: added_by.to_owned(),
            captions: captions.to_vec(),
            project: "Kitchen remodel".to_owned(),
            url: String::new(),
        };
        for (content, subject, sentence) in [
            (
                content(6, "Omar Reyes", &captions),
                "6 new photos of Kitchen remodel",
                "Omar Reyes of Alder & Finch Builders added 6 photos to your project Kitchen remodel, among them:\n\n- Cabinets\n- Sink\n",
            ),
            (
                content(2, "", &captions),
                "2 new photos of Kitchen remodel",
                "Alder & Finch Builders added 2 photos to your project Kitchen remodel:\n\n- Cabinets\n- Sink\n",
            ),
            (
                content(1, "", &[]),
                "1 new photo of Kitchen remodel",
                "Alder & Finch Builders added 1 photo to your project Kitchen remodel.\n",
            ),
        ] {
            let mail = render(&letterhead(), "Maya", &content).expect("renders");
            assert_eq!(mail.subject, subject);
            assert!(mail.text.contains(sentence), "{}", mail.text);
            assert!(mail.html.contains("See the photos"));
        }
    }

    #[test]
    fn markup_in_names_stays_text() {
        let content = Content::MilestoneReached {
            text: "Milestone reached: <b>done</b>".to_owned(),
            project: "Kitchen\r\nBcc: x@example.com".to_owned(),
            url: String::new(),
        };
        let mail = render(&letterhead(), "<script>", &content).expect("renders");
        assert!(!mail.html.contains("<script>"));
        assert!(!mail.html.contains("<b>done"));
        assert!(!mail.subject.contains('\n') && !mail.subject.contains('\r'));
    }

    #[test]
    fn a_milestone_reads_as_part_of_a_sentence() {
        assert_eq!(
            in_sentence("Drywall and paint done"),
            "drywall and paint done"
        );
        assert_eq!(in_sentence("HVAC rough-in done"), "HVAC rough-in done");
        assert_eq!(in_sentence(""), "");
    }

    #[test]
    fn links_follow_the_site() {
        let at = |base_domain, port| {
            PortalAddress::new(base_domain, port).url("alder.example.com", "/a")
        };
        assert_eq!(at("example.com", 0), "https://alder.example.com/a");
        assert_eq!(at("localhost", 8080), "http://alder.example.com:8080/a");
    }
}
