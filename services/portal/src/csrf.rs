//! Forms that nobody else can send.
//!
//! A form carries a token bound to the session, or before sign-in to the browser; and the browser must say that the
//! form came from a page of this host. [`Form`] checks both and is the only way to a form's fields. The one exception
//! is `POST /welcome`, which comes from the base domain: there the single-use code of the sign-up counts alone.

use anyhow::{Context as _, bail};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use sha2::Sha256;

use crate::{App, error::Error};

/// The key that signs form tokens and one-time messages.
pub(crate) struct CookieKey([u8; 32]);

/// What a mark is made for, so that none can stand in for another.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// A form's token.
    Form,
    /// A one-time message.
    Flash,
}

impl CookieKey {
    /// Reads the key from 32 bytes in hex.
    pub(crate) fn read(text: &SecretString) -> anyhow::Result<Self> {
        let bytes = hex::decode(text.expose_secret()).context("cookie_key is not hex")?;
        match bytes.try_into() {
            Ok(key) => Ok(Self(key)),
            Err(_) => bail!("cookie_key must be 32 bytes"),
        }
    }

    /// The mark of a text: HMAC-SHA256 in base64url.
    pub(crate) fn mark(&self, purpose: Purpose, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(purpose, text).finalize().into_bytes())
    }

    /// True where the mark is this key's for this text; takes the same time either way.
    pub(crate) fn confirms(&self, purpose: Purpose, text: &str, mark: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(mark)
            .is_ok_and(|mark| self.mac(purpose, text).verify_slice(&mark).is_ok())
    }

    fn mac(&self, purpose: Purpose, text: &str) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        mac.update(match purpose {
            Purpose::Form => b"form:",
            Purpose::Flash => b"flash:",
        });
        mac.update(text.as_bytes());
        mac
    }
}

/// What this request's forms are bound to; the extractors of [`crate::session`] set it.
#[derive(Clone, Debug)]
pub(crate) struct Binding(pub String);

/// The fields of a form that was sent from one of our own pages.
///
/// It must stand behind the extractor that says who sends it. Missing fields are the business of `T`: let every field
/// be a text with `#[serde(default)]`, and say in words what is wrong with it.
pub(crate) struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest<App> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let binding = request
            .extensions()
            .get::<Binding>()
            .cloned()
            .context("read a form before knowing whose it is")?;
        if !is_from_here(request.headers()) {
            return Err(Error::Forged);
        }
        let (parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), app)
            .await
            .map_err(|_| Error::TooLarge)?;
        let token = url::form_urlencoded::parse(&bytes)
            .find(|(name, _)| name == "csrf")
            .map(|(_, token)| token.into_owned())
            .ok_or(Error::Forged)?;
        if !app.key.confirms(Purpose::Form, &binding.0, &token) {
            return Err(Error::Forged);
        }
        let request = Request::from_parts(parts, Body::from(bytes));
        let axum_extra::extract::Form(fields) =
            axum_extra::extract::Form::<T>::from_request(request, app)
                .await
                .map_err(|_| Error::Invalid)?;
        Ok(Self(fields))
    }
}

/// True where the browser says that a page of this very host sends this.
fn is_from_here(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    match (origin, text(header::HOST)) {
        (Some((_, sender)), Some(host)) => sender.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> CookieKey {
        CookieKey([byte; 32])
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().expect("a header value"));
        }
        headers
    }

    #[test]
    fn a_token_is_good_for_one_session_one_purpose_and_one_key() {
        let token = key(1).mark(Purpose::Form, "session-a");
        assert!(key(1).confirms(Purpose::Form, "session-a", &token));
        assert!(!key(1).confirms(Purpose::Form, "session-b", &token));
        assert!(!key(1).confirms(Purpose::Flash, "session-a", &token));
        assert!(!key(2).confirms(Purpose::Form, "session-a", &token));
        assert!(!key(1).confirms(Purpose::Form, "session-a", ""));
        assert!(!key(1).confirms(Purpose::Form, "session-a", &token[1..]));
    }

    #[test]
    fn a_key_is_32_bytes() {
        assert!(CookieKey::read(&SecretString::from("00".repeat(32))).is_ok());
        assert!(CookieKey::read(&SecretString::from("00".repeat(31))).is_err());
        assert!(CookieKey::read(&SecretString::from("")).is_err());
        assert!(CookieKey::read(&SecretString::from("x")).is_err());
    }

    #[test]
    fn only_pages_of_this_host_may_send() {
        let host = ("host", "alder.localhost:8080");
        let allowed = [
            headers(&[host, ("sec-fetch-site", "same-origin")]),
            headers(&[host, ("origin", "http://alder.localhost:8080")]),
        ];
        let refused = [
            headers(&[host]),
            headers(&[host, ("sec-fetch-site", "same-site")]),
            headers(&[
                host,
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://alder.localhost:8080"),
            ]),
            headers(&[host, ("sec-fetch-site", "none")]),
            headers(&[host, ("origin", "http://birch.localhost:8080")]),
            headers(&[host, ("origin", "null")]),
        ];
        assert!(allowed.iter().all(is_from_here));
        assert!(!refused.iter().any(is_from_here));
    }
}
