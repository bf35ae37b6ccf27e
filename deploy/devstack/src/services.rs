//! The six programs of the platform, and which settings each of them gets.
//!
//! A program refuses a setting that it does not know, so `settings` is the one table of who
//! gets what.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::keys::Keys;
use crate::postgres::Logins;
use crate::s3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    Identity,
    Projects,
    Documents,
    Billing,
    Notifications,
    Portal,
}

use Service::{Billing, Documents, Identity, Notifications, Portal, Projects};

impl Service {
    pub const ALL: [Self; 6] = [
        Identity,
        Projects,
        Documents,
        Billing,
        Notifications,
        Portal,
    ];

    /// Those that own data; the portal owns none.
    pub const WITH_DATABASE: [Self; 5] = [Identity, Projects, Documents, Billing, Notifications];

    /// The name of its program, its database and its folder.
    pub fn name(self) -> &'static str {
        match self {
            Identity => "identity",
            Projects => "projects",
            Documents => "documents",
            Billing => "billing",
            Notifications => "notifications",
            Portal => "portal",
        }
    }

    /// Whom it calls.
    fn peers(self) -> &'static [Self] {
        match self {
            Identity | Projects => &[],
            Documents | Billing => &[Projects],
            Notifications => &[Identity, Projects, Documents],
            Portal => &Self::WITH_DATABASE,
        }
    }

    fn writes_links(self) -> bool {
        matches!(self, Identity | Notifications | Portal)
    }
}

/// Where a program listens, on 127.0.0.1.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// gRPC, or pages for the portal.
    pub calls: u16,
    pub health: u16,
    /// The development clock.
    pub control: u16,
}

/// What the programs are told of each other and of what runs beside them.
#[derive(Debug, Clone)]
pub struct Surroundings {
    pub ports: BTreeMap<Service, Ports>,
    pub postgres_port: u16,
    pub logins: BTreeMap<Service, Logins>,
    pub kafka_brokers: String,
    pub keys: Keys,
    pub s3_endpoint: String,
    pub s3_access_key: String,
    pub s3_secret_key_file: PathBuf,
    pub smtp_port: u16,
    /// None: traces, metrics and logs are sent nowhere.
    pub otlp_endpoint: Option<String>,
}

impl Surroundings {
    /// The environment in which a service runs.
    pub fn settings(&self, service: Service) -> Vec<(String, String)> {
        let ports = self.ports[&service];
        let mut settings = Settings::default();
        settings.set("ADDRESS", local(ports.calls));
        settings.set("HEALTH_ADDRESS", local(ports.health));
        settings.set("CONTROL_ADDRESS", local(ports.control));
        settings.set("BASE_DOMAIN", "localhost");
        // there is no load balancer that must hear of an end
        settings.set("DRAIN_MS", 50);
        settings.set(
            "KEYS__SIGNING_KEY_FILE",
            self.keys.signing_key(service.name()).display(),
        );
        settings.set("KEYS__TRUSTED_FOLDER", self.keys.trusted_folder().display());
        settings.set("TELEMETRY__LOG_FORMAT", "text");
        if let Some(endpoint) = &self.otlp_endpoint {
            settings.set("TELEMETRY__OTLP_ENDPOINT", endpoint);
        }
        if service.writes_links() {
            settings.set("PUBLIC_PORT", self.ports[&Portal].calls);
        }
        for peer in service.peers() {
            let name = peer.name().to_uppercase();
            let address = format!("http://{}", local(self.ports[peer].calls));
            settings.set(&format!("PEERS__{name}"), address);
        }
        if let Some(logins) = self.logins.get(&service) {
            settings.set("DATABASE__HOST", "127.0.0.1");
            settings.set("DATABASE__PORT", self.postgres_port);
            settings.set("DATABASE__NAME", service.name());
            settings.set(
                "DATABASE__APP_PASSWORD_FILE",
                logins.app.password_file.display(),
            );
            settings.set(
                "DATABASE__PLATFORM_PASSWORD_FILE",
                logins.platform.password_file.display(),
            );
            settings.set("KAFKA__BROKERS", &self.kafka_brokers);
            settings.set("KAFKA__REPLICATION", 1);
        }
        match service {
            Identity => settings.set("LINK_KEY_FILE", self.keys.link_key().display()),
            Documents => {
                settings.set("S3__ENDPOINT", &self.s3_endpoint);
                settings.set("S3__BUCKET", s3::BUCKET);
                settings.set("S3__REGION", s3::REGION);
                settings.set("S3__ACCESS_KEY", &self.s3_access_key);
                settings.set("S3__SECRET_KEY_FILE", self.s3_secret_key_file.display());
            }
            Notifications => {
                settings.set("SMTP__HOST", "127.0.0.1");
                settings.set("SMTP__PORT", self.smtp_port);
                settings.set("SMTP__TLS", "none");
            }
            Portal => settings.set("COOKIE_KEY_FILE", self.keys.cookie_key().display()),
            Projects | Billing => {}
        }
        settings.0
    }

    /// The environment in which a service migrates its database: only then it is its owner.
    pub fn settings_to_migrate(&self, service: Service) -> Vec<(String, String)> {
        let mut settings = Settings(self.settings(service));
        if let Some(logins) = self.logins.get(&service) {
            settings.set(
                "DATABASE__OWNER_PASSWORD_FILE",
                logins.owner.password_file.display(),
            );
        }
        settings.0
    }
}

#[derive(Default)]
struct Settings(Vec<(String, String)>);

impl Settings {
    fn set(&mut self, name: &str, value: impl ToString) {
        self.0.push((format!("APP__{name}"), value.to_string()));
    }
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
