//! Decides at the moment of sending whether a mail still goes out, and what it says.

pub(crate) mod news;

use std::{collections::HashMap, time::Instant};

use jiff::tz::TimeZone;
use proto::{
    identity::{Account, AccountKind, AccountState, Organization},
    notifications::MailKind,
};
use service::{Error, Result};
use tenancy::{Db, TenantId};
use uuid::Uuid;

use crate::{
    mail::{self, Content, Letterhead, PortalAddress},
    peers::{Minted, Peers, person_of, zone_of},
    policy::{Class, Timing, timing},
    smtp::Letter,
    store::{job::Job, preference::Preference},
    waiting,
    words::Word as _,
};

const GONE: &str = "The account does not exist any more.";
pub(crate) const ENDED: &str = "The person's access was ended.";
const NOT_ACTIVE: &str = "The person does not use the portal yet.";
const INVITATION_GONE: &str =
    "The link is no longer valid; resend the invitation on the client record.";
const LINK_GONE: &str = "The link is no longer valid.";

/// What became of a mail before the mail server was asked.
pub(crate) struct Composed {
    pub(crate) outcome: Outcome,
    /// News that a summary leaves out, and why; the rest goes where the summary goes.
    pub(crate) left_out: Vec<(Uuid, &'static str)>,
}

/// Whether a mail goes out.
pub(crate) enum Outcome {
    /// It does, like this.
    Letter(Box<Letter>),
    /// It does not, for this reason.
    Dropped(&'static str),
    /// It does not: the address bounced before.
    Suppressed,
    /// It could not be written, for a fault of ours; another try may go better.
    Unwritten,
}

/// Content, or the reason why there is none.
type Found = std::result::Result<Content, &'static str>;

/// What several mails of an organization need, asked for once.
pub(crate) struct Shared {
    /// Nothing in it is older.
    pub(crate) at: Instant,
    /// Those of the mails that are being sent.
    pub(crate) jobs: HashMap<Uuid, Job>,
    pub(crate) organization: Organization,
    /// Those of the recipients that identity has.
    pub(crate) accounts: HashMap<Uuid, Account>,
}

/// Writes mails from what the other services say now.
pub(crate) struct Composer<'a> {
    pub(crate) db: &'a Db,
    pub(crate) peers: &'a Peers,
    /// What was asked for a moment ago, where several mails need it.
    pub(crate) shared: Option<&'a Shared>,
    pub(crate) portal: &'a PortalAddress,
    pub(crate) tenant: TenantId,
}

impl Composer<'_> {
    /// Writes a mail, or finds out why it is not to be sent.
    ///
    /// A copy that the office asked for goes out although the person saw the item or chose fewer mails; what the person
    /// may not see is in no mail.
    pub(crate) async fn compose(&self, job: &Job) -> Result<Composed> {
        let kind = MailKind::of_word(&job.kind)?;
        let is_copy = job.resend_of.is_some();
        let account = match self.shared {
            Some(shared) => shared.accounts.get(&job.account_id).cloned(),
            None => self.peers.account(self.tenant, job.account_id).await?,
        };
        let Some(account) = account else {
            return Ok(unsent(Outcome::Dropped(GONE)));
        };
        if let Some(why) = barred(kind, &account) {
            return Ok(unsent(Outcome::Dropped(why)));
        }
        if job.is_suppressed(&account.email) {
            return Ok(unsent(Outcome::Suppressed));
        }
        let preference = job.preference()?;
        let class = Class::of(kind);
        if !is_copy && timing(class, preference.frequency) == Timing::PortalOnly {
            return Ok(unsent(Outcome::Dropped(waiting::CHOSEN)));
        }

        let organization = match self.shared {
            Some(shared) => shared.organization.clone(),
            None => self.peers.organization(self.tenant).await?,
        };
        let head = Letterhead::of(&organization, self.portal);
        let zone = zone_for(&preference, &zone_of(&organization));
        let (found, left_out) = match kind {
            MailKind::MilestoneReached => {
                let person = person_of(&account)?;
                (
                    self.milestone(job, is_copy, &person, &head).await?,
                    Vec::new(),
                )
            }
            MailKind::PhotosAdded => {
                let person = person_of(&account)?;
                (self.photos(job, is_copy, &person, &head).await?, Vec::new())
            }
            MailKind::Digest => {
                let person = person_of(&account)?;
                self.digest(job, is_copy, &person, &head, &zone).await?
            }
            MailKind::PasswordChanged => {
                let time = mail::moment(job.created_at.to_jiff(), &zone);
                (Ok(Content::PasswordChanged { time }), Vec::new())
            }
            MailKind::Invitation
            | MailKind::Reset
            | MailKind::ConfirmEmail
            | MailKind::AccessEnded
            | MailKind::PortalAddress => (self.link(kind, job, &head, &zone).await?, Vec::new()),
            MailKind::Unspecified => return Err(Error::internal("a mail has no kind")),
        };
        // a copy decides nothing about the news in the first mail
        let left_out = if is_copy { Vec::new() } else { left_out };
        let outcome = match found {
            Err(why) => Outcome::Dropped(why),
            Ok(content) => Outcome::Letter(Box::new(Letter {
                mail: mail::render(&head, &account.name, &content)?,
                organization: head.organization,
                reply_to: head.email,
                name: account.name,
                address: account.email,
            })),
        };
        Ok(Composed { outcome, left_out })
    }

