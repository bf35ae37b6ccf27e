//! Signing keys and the public keys that are trusted, as mounted files.

use std::{collections::HashMap, fs, path::Path};

use anyhow::{Context as _, Result, bail};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::Deserialize;

/// Where the keys are.
#[derive(Clone, Debug, Deserialize)]
pub struct Keys {
    /// The own private key, PKCS#8 PEM, named `<service>.<kid>.pem`.
    pub signing_key_file: String,
    /// A folder of public keys, each named `<service>.<kid>.pem`; several of one service are valid at once.
    pub trusted_folder: String,
}

/// The keys, read.
pub struct KeyRing {
    pub(crate) issuer: String,
    pub(crate) kid: String,
    pub(crate) signing: EncodingKey,
    pub(crate) trusted: HashMap<(String, String), DecodingKey>,
}

impl Keys {
    /// Reads the keys; the own key's file must be named after `issuer`.
    pub fn read(&self, issuer: &str) -> Result<KeyRing> {
        let path = Path::new(&self.signing_key_file);
        let (service, kid) = name_of(path)?;
        if service != issuer {
            bail!("keys.signing_key_file holds a key of {service}, not of {issuer}");
        }
        let pem = fs::read(path).with_context(|| format!("read {}", path.display()))?;
        let signing = EncodingKey::from_ed_pem(&pem)
            .with_context(|| format!("{} is not an Ed25519 private key", path.display()))?;
        Ok(KeyRing {
            issuer: service,
            kid,
            signing,
            trusted: read_trusted(Path::new(&self.trusted_folder))?,
        })
    }
}

fn read_trusted(folder: &Path) -> Result<HashMap<(String, String), DecodingKey>> {
    let mut trusted = HashMap::new();
    let entries = fs::read_dir(folder)
        .with_context(|| format!("read keys.trusted_folder, {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "pem") {
            continue;
        }
        let pem = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        let key = DecodingKey::from_ed_pem(&pem)
            .with_context(|| format!("{} is not an Ed25519 public key", path.display()))?;
        trusted.insert(name_of(&path)?, key);
    }
    if trusted.is_empty() {
        bail!("keys.trusted_folder, {}, holds no key", folder.display());
    }
    Ok(trusted)
}

fn name_of(path: &Path) -> Result<(String, String)> {
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .and_then(|stem| stem.split_once('.'))
        .map(|(service, kid)| (service.to_owned(), kid.to_owned()))
        .with_context(|| format!("{} is not named <service>.<kid>.pem", path.display()))
}
