//! Who calls.

use std::collections::BTreeMap;

use anyhow::Result;
use integration_tests::{Organization, Stage};
use tenancy::Signer;

/// Kinds of callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// Without a token.
    Nobody,
    /// With something that is no token.
    Nonsense,
    /// With a token whose last signs are others'.
    Forger,
    Owner,
    Field,
    Ana,
    /// The portal, for one organization.
    Portal,
    /// The portal, for none.
    Platform,
    Notifications,
    Projects,
    DocumentsForAna,
}

impl Who {
    pub(crate) const ALL: [Self; 11] = [
        Self::Nobody,
        Self::Nonsense,
        Self::Forger,
        Self::Owner,
        Self::Field,
        Self::Ana,
        Self::Portal,
        Self::Platform,
        Self::Notifications,
        Self::Projects,
        Self::DocumentsForAna,
    ];

    /// True for callers with a token that holds.
    pub(crate) fn is_somebody(self) -> bool {
        !matches!(self, Self::Nobody | Self::Nonsense | Self::Forger)
    }
}

/// Everybody, able to call.
pub(crate) struct Callers<'a> {
    organization: &'a Organization,
    signers: BTreeMap<&'static str, Signer>,
}

impl<'a> Callers<'a> {
    pub(crate) fn of(stage: &impl Stage, organization: &'a Organization) -> Result<Self> {
        let signers = [
            "identity",
            "portal",
            "notifications",
            "projects",
            "documents",
        ]
        .into_iter()
        .map(|name| Ok((name, stage.signer(name)?)))
        .collect::<Result<_>>()?;
        Ok(Self {
            organization,
            signers,
        })
    }

    /// What stands in a caller's authorization; a token lives for a minute, so that each call has one of its own.
    pub(crate) fn authorization(&self, who: Who) -> Result<Option<String>> {
        let alder = self.organization;
        let (identity, portal) = (&self.signers["identity"], &self.signers["portal"]);
        let token = match who {
            Who::Nobody => return Ok(None),
            Who::Nonsense => return Ok(Some("Bearer zq7x.zq7x.zq7x".to_owned())),
            Who::Forger => {
                let mut token = identity.person(alder.id, alder.owner.clone())?;
                token.truncate(token.len() - 8);
                token + "AAAAAAAA"
            }
            Who::Owner => identity.person(alder.id, alder.owner.clone())?,
            Who::Field => identity.person(alder.id, alder.field.clone())?,
            Who::Ana => identity.person(alder.id, alder.ana.clone())?,
            Who::Portal => portal.service(alder.id)?,
            Who::Platform => portal.platform()?,
            Who::Notifications => self.signers["notifications"].service(alder.id)?,
            Who::Projects => self.signers["projects"].service(alder.id)?,
            Who::DocumentsForAna => {
                self.signers["documents"].on_behalf(alder.id, alder.ana.clone())?
            }
        };
        Ok(Some(format!("Bearer {token}")))
    }
}
