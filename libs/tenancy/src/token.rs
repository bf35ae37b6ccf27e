//! Tokens: a person's, made by identity, and a service's own.
//!
//! Ed25519 signatures, 60 seconds, 30 seconds of leeway. A token's lifetime follows the machine's clock and not
//! [`service::clock`]: it guards a call, it records nothing.

use std::sync::Arc;

use http::{Extensions, HeaderMap, header::AUTHORIZATION};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use service::{Authenticate, Error, Reason, Result};

use crate::{
    caller::{Person, TenantId},
    keys::KeyRing,
};

const LIFETIME_SECONDS: i64 = 60;
const LEEWAY_SECONDS: u64 = 30;
/// The only service that may vouch for a person's session.
const IDENTITY: &str = "identity";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    iat: i64,
    exp: i64,
    tenant: Option<TenantId>,
    /// The service itself; absent in a person's token.
    service: Option<String>,
    /// The person, or whom the service acts for.
    person: Option<Person>,
}

/// Who asks, as a verified token says; [`crate::Caller::require`] makes a caller of it.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) service: Option<String>,
    pub(crate) person: Option<Person>,
}

/// Signs tokens with the own key.
#[derive(Clone)]
pub struct Signer(Arc<KeyRing>);

impl Signer {
    /// Signs with the ring's own key.
    pub fn new(ring: Arc<KeyRing>) -> Self {
        Self(ring)
    }

    /// A person's token; only identity's are taken.
    pub fn person(&self, tenant: TenantId, person: Person) -> Result<String> {
        self.sign(Some(tenant), None, Some(person))
    }

    /// The own token for one organization.
    pub fn service(&self, tenant: TenantId) -> Result<String> {
        self.sign(Some(tenant), Some(self.0.issuer.clone()), None)
    }

    /// The own token to act for a person: the receiver applies that person's rights.
    pub fn on_behalf(&self, tenant: TenantId, person: Person) -> Result<String> {
        self.sign(Some(tenant), Some(self.0.issuer.clone()), Some(person))
    }

    /// The own token of no organization, for what comes before one is known.
    pub fn platform(&self) -> Result<String> {
        self.sign(None, Some(self.0.issuer.clone()), None)
    }

    fn sign(
        &self,
        tenant: Option<TenantId>,
        service: Option<String>,
        person: Option<Person>,
    ) -> Result<String> {
        let now = jiff::Timestamp::now().as_second();
        let claims = Claims {
            iss: self.0.issuer.clone(),
            iat: now,
            exp: now + LIFETIME_SECONDS,
            tenant,
            service,
            person,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.0.kid.clone());
        encode(&header, &claims, &self.0.signing).map_err(Error::internal)
    }
}

/// Verifies tokens with the trusted public keys.
#[derive(Clone)]
pub struct Verifier(Arc<KeyRing>);

impl Verifier {
    /// Trusts the ring's public keys.
    pub fn new(ring: Arc<KeyRing>) -> Self {
        Self(ring)
    }

    fn verify(&self, token: &str) -> Option<Asker> {
        let kid = decode_header(token).ok()?.kid?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = LEEWAY_SECONDS;
        validation.set_required_spec_claims(&["exp", "iss"]);
        let claims = self
            .0
            .trusted
            .iter()
            .filter(|((_, trusted_kid), _)| *trusted_kid == kid)
            .find_map(|((issuer, _), key)| {
                let claims = decode::<Claims>(token, key, &validation).ok()?.claims;
                (claims.iss == *issuer).then_some(claims)
            })?;
        let vouched = match &claims.service {
            Some(service) => *service == claims.iss,
            None => claims.iss == IDENTITY && claims.person.is_some() && claims.tenant.is_some(),
        };
        vouched.then_some(Asker {
            tenant: claims.tenant,
            service: claims.service,
            person: claims.person,
        })
    }
}

impl Authenticate for Verifier {
    fn authenticate(
        &self,
        headers: &HeaderMap,
        extensions: &mut Extensions,
    ) -> Result<Option<String>> {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Ok(None);
        };
        let asker = value
            .to_str()
            .ok()
            .and_then(|text| text.strip_prefix("Bearer "))
            .and_then(|token| self.verify(token))
            .ok_or(Error::Unauthenticated(Reason::TokenInvalid))?;
        let tenant = asker.tenant.map(|tenant| tenant.to_string());
        extensions.insert(asker);
        Ok(tenant)
    }
}

/// Makes a request that carries a token.
pub fn authorized<T>(token: &str, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let value = format!("Bearer {token}")
        .parse()
        .expect("a token is base64url and dots");
    request.metadata_mut().insert("authorization", value);
    request
}
