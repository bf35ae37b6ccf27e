//! What was acknowledged, and whether it is there: once, and everything that it causes once.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use devstack::{mailbox::Mail, services::Service};
use jiff::SignedDuration;
use uuid::Uuid;

use crate::{exposed::Exposed, fault::Fault};

/// How long everything that is on its way may take to arrive.
const PATIENCE: Duration = Duration::from_mins(2);
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Longer than whatever waits for another try, and than sign-ups from one address are counted.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(61);

/// What people were told is done.
pub(crate) struct Ledger {
    pub(crate) slug: String,
    fault: Fault,
    pub(crate) organization: Uuid,
    pub(crate) client: Uuid,
    pub(crate) project: Uuid,
    pub(crate) phase: Uuid,
    pub(crate) photos: BTreeSet<Uuid>,
}

/// A number of rows that must be there.
struct Count {
    what: &'static str,
    service: Service,
    query: &'static str,
    expected: i64,
}

const fn count(what: &'static str, service: Service, expected: i64, query: &'static str) -> Count {
    Count {
        what,
        service,
        query,
        expected,
    }
}

use Service::{Documents, Identity, Notifications, Projects};

/// Everything of the organization, counted behind the back of whoever acknowledged it.
const COUNTS: &[Count] = &[
    count("organization", Identity, 1, "select count(*) from organization where tenant_id = $1"),
    count(
        "active account with a confirmed address",
        Identity,
        3,
        "select count(*) from account where tenant_id = $1 and state = 'active' and email_confirmed_at is not null",
    ),
    count("account", Identity, 3, "select count(*) from account where tenant_id = $1"),
    count("link", Identity, 3, "select count(*) from link where tenant_id = $1"),
    count("client record", Identity, 1, "select count(*) from client where tenant_id = $1"),
    count("person of the client", Identity, 2, "select count(*) from contact where tenant_id = $1"),
    count("project", Projects, 1, "select count(*) from project where tenant_id = $1"),
    count(
        "open project",
        Projects,
        1,
        "select count(*) from visibility where tenant_id = $1 and progress = 'show' and photos = 'all'
             and logs = 'share' and schedule = 'full' and financials = 'full'",
    ),
    count(
        "completed phase",
        Projects,
        1,
        "select count(*) from phase where tenant_id = $1 and progress_percent = 100",
    ),
    count("photo", Documents, 10, "select count(*) from photo where tenant_id = $1"),
    count("file", Documents, 10, "select count(*) from file where tenant_id = $1"),
    count(
        "ready photo with a name of its own",
        Documents,
        10,
        "select count(distinct name) from photo join file using (tenant_id, id)
         where tenant_id = $1 and state = 'ready' and taken_at is not null",
    ),
    count(
        "file in the books",
        Documents,
        10,
        "select file_count from usage where tenant_id = $1",
    ),
    count("inbox item", Notifications, 2, "select count(*) from inbox_item where tenant_id = $1"),
    count(
        "inbox item of a kind of its own",
        Notifications,
        2,
        "select count(distinct kind) from inbox_item where tenant_id = $1",
    ),
    count("batch of photos", Notifications, 1, "select count(*) from photo_batch where tenant_id = $1"),
    count(
        "photo in the batch",
        Notifications,
        10,
        "select count(*) from photo_batch_photo where tenant_id = $1",
    ),
    count("mail", Notifications, 5, "select count(*) from delivery where tenant_id = $1"),
    count("mail that was accepted", Notifications, 5, ACCEPTED),
];
const ACCEPTED: &str = "select count(*) from delivery where tenant_id = $1 and state = 'accepted'";
/// Of a mail whose sender died before it wrote down that it was accepted, whoever tries it again may find the link used.
const ACCEPTED_OR_USED: &str = "select count(*) from delivery
     where tenant_id = $1 and (state = 'accepted' or state = 'dropped' and link_id is not null)";

/// Whom is mailed, and a part of the subject.
const NOTICES: [(&str, &str); 5] = [
    ("owner", "Confirm your email address"),
    ("manager", "Join the team"),
    ("client", "your project portal"),
    ("client", "Milestone reached"),
    ("client", "10 new photos"),
];

const HELD: &str = "select count(*) from held_event where tenant_id = $1 and state = 'held'";
const WAITING: &str = "select count(*) from outbox where tenant_id = $1 and published_at is null";
const PUBLISHED: &str = "select id from outbox where tenant_id = $1";
const HANDLED: &str = "select event_id from inbox where tenant_id = $1";
const ON_ITS_WAY: &str =
    "select count(*) from delivery where tenant_id = $1 and state in ('queued', 'sending', 'held')";

impl Ledger {
    pub(crate) fn new(slug: String, fault: Fault) -> Self {
        Self {
            slug,
            fault,
            organization: Uuid::nil(),
            client: Uuid::nil(),
            project: Uuid::nil(),
            phase: Uuid::nil(),
            photos: BTreeSet::new(),
        }
    }

