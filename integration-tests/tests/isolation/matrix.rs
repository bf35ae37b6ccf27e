//! One row of the matrix: what is asked, and what is expected of whom.

mod call;
mod check;

use std::{collections::BTreeMap, fmt};

use anyhow::Result;
use integration_tests::{Organization, Services};
use tonic::Code;

pub(crate) use self::check::check;

/// Kinds of callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Anonymous,
    Owner,
    Pm,
    Field,
    Ana,
    Ben,
    OtherOwner,
    /// The portal, for one organization.
    Portal,
    /// The portal, for none.
    Platform,
    // the other services, for one organization
    Identity,
    Projects,
    Documents,
    Billing,
    Notifications,
    // services that act for a person: each needs both to be let in, itself and the person
    DocumentsForOwner,
    DocumentsForField,
    DocumentsForAna,
    DocumentsForBen,
    BillingForAna,
    NotificationsForAna,
    ProjectsForAna,
    PortalForAna,
}

const EVERYBODY: [Who; 22] = [
    Who::Anonymous,
    Who::Owner,
    Who::Pm,
    Who::Field,
    Who::Ana,
    Who::Ben,
    Who::OtherOwner,
    Who::Portal,
    Who::Platform,
    Who::Identity,
    Who::Projects,
    Who::Documents,
    Who::Billing,
    Who::Notifications,
    Who::DocumentsForOwner,
    Who::DocumentsForField,
    Who::DocumentsForAna,
    Who::DocumentsForBen,
    Who::BillingForAna,
    Who::NotificationsForAna,
    Who::ProjectsForAna,
    Who::PortalForAna,
];

/// Whose ids a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Own,
    Foreign,
    Absent,
    Malformed,
}

/// The ids that a request can carry.
pub(crate) type Ids = BTreeMap<&'static str, String>;

/// Makes what a call needs, freshly for each call, and answers its ids.
pub(crate) type Setup =
    Box<dyn for<'a> Fn(&'a Services, &'a Organization) -> SetupFuture<'a> + Send + Sync>;
/// Encodes the request for these ids.
type Encode = Box<dyn Fn(&Ids) -> Vec<u8> + Send + Sync>;
pub(crate) type SetupFuture<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Ids>> + Send + 'a>>;

/// One RPC with what is expected of everybody.
pub(crate) struct Row {
    pub(crate) rpc: &'static str,
    request: Encode,
    setup: Setup,
    allowed: Vec<Who>,
    blind: Vec<Who>,
    absent: Absent,
    names_ids: bool,
}

/// What an allowed caller is answered about a thing that is not there for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Absent {
    Code(Code),
    /// The call works and leaves the thing out.
    LeftOut,
    /// The call works and never looks whether the thing is there.
    Taken,
}

impl Row {
    /// An RPC whose request names things by id.
    pub(crate) fn naming<M: prost::Message>(
        rpc: &'static str,
        setup: Setup,
        request: impl Fn(&Ids) -> M + Send + Sync + 'static,
    ) -> Self {
        Self {
            rpc,
            request: Box::new(move |ids| request(ids).encode_to_vec()),
            setup,
            allowed: Vec::new(),
            blind: Vec::new(),
            absent: Absent::Code(Code::NotFound),
            names_ids: true,
        }
    }

    /// An RPC whose request names nothing: it is about the caller's own organization or account.
    pub(crate) fn plain<M: prost::Message>(
        rpc: &'static str,
        setup: Setup,
        request: impl Fn(&Ids) -> M + Send + Sync + 'static,
    ) -> Self {
        Self {
            names_ids: false,
            ..Self::naming(rpc, setup, request)
        }
    }

    /// Who may.
    pub(crate) fn allows(mut self, who: &[Who]) -> Self {
        self.allowed.extend_from_slice(who);
        self
    }

    /// Who may ask, but is told that this thing does not exist.
    pub(crate) fn hides_from(mut self, who: &[Who]) -> Self {
        self.blind.extend_from_slice(who);
        self
    }

    /// A batch: things that are not there are left out of the answer.
    pub(crate) fn leaves_out(mut self) -> Self {
        self.absent = Absent::LeftOut;
        self
    }

    /// Things that are not there answer with this code instead of NOT_FOUND.
    pub(crate) fn absent_is(mut self, code: Code) -> Self {
        self.absent = Absent::Code(code);
        self
    }

    /// The id belongs to another service and is only written down: a foreign one works and gives nothing of the thing.
    pub(crate) fn takes_any(mut self) -> Self {
        self.absent = Absent::Taken;
        self
    }

    /// The second part of the package: "identity" of "contractoros.identity.v1".
    fn service(&self) -> &'static str {
        self.rpc
            .split('.')
            .nth(1)
            .expect("an RPC is named contractoros.<service>.v1.…")
    }

    /// What somebody is answered about what their own organization has.
    fn expected(&self, who: Who) -> Expected {
        let is_stranger = who == Who::OtherOwner && self.allowed.contains(&Who::Owner);
        if self.allowed.contains(&who) || (is_stranger && !self.names_ids) {
            return Expected::Works;
        }
        if self.blind.contains(&who) || is_stranger {
            return self.expected_of_absent();
        }
        refusal(who)
    }

    /// What somebody is answered about what they cannot know of.
    fn expected_elsewhere(&self, who: Who) -> Expected {
        if self.may_ask(who) {
            self.expected_of_absent()
        } else {
            refusal(who)
        }
    }

    fn expected_of_malformed(&self, who: Who) -> Expected {
        if self.may_ask(who) {
            Expected::Fails(Code::InvalidArgument)
        } else {
            refusal(who)
        }
    }

    fn expected_of_absent(&self) -> Expected {
        match self.absent {
            Absent::Code(code) => Expected::Fails(code),
            Absent::LeftOut => Expected::LeftOut,
            Absent::Taken => Expected::Works,
        }
    }

    fn may_ask(&self, who: Who) -> bool {
        self.allowed.contains(&who) || self.blind.contains(&who)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Works,
    LeftOut,
    Fails(Code),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works => f.write_str("a success"),
            Self::LeftOut => f.write_str("an answer without it"),
            Self::Fails(code) => write!(f, "{code:?}"),
        }
    }
}

fn refusal(who: Who) -> Expected {
    Expected::Fails(if who == Who::Anonymous {
        Code::Unauthenticated
    } else {
        Code::PermissionDenied
    })
}
