//! The portal's cookies, all of one host and none for scripts.

use std::{fmt::Write as _, time::Duration};

use axum_extra::extract::CookieJar;
use http::{HeaderMap, HeaderValue};

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The secret of a session.
    Session,
    /// Names a browser that has not signed in, so that its forms can be bound to it.
    Browser,
    /// Names a browser that signed in before to the guessing limits.
    Device,
    /// One message for the next page.
    Flash,
    /// Light or dark.
    Theme,
}

/// How cookies are written here: with `__Host-` and `Secure`, except on a development machine, where there is no TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookies {
    is_local: bool,
}

impl Cookies {
    /// `is_local` as the configuration has it.
    pub(crate) fn new(is_local: bool) -> Self {
        Self { is_local }
    }

    fn name(self, cookie: Cookie) -> String {
        let name = match cookie {
            Cookie::Session => "session",
            Cookie::Browser => "browser",
            Cookie::Device => "device",
            Cookie::Flash => "flash",
            Cookie::Theme => "theme",
        };
        if self.is_local {
            name.to_owned()
        } else {
            format!("__Host-{name}")
        }
    }

    /// Reads a cookie; none where it is absent or empty.
    pub(crate) fn read(self, headers: &HeaderMap, cookie: Cookie) -> Option<String> {
        CookieJar::from_headers(headers)
            .get(&self.name(cookie))
            .map(|found| found.value().to_owned())
            .filter(|value| !value.is_empty())
    }

    /// Writes a cookie; without a lifetime it ends with the browser.
    ///
    /// Values are base64url or words of our own, so that none needs quoting.
    pub(crate) fn write(
        self,
        cookie: Cookie,
        value: &str,
        lifetime: Option<Duration>,
    ) -> HeaderValue {
        let mut text = format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Lax",
            self.name(cookie)
        );
        if !self.is_local {
            text.push_str("; Secure");
        }
        if let Some(lifetime) = lifetime {
            write!(text, "; Max-Age={}", lifetime.as_secs())
                .expect("writing to a string cannot fail");
        }
        HeaderValue::from_str(&text).expect("cookie values are base64url or words of our own")
    }

    /// Takes a cookie away.
    pub(crate) fn clear(self, cookie: Cookie) -> HeaderValue {
        self.write(cookie, "", Some(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_bound_to_the_host_and_to_tls() {
        let cookies = Cookies::new(false);
        let written = cookies.write(Cookie::Session, "abc", Some(Duration::from_mins(1)));
        assert_eq!(
            written,
            "__Host-session=abc; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60"
        );
    }

    #[test]
    fn a_development_machine_has_no_tls() {
        let cookies = Cookies::new(true);
        assert_eq!(
            cookies.write(Cookie::Session, "abc", None),
            "session=abc; Path=/; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn a_cleared_cookie_reads_as_absent() {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_static("session=; theme=dark"));
        let cookies = Cookies::new(true);
        assert_eq!(cookies.read(&headers, Cookie::Session), None);
        assert_eq!(
            cookies.read(&headers, Cookie::Theme).as_deref(),
            Some("dark")
        );
    }
}
