//! What is published, and what is done with the events of identity, projects and documents.

use std::time::Duration;

use ::events::{Aggregate, Handler, Received, publish};
use jiff::Timestamp;
use proto::{
    documents::{PhotoAdded, PhotoShared},
    identity::{
        AccountDisabled, AccountState, InvitationAccepted, LinkIssued, LinkPurpose,
        PasswordChanged, PortalAccessEnabled,
    },
    notifications::{DeliveryBounced, DeliveryState, Frequency, InboxItemKind, MailKind},
    projects::{MilestoneReached, MilestoneReopened, PhaseStatus, Project},
};
use service::{Result, clock, deadline, parse_id};
use tenancy::{Person, TenantId, TenantTx};
use uuid::Uuid;

use crate::{
    compose::{ENDED, news::WITHDRAWN},
    digest::{self, Rhythm},
    mail,
    peers::{Peers, person_of},
    policy::{Class, Timing, timing},
    round::Round,
    store::{
        self,
        delivery::{About, NewDelivery},
        inbox::NewItem,
    },
    waiting,
};

/// Less than a transaction may be idle, so that a peer that does not answer ends the call and not the connection.
const BUDGET: Duration = Duration::from_secs(8);
/// The longest text of an inbox item, in characters.
const TEXT_LENGTH: usize = 500;

/// A mail to a person bounced and the address is suppressed.
pub(crate) async fn delivery_bounced(
    tx: &mut TenantTx,
    delivery: Uuid,
    account: Uuid,
) -> Result<()> {
    let event = DeliveryBounced {
        delivery_id: delivery.to_string(),
        account_id: account.to_string(),
    };
    let aggregate = Aggregate {
        kind: "account",
        id: account,
    };
    publish(tx, aggregate, &event).await
}

/// What a person is to be mailed, unless it waits for a summary.
struct News {
    kind: MailKind,
    item: Uuid,
    project: Uuid,
    due_at: Timestamp,
}

/// Turns what happened elsewhere into inbox items and mails.
pub(crate) struct EventHandler {
    pub(crate) peers: Peers,
}

impl Handler for EventHandler {
    type Round = Round;

    fn round(&self, tenant: TenantId) -> Round {
        Round::new(tenant, &self.peers)
    }

    async fn handle(&self, tx: &mut TenantTx, round: &mut Round, event: &Received) -> Result<()> {
        deadline::within(BUDGET, handle(tx, round, event)).await
    }
}

async fn handle(tx: &mut TenantTx, round: &mut Round, event: &Received) -> Result<()> {
    if let Some(issued) = event.read::<LinkIssued>()? {
        return link_issued(tx, &issued, event.time).await;
    }
    if let Some(enabled) = event.read::<PortalAccessEnabled>()? {
        return portal_access_enabled(tx, &enabled).await;
    }
    if let Some(accepted) = event.read::<InvitationAccepted>()? {
        return invitation_accepted(tx, round, &accepted).await;
    }
    if let Some(changed) = event.read::<PasswordChanged>()? {
        return password_changed(tx, &changed, event.time).await;
    }
    if let Some(disabled) = event.read::<AccountDisabled>()? {
        return account_disabled(tx, round, &disabled).await;
    }
    if let Some(reached) = event.read::<MilestoneReached>()? {
        return milestone_reached(tx, round, &reached).await;
    }
    if let Some(reopened) = event.read::<MilestoneReopened>()? {
        return milestone_reopened(tx, &reopened).await;
    }
    if let Some(added) = event.read::<PhotoAdded>()? {
        let PhotoAdded {
            project_id,
            photo_id,
            actor_id,
        } = added;
        return photo_told(tx, round, &project_id, &photo_id, &actor_id).await;
    }
    if let Some(shared) = event.read::<PhotoShared>()? {
        let PhotoShared {
            project_id,
            photo_id,
            actor_id,
        } = shared;
        return photo_told(tx, round, &project_id, &photo_id, &actor_id).await;
    }
    Ok(())
}

