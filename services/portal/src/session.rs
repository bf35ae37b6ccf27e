//! Who visits: a guest, a client or somebody of the office.
//!
//! These are extractors, and a handler names the one that it needs: [`Guest`] before sign-in, [`Client`] or [`Office`]
//! behind it. Who is not signed in is sent to sign in and comes back; who is on the wrong side finds no page.

mod address;

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::Deref,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    extract::{ConnectInfo, FromRequestParts, OptionalFromRequestParts, Request, State},
    middleware::Next,
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, header, request::Parts};
use proto::identity::{Account, AccountKind, ResolveSessionRequest, Role, Session};
use service::Reason;
use tokio::time::Instant;
use tonic::Code;

use self::address::client_address;
use crate::{
    App,
    backend::Calls,
    cookies::Cookie,
    csrf::Binding,
    error::Error,
    flash::Flash,
    host::Site,
    page::{Frame, Letterhead, Theme},
};

/// The cookie of a session outlives every session: when one ends is identity's decision.
const SESSION_COOKIE: Duration = Duration::from_hours(90 * 24);
/// A token of this age is good for any call that follows.
const YOUNG: Duration = Duration::from_secs(20);
const YEAR: Duration = Duration::from_hours(365 * 24);
const LONGEST_USER_AGENT: usize = 400;

/// What is known of every request.
pub(crate) struct Visit {
    /// The state.
    pub(crate) app: App,
    /// Whose pages these are.
    pub(crate) letterhead: Letterhead,
    /// Light or dark.
    pub(crate) theme: Theme,
    /// A message from the page before.
    pub(crate) flash: Option<Flash>,
    /// The browser's address, as far as it can be trusted.
    pub(crate) address: IpAddr,
    /// What the browser calls itself.
    pub(crate) user_agent: String,
}

impl Visit {
    fn read(parts: &Parts, app: &App) -> Self {
        let letterhead = parts
            .extensions
            .get::<Letterhead>()
            .cloned()
            .unwrap_or_else(|| Letterhead::of_platform(&app.config));
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        let user_agent = parts
            .headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        Self {
            app: app.clone(),
            letterhead,
            theme: Theme::read(&parts.headers, app.cookies),
            flash: Flash::read(&parts.headers, app.cookies, &app.key),
            address: client_address(&parts.headers, peer, &app.config.trusted_proxies),
            user_agent: user_agent.chars().take(LONGEST_USER_AGENT).collect(),
        }
    }

    fn frame(&self, binding: &str) -> Frame {
        Frame {
            letterhead: self.letterhead.clone(),
            theme: self.theme,
            flash: self.flash.clone(),
            csrf: self.app.key.form_token(binding),
        }
    }
}

impl FromRequestParts<App> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::read(parts, app))
    }
}

/// Names a browser that has not signed in, so that its forms can be bound to it.
#[derive(Clone)]
struct BrowserName(String);

/// Gives a browser its name before its first form.
pub(crate) async fn name_browser(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let known = app.cookies.read(request.headers(), Cookie::Browser);
    let is_new = known.is_none();
    let name = known.unwrap_or_else(|| URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()));
    request.extensions_mut().insert(BrowserName(name.clone()));
    let mut response = next.run(request).await;
    if is_new {
        let cookie = app.cookies.write(Cookie::Browser, &name, None);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Somebody who has not signed in, or need not have.
pub(crate) struct Guest {
    visit: Visit,
    browser: String,
    /// What an earlier sign-in on this browser gave; empty on a new one.
    pub(crate) device: String,
}

impl Guest {
    /// The frame of a page, with forms bound to the browser.
    pub(crate) fn frame(&self) -> Frame {
        self.visit.frame(&self.browser)
    }
}

impl Deref for Guest {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl FromRequestParts<App> for Guest {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let BrowserName(browser) = parts
            .extensions
            .get::<BrowserName>()
            .cloned()
            .context("a guest's route lacks its layer")?;
        parts.extensions.insert(Binding(browser.clone()));
        Ok(Self {
            visit: Visit::read(parts, app),
            browser,
            device: app
                .cookies
                .read(&parts.headers, Cookie::Device)
                .unwrap_or_default(),
        })
    }
}

/// The organization that answers at this host; as an extractor for pages before sign-in.
pub(crate) struct AtSite(pub Arc<Site>);

impl FromRequestParts<App> for AtSite {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        let site = parts
            .extensions
            .get::<Arc<Site>>()
            .cloned()
            .context("a page of an organization was asked at no organization's host")?;
        Ok(Self(site))
    }
}

/// Somebody who is signed in.
pub(crate) struct Person {
    visit: Visit,
    /// The organization.
    pub(crate) site: Arc<Site>,
    /// The person's account.
    pub(crate) account: Account,
    /// Calls with the person's own rights.
    pub(crate) calls: Calls,
    /// When its token came, which lives for a minute.
    calls_since: Instant,
    session_id: String,
    secret: String,
}

impl Person {
    /// Calls for after an upload: with a new token where the one that the request began with is no longer young.
    pub(crate) async fn renewed(&self) -> Result<Calls, Error> {
        if self.calls_since.elapsed() < YOUNG {
            return Ok(self.calls.clone());
        }
        let resolved = self
            .app
            .backend
            .portal(self.site.tenant)?
            .sessions()
            .resolve_session(ResolveSessionRequest {
                secret: self.secret.clone(),
            })
            .await?
            .into_inner();
        Ok(self.app.backend.person(&resolved.access_token))
    }

