//! Writes what tests and measurements have noted into `PROOFS.md`: `proofs PROOFS.md NOTES…`.
//!
//! A note is a line of a promise's name, the day and what came out, between tabs. A promise without a new note keeps its row.

use std::{collections::BTreeMap, env, fs, io::ErrorKind};

use anyhow::{Context as _, Result, ensure};

/// What is promised, in the order of the page.
struct Promise {
    name: &'static str,
    /// In a sentence without its full stop.
    says: &'static str,
    /// What proves it.
    command: &'static str,
}

const fn promise(name: &'static str, says: &'static str, command: &'static str) -> Promise {
    Promise {
        name,
        says,
        command,
    }
}

const TEST: &str = "make test";
const BENCH: &str = "make bench";
const SOAK: &str = "make soak";

const AREAS: [(&str, &[Promise]); 5] = [
    (
        "Isolation",
        &[
            promise(
                "T1 calls",
                "No call shows or changes what is another organization’s, whoever calls and whatever id is named",
                TEST,
            ),
            promise("T1 pages", "No page does, and no form", TEST),
            promise(
                "T2",
                "A login that has named no organization sees no row of any table",
                TEST,
            ),
            promise(
                "T3",
                "No migrated schema has a table that breaks isolation",
                TEST,
            ),
            promise(
                "T4",
                "No pooled connection carries an organization or a transaction over, however calls are cut off",
                TEST,
            ),
        ],
    ),
    (
        "Events and data",
        &[
            promise(
                "E1, E5",
                "Processes killed and connections cut at any step of the story lose nothing that was acknowledged, and send each mail once",
                TEST,
            ),
            promise("E1, E5 at length", "The same at two hundred places", SOAK),
            promise(
                "E2",
                "Events that come three times and out of order leave the same databases and the same mails",
                TEST,
            ),
            promise(
                "E3",
                "An event that cannot be handled holds its own key alone until it is replayed",
                TEST,
            ),
        ],
    ),
    (
        "Security",
        &[
            promise(
                "S1",
                "A dump of the database holds nothing with which somebody could sign in",
                TEST,
            ),
            promise(
                "S2",
                "Nobody learns by words, status or time whether an address has an account",
                TEST,
            ),
            promise(
                "S2 at length",
                "The same over two times two thousand requests",
                SOAK,
            ),
            promise(
                "S3",
                "No form is taken without the token of its own session, and no page changes anything by being read",
                TEST,
            ),
            promise(
                "S4",
                "Of what is uploaded nothing is served before it is clean, and no file tells where or with which camera it was taken",
                TEST,
            ),
            promise(
                "S5",
                "No request makes a service panic, answer a fault of its own or tell of its inside",
                TEST,
            ),
            promise(
                "S5 at length",
                "The same for ten thousand requests to each service and the portal",
                SOAK,
            ),
            promise(
                "S6",
                "Links in mails survive the scanners that open them first",
                TEST,
            ),
        ],
    ),
    (
        "Product",
        &[
            promise(
                "V3",
                "The whole story works without JavaScript, on a phone and on a computer",
                TEST,
            ),
            promise(
                "V4",
                "Every page can be used by everybody: axe finds nothing, the keyboard suffices, nothing is wider than 320 px, in three brands, light and dark",
                TEST,
            ),
            promise(
                "Lighthouse",
                "Five pages score at least 95 for speed on a phone, and 100 for accessibility and best practices",
                TEST,
            ),
            promise(
                "photos",
                "Two hundred photos of one browser arrive in order though its connection drops, in little memory",
                SOAK,
            ),
        ],
    ),
    (
        "Speed",
        &[
            promise(
                "page.home",
                "A client’s home page takes at most twice the time of its statements alone",
                BENCH,
            ),
            promise("page.project", "So does the page of a project", BENCH),
            promise(
                "rpc.read",
                "A call that reads reaches 0.6 of what a bare server and its statements allow",
                BENCH,
            ),
            promise(
                "tenants.1000",
                "A thousand organizations cost what ten cost",
                BENCH,
            ),
            promise(
                "sign_ins",
                "Sign-ins reach 0.8 of what hashing allows",
                BENCH,
            ),
            promise(
                "sign_ins.home",
                "Meanwhile a home page takes at most three times its usual time",
                BENCH,
            ),
            promise(
                "delivery",
                "Events become mails at 0.4 of the rate of what they stand on",
                BENCH,
            ),
            promise(
                "photo.sizes",
                "The decoder makes a photo’s three sizes at 0.8 of the rate of libvips in process or more",
                BENCH,
            ),
            promise(
                "upload.portal",
                "An upload through the portal reaches 0.7 of the rate of one straight to the storage",
                BENCH,
            ),
            promise(
                "gallery.2000",
                "A gallery of two thousand photos opens like one of twenty",
                BENCH,
            ),
            promise(
                "gallery.html",
                "A page of a gallery weighs at most 40 KB",
                BENCH,
            ),
            promise("weight.html", "So does every other page", BENCH),
            promise(
                "weight.assets",
                "Styles and scripts of a page weigh at most 60 KB compressed",
                BENCH,
            ),
        ],
    ),
];

