//! Configuration: compiled-in TOML, then the environment, complete and valid before a port opens.
//!
//! The TOML names every setting, so a variable that names none is refused by name. `APP__DATABASE__HOST` sets
//! `database.host`. Beside a setting `x` that holds a secret stands `x_file`: the path of a file that holds it.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result, bail};
use config::{Config, Environment, File, FileFormat, Map, Value, ValueKind};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

const PREFIX: &str = "APP__";

/// Loads a configuration from its compiled-in defaults and the environment.
///
/// Errors name the setting: a variable that sets nothing, a file that cannot be read, a value of the wrong kind.
pub fn load<T: DeserializeOwned>(defaults: &str) -> Result<T> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
    let environment = std::env::vars()
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    load_from(defaults, environment)
}

/// Like [`load`], with the variables given; for tests that run several services in one process.
pub fn load_from<T: DeserializeOwned>(
    defaults: &str,
    environment: Map<String, String>,
) -> Result<T> {
    let defaults = Config::builder()
        .add_source(File::from_str(defaults, FileFormat::Toml))
        .build()
        .context("read the compiled-in defaults")?;
    let mut known = BTreeSet::new();
    collect_keys(&defaults.cache, "", &mut known);
    for name in environment.keys() {
        let key = key_of(name);
        if !known.contains(&key) {
            bail!("{name} is not a setting; known are: {}", names(&known));
        }
    }

    let merged = Config::builder()
        .add_source(defaults)
        .add_source(
            Environment::with_prefix("APP")
                .prefix_separator("__")
                .separator("__")
                .source(Some(environment)),
        )
        .build()
        .context("read the environment")?;
    let mut with_files = Config::builder().add_source(merged.clone());
    for key in &known {
        let Some(setting) = key.strip_suffix("_file") else {
            continue;
        };
        let path: String = merged.get(key).unwrap_or_default();
        if !known.contains(setting) || path.is_empty() {
            continue;
        }
        let secret = fs::read_to_string(&path)
            .with_context(|| format!("read {path}, named by {}", name_of(key)))?;
        with_files = with_files.set_override(setting, secret.trim().to_owned())?;
    }
    let mut whole = with_files.build().context("read the secrets")?.cache;
    drop_secret_files(&mut whole);
    T::deserialize(whole)
        .map_err(|error| anyhow::anyhow!("the configuration is not valid: {error}"))
}

/// Takes out each `x_file` beside an `x`: its content has taken x's place.
fn drop_secret_files(value: &mut Value) {
    let ValueKind::Table(table) = &mut value.kind else {
        return;
    };
    let settings: BTreeSet<String> = table.keys().cloned().collect();
    table.retain(|name, _| {
        name.strip_suffix("_file")
            .is_none_or(|setting| !settings.contains(setting))
    });
    for inner in table.values_mut() {
        drop_secret_files(inner);
    }
}

fn key_of(name: &str) -> String {
    name[PREFIX.len()..].to_lowercase().replace("__", ".")
}

fn name_of(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

fn names(keys: &BTreeSet<String>) -> String {
    keys.iter()
        .map(|key| name_of(key))
        .collect::<Vec<_>>()
        .join(", ")
}

fn collect_keys(value: &Value, path: &str, keys: &mut BTreeSet<String>) {
    match &value.kind {
        ValueKind::Table(table) => {
            for (name, inner) in table {
                let deeper = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                collect_keys(inner, &deeper, keys);
            }
        }
        _ => {
            keys.insert(path.to_owned());
        }
    }
}

/// Reads an optional setting: an empty text means none.
pub fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        port: u16,
        password: String,
    }

    const DEFAULTS: &str = "port = 1\npassword = \"\"\npassword_file = \"\"\n";

    fn load_with(pairs: &[(&str, &str)]) -> Result<Example> {
        let environment = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        load_from(DEFAULTS, environment)
    }

    #[test]
    fn the_environment_wins_over_the_defaults() {
        let example = load_with(&[("APP__PORT", "9")]).expect("valid");
        assert_eq!(example.port, 9);
        assert_eq!(example.password, "");
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = load_with(&[("APP__PROT", "9")]).expect_err("unknown");
        assert!(error.to_string().starts_with("APP__PROT is not a setting"));
    }

    #[test]
    fn a_wrong_value_names_its_key() {
        let error = load_with(&[("APP__PORT", "many")]).expect_err("not a number");
        assert!(error.to_string().contains("port"), "{error}");
    }

    #[test]
    fn a_missing_secret_file_names_its_key() {
        let error = load_with(&[("APP__PASSWORD_FILE", "/nonexistent")]).expect_err("no file");
        assert!(error.to_string().contains("APP__PASSWORD_FILE"), "{error}");
    }
}
