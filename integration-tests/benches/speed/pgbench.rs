//! The same statements, played by pgbench.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use devstack::{platform::Platform, postgres::Login};
use integration_tests::statements::{Message, Script};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::line::median;

/// A script, to be played again and again by the login that sent it first.
pub(crate) struct Play<'a> {
    platform: &'a Platform,
    folder: TempDir,
    database: String,
    login: Login,
    protocol: &'static str,
}

/// How a script gets the parameters of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameters {
    /// As services send them, for a statement that was prepared: PostgreSQL plans anew for them where it thinks that this is
    /// worth while.
    Sent,
    /// In their places: PostgreSQL has a plan for them from the first time on.
    InPlace,
}

impl Parameters {
    /// With EXECUTE the script does by itself what pgbench would do.
    fn protocol(self) -> &'static str {
        match self {
            Self::Sent => "simple",
            Self::InPlace => "prepared",
        }
    }
}

/// One transaction of pgbench, which is a whole script.
pub(crate) struct Played {
    /// When it ended, since 1970.
    pub(crate) ended_at: Duration,
    pub(crate) took: Duration,
}

impl<'a> Play<'a> {
    /// Plays what services were heard to send, with the parameters of then.
    pub(crate) fn of(
        platform: &'a Platform,
        script: &Script,
        parameters: Parameters,
    ) -> Result<Self> {
        let service = &script.database;
        let logins = platform.postgres().logins(service)?;
        let login = [logins.app, logins.platform]
            .into_iter()
            .find(|login| login.user == script.login)
            .with_context(|| format!("{service} has no login {}", script.login))?;
        let text = Text::of(&script.messages, parameters);
        let play = Self::new(platform, service, login, &text.whole())?;
        Ok(Self {
            protocol: parameters.protocol(),
            ..play
        })
    }

    /// Plays a script in the language of pgbench.
    pub(crate) fn new(
        platform: &'a Platform,
        database: &str,
        login: Login,
        script: &str,
    ) -> Result<Self> {
        let folder = tempfile::tempdir().context("make a folder for pgbench")?;
        fs::write(folder.path().join("script.sql"), script).context("write a script")?;
        Ok(Self {
            platform,
            folder,
            database: database.to_owned(),
            login,
            protocol: Parameters::InPlace.protocol(),
        })
    }

    /// Plays it so often on one connection; half of the times are shorter than what it answers, and half longer.
    pub(crate) async fn median(&self, times: usize) -> Result<Duration> {
        let number = times.to_string();
        self.start(1, &["--transactions", &number])?
            .wait_with_output()
            .await
            .context("wait for pgbench")
            .and_then(checked)?;
        Ok(median(
            self.played()?.into_iter().map(|one| one.took).collect(),
        ))
    }

    /// Starts to play it, on so many connections at once.
    pub(crate) fn start(&self, clients: usize, arguments: &[&str]) -> Result<Child> {
        let folder = self.folder.path();
        remove_times(folder)?;
        let postgres = self.platform.postgres();
        Command::new("pgbench")
            // as services do, which keep their connections
            .args(["--no-vacuum", "--jobs", "1", "--protocol", self.protocol])
            .args(["--client", &clients.to_string()])
            .args(arguments)
            .args(["--define", "is_new=1"])
            .args(["--file", "script.sql", "--log"])
            .args(["--host", postgres.host()])
            .args(["--port", &postgres.port().to_string()])
            .args(["--username", &self.login.user])
            .arg(&self.database)
            .env("PGPASSWORD", &self.login.password)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("start pgbench; deploy/install.sh --bench says how to get it")
    }

    /// What was played last, in the order of the log of pgbench.
    pub(crate) fn played(&self) -> Result<Vec<Played>> {
        let mut played = Vec::new();
        for file in times(self.folder.path())? {
            for line in fs::read_to_string(file)?.lines() {
                // client, transaction, its time, script, and when it ended: seconds and microseconds
                let figures: Vec<u64> = line
                    .split(' ')
                    .map(str::parse)
                    .collect::<Result<_, _>>()
                    .with_context(|| format!("pgbench logged `{line}`"))?;
                ensure!(figures.len() >= 6, "pgbench logged `{line}`");
                played.push(Played {
                    took: Duration::from_micros(figures[2]),
                    ended_at: Duration::from_secs(figures[4]) + Duration::from_micros(figures[5]),
                });
            }
        }
        ensure!(!played.is_empty(), "pgbench played nothing");
        Ok(played)
    }
}

