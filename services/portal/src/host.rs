//! Which organization answers: the Host header decides, and nothing else does.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, extract::Request, response::Response};
use http::{HeaderMap, header};
use jiff::tz::TimeZone;
use proto::identity::{Organization, ResolveHostRequest};
use quick_cache::sync::Cache;
use tenancy::TenantId;
use tower::ServiceExt as _;

use crate::{
    App,
    error::{self, Error},
    page::{Frame, Letterhead, Theme},
};

/// How long the organization of a host is not asked for again. A change of its look that another replica made shows after this.
const KEPT: Duration = Duration::from_secs(1);
/// Of so many hosts. Only those are kept at which an organization answers.
const HOSTS: usize = 10_000;

/// The organization that answers at a request's host.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Its id.
    pub(crate) tenant: TenantId,
    /// Its name, contact data, colors and texts.
    pub(crate) organization: Organization,
    /// Its time zone, for whoever has none.
    pub(crate) zone: TimeZone,
}

impl Site {
    fn new(organization: Organization) -> anyhow::Result<Self> {
        let tenant: uuid::Uuid = organization.id.parse()?;
        Ok(Self {
            tenant: tenant.into(),
            zone: TimeZone::get(&organization.time_zone).unwrap_or(TimeZone::UTC),
            organization,
        })
    }
}

/// The organizations of hosts that were asked for a moment ago, so that a page and its pictures ask once.
pub(crate) struct Sites {
    kept: Cache<String, (Instant, Arc<Site>)>,
    /// How often something was forgotten.
    forgotten: AtomicU64,
}

/// When an organization is asked for.
#[derive(Clone, Copy)]
struct Asked {
    at: Instant,
    forgotten: u64,
}

impl Sites {
    pub(crate) fn new() -> Self {
        Self {
            kept: Cache::new(HOSTS),
            forgotten: AtomicU64::new(0),
        }
    }

    fn find(&self, host: &str) -> Option<Arc<Site>> {
        let (asked_at, site) = self.kept.get(host)?;
        (asked_at.elapsed() < KEPT).then_some(site)
    }

    fn ask(&self) -> Asked {
        Asked {
            at: Instant::now(),
            forgotten: self.forgotten.load(Ordering::SeqCst),
        }
    }

    /// Keeps an answer, unless it may be from before something was forgotten.
    fn keep(&self, host: String, asked: Asked, site: Arc<Site>) {
        self.kept.insert(host.clone(), (asked.at, site));
        if self.forgotten.load(Ordering::SeqCst) != asked.forgotten {
            self.kept.remove(&host);
        }
    }

    /// Asks for an organization anew from now on, because what [`Site`] holds of it was changed.
    pub(crate) fn forget(&self, tenant: TenantId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.kept.retain(|_, (_, site)| site.tenant != tenant);
    }
}

/// The base domain's pages and an organization's, each behind its hosts.
pub(crate) struct Hosts {
    /// The state.
    pub(crate) app: App,
    /// Sign-up and "find my portal".
    pub(crate) base_domain: Router,
    /// One organization's portal.
    pub(crate) organization: Router,
}

impl Hosts {
    /// Answers with the pages of the host that was asked.
    pub(crate) async fn answer(&self, mut request: Request) -> Response {
        let theme = Theme::read(request.headers(), self.app.cookies);
        let (pages, letterhead) = match self.find(request.headers()).await {
            Ok(None) => (&self.base_domain, Letterhead::of_platform(&self.app.config)),
            Ok(Some(site)) => {
                let letterhead = Letterhead::of(&site.organization);
                tracing::Span::current().record("tenant", site.tenant.to_string());
                request.extensions_mut().insert(site);
                (&self.organization, letterhead)
            }
            Err(error) => {
                let response = axum::response::IntoResponse::into_response(error);
                return error::page(response, || {
                    plain_frame(Letterhead::of_platform(&self.app.config), theme)
                });
            }
        };
        request.extensions_mut().insert(letterhead.clone());
        let Ok::<_, Infallible>(response) = pages.clone().oneshot(request).await;
        error::page(response, || plain_frame(letterhead, theme))
    }

    async fn find(&self, headers: &HeaderMap) -> Result<Option<Arc<Site>>, Error> {
        let host = host_name(headers).ok_or(Error::NoPortal)?;
        if host == self.app.config.base_domain {
            return Ok(None);
        }
        if let Some(site) = self.app.sites.find(&host) {
            return Ok(Some(site));
        }
        let asked = self.app.sites.ask();
        let answer = self
            .app
            .backend
            .platform()?
            .organizations()
            .resolve_host(ResolveHostRequest { host: host.clone() })
            .await;
        let organization = match answer {
            Ok(answer) => answer.into_inner().organization.ok_or(Error::NoPortal)?,
            Err(status) => {
                return Err(match Error::from(status) {
                    Error::NotFound | Error::Invalid => Error::NoPortal,
                    other => other,
                });
            }
        };
        let site = Arc::new(Site::new(organization)?);
        self.app.sites.keep(host, asked, site.clone());
        Ok(Some(site))
    }
}

fn plain_frame(letterhead: Letterhead, theme: Theme) -> Frame {
    Frame {
        letterhead,
        theme,
        ..Frame::default()
    }
}

/// The host without its port, in lower case; none where it cannot be a host name.
fn host_name(headers: &HeaderMap) -> Option<String> {
    let authority = headers.get(header::HOST)?.to_str().ok()?;
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
    (is_name && (1..=253).contains(&name.len())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(host: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a header value"));
        host_name(&headers)
    }

    fn site(name: &str) -> Arc<Site> {
        let organization = Organization {
            id: TenantId::new().to_string(),
            name: name.to_owned(),
            ..Organization::default()
        };
        Arc::new(Site::new(organization).expect("an organization"))
    }

    #[test]
    fn an_organization_is_kept_for_a_moment_and_until_it_is_forgotten() {
        let sites = Sites::new();
        let (alder, bluestone) = (site("Alder"), site("Bluestone"));
        for (host, site) in [("alder", &alder), ("bluestone", &bluestone)] {
            sites.keep(host.to_owned(), sites.ask(), site.clone());
        }
        sites.forget(alder.tenant);
        assert!(sites.find("alder").is_none());
        assert!(sites.find("bluestone").is_some());

        let old = Asked {
            at: Instant::now()
                .checked_sub(KEPT)
                .expect("a machine runs for longer"),
            ..sites.ask()
        };
        sites.keep("bluestone".to_owned(), old, bluestone);
        assert!(sites.find("bluestone").is_none());
    }

    #[test]
    fn an_answer_from_before_a_change_is_not_kept() {
        let sites = Sites::new();
        let alder = site("Alder");
        let asked = sites.ask();
        sites.forget(alder.tenant);
        sites.keep("alder".to_owned(), asked, alder);
        assert!(sites.find("alder").is_none());
    }

    #[test]
    fn a_host_is_a_name_without_its_port() {
        assert_eq!(
            name_of("Alder.localhost:8080").as_deref(),
            Some("alder.localhost")
        );
        assert_eq!(
            name_of("alder.example.com.").as_deref(),
            Some("alder.example.com")
        );
        assert_eq!(name_of("alder.example.com:x").as_deref(), None);
        assert_eq!(name_of("[::1]:8080"), None);
        assert_eq!(name_of("alder.example.com/x"), None);
        assert_eq!(name_of(""), None);
        assert_eq!(host_name(&HeaderMap::new()), None);
    }
}
