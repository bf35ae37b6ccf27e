//! Where a cast can play: services in this process, or a whole platform of processes.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use devstack::{platform::Platform, services::Service, smtp::Smtp};
use service::Peer;
use sqlx::PgConnection;
use tenancy::{Keys, Person, Signer, TenantId};

/// Running services, with their keys and their mailbox.
pub trait Stage {
    /// The way to a service, by the second part of its package: "identity" of "contractoros.identity.v1".
    fn peer(&self, service: &str) -> Result<Peer>;

    /// Signs as a service.
    fn signer(&self, service: &str) -> Result<Signer>;

    /// Every mail that was sent.
    fn smtp(&self) -> &Smtp;

    /// A superuser's connection to a service's database, to look at what no login may see.
    fn superuser(&self, service: &str) -> impl Future<Output = Result<PgConnection>> + Send;

    /// A person's token, as identity makes them.
    fn person(&self, tenant: TenantId, person: &Person) -> Result<String> {
        Ok(self.signer("identity")?.person(tenant, person.clone())?)
    }
}

impl Stage for Platform {
    fn peer(&self, service: &str) -> Result<Peer> {
        let service = Service::ALL
            .into_iter()
            .find(|one| one.name() == service)
            .with_context(|| format!("there is no service {service}"))?;
        Peer::new(&format!("http://127.0.0.1:{}", self.ports(service).calls))
    }

    fn signer(&self, service: &str) -> Result<Signer> {
        let keys = Keys {
            signing_key_file: self.keys().signing_key(service).display().to_string(),
            trusted_folder: self.keys().trusted_folder().display().to_string(),
        };
        Ok(Signer::new(Arc::new(keys.read(service)?)))
    }

    fn smtp(&self) -> &Smtp {
        Platform::smtp(self)
    }

    async fn superuser(&self, service: &str) -> Result<PgConnection> {
        self.postgres().admin(service).await
    }
}