/// Fails with what pgbench said, unless all went well.
pub(crate) fn checked(output: std::process::Output) -> Result<()> {
    ensure!(
        output.status.success(),
        "pgbench failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// A script in the language of pgbench.
struct Text {
    parameters: Parameters,
    /// Those that a connection prepares at first.
    prepared: Vec<String>,
    body: String,
}

impl Text {
    fn of(messages: &[Message], parameters: Parameters) -> Self {
        let mut text = Self {
            parameters,
            prepared: Vec::new(),
            body: String::new(),
        };
        for message in messages {
            match message {
                Message::Plain(_) => text.add_at_once(&message.statements()),
                Message::Prepared {
                    statement,
                    parameters,
                } => text.add_prepared(statement, parameters),
            }
        }
        text
    }

    fn whole(&self) -> String {
        let mut whole = String::new();
        if !self.prepared.is_empty() {
            whole.push_str("\\if :is_new\n");
            for (number, statement) in self.prepared.iter().enumerate() {
                // writing to a String cannot fail
                let _ = writeln!(whole, "prepare p{number} as {statement};");
            }
            whole.push_str("\\set is_new 0\n\\endif\n");
        }
        whole + &self.body
    }

    fn add_at_once(&mut self, statements: &[&str]) {
        let (before, between, after) = match (self.parameters, statements) {
            (_, [_]) => ("", "", ""),
            (Parameters::Sent, _) => ("", "\\; ", ""),
            // one is prepared at a time
            (Parameters::InPlace, _) => ("\\startpipeline\n", ";\n", "\\endpipeline\n"),
        };
        self.body.push_str(before);
        self.body.push_str(&statements.join(between));
        self.body.push_str(";\n");
        self.body.push_str(after);
    }

    fn add_prepared(&mut self, statement: &str, parameters: &[Option<String>]) {
        let values: Vec<String> = parameters
            .iter()
            .map(|value| value.as_deref().map_or("null".to_owned(), quoted))
            .collect();
        let text = match self.parameters {
            Parameters::InPlace => in_place(statement, &values),
            Parameters::Sent => {
                let known = self.prepared.iter().position(|one| one == statement);
                let number = known.unwrap_or_else(|| {
                    self.prepared.push(statement.to_owned());
                    self.prepared.len() - 1
                });
                match values.join(", ") {
                    none if none.is_empty() => format!("execute p{number}"),
                    values => format!("execute p{number} ({values})"),
                }
            }
        };
        self.body.push_str(&text);
        self.body.push_str(";\n");
    }
}

fn in_place(statement: &str, values: &[String]) -> String {
    let mut text = String::new();
    let mut rest = statement;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let digits = after
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(after.len());
        let number: Option<usize> = after[..digits].parse().ok();
        if let Some(value) = number.and_then(|number| values.get(number.checked_sub(1)?)) {
            text.push_str(value);
            rest = &after[digits..];
        } else {
            text.push('$');
            rest = after;
        }
    }
    text + rest
}

/// A text as SQL has it, without a colon: pgbench reads a variable behind one.
fn quoted(value: &str) -> String {
    let value = value
        .replace('\\', "\\\\")
        .replace('\'', "''")
        .replace(':', "\\x3a")
        .replace('\n', "\\n");
    format!("E'{value}'")
}

fn times(folder: &Path) -> Result<Vec<PathBuf>> {
    let files = fs::read_dir(folder).context("look for the times of pgbench")?;
    Ok(files
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("pgbench_log."))
        })
        .collect())
}

fn remove_times(folder: &Path) -> Result<()> {
    for file in times(folder)? {
        fs::remove_file(file).context("remove former times")?;
    }
    Ok(())
}
