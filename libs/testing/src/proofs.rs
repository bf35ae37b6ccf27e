//! What a run has proved, for `PROOFS.md`.

use std::{fs::OpenOptions, io::Write as _};

use anyhow::{Context as _, Result};
use jiff::Zoned;

/// Names the file that takes what is proved; `make test`, `make bench` and `make soak` set it.
const FILE: &str = "CONTRACTOROS_PROOFS";

/// Notes at the end of a test that a promise held, such as "isolation.rows", and by which figures. Where nobody keeps notes it does
/// nothing.
pub fn proved(promise: &str, result: &str) -> Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no configuration: who starts it keeps the notes"
    )]
    let Ok(file) = std::env::var(FILE) else {
        return Ok(());
    };
    let line = [promise, &Zoned::now().date().to_string(), result].join("\t");
    // in one write: tests end at the same time
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&file)
        .and_then(|mut notes| notes.write_all(format!("{line}\n").as_bytes()))
        .with_context(|| format!("note in {file} that {promise} is proved"))
}