    /// Waits until nothing is on its way any more, also what a dead worker had in hand, and lets everything be published
    /// once more, which shows that the ways from service to service work and must change nothing.
    pub(crate) async fn come_to_rest(&self, exposed: &Exposed) -> Result<()> {
        self.until_at_rest(exposed).await?;
        ensure!(exposed.move_clock(LONGEST_WAIT).await?, "no fault is left");
        for service in Service::WITH_DATABASE {
            exposed.publish_again(service, self.organization).await?;
        }
        self.until_at_rest(exposed).await
    }

    async fn until_at_rest(&self, exposed: &Exposed) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let moving = self.moving(exposed).await?;
            if moving.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("after {PATIENCE:?}: {}", moving.join("; "));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// What is still on its way, or held up.
    pub(crate) async fn moving(&self, exposed: &Exposed) -> Result<Vec<String>> {
        let mut moving = Vec::new();
        for service in Service::ALL {
            if let Err(error) = exposed.platform.serves(service).await {
                moving.push(format!("{error:#}"));
            }
        }
        let mut published = BTreeSet::new();
        for service in Service::WITH_DATABASE {
            let name = service.name();
            for (query, what) in [(WAITING, "not published"), (HELD, "held")] {
                match exposed.count(service, self.organization, query).await? {
                    0 => {}
                    count => moving.push(format!("{count} events of {name} are {what}")),
                }
            }
            if [Identity, Projects, Documents].contains(&service) {
                let events: Vec<(Uuid,)> =
                    exposed.ask(service, self.organization, PUBLISHED).await?;
                published.extend(events);
            }
        }
        let handled: Vec<(Uuid,)> = exposed
            .ask(Notifications, self.organization, HANDLED)
            .await?;
        let handled: BTreeSet<_> = handled.into_iter().collect();
        let (lost, invented) = (&published - &handled, &handled - &published);
        if !lost.is_empty() || !invented.is_empty() {
            moving.push(format!("not handled: {lost:?}, of nobody: {invented:?}"));
        }
        match exposed
            .count(Notifications, self.organization, ON_ITS_WAY)
            .await?
        {
            0 => {}
            count => moving.push(format!("{count} mails are not sent")),
        }
        Ok(moving)
    }

    /// Compares what is there with what was acknowledged; answers what does not hold.
    pub(crate) async fn check(&self, exposed: &Exposed) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        for Count {
            what,
            service,
            query,
            expected,
        } in COUNTS
        {
            let query = match *query {
                ACCEPTED if self.fault.may_repeat_mail() => ACCEPTED_OR_USED,
                query => query,
            };
            let found = exposed.count(*service, self.organization, query).await?;
            if found != *expected {
                wrong.push(format!("{what}: {found}, not {expected}"));
            }
        }
        let photos: Vec<Uuid> = self.photos.iter().copied().collect();
        for (what, service, query, acknowledged) in [
            (
                "client record",
                Identity,
                "select id from client where tenant_id = $1",
                vec![self.client],
            ),
            (
                "project",
                Projects,
                "select id from project where tenant_id = $1",
                vec![self.project],
            ),
            (
                "completed phase",
                Projects,
                "select id from phase where tenant_id = $1 and progress_percent = 100",
                vec![self.phase],
            ),
            (
                "ready photo",
                Documents,
                "select id from file where tenant_id = $1 and state = 'ready'",
                photos,
            ),
        ] {
            let there: Vec<(Uuid,)> = exposed.ask(service, self.organization, query).await?;
            let lost = acknowledged.iter().filter(|id| !there.contains(&(**id,)));
            wrong.extend(lost.map(|id| format!("{what} {id} was acknowledged and is lost")));
        }
        wrong.extend(self.check_mails(exposed));
        Ok(wrong)
    }

    /// One mail for each notice, to whom it concerns, and none to anybody else.
    fn check_mails(&self, exposed: &Exposed) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut mails = self.mails(exposed);
        for (name, subject) in NOTICES {
            let to = format!("{name}@{}.example", self.slug);
            let ids: Vec<Option<String>> = mails
                .extract_if(.., |mail| mail.is_to(&to) && mail.subject.contains(subject))
                .map(|mail| mail.header("Message-ID").map(str::to_owned))
                .collect();
            let is_one = match ids.as_slice() {
                [_] => true,
                [one, other] => one == other && self.fault.may_repeat_mail(),
                _ => false,
            };
            if !is_one {
                wrong.push(format!("{} mails to {to}, {subject}: {ids:?}", ids.len()));
            }
        }
        let unexpected = mails.iter().map(|mail| &mail.subject);
        wrong.extend(unexpected.map(|subject| format!("nobody expects the mail {subject:?}")));
        wrong
    }

    /// How many mails came a second time.
    pub(crate) fn repeated_mails(&self, exposed: &Exposed) -> usize {
        self.mails(exposed).len().saturating_sub(NOTICES.len())
    }

    /// Every mail to the organization's people.
    fn mails(&self, exposed: &Exposed) -> Vec<Arc<Mail>> {
        let domain = format!("@{}.example", self.slug);
        let mut mails = exposed.platform.smtp().mails();
        mails.retain(|mail| mail.to.iter().any(|to| to.ends_with(&domain)));
        mails
    }
}
