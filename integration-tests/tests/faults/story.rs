//! The story: a contractor begins, a client is invited, photos and a milestone reach the client.
//!
//! Everything is done over HTTP by patient people. What was acknowledged stands in the ledger.

mod photos;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use integration_tests::{PASSWORD, form::Form};
use jiff::SignedDuration;
use proto::projects::{
    FinancialsVisibility, LogsVisibility, PhotosVisibility, ProgressVisibility, ScheduleVisibility,
};
use reqwest::StatusCode;
use uuid::Uuid;

use crate::{
    exposed::Exposed,
    fault::Plan,
    ledger::Ledger,
    person::{PATIENCE, Person},
};

const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// A mail that has not come by then was in the hands of somebody who died.
const USUAL: Duration = Duration::from_secs(10);
/// Longer than a claim on a mail or on a photo lasts.
const LEASE: SignedDuration = SignedDuration::from_secs(185);
/// Photos join one batch as long as they come within a quarter of an hour.
const MOST_MOVES: usize = 4;
const ZONE: &str = "America/Los_Angeles";

/// What happens, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    SignUp,
    Confirm,
    InviteManager,
    ManagerAccepts,
    AddClient,
    AddPeople,
    StartProject,
    OpenProject,
    EnableAccess,
    ClientAccepts,
    AddPhotos,
    ReachMilestone,
    MilestoneMail,
    PhotosMail,
    ClientLooks,
}

impl Step {
    pub(crate) const ALL: [Self; 15] = [
        Self::SignUp,
        Self::Confirm,
        Self::InviteManager,
        Self::ManagerAccepts,
        Self::AddClient,
        Self::AddPeople,
        Self::StartProject,
        Self::OpenProject,
        Self::EnableAccess,
        Self::ClientAccepts,
        Self::AddPhotos,
        Self::ReachMilestone,
        Self::MilestoneMail,
        Self::PhotosMail,
        Self::ClientLooks,
    ];

    /// Those in which something goes wrong: after the last one there is nothing to spoil.
    pub(crate) const WITH_FAULTS: &[Self] = Self::ALL.split_at(14).0;
}

/// One telling.
pub(crate) struct Story<'a> {
    exposed: &'a Exposed,
    seed: u64,
    owner: Person,
    manager: Person,
    client: Person,
    pub(crate) ledger: Ledger,
}

impl<'a> Story<'a> {
    /// People whom nobody knows yet.
    pub(crate) fn new(exposed: &'a Exposed, plan: Plan) -> Result<Self> {
        let slug = format!("seed-{}", plan.seed);
        let port = exposed.platform.portal_port();
        let person =
            |name: &str| Person::new(&slug, port, format!("{name}@{slug}.example"), plan.seed);
        Ok(Self {
            exposed,
            seed: plan.seed,
            owner: person("owner")?,
            manager: person("manager")?,
            client: person("client")?,
            ledger: Ledger::new(slug, plan.fault),
        })
    }

