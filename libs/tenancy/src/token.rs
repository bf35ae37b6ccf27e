//! Tokens: a person's, made by identity, and a service's own.
//!
//! Ed25519 signatures, 60 seconds, 30 seconds of leeway. A token's lifetime follows the machine's clock and not
//! [`service::clock`]: it guards a call, it records nothing.
//!
//! A signature costs more than a query. So both sides remember: a service's own token is used again while it is young, and a
//! token that was found good is not checked twice. The key of what is remembered is the whole token, or all that it says,
//! its organization included; nothing outlives the token.

use std::sync::Arc;

use http::{Extensions, HeaderMap, header::AUTHORIZATION};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use service::{Authenticate, Error, Reason, Result};

use crate::{
    caller::{Person, TenantId},
    keys::KeyRing,
};

const LIFETIME_SECONDS: i64 = 60;
const LEEWAY_SECONDS: i64 = 30;
/// A service's own token is used again for so long; whoever gets it then has more than half of its life left.
const YOUNG_SECONDS: i64 = 20;
/// How many tokens each side remembers; one is about a kilobyte.
const REMEMBERED: usize = 4_096;
/// The only service that may vouch for a person's session.
const IDENTITY: &str = "identity";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    iat: i64,
    exp: i64,
    #[serde(flatten)]
    subject: Subject,
}

/// Whom a token speaks for.
#[derive(Serialize, Deserialize)]
struct Subject {
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
pub struct Signer {
    ring: Arc<KeyRing>,
    /// When each was signed, by what it says.
    own: Arc<Cache<String, (i64, String)>>,
}

impl Signer {
    /// Signs with the ring's own key.
    pub fn new(ring: Arc<KeyRing>) -> Self {
        let own = Arc::new(Cache::new(REMEMBERED));
        Self { ring, own }
    }

    /// A person's token; only identity's are taken.
    pub fn person(&self, tenant: TenantId, person: Person) -> Result<String> {
        let subject = Subject {
            tenant: Some(tenant),
            service: None,
            person: Some(person),
        };
        self.sign(subject, now())
    }

    /// The own token for one organization.
    pub fn service(&self, tenant: TenantId) -> Result<String> {
        self.own(Some(tenant), None, now())
    }

    /// The own token to act for a person: the receiver applies that person's rights.
    pub fn on_behalf(&self, tenant: TenantId, person: Person) -> Result<String> {
        self.own(Some(tenant), Some(person), now())
    }

    /// The own token of no organization, for what comes before one is known.
    pub fn platform(&self) -> Result<String> {
        self.own(None, None, now())
    }

    fn own(&self, tenant: Option<TenantId>, person: Option<Person>, now: i64) -> Result<String> {
        let subject = Subject {
            tenant,
            service: Some(self.ring.issuer.clone()),
            person,
        };
        let key = serde_json::to_string(&subject).map_err(Error::internal)?;
        if let Some((since, token)) = self.own.get(&key)
            && now - since < YOUNG_SECONDS
        {
            return Ok(token);
        }
        let token = self.sign(subject, now)?;
        self.own.insert(key, (now, token.clone()));
        Ok(token)
    }

    fn sign(&self, subject: Subject, now: i64) -> Result<String> {
        let claims = Claims {
            iss: self.ring.issuer.clone(),
            iat: now,
            exp: now + LIFETIME_SECONDS,
            subject,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.ring.kid.clone());
        encode(&header, &claims, &self.ring.signing).map_err(Error::internal)
    }
}

/// Verifies tokens with the trusted public keys.
#[derive(Clone)]
pub struct Verifier {
    ring: Arc<KeyRing>,
    /// Until when each is good, and who asks by it.
    good: Arc<Cache<String, (i64, Asker)>>,
}

impl Verifier {
    /// Trusts the ring's public keys.
    pub fn new(ring: Arc<KeyRing>) -> Self {
        let good = Arc::new(Cache::new(REMEMBERED));
        Self { ring, good }
    }

    /// Whoever asks by the token, which is verified unless it was before and is still good.
    fn asker(&self, token: &str, now: i64) -> Option<Asker> {
        if let Some((until, asker)) = self.good.get(token) {
            return (now < until).then_some(asker);
        }
        let (until, asker) = self.verify(token)?;
        self.good.insert(token.to_owned(), (until, asker.clone()));
        Some(asker)
    }

