//! Keys of every service, made for one test.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use devstack::keys::Keys;
use tempfile::TempDir;
use tenancy::{KeyRing, Person, Signer, TenantId};

const ISSUERS: [&str; 6] = [
    "identity",
    "projects",
    "documents",
    "billing",
    "notifications",
    "portal",
];

/// The keys of every service; removed with it.
pub struct TestKeys {
    keys: Keys,
    _folder: TempDir,
}

impl TestKeys {
    /// Makes new keys.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir().context("make a folder for keys")?;
        Ok(Self {
            keys: Keys::make(folder.path(), &ISSUERS)?,
            _folder: folder,
        })
    }

    /// Where they are.
    pub fn files(&self) -> &Keys {
        &self.keys
    }

    /// A service's ring, as the service itself reads it.
    pub fn ring(&self, service: &str) -> Result<Arc<KeyRing>> {
        let keys = tenancy::Keys {
            signing_key_file: self.keys.signing_key(service).display().to_string(),
            trusted_folder: self.keys.trusted_folder().display().to_string(),
        };
        Ok(Arc::new(keys.read(service)?))
    }

    /// Signs as a service.
    pub fn signer(&self, service: &str) -> Result<Signer> {
        Ok(Signer::new(self.ring(service)?))
    }

    /// A person's token, as identity makes them.
    pub fn person(&self, tenant: TenantId, person: &Person) -> Result<String> {
        Ok(self.signer("identity")?.person(tenant, person.clone())?)
    }
}
