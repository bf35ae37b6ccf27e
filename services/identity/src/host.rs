//! Hosts: each organization answers at its slug below the base domain.

/// Slugs that people would take for the platform's own, or that we may want one day.
const RESERVED: &[&str] = &[
    "about",
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "api",
    "app",
    "assets",
    "auth",
    "autoconfig",
    "autodiscover",
    "billing",
    "blog",
    "cdn",
    "careers",
    "client",
    "clients",
    "contact",
    "contractoros",
    "dashboard",
    "demo",
    "dev",
    "docs",
    "download",
    "email",
    "events",
    "example",
    "ftp",
    "grpc",
    "health",
    "help",
    "home",
    "hostmaster",
    "identity",
    "imap",
    "info",
    "internal",
    "invite",
    "jobs",
    "legal",
    "localhost",
    "login",
    "logout",
    "mail",
    "mailer",
    "media",
    "metrics",
    "notifications",
    "office",
    "operator",
    "pay",
    "payments",
    "pop",
    "portal",
    "portals",
    "postmaster",
    "press",
    "privacy",
    "projects",
    "register",
    "reset",
    "root",
    "sandbox",
    "sales",
    "secure",
    "security",
    "service",
    "services",
    "shop",
    "sign-in",
    "sign-up",
    "signin",
    "signup",
    "smtp",
    "sso",
    "staging",
    "static",
    "status",
    "store",
    "support",
    "system",
    "team",
    "terms",
    "test",
    "tests",
    "tracing",
    "trust",
    "upload",
    "uploads",
    "webmail",
    "webmaster",
    "wpad",
    "www",
];

const SLUG_LENGTHS: std::ops::RangeInclusive<usize> = 3..=40;

/// What a form says where [`is_slug`] does not hold.
pub(crate) const WRONG_SLUG: &str =
    "Use 3 to 40 lower-case letters, digits and hyphens, with a letter or digit at each end";

/// What a form says where [`is_reserved`] holds, or where another organization has the slug.
pub(crate) const TAKEN_SLUG: &str = "This address is taken: choose another";

/// True where a text may be the first label of a host.
pub(crate) fn is_slug(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    SLUG_LENGTHS.contains(&text.len())
        && text.bytes().all(|byte| plain(byte) || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        // "xn--" marks a host in another script, which browsers show as such
        && !text.starts_with("xn--")
}

/// True for slugs that no organization gets.
pub(crate) fn is_reserved(slug: &str) -> bool {
    RESERVED.contains(&slug)
}

/// The hosts of this platform.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    base_domain: String,
    public_port: u16,
}

impl Hosts {
    pub(crate) fn new(base_domain: &str, public_port: u16) -> Self {
        Self {
            base_domain: base_domain.to_lowercase(),
            public_port,
        }
    }

    /// The host of an organization, without a port.
    pub(crate) fn of(&self, slug: &str) -> String {
        format!("{slug}.{}", self.base_domain)
    }

    /// The base domain as a browser's address bar shows it.
    pub(crate) fn base(&self) -> String {
        match self.public_port {
            0 => self.base_domain.clone(),
            port => format!("{}:{port}", self.base_domain),
        }
    }

    /// The slug in a host such as "Alder.example.com:8080"; none where it is no organization's.
    pub(crate) fn slug(&self, host: &str) -> Option<String> {
        let host = host.to_lowercase();
        let without_port = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host.as_str(),
        };
        let name = without_port.strip_suffix('.').unwrap_or(without_port);
        let slug = name
            .strip_suffix(self.base_domain.as_str())?
            .strip_suffix('.')?;
        is_slug(slug).then(|| slug.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_plain_label() {
        for slug in ["abc", "alder-finch", "3brothers", "a".repeat(40).as_str()] {
            assert!(is_slug(slug), "{slug}");
        }
        for slug in [
            "",
            "ab",
            "-abc",
            "abc-",
            "Alder",
            "al der",
            "al.der",
            "älder",
            "xn--lder-loa",
        ] {
            assert!(!is_slug(slug), "{slug}");
        }
        assert!(!is_slug(&"a".repeat(41)));
    }

    #[test]
    fn every_reserved_slug_would_be_one() {
        assert!(RESERVED.iter().all(|slug| is_slug(slug)));
        assert!(is_reserved("www"));
        assert!(!is_reserved("alder"));
    }

    #[test]
    fn a_host_gives_its_slug() {
        let hosts = Hosts::new("Example.com", 8080);
        for host in [
            "alder.example.com",
            "ALDER.example.com:8080",
            "alder.example.com.",
        ] {
            assert_eq!(hosts.slug(host).as_deref(), Some("alder"), "{host}");
        }
        for host in [
            "example.com",
            "alderexample.com",
            "alder.example.org",
            "alder.example.com.evil.org",
            "deep.alder.example.com",
            "",
        ] {
            assert_eq!(hosts.slug(host), None, "{host}");
        }
        assert_eq!(hosts.of("alder"), "alder.example.com");
        assert_eq!(hosts.base(), "example.com:8080");
        assert_eq!(Hosts::new("example.com", 0).base(), "example.com");
    }
}