    fn verify(&self, token: &str) -> Option<(i64, Asker)> {
        let kid = decode_header(token).ok()?.kid?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = LEEWAY_SECONDS.unsigned_abs();
        validation.set_required_spec_claims(&["exp", "iss"]);
        let claims = self
            .ring
            .trusted
            .iter()
            .filter(|((_, trusted_kid), _)| *trusted_kid == kid)
            .find_map(|((issuer, _), key)| {
                let claims = decode::<Claims>(token, key, &validation).ok()?.claims;
                (claims.iss == *issuer).then_some(claims)
            })?;
        let Subject {
            tenant,
            service,
            person,
        } = claims.subject;
        let vouched = match &service {
            Some(service) => *service == claims.iss,
            None => claims.iss == IDENTITY && person.is_some() && tenant.is_some(),
        };
        let until = claims.exp.saturating_add(LEEWAY_SECONDS);
        vouched.then_some((
            until,
            Asker {
                tenant,
                service,
                person,
            },
        ))
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
            .and_then(|token| self.asker(token, now()))
            .ok_or(Error::Unauthenticated(Reason::TokenInvalid))?;
        let tenant = asker.tenant.map(|tenant| tenant.to_string());
        extensions.insert(asker);
        Ok(tenant)
    }
}

/// The machine's time in seconds.
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use jsonwebtoken::{DecodingKey, EncodingKey};
    use uuid::Uuid;

    use super::*;
    use crate::caller::{Party, Role};

    /// The keys of one service that trusts itself alone.
    fn ring(issuer: &str) -> Arc<KeyRing> {
        let pair = Ed25519KeyPair::generate().expect("a pair");
        let private = pair.to_pkcs8v1().expect("a private key");
        let public = DecodingKey::from_ed_der(pair.public_key().as_ref());
        Arc::new(KeyRing {
            issuer: issuer.to_owned(),
            kid: "1".to_owned(),
            signing: EncodingKey::from_ed_der(private.as_ref()),
            trusted: HashMap::from([((issuer.to_owned(), "1".to_owned()), public)]),
        })
    }

    fn tenant() -> TenantId {
        TenantId::from(Uuid::now_v7())
    }

    fn owner() -> Person {
        Person {
            account: Uuid::now_v7(),
            party: Party::Office { role: Role::Owner },
            session: None,
        }
    }

    #[test]
    fn a_token_that_was_found_good_is_good_no_longer_than_it_lives() {
        let ring = ring(IDENTITY);
        let token = Signer::new(ring.clone())
            .person(tenant(), owner())
            .expect("a token");
        let verifier = Verifier::new(ring);
        let now = now();
        let end = now + LIFETIME_SECONDS + LEEWAY_SECONDS;
        assert!(verifier.asker(&token, now).is_some());
        assert!(verifier.asker(&token, end - 2).is_some());
        assert!(verifier.asker(&token, end + 1).is_none());
    }

    #[test]
    fn what_is_remembered_is_the_whole_token() {
        let verifier = Verifier::new(ring(IDENTITY));
        let signer = Signer::new(verifier.ring.clone());
        let [one, other] = [(); 2].map(|()| signer.person(tenant(), owner()).expect("a token"));
        assert!(verifier.asker(&one, now()).is_some());
        // the words of one under the signature of the other
        let (words, _) = other.rsplit_once('.').expect("a signature");
        let (_, signature) = one.rsplit_once('.').expect("a signature");
        let forged = format!("{words}.{signature}");
        assert!(verifier.asker(&forged, now()).is_none());
        assert!(
            verifier.asker(&forged, now()).is_none(),
            "nor the second time"
        );
        let stranger = Signer::new(ring(IDENTITY));
        let token = stranger.person(tenant(), owner()).expect("a token");
        assert!(verifier.asker(&token, now()).is_none());
    }

    #[test]
    fn a_service_uses_its_token_again_for_the_same_and_nobody_else() {
        let verifier = Verifier::new(ring("billing"));
        let signer = Signer::new(verifier.ring.clone());
        let (alder, birch, person) = (tenant(), tenant(), owner());
        let begin = now();
        let own_at = |now| signer.own(Some(alder), None, now).expect("a token");
        let own = own_at(begin);
        assert_eq!(own, own_at(begin + YOUNG_SECONDS - 1));
        assert_ne!(own, own_at(begin + YOUNG_SECONDS), "it is young no more");
        let for_person = signer.on_behalf(alder, person.clone()).expect("a token");
        for (token, tenant, on_behalf) in [
            (own, Some(alder), None),
            (signer.service(birch).expect("a token"), Some(birch), None),
            (for_person, Some(alder), Some(person)),
            (signer.platform().expect("a token"), None, None),
        ] {
            let asker = verifier.asker(&token, now()).expect("it is good");
            assert_eq!((asker.tenant, asker.person), (tenant, on_behalf));
        }
    }
}
