//! The settings that services are given are those that they know.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use config::{Config, File, Value, ValueKind};
use devstack::keys::Keys;
use devstack::postgres::{Login, Logins};
use devstack::services::{Ports, Service, Surroundings};

#[test]
fn every_service_knows_what_it_is_told_and_is_told_whom_to_call() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let surroundings = surroundings(folder.path())?;
    let mut wrong = Vec::new();
    for service in Service::ALL {
        let known = known_settings(service)?;
        let told = if Service::WITH_DATABASE.contains(&service) {
            surroundings.settings_to_migrate(service)
        } else {
            surroundings.settings(service)
        };
        let told: BTreeSet<String> = told.into_iter().map(|(name, _)| name).collect();
        for unknown in told.difference(&known) {
            wrong.push(format!("{} does not know {unknown}", service.name()));
        }
        // Whom it calls differs on every machine, so no default can be right.
        let untold = known.difference(&told);
        for peer in untold.filter(|name| name.starts_with("APP__PEERS__")) {
            wrong.push(format!("{} is not told {peer}", service.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// The names of the variables that set something: a service's `config.toml` has all settings.
fn known_settings(service: Service) -> Result<BTreeSet<String>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../services")
        .join(service.name())
        .join("config.toml");
    let defaults = Config::builder()
        .add_source(File::from(file.as_path()))
        .build()
        .with_context(|| format!("read the settings of {}", service.name()))?;
    let mut names = BTreeSet::new();
    collect(&defaults.cache, "APP", &mut names);
    Ok(names)
}

fn collect(value: &Value, name: &str, names: &mut BTreeSet<String>) {
    match &value.kind {
        ValueKind::Table(table) => {
            for (key, inner) in table {
                collect(inner, &format!("{name}__{}", key.to_uppercase()), names);
            }
        }
        _ => {
            names.insert(name.to_owned());
        }
    }
}

fn surroundings(folder: &Path) -> Result<Surroundings> {
    let ports = Ports {
        calls: 1,
        health: 2,
        control: 3,
    };
    let login = |user: &str| Login {
        user: user.to_owned(),
        password: String::new(),
        password_file: PathBuf::from(user),
    };
    let logins = Logins {
        owner: login("owner"),
        app: login("app"),
        platform: login("platform"),
    };
    Ok(Surroundings {
        ports: BTreeMap::from(Service::ALL.map(|service| (service, ports))),
        postgres_port: 4,
        logins: BTreeMap::from(Service::WITH_DATABASE.map(|service| (service, logins.clone()))),
        kafka_brokers: "127.0.0.1:5".to_owned(),
        keys: Keys::make(folder, &Service::ALL.map(Service::name))?,
        s3_endpoint: "http://127.0.0.1:6".to_owned(),
        s3_access_key: "key".to_owned(),
        s3_secret_key_file: folder.join("secret.key"),
        smtp_port: 7,
        otlp_endpoint: Some("http://127.0.0.1:8".to_owned()),
    })
}