const HEAD: &str = "# Proofs

What the product promises, and how each promise was last proved: by commands that anybody can run, on one machine with real
PostgreSQL, Apache Kafka, an S3 server and a mail server. `make proofs` writes this page from what the commands noted; a
command that fails notes nothing, so that a row is what held when it last held. A line of `make bench` says itself whether
it is short of its goal; [`docs/performance.md`](docs/performance.md) says what each compares.
";

const TAIL: &str = "## Not built yet

Fairness between organizations (T5), export and erasure (T6), clock skew (E6), the sealed audit trail (E7), a rehearsed
restore (E8), money, previews and digests (V1, V2, V5), receipts (P7): no row until there is something to prove.

## What one machine cannot prove

- **Replication and failover.** One PostgreSQL and one broker: a commit that a standby never got cannot be lost here.
- **Power loss.** A killed process leaves its writes with the kernel; a machine that loses power does not.
- **An internet.** Delay, loss and strange middle boxes are played by a proxy on the loopback interface.
- **Hostile neighbours.** Services trust no network place, but nobody listens in or forges packets here.
- **Scale.** Two cores say what a request costs, not how many machines share a load well.
- **Real mailboxes.** The mail server takes what it is sent; no spam filter judges it.
";

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let page = arguments.next().context("usage: proofs PROOFS.md NOTES…")?;
    let mut rows = rows(&read(&page)?);
    let machine = machine()?;
    for notes in arguments {
        for (name, row) in noted(&read(&notes)?, &machine)? {
            rows.insert(name, row);
        }
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

/// What stands behind the command in each row of the page, by promise.
fn rows(page: &str) -> BTreeMap<String, String> {
    page.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line
                .strip_prefix("| ")?
                .strip_suffix(" |")?
                .split(" | ")
                .collect();
            let [name, _, _, result, date, machine] = cells[..] else {
                return None;
            };
            Some((name.to_owned(), [result, date, machine].join(" | ")))
        })
        .collect()
}

/// The end of a row for each promise that was noted; what several tests say of one stands in one row.
fn noted(notes: &str, machine: &str) -> Result<BTreeMap<String, String>> {
    let mut results: BTreeMap<&str, (Vec<&str>, &str)> = BTreeMap::new();
    for line in notes.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, date, result] = cells[..] else {
            anyhow::bail!("this is no note: {line}");
        };
        ensure!(is_promise(name), "there is no promise {name}");
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
            (name.to_owned(), format!("{result} | {date} | {machine}"))
        })
        .collect())
}

fn is_promise(name: &str) -> bool {
    let mut promises = AREAS.iter().flat_map(|(_, promises)| *promises);
    promises.any(|promise| promise.name == name)
}

fn written(rows: &BTreeMap<String, String>) -> String {
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
            let end = rows.get(*name).map_or("not yet | | ", String::as_str);
            lines.push(format!("| {name} | {says} | `{command}` | {end} |"));
        }
        lines.push(String::new());
    }
    lines.push(TAIL.to_owned());
    lines.join("\n")
}

/// Such as "2 cores, 23 GiB, Debian GNU/Linux 12 (bookworm)".
fn machine() -> Result<String> {
    let cores = std::thread::available_parallelism().context("count the cores")?;
    let memory = fs::read_to_string("/proc/meminfo").context("read the size of the memory")?;
    let kib: u64 = memory
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse().ok())
        .context("/proc/meminfo begins with the size of the memory")?;
    let system = read("/etc/os-release")?;
    let name = system
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .unwrap_or("Linux");
    Ok(format!(
        "{cores} cores, {} GiB, {}",
        kib >> 20,
        name.trim_matches('"')
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_without_a_note_keeps_its_row() {
        let first = noted(
            "T2\t2026-11-25\t35 tables\nT3\t2026-11-25\t5 schemas",
            "a machine",
        )
        .expect("notes");
        let mut kept = rows(&written(&first));
        let second = noted(
            "T2\t2026-11-26\t36 tables\nT2\t2026-11-26\tno row",
            "another",
        )
        .expect("notes");
        kept.extend(second);
        assert_eq!(kept["T2"], "36 tables; no row | 2026-11-26 | another");
        assert_eq!(kept["T3"], "5 schemas | 2026-11-25 | a machine");
        assert!(written(&kept).contains("| T4 | No pooled"));
    }

    #[test]
    fn what_nobody_promised_is_no_note() {
        assert!(noted("T99\t2026-11-25\tfine", "a machine").is_err());
        assert!(noted("fine", "a machine").is_err());
    }
}
