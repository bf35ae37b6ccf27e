//! The portal's configuration; `config.toml` has the defaults and a word on each setting.

use std::{net::SocketAddr, path::PathBuf};

use ipnet::IpNet;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use service::telemetry::Telemetry;

/// The compiled-in `config.toml`, which names every setting.
pub const DEFAULT_CONFIG: &str = include_str!("../config.toml");

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where browsers, or the proxies in front, connect.
    pub address: SocketAddr,
    /// Where `GET /healthz` answers.
    pub health_address: SocketAddr,
    /// The development clock.
    #[serde(deserialize_with = "service::config::optional")]
    pub control_address: Option<SocketAddr>,
    /// Sign-up answers here, each organization one label below.
    pub base_domain: String,
    /// Between "stopping" and the close of the port.
    pub drain_ms: u64,
    /// The port that browsers see; 0 is that of the scheme.
    pub public_port: u16,
    /// Whose word on the client's address counts.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// 32 bytes in hex.
    pub cookie_key: SecretString,
    /// Where the files of a form wait.
    pub upload: Upload,
    /// The own key, to say that it is the portal who calls.
    pub keys: tenancy::Keys,
    /// The services.
    pub peers: Peers,
    /// Where traces, metrics and logs go.
    pub telemetry: Telemetry,
}

/// Where the files of a form without a script wait until the storage has taken them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// A folder of this machine; empty means the system's own for such files.
    pub spool_folder: PathBuf,
    /// So much may wait at once.
    pub spool_limit_bytes: u64,
}

/// The addresses of the services.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peers {
    /// Who.
    pub identity: String,
    /// What is built.
    pub projects: String,
    /// Photos and documents.
    pub documents: String,
    /// Money.
    pub billing: String,
    /// Mail and inbox.
    pub notifications: String,
}

impl Config {
    /// True on a development machine, where there is no TLS: the only place where cookies may do without it.
    pub fn is_local(&self) -> bool {
        self.base_domain == "localhost"
    }

    /// The origin of a host as a browser writes it, such as "http://alder.localhost:8080".
    pub fn origin(&self, host: &str) -> String {
        let (scheme, usual_port) = if self.is_local() {
            ("http", 80)
        } else {
            ("https", 443)
        };
        if [0, usual_port].contains(&self.public_port) {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{}", self.public_port)
        }
    }
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    String::deserialize(deserializer)?
        .split(',')
        .map(str::trim)
        .filter(|network| !network.is_empty())
        .map(|network| network.parse().map_err(D::Error::custom))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_complete() {
        let config: Config =
            service::config::load_from(DEFAULT_CONFIG, Default::default()).expect("valid");
        assert_eq!(
            config.origin("alder.localhost"),
            "http://alder.localhost:8080"
        );
        assert!(config.trusted_proxies.is_empty());
    }

    #[test]
    fn networks_are_a_list() {
        let environment = [
            (
                "APP__TRUSTED_PROXIES".to_owned(),
                "10.0.0.0/8, fd00::/8".to_owned(),
            ),
            ("APP__BASE_DOMAIN".to_owned(), "example.com".to_owned()),
            ("APP__PUBLIC_PORT".to_owned(), "443".to_owned()),
        ];
        let config: Config =
            service::config::load_from(DEFAULT_CONFIG, environment.into_iter().collect())
                .expect("valid");
        assert_eq!(config.trusted_proxies.len(), 2);
        assert_eq!(
            config.origin("alder.example.com"),
            "https://alder.example.com"
        );
        let usual = Config {
            public_port: 0,
            ..config
        };
        assert_eq!(
            usual.origin("alder.example.com"),
            "https://alder.example.com"
        );
    }
}
