//! Reads `bootstrap.sql`, which platform engineers run through psql.
//!
//! Only what that file needs of psql's language is known here; anything else is an error.

use anyhow::{Context, Result, bail};

const SCRIPT: &str = include_str!("../bootstrap.sql");

/// What to do, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Run this statement.
    Run(String),
    /// Run this query, then each text it gives as a statement of its own.
    RunResults(String),
    /// Go on in this database.
    Connect(String),
}

/// The script's steps with these variables set.
pub(crate) fn steps(variables: &[(&str, &str)]) -> Result<Vec<Step>> {
    read(SCRIPT, variables)
}

fn read(script: &str, variables: &[(&str, &str)]) -> Result<Vec<Step>> {
    let mut variables: Vec<(String, String)> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut steps = Vec::new();
    let mut statement = String::new();
    let lines = script
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with("--"));
    for line in lines {
        if let Some(command) = line.strip_prefix('\\') {
            let words: Vec<&str> = command.split_whitespace().collect();
            match words[..] {
                ["set", name, ref parts @ ..] => {
                    let parts: Vec<&str> =
                        parts.iter().map(|part| value(part, &variables)).collect();
                    variables.push((name.to_owned(), parts.concat()));
                }
                ["connect", database] => {
                    steps.push(Step::Connect(value(database, &variables).to_owned()));
                }
                ["gexec"] => steps.push(Step::RunResults(std::mem::take(&mut statement))),
                _ => bail!("read bootstrap.sql: unknown command \\{command}"),
            }
            continue;
        }
        statement.push_str(&with_values(line, &variables));
        statement.push('\n');
        if line.ends_with(';') {
            steps.push(Step::Run(std::mem::take(&mut statement)));
        }
    }
    if !statement.is_empty() {
        bail!("read bootstrap.sql: the last statement has no end: {statement}");
    }
    Ok(steps)
}

/// `:name` in a backslash command.
fn value<'a>(word: &'a str, variables: &'a [(String, String)]) -> &'a str {
    word.strip_prefix(':')
        .and_then(|name| variables.iter().find(|(known, _)| known == name))
        .map_or(word, |(_, value)| value)
}

/// `:'name'` becomes a quoted text, `:"name"` a quoted identifier.
fn with_values(line: &str, variables: &[(String, String)]) -> String {
    variables
        .iter()
        .fold(line.to_owned(), |line, (name, value)| {
            line.replace(
                &format!(":'{name}'"),
                &format!("'{}'", value.replace('\'', "''")),
            )
            .replace(&format!(":\"{name}\""), &quoted(value))
        })
}

/// An identifier as SQL wants it when it holds more than letters.
pub(crate) fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// The service whose owner's login this is.
pub(crate) fn service_of_owner(owner: &str) -> Result<&str> {
    owner
        .strip_suffix("_owner")
        .with_context(|| format!("`{owner}` is not a service's owner: it lacks `_owner`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_the_script() -> Result<()> {
        let script = "-- a comment\n\\set owner :service _owner\n\
                      select :'owner'\nwhere true\n\\gexec\n\
                      \\connect :service\ngrant x\n    to :\"owner\";\n";
        assert_eq!(
            read(script, &[("service", "o'brien")])?,
            [
                Step::RunResults("select 'o''brien_owner'\nwhere true\n".to_owned()),
                Step::Connect("o'brien".to_owned()),
                Step::Run("grant x\n    to \"o'brien_owner\";\n".to_owned()),
            ]
        );
        Ok(())
    }

    #[test]
    fn what_it_does_not_know_is_an_error() {
        assert!(read("\\copy x\n", &[]).is_err());
        assert!(read("select 1\n", &[]).is_err());
    }
}
