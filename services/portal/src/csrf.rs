//! Forms that nobody else can send.
//!
//! A form carries a token bound to the session, or before sign-in to the browser; and the browser must say that the
//! form came from a page of this host. [`Form`] checks both and is the only way to a form's fields; [`FileForm`] does the
//! same for a form with files, and [`FromScript`] for what a script of ours sends. The one exception is
//! `POST /welcome`, which comes from the base domain: there the single-use code of the sign-up counts alone.

use anyhow::{Context as _, bail};
use axum::{
    body::{Body, Bytes},
    extract::{
        FromRequest, FromRequestParts, Multipart, Request,
        multipart::{Field, MultipartError},
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Extensions, HeaderMap, HeaderName, StatusCode, header, request::Parts};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use sha2::Sha256;

use crate::{App, error::Error, storage::STILL, upload::patient};

/// Where a script sends the token, which the page has in each of its forms.
const SCRIPT_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
/// More than any text beside files.
const LONGEST_TEXT: usize = 8 * 1024;

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

    /// A form's token. No two are alike: pages are compressed, and a secret that stands in each of them, beside words that
    /// somebody else chose, could be guessed by their lengths.
    pub(crate) fn form_token(&self, binding: &str) -> String {
        let salt = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 12]>());
        let mark = self.mark(Purpose::Form, &format!("{salt}:{binding}"));
        format!("{salt}.{mark}")
    }

    fn confirms_form(&self, binding: &str, token: &str) -> bool {
        token.split_once('.').is_some_and(|(salt, mark)| {
            self.confirms(Purpose::Form, &format!("{salt}:{binding}"), mark)
        })
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
        let sender = Sender::of(request.extensions(), request.headers())?;
        let (parts, body) = request.into_parts();
        let body = Body::from_stream(patient(body));
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), app)
            .await
            .map_err(|refusal| refused(refusal.status()))?;
        let token = url::form_urlencoded::parse(&bytes)
            .find(|(name, _)| name == "csrf")
            .map(|(_, token)| token.into_owned())
            .ok_or(Error::Forged)?;
        sender.confirm(app, &token)?;
        let request = Request::from_parts(parts, Body::from(bytes));
        let axum_extra::extract::Form(fields) =
            axum_extra::extract::Form::<T>::from_request(request, app)
                .await
                .map_err(|_| Error::Invalid)?;
        Ok(Self(fields))
    }
}

/// A form with files that was sent from one of our own pages.
///
/// Its token is its first field, so that it is checked before a byte of a file is read.
pub(crate) struct FileForm {
    parts: Multipart,
}

impl FromRequest<App> for FileForm {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let sender = Sender::of(request.extensions(), request.headers())?;
        let parts = Multipart::from_request(request, app)
            .await
            .map_err(|_| Error::Invalid)?;
        let mut form = Self { parts };
        let first = form.next().await?.ok_or(Error::Forged)?;
        if first.name() != Some("csrf") {
            return Err(Error::Forged);
        }
        sender.confirm(app, &text_of(first).await?)?;
        Ok(form)
    }
}

impl FileForm {
    /// The next field, in the order in which they stand on the page.
    pub(crate) async fn next(&mut self) -> Result<Option<Field<'_>>, Error> {
        in_time(self.parts.next_field()).await
    }
}

/// A field's text.
pub(crate) async fn text_of(mut field: Field<'_>) -> Result<String, Error> {
    let mut text = Vec::new();
    while let Some(bytes) = chunk_of(&mut field).await? {
        if text.len() + bytes.len() > LONGEST_TEXT {
            return Err(Error::TooLarge);
        }
        text.extend_from_slice(&bytes);
    }
    String::from_utf8(text).map_err(|_| Error::Invalid)
}

/// The next bytes of a field; none at its end.
pub(crate) async fn chunk_of(field: &mut Field<'_>) -> Result<Option<Bytes>, Error> {
    in_time(field.chunk()).await
}

async fn in_time<T>(step: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Error> {
    match tokio::time::timeout(STILL, step).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(refused(error.status())),
        Err(_) => Err(Error::Invalid),
    }
}

/// Why a body is not read: it is too large, or else it was sent badly or not to its end.
fn refused(status: StatusCode) -> Error {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        Error::TooLarge
    } else {
        Error::Invalid
    }
}

/// Says that a script of one of our own pages sends this; the body stays to be read.
///
/// It must stand behind the extractor that says who sends it.
pub(crate) struct FromScript;

impl FromRequestParts<App> for FromScript {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let token = parts
            .headers
            .get(SCRIPT_TOKEN)
            .and_then(|token| token.to_str().ok())
            .ok_or(Error::Forged)?;
        Sender::of(&parts.extensions, &parts.headers)?.confirm(app, token)?;
        Ok(Self)
    }
}

/// Somebody on a page of this host, whose token is still to be seen.
struct Sender(Binding);

impl Sender {
    fn of(extensions: &Extensions, headers: &HeaderMap) -> Result<Self, Error> {
        let binding = extensions
            .get::<Binding>()
            .cloned()
            .context("read a form before knowing whose it is")?;
        if is_from_here(headers) {
            Ok(Self(binding))
        } else {
            Err(Error::Forged)
        }
    }

    fn confirm(&self, app: &App, token: &str) -> Result<(), Error> {
        if app.key.confirms_form(&self.0.0, token) {
            Ok(())
        } else {
            Err(Error::Forged)
        }
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
        let token = key(1).form_token("session-a");
        assert!(key(1).confirms_form("session-a", &token));
        assert!(!key(1).confirms_form("session-b", &token));
        assert!(!key(2).confirms_form("session-a", &token));
        assert!(!key(1).confirms_form("session-a", ""));
        assert!(!key(1).confirms_form("session-a", &token[1..]));
        let (salt, mark) = token.split_once('.').expect("two parts");
        assert!(!key(1).confirms(Purpose::Flash, &format!("{salt}:session-a"), mark));
        assert!(!key(1).confirms_form("session-a", mark));
    }

    #[test]
    fn no_two_tokens_are_alike() {
        assert_ne!(
            key(1).form_token("session-a"),
            key(1).form_token("session-a")
        );
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