    /// The frame of a page, with forms bound to the session.
    pub(crate) fn frame(&self) -> Frame {
        self.visit.frame(&self.session_id)
    }

    /// True for somebody of the office.
    pub(crate) fn is_office(&self) -> bool {
        self.account.kind() == AccountKind::Office
    }

    /// Where this person lands after sign-in.
    pub(crate) fn home(&self) -> &'static str {
        home_of(&self.account)
    }

    async fn read(parts: &mut Parts, app: &App) -> Result<Option<Self>, Error> {
        let AtSite(site) = AtSite::from_request_parts(parts, app).await?;
        let Some(secret) = app.cookies.read(&parts.headers, Cookie::Session) else {
            return Ok(None);
        };
        let resolved = app
            .backend
            .portal(site.tenant)?
            .sessions()
            .resolve_session(ResolveSessionRequest {
                secret: secret.clone(),
            })
            .await;
        let resolved = match resolved {
            Ok(resolved) => resolved.into_inner(),
            // an account that is gone took its sessions along; a token of ours that is refused ends nobody's
            Err(status)
                if Reason::SessionEnded.is_in(&status) || status.code() == Code::NotFound =>
            {
                return Ok(None);
            }
            Err(status) => return Err(status.into()),
        };
        parts
            .extensions
            .insert(Binding(resolved.session_id.clone()));
        Ok(Some(Self {
            visit: Visit::read(parts, app),
            site,
            account: resolved.account.unwrap_or_default(),
            calls: app.backend.person(&resolved.access_token),
            calls_since: Instant::now(),
            session_id: resolved.session_id,
            secret,
        }))
    }
}

impl Deref for Person {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl FromRequestParts<App> for Person {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        match Self::read(parts, app).await? {
            Some(person) => Ok(person),
            None => Err(Error::See(sign_in_path(parts))),
        }
    }
}

impl OptionalFromRequestParts<App> for Person {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Error> {
        Self::read(parts, app).await
    }
}

/// The sign-in page, which leads back to what was asked for.
fn sign_in_path(parts: &Parts) -> String {
    let asked = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    if asked == "/" || !matches!(parts.method, Method::GET | Method::HEAD) {
        return "/sign-in".to_owned();
    }
    let next = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("next", asked)
        .finish();
    format!("/sign-in?{next}")
}

/// A client who is signed in.
pub(crate) struct Client(Person);

impl Deref for Client {
    type Target = Person;

    fn deref(&self) -> &Person {
        &self.0
    }
}

impl FromRequestParts<App> for Client {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let person = <Person as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        if !person.is_office() {
            return Ok(Self(person));
        }
        // the office's home is another one; the rest of a client's pages is none of its pages
        if parts.uri.path() == "/" {
            return Err(Error::See("/office".to_owned()));
        }
        Err(Error::NotFound)
    }
}

/// Somebody of the office who is signed in.
pub(crate) struct Office(Person);

impl Office {
    /// What this person may do.
    pub(crate) fn role(&self) -> Role {
        self.account.role()
    }

    /// True for owner and project manager, who run projects.
    pub(crate) fn is_manager(&self) -> bool {
        matches!(self.role(), Role::Owner | Role::Pm)
    }
}

impl Deref for Office {
    type Target = Person;

    fn deref(&self) -> &Person {
        &self.0
    }
}

impl FromRequestParts<App> for Office {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let person = <Person as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        if person.is_office() {
            Ok(Self(person))
        } else {
            Err(Error::NotFound)
        }
    }
}

/// Where an account lands after sign-in.
pub(crate) fn home_of(account: &Account) -> &'static str {
    match account.kind() {
        AccountKind::Office => "/office",
        AccountKind::Client | AccountKind::Unspecified => "/",
    }
}

/// Puts a new session into the browser; with `keep` it outlives the browser's own.
pub(crate) fn start(app: &App, session: &Session, keep: bool, response: &mut Response) {
    let lifetime = keep.then_some(SESSION_COOKIE);
    let cookies = [
        app.cookies
            .write(Cookie::Session, &session.secret, lifetime),
        app.cookies
            .write(Cookie::Device, &session.device, Some(YEAR)),
    ];
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Takes the session out of the browser.
pub(crate) fn end(app: &App, response: &mut Response) {
    let cookie = app.cookies.clear(Cookie::Session);
    response.headers_mut().append(header::SET_COOKIE, cookie);
}

/// A path of this host to go on to, or none: what is not plainly a path of ours is not followed.
pub(crate) fn own_path(text: &str) -> Option<&str> {
    let is_path = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
    let is_plain = text.chars().all(|letter| !letter.is_control());
    let base = url::Url::parse("http://here.invalid").expect("a fixed address");
    let stays = base
        .join(text)
        .is_ok_and(|url| url.origin() == base.origin());
    (is_path && is_plain && stays).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_host_are_followed() {
        for path in ["/", "/p/1/progress?x=1#y", "/activity"] {
            assert_eq!(own_path(path), Some(path));
        }
        let elsewhere = [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "p/1",
            "/a\r\nset-cookie: x=1",
            "/\t/evil.example",
        ];
        for path in elsewhere {
            assert_eq!(own_path(path), None, "{path}");
        }
    }
}