    /// What went wrong before the eyes of people, in one line.
    pub(crate) fn troubles(&self) -> String {
        [&self.owner, &self.manager, &self.client]
            .map(Person::troubles)
            .into_iter()
            .filter(|troubles| !troubles.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(crate) async fn play(&mut self, step: Step) -> Result<()> {
        match step {
            Step::SignUp => self.sign_up().await,
            Step::Confirm => self.confirm().await,
            Step::InviteManager => self.invite_manager().await,
            Step::ManagerAccepts => {
                self.accept(
                    &self.manager,
                    &[("password", PASSWORD), ("time_zone", ZONE)],
                )
                .await
            }
            Step::AddClient => self.add_client().await,
            Step::AddPeople => self.add_people().await,
            Step::StartProject => self.start_project().await,
            Step::OpenProject => self.open_project().await,
            Step::EnableAccess => self.enable_access().await,
            Step::ClientAccepts => {
                let fields = [
                    ("password", PASSWORD),
                    ("time_zone", ZONE),
                    ("frequency", "instant"),
                ];
                self.accept(&self.client, &fields).await
            }
            Step::AddPhotos => self.add_photos().await,
            Step::ReachMilestone => self.reach_milestone().await,
            Step::MilestoneMail => {
                self.until("the milestone's mail", async || {
                    Ok(self.has_mail(&self.client, "Milestone reached"))
                })
                .await
            }
            Step::PhotosMail => self.photos_mail().await,
            Step::ClientLooks => self.client_looks().await,
        }
    }

    /// Signs up at the base domain. Sent once more, the form says that the address is taken: then it was heard before.
    async fn sign_up(&mut self) -> Result<()> {
        let slug = self.ledger.slug.clone();
        let port = self.exposed.platform.portal_port();
        let visitor = Person::new("", port, self.owner.email.clone(), self.seed)?;
        let form = visitor.open("/").await?.form("/")?;
        let company = format!("Builders of {slug}");
        let fields = [
            ("company", company.as_str()),
            ("slug", &slug),
            ("name", "Olive Owner"),
            ("email", &self.owner.email),
            ("password", PASSWORD),
            ("time_zone", ZONE),
        ];
        let sent = visitor.send(&form, &fields).await?;
        let is_welcome = if sent.says_again(StatusCode::UNPROCESSABLE_ENTITY) {
            false
        } else {
            let fields = [("code".to_owned(), sent.hidden("code")?)].into();
            let sent = self.owner.post("/welcome", &fields).await?;
            // a code that was used, its answer lost, leads to sign in
            !(sent.is_repeated && sent.page.location == "/sign-in") && sent.leads_on().is_ok()
        };
        if !is_welcome {
            self.owner.sign_in(PASSWORD).await?;
        }
        self.owner.open("/office").await?;
        self.ledger.organization = self.exposed.organization(&slug).await?;
        Ok(())
    }

    async fn confirm(&self) -> Result<()> {
        let path = self.mailed(&self.owner, "/confirm/").await?;
        let form = self.owner.open(&path).await?.form(&path)?;
        let sent = self.owner.send(&form, &[]).await?;
        if !sent.says_again(StatusCode::GONE) {
            sent.leads_on()?;
        }
        Ok(())
    }

    async fn invite_manager(&self) -> Result<()> {
        let path = "/office/settings/team";
        let form = self.owner.open(path).await?.form(path)?;
        let fields = [
            ("name", "Max Manager"),
            ("email", self.manager.email.as_str()),
            ("role", "pm"),
        ];
        self.owner.send(&form, &fields).await?.leads_on()?;
        Ok(())
    }

    /// Accepts an invitation; signs in where that was done and its answer lost.
    async fn accept(&self, person: &Person, fields: &[(&str, &str)]) -> Result<()> {
        let path = self.mailed(person, "/invite/").await?;
        let form = person.open(&path).await?.form(&path)?;
        let sent = person.send(&form, fields).await?;
        if sent.says_again(StatusCode::GONE) {
            return person.sign_in(PASSWORD).await;
        }
        sent.leads_on()?;
        Ok(())
    }

    async fn add_client(&mut self) -> Result<()> {
        let path = "/office/clients/new";
        let form = self.manager.open(path).await?.form(path)?;
        let fields = [
            ("kind", "individual"),
            ("name", "The Larks"),
            ("status", "active"),
        ];
        let sent = self.manager.send(&form, &fields).await?;
        self.ledger.client = id_at_end(sent.leads_on()?)?;
        Ok(())
    }

    async fn add_people(&self) -> Result<()> {
        let path = format!("/office/clients/{}/people/new", self.ledger.client);
        let second = format!("second.{}", self.client.email);
        for (name, email) in [("Ana Lark", &self.client.email), ("Ben Lark", &second)] {
            let form = self.manager.open(&path).await?.form(&path)?;
            let fields = [("name", name), ("email", email)];
            self.manager.send(&form, &fields).await?.leads_on()?;
        }
        Ok(())
    }

    async fn start_project(&mut self) -> Result<()> {
        let client = self.ledger.client.to_string();
        let path = format!("/office/projects/new?client={client}");
        let form = self.manager.open(&path).await?;
        let form = form.form("/office/projects/new")?;
        let fields = [
            ("client", client.as_str()),
            ("name", "Kitchen on Larkspur Lane"),
            ("type", "kitchen"),
            ("start_date", "2026-11-02"),
            ("manager", form.value("manager").unwrap_or_default()),
            ("time_zone", ZONE),
            ("template", "kitchen"),
        ];
        let sent = self.manager.send(&form, &fields).await?;
        self.ledger.project = id_at_end(sent.leads_on()?)?;
        Ok(())
    }

    /// Shows the client everything.
    async fn open_project(&self) -> Result<()> {
        let settings = [
            ("progress", ProgressVisibility::Show as i32),
            ("photos", PhotosVisibility::All as i32),
            ("logs", LogsVisibility::Share as i32),
            ("schedule", ScheduleVisibility::Full as i32),
            ("financials", FinancialsVisibility::Full as i32),
        ]
        .map(|(name, value)| (name, value.to_string()));
        let fields = settings
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let path = format!("/office/projects/{}/visibility", self.ledger.project);
        let form = async || self.manager.open(&path).await?.form(&path);
        self.save_version(form, &fields).await
    }

    async fn enable_access(&self) -> Result<()> {
        let record = format!("/office/clients/{}", self.ledger.client);
        let page = self.manager.open(&record).await?;
        let people = ids_between(&page.text, "/people/", "/access\"");
        for person in people {
            let path = format!("{record}/people/{person}/access");
            let form = self.manager.open(&path).await?.form(&path)?;
            let email = form.value("email").unwrap_or_default();
            if email != self.client.email {
                continue;
            }
            let fields = [
                ("email", email),
                ("email_again", email),
                ("frequency", "instant"),
                ("view_financials", "true"),
                ("approve", "true"),
            ];
            self.manager.send(&form, &fields).await?.leads_on()?;
            return Ok(());
        }
        bail!("{record} does not show the person: {}", page.text)
    }

    /// Completes the first phase that ends with a milestone.
    async fn reach_milestone(&mut self) -> Result<()> {
        let path = format!("/office/projects/{}/phases", self.ledger.project);
        let page = self.manager.open(&path).await?;
        let phase = page
            .text
            .split("<li class=\"card phase\"")
            .skip(1)
            .find(|row| row.contains("#flag\""))
            .and_then(|row| ids_between(row, "/phases/", "/progress\"").next())
            .with_context(|| format!("{path} shows no milestone: {}", page.text))?;
        self.ledger.phase = phase;
        let action = format!("{path}/{phase}/progress");
        let form = async || self.manager.open(&path).await?.form(&action);
        self.save_version(form, &[("percent", "100")]).await
    }

    async fn client_looks(&self) -> Result<()> {
        let project = format!("/p/{}", self.ledger.project);
        let home = self.client.open("/").await?;
        ensure!(home.text.contains(&project), "home: {}", home.text);
        let gallery = self.client.open(&format!("{project}/photos")).await?;
        for photo in &self.ledger.photos {
            let is_shown = gallery.text.contains(&photo.to_string());
            ensure!(is_shown, "the gallery does not show the photo {photo}");
        }
        Ok(())
    }

    /// Sends a form that holds the version that it changes. One that was saved, its answer lost, is stale when it is sent
    /// again; then the page is loaded again.
    async fn save_version(
        &self,
        form: impl AsyncFn() -> Result<Form>,
        fields: &[(&str, &str)],
    ) -> Result<()> {
        loop {
            let sent = self.manager.send(&form().await?, fields).await?;
            if !sent.says_again(StatusCode::CONFLICT) {
                sent.leads_on()?;
                return Ok(());
            }
        }
    }

    /// Waits for a mail with a link of this kind, and answers its path.
    async fn mailed(&self, person: &Person, path: &str) -> Result<String> {
        let link = || {
            let mails = self.exposed.platform.smtp().mails();
            let links = mails.iter().filter(|mail| mail.is_to(&person.email));
            let mut links = links.flat_map(|mail| &mail.links);
            links.find_map(|link| Some(link[link.find(path)?..].to_owned()))
        };
        self.until(path, async || Ok(link().is_some())).await?;
        link().context("it was there")
    }

    fn has_mail(&self, person: &Person, subject: &str) -> bool {
        let mails = self.exposed.platform.smtp().mails();
        let mut mails = mails.iter().filter(|mail| mail.is_to(&person.email));
        mails.any(|mail| mail.subject.contains(subject))
    }

    /// Waits until something holds. What takes longer than usual was in the hands of somebody who died: then the clock
    /// moves on to where somebody else takes it.
    async fn until(&self, what: &str, holds: impl AsyncFn() -> Result<bool>) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut moves = 0;
        let mut since = Instant::now();
        while !holds().await? {
            ensure!(Instant::now() < deadline, "{what} does not come");
            if since.elapsed() > USUAL && moves < MOST_MOVES {
                if self.exposed.move_clock(LEASE).await? {
                    moves += 1;
                }
                since = Instant::now();
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }
}

/// The id with which a path ends.
fn id_at_end(path: &str) -> Result<Uuid> {
    let id = path.rsplit('/').next().unwrap_or_default();
    id.parse()
        .with_context(|| format!("{path} ends with no id"))
}

/// Ids that stand in a page between two texts, in order.
fn ids_between<'a>(text: &'a str, before: &'a str, after: &'a str) -> impl Iterator<Item = Uuid> {
    text.split(before)
        .skip(1)
        .filter_map(move |rest| rest.split_once(after)?.0.parse().ok())
}
