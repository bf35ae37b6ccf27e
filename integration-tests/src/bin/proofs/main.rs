//! Writes what tests and measurements have noted into `PROOFS.md`: `proofs PROOFS.md NOTES…`.
//!
//! A note is a line of a promise's name, the day and what came out, between tabs. The file is named after the command that
//! wrote it: what `make soak` proves stands in the file `soak`. A promise without a new note keeps its row.

mod promises;

use std::{collections::BTreeMap, env, fs, io::ErrorKind, path::Path};

use anyhow::{Context as _, Result, ensure};

use self::promises::{AREAS, HEAD, Promise, TAIL};

/// The ends of rows, from the result on, by the promise's name and its command.
type Rows = BTreeMap<(String, String), String>;

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let page = arguments.next().context("usage: proofs PROOFS.md NOTES…")?;
    let mut rows = rows(&read(&page)?);
    let machine = machine()?;
    for notes in arguments {
        let command = Path::new(&notes)
            .file_name()
            .and_then(|name| name.to_str())
            .map(|name| format!("make {name}"))
            .with_context(|| format!("{notes} is not named after a command"))?;
        let noted = noted(&read(&notes)?, &command, &machine);
        rows.extend(noted.with_context(|| format!("read the notes of {command}"))?);
    }
    fs::write(&page, written(&rows)).with_context(|| format!("write {page}"))
}

/// A file; nothing where there is none.
fn read(path: &str) -> Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        outcome => outcome.with_context(|| format!("read {path}")),
    }
}

fn rows(page: &str) -> Rows {
    page.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line
                .strip_prefix("| ")?
                .strip_suffix(" |")?
                .split(" | ")
                .collect();
            let [name, _, command, result, date, machine] = cells[..] else {
                return None;
            };
            let key = (name.to_owned(), command.trim_matches('`').to_owned());
            Some((key, [result, date, machine].join(" | ")))
        })
        .collect()
}

/// What a command noted; what several tests say of one promise stands in one row.
fn noted(notes: &str, command: &str, machine: &str) -> Result<Rows> {
    let mut results: BTreeMap<&str, (Vec<&str>, &str)> = BTreeMap::new();
    for line in notes.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, date, result] = cells[..] else {
            anyhow::bail!("this is no note: {line}");
        };
        ensure!(
            is_promise(name, command),
            "there is no promise {name} that it proves"
        );
        let (said, last) = results.entry(name).or_default();
        if !said.contains(&result) {
            said.push(result);
        }
        *last = date;
    }
    Ok(results
        .into_iter()
        .map(|(name, (said, date))| {
            let result = said.join("; ").replace('|', "/");
            let key = (name.to_owned(), command.to_owned());
            (key, format!("{result} | {date} | {machine}"))
        })
        .collect())
}

fn is_promise(name: &str, command: &str) -> bool {
    let mut promises = AREAS.iter().flat_map(|(_, promises)| *promises);
    promises.any(|promise| promise.name == name && promise.command == command)
}

fn written(rows: &Rows) -> String {
    let mut lines = vec![HEAD.to_owned()];
    for (area, promises) in AREAS {
        lines.push(format!("## {area}\n"));
        lines.push("| | promise | command | last result | date | machine |".to_owned());
        lines.push("|---|---|---|---|---|---|".to_owned());
        for Promise {
            name,
            says,
            command,
        } in promises
        {
            let end = rows.get(&((*name).to_owned(), (*command).to_owned()));
            let end = end.map_or("not yet | | ", String::as_str);
            lines.push(format!("| {name} | {says} | `{command}` | {end} |"));
        }
        lines.push(String::new());
    }
    lines.push(TAIL.to_owned());
    lines.join("\n")
}

/// Such as "2 × AMD EPYC, 23 GiB, Debian GNU/Linux 12 (bookworm), Linux 6.1.0".
fn machine() -> Result<String> {
    let cores = std::thread::available_parallelism().context("count the cores")?;
    let cpu = value_of(&read("/proc/cpuinfo")?, "model name", ':')
        .unwrap_or_else(|| env::consts::ARCH.to_owned());
    let kib: u64 = value_of(&read("/proc/meminfo")?, "MemTotal", ':')
        .and_then(|text| text.strip_suffix(" kB")?.parse().ok())
        .context("read the size of the memory")?;
    let system = value_of(&read("/etc/os-release")?, "PRETTY_NAME", '=')
        .unwrap_or_else(|| env::consts::OS.to_owned());
    let release = read("/proc/sys/kernel/osrelease")?;
    let kernel = release.trim().split('-').next().unwrap_or_default();
    Ok(format!(
        "{cores} × {cpu}, {} GiB, {system}, Linux {kernel}",
        kib >> 20
    ))
}

/// What stands behind a key in a file of lines such as "MemTotal: 1024 kB".
fn value_of(text: &str, key: &str, between: char) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once(between))
        .find(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promises::{SOAK, TEST};

    fn key(name: &str, command: &str) -> (String, String) {
        (name.to_owned(), command.to_owned())
    }

    #[test]
    fn a_promise_without_a_note_keeps_its_row() {
        let first = noted(
            "isolation.rows\t2026-11-25\t35 tables\nisolation.schemas\t2026-11-25\t5 schemas",
            TEST,
            "a machine",
        )
        .expect("notes");
        let mut kept = rows(&written(&first));
        let second = noted(
            "isolation.rows\t2026-11-26\t36 tables\nisolation.rows\t2026-11-26\tno row",
            TEST,
            "another",
        )
        .expect("notes");
        kept.extend(second);
        assert_eq!(
            kept[&key("isolation.rows", TEST)],
            "36 tables; no row | 2026-11-26 | another"
        );
        assert_eq!(
            kept[&key("isolation.schemas", TEST)],
            "5 schemas | 2026-11-25 | a machine"
        );
        assert!(written(&kept).contains("| isolation.connections | No pooled"));
        assert_eq!(rows(&written(&kept)), kept);
    }

    #[test]
    fn each_command_has_its_own_row() {
        let mut rows =
            noted("requests.hostile\t2026-11-25\t2000", TEST, "a machine").expect("notes");
        rows.extend(
            noted("requests.hostile\t2026-11-26\t10000", SOAK, "a machine").expect("notes"),
        );
        let page = written(&rows);
        assert!(page.contains("| `make test` | 2000 | 2026-11-25 |"));
        assert!(page.contains("| `make soak` | 10000 | 2026-11-26 |"));
    }

    #[test]
    fn what_nobody_promised_is_no_note() {
        assert!(noted("isolation.nothing\t2026-11-25\tfine", TEST, "a machine").is_err());
        assert!(noted("isolation.rows\t2026-11-25\tfine", SOAK, "a machine").is_err());
        assert!(noted("fine", TEST, "a machine").is_err());
    }
}
