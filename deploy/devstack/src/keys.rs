//! The keys with which services sign for each other, made once per data folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::{folders, secrets};

/// The name of the keys' generation; in production a second one comes beside the first when
/// keys are changed.
const KEY_ID: &str = "dev1";

/// PEM lines are 64 characters long (RFC 7468).
const LINE: usize = 64;

/// Where the keys are.
#[derive(Debug, Clone)]
pub struct Keys {
    folder: PathBuf,
}

impl Keys {
    /// Makes in `folder` what is not there yet: a pair of keys for each of `issuers`, and the
    /// secrets for mail links and for cookies.
    pub fn make(folder: &Path, issuers: &[&str]) -> Result<Self> {
        let keys = Self {
            folder: folder.to_owned(),
        };
        folders::make(&folder.join("private"))?;
        folders::make(&keys.trusted_folder())?;
        for issuer in issuers {
            keys.make_pair(issuer)?;
        }
        secrets::kept(&keys.link_key(), 32)?;
        secrets::kept(&keys.cookie_key(), 32)?;
        Ok(keys)
    }

    /// The private key of an issuer: PKCS#8, PEM.
    pub fn signing_key(&self, issuer: &str) -> PathBuf {
        self.folder.join(format!("private/{issuer}.{KEY_ID}.pem"))
    }

    /// The public keys of all issuers: SPKI, PEM.
    pub fn trusted_folder(&self) -> PathBuf {
        self.folder.join("trusted")
    }

    /// 32 bytes as hex.
    pub fn link_key(&self) -> PathBuf {
        self.folder.join("private/link.key")
    }

    /// 32 bytes as hex.
    pub fn cookie_key(&self) -> PathBuf {
        self.folder.join("private/cookie.key")
    }

    fn make_pair(&self, issuer: &str) -> Result<()> {
        let public = self.trusted_folder().join(format!("{issuer}.{KEY_ID}.pem"));
        let private = self.signing_key(issuer);
        if public.exists() && private.exists() {
            return Ok(());
        }
        // Both new: half a pair is worth nothing.
        for half in [&public, &private] {
            if half.exists() {
                fs::remove_file(half).with_context(|| format!("remove {}", half.display()))?;
            }
        }
        let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())
            .map_err(|_| anyhow!("make a key for {issuer}"))?;
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref())
            .map_err(|error| anyhow!("read back the key of {issuer}: {error}"))?;
        let spki: PublicKeyX509Der = pair
            .public_key()
            .as_der()
            .map_err(|_| anyhow!("write the public key of {issuer}"))?;
        secrets::write_once(&private, pem("PRIVATE KEY", pkcs8.as_ref()).as_bytes())?;
        fs::write(&public, pem("PUBLIC KEY", spki.as_ref()))
            .with_context(|| format!("write {}", public.display()))
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(der);
    let mut lines = vec![format!("-----BEGIN {label}-----")];
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, later) = rest.split_at(rest.len().min(LINE));
        lines.push(line.to_owned());
        rest = later;
    }
    lines.push(format!("-----END {label}-----\n"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_one_signs_all_can_check() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let keys = Keys::make(folder.path(), &["identity", "portal"])?;
        let private = fs::read(keys.signing_key("identity"))?;
        Keys::make(folder.path(), &["identity", "portal"])?;
        assert_eq!(
            fs::read(keys.signing_key("identity"))?,
            private,
            "keys stay"
        );

        let token = jsonwebtoken::encode(
            &Header::new(Algorithm::EdDSA),
            &json!({ "sub": "ana", "exp": 4_000_000_000_u64 }),
            &EncodingKey::from_ed_pem(&private)?,
        )?;
        let check = |issuer: &str| {
            let public = fs::read(keys.trusted_folder().join(format!("{issuer}.dev1.pem")))?;
            let key = DecodingKey::from_ed_pem(&public)?;
            let claims =
                jsonwebtoken::decode::<Value>(&token, &key, &Validation::new(Algorithm::EdDSA))?;
            Ok::<_, anyhow::Error>(claims)
        };
        assert_eq!(check("identity")?.claims["sub"], "ana");
        assert!(check("portal").is_err());
        Ok(())
    }
}