    /// The mail of a link, minted anew: the same id gives the same link.
    async fn link(
        &self,
        kind: MailKind,
        job: &Job,
        head: &Letterhead,
        zone: &TimeZone,
    ) -> Result<Found> {
        let id = job
            .link_id
            .ok_or_else(|| Error::internal("a mail of a link has no link"))?;
        let Some(Minted { path, link }) = self.peers.mint(self.tenant, id).await? else {
            return Ok(Err(match kind {
                MailKind::Invitation => INVITATION_GONE,
                _ => LINK_GONE,
            }));
        };
        let url = head.url(&path);
        let valid_until = link
            .expires_at
            .as_ref()
            .and_then(proto::time)
            .map(|time| mail::until(time, zone))
            .unwrap_or_default();
        Ok(Ok(match kind {
            MailKind::Invitation if link.kind() == AccountKind::Office => Content::TeamInvitation {
                role: mail::role_name(link.role()),
                inviter: link.inviter_name,
                url,
                valid_until,
            },
            MailKind::Invitation => Content::Invitation {
                inviter: link.inviter_name,
                url,
                valid_until,
            },
            MailKind::Reset => Content::Reset { url, valid_until },
            MailKind::ConfirmEmail => Content::ConfirmEmail { url, valid_until },
            MailKind::AccessEnded => Content::AccessEnded,
            _ => Content::PortalAddress,
        }))
    }
}

/// A mail that does not go out, with whatever is in it.
pub(crate) fn unsent(outcome: Outcome) -> Composed {
    Composed {
        outcome,
        left_out: Vec::new(),
    }
}

/// Why a person gets no mail of a kind, whatever it says.
fn barred(kind: MailKind, account: &Account) -> Option<&'static str> {
    match (kind, account.state()) {
        // these answer somebody who asked, whatever the state of the account
        (MailKind::AccessEnded | MailKind::PortalAddress, _) => None,
        (_, AccountState::Disabled) => Some(ENDED),
        (
            MailKind::MilestoneReached | MailKind::PhotosAdded | MailKind::Digest,
            AccountState::Invited,
        ) => Some(NOT_ACTIVE),
        _ => None,
    }
}

fn zone_for(preference: &Preference, organizations: &TimeZone) -> TimeZone {
    TimeZone::get(&preference.time_zone).unwrap_or_else(|_| organizations.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(state: AccountState) -> Account {
        Account {
            state: state.into(),
            ..Account::default()
        }
    }

    #[test]
    fn who_lost_access_is_told_so_and_nothing_else() {
        let disabled = account(AccountState::Disabled);
        assert_eq!(barred(MailKind::AccessEnded, &disabled), None);
        for kind in [
            MailKind::Invitation,
            MailKind::Reset,
            MailKind::PasswordChanged,
            MailKind::MilestoneReached,
            MailKind::PhotosAdded,
            MailKind::Digest,
        ] {
            assert_eq!(barred(kind, &disabled), Some(ENDED), "{kind:?}");
        }
    }

    #[test]
    fn who_was_invited_gets_the_invitation_and_no_news() {
        let invited = account(AccountState::Invited);
        assert_eq!(barred(MailKind::Invitation, &invited), None);
        assert_eq!(barred(MailKind::Digest, &invited), Some(NOT_ACTIVE));
    }
}