async fn invitation_accepted(
    tx: &mut TenantTx,
    round: &mut Round,
    accepted: &InvitationAccepted,
) -> Result<()> {
    let Some(frequency) = frequency(&accepted.frequency) else {
        return Ok(());
    };
    let account = parse_id(&accepted.account_id, "account_id")?;
    store::preference::choose(tx, account, frequency, &accepted.time_zone).await?;
    let zone = round.zone(&accepted.time_zone).await?;
    waiting::follow(tx, account, frequency, &zone).await
}

/// Tells each person of the client: in the inbox always, by mail as the person's frequency has it.
///
/// The inbox row is written even for who may not see milestones: its reading is guarded, and the row shows when the
/// project's settings open it. Mail is never sent later than it would have been, so there is none.
async fn milestone_reached(
    tx: &mut TenantTx,
    round: &mut Round,
    reached: &MilestoneReached,
) -> Result<()> {
    let project_id = parse_id(&reached.project_id, "project_id")?;
    let phase_id = parse_id(&reached.phase_id, "phase_id")?;
    let client_id = parse_id(&reached.client_id, "client_id")?;
    let Some(project) = round.project(project_id).await? else {
        return Ok(());
    };
    // one that is open again by now is no news
    let Some(milestone) =
        mail::milestone_of(&project, phase_id).filter(|_| is_done(&project, phase_id))
    else {
        return Ok(());
    };
    let text: String = mail::milestone_text(milestone)
        .chars()
        .take(TEXT_LENGTH)
        .collect();

    for account in &*round.active_accounts_of(client_id).await? {
        let person = person_of(account)?;
        let item = NewItem {
            account: person.account,
            kind: InboxItemKind::MilestoneReached,
            project: project_id,
            subject: phase_id,
            text: &text,
            actor: reached.actor_id.parse().ok(),
        };
        let news = News {
            kind: MailKind::MilestoneReached,
            item: store::inbox::insert(tx, item).await?,
            project: project_id,
            due_at: clock::now(),
        };
        mail_news(tx, round, &person, news).await?;
    }
    Ok(())
}

/// Tells each person of the client of a photo that was added or shared, together with others of its batch.
///
/// Which photos a person may see is asked when the item is read and when the mail is written, so both are made for one
/// that is hidden as yet: it may be shared before the batch is due.
async fn photo_told(
    tx: &mut TenantTx,
    round: &mut Round,
    project_id: &str,
    photo_id: &str,
    actor_id: &str,
) -> Result<()> {
    let project_id = parse_id(project_id, "project_id")?;
    let photo_id = parse_id(photo_id, "photo_id")?;
    let actor_id = parse_id(actor_id, "actor_id")?;
    let Some(project) = round.project(project_id).await? else {
        return Ok(());
    };
    let client_id = parse_id(project.client_id(), "client_id")?;
    let accounts = round.active_accounts_of(client_id).await?;

    let batch = store::photo_batch::join(tx, project_id, actor_id, photo_id).await?;
    store::photo_batch::put_off_mails(tx, &batch).await?;
    for account in &*accounts {
        let person = person_of(account)?;
        let item = NewItem {
            account: person.account,
            kind: InboxItemKind::PhotosAdded,
            project: project_id,
            subject: batch.id,
            text: "",
            actor: Some(actor_id),
        };
        let item = store::inbox::insert(tx, item).await?;
        if store::delivery::exists(tx, item).await? {
            continue;
        }
        let news = News {
            kind: MailKind::PhotosAdded,
            item,
            project: project_id,
            due_at: batch.due_at,
        };
        mail_news(tx, round, &person, news).await?;
    }
    Ok(())
}

/// Drops what is still to be sent to a person who has no access now; who got it back meanwhile keeps it.
async fn account_disabled(
    tx: &mut TenantTx,
    round: &mut Round,
    disabled: &AccountDisabled,
) -> Result<()> {
    let id = parse_id(&disabled.account_id, "account_id")?;
    let account = round.account(id).await?;
    if account.is_some_and(|account| account.state() == AccountState::Active) {
        return Ok(());
    }
    let pending = store::delivery::lock_pending_of_account(tx, id).await?;
    store::delivery::advance(tx, &pending, DeliveryState::Dropped, None, ENDED).await
}

/// Mails news as the person's frequency has it, where the person may see such news of the project.
async fn mail_news(
    tx: &mut TenantTx,
    round: &mut Round,
    person: &Person,
    news: News,
) -> Result<()> {
    let preference = store::preference::find(tx, person.account).await?;
    let (state, due_at) = match (
        timing(Class::of(news.kind), preference.frequency),
        Rhythm::of(preference.frequency),
    ) {
        (Timing::Now, _) => (DeliveryState::Queued, news.due_at),
        (Timing::Digest, Some(rhythm)) => {
            let zone = round.zone(&preference.time_zone).await?;
            let due_at = digest::next(rhythm, &zone, clock::now());
            (DeliveryState::Held, due_at)
        }
        (Timing::Digest | Timing::PortalOnly, _) => return Ok(()),
    };
    let visible = round.visible_projects(person).await?;
    if !visible.allow(news.kind, news.project) {
        return Ok(());
    }
    let delivery = NewDelivery {
        account: person.account,
        kind: news.kind,
        state,
        due_at,
        about: About {
            link: None,
            item: Some(news.item),
            project: Some(news.project),
        },
        resend_of: None,
    };
    store::delivery::insert(tx, delivery).await?;
    Ok(())
}

async fn link_issued(tx: &mut TenantTx, issued: &LinkIssued, since: Timestamp) -> Result<()> {
    let kind = match issued.purpose() {
        LinkPurpose::Invite => MailKind::Invitation,
        LinkPurpose::Reset => MailKind::Reset,
        LinkPurpose::ConfirmEmail => MailKind::ConfirmEmail,
        LinkPurpose::AccessEnded => MailKind::AccessEnded,
        LinkPurpose::PortalAddress => MailKind::PortalAddress,
        LinkPurpose::Unspecified => return Ok(()),
    };
    let account = parse_id(&issued.account_id, "account_id")?;
    let about = About {
        link: Some(parse_id(&issued.link_id, "link_id")?),
        ..About::default()
    };
    mail_now(tx, account, kind, about, since).await
}

async fn portal_access_enabled(tx: &mut TenantTx, enabled: &PortalAccessEnabled) -> Result<()> {
    let Some(frequency) = frequency(&enabled.frequency) else {
        return Ok(());
    };
    let account = parse_id(&enabled.account_id, "account_id")?;
    store::preference::propose(tx, account, frequency).await
}

async fn password_changed(
    tx: &mut TenantTx,
    changed: &PasswordChanged,
    since: Timestamp,
) -> Result<()> {
    let account = parse_id(&changed.account_id, "account_id")?;
    let kind = MailKind::PasswordChanged;
    mail_now(tx, account, kind, About::default(), since).await
}

async fn milestone_reopened(tx: &mut TenantTx, reopened: &MilestoneReopened) -> Result<()> {
    let phase = parse_id(&reopened.phase_id, "phase_id")?;
    let items = store::inbox::withdraw(tx, phase).await?;
    let pending = store::delivery::lock_pending_of_items(tx, &items).await?;
    store::delivery::advance(tx, &pending, DeliveryState::Dropped, None, WITHDRAWN).await
}

/// True where a phase is done.
fn is_done(project: &Project, phase: Uuid) -> bool {
    let phase = phase.to_string();
    let mut phases = project.phases.iter();
    phases.any(|candidate| candidate.id == phase && candidate.status() == PhaseStatus::Done)
}

/// Mails what happened at a time, at once.
async fn mail_now(
    tx: &mut TenantTx,
    account: Uuid,
    kind: MailKind,
    about: About,
    since: Timestamp,
) -> Result<()> {
    let delivery = NewDelivery {
        account,
        kind,
        state: DeliveryState::Queued,
        due_at: since,
        about,
        resend_of: None,
    };
    store::delivery::insert(tx, delivery).await?;
    Ok(())
}

/// The frequency that an event names; none where it names none.
fn frequency(name: &str) -> Option<Frequency> {
    Frequency::from_str_name(name).filter(|frequency| *frequency != Frequency::Unspecified)
}
