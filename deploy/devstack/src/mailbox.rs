//! The mails that came, and how the next ones are answered.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use jiff::Timestamp;
use mail_parser::{MessageParser, PartType};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use crate::folders;

/// What the server says to a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Accept,
    /// 451: the sender tries again later.
    RefuseForNow,
    /// 550 5.1.1: there is no such mailbox, so the sender gives up.
    RefuseForGood,
}

/// A mail as the server took it.
#[derive(Debug, Serialize)]
pub struct Mail {
    pub id: String,
    pub received_at: Timestamp,
    /// As its sender dated it, by a clock that may have been moved.
    pub sent_at: Timestamp,
    /// Who sent it and to whom, as told to the server: copies that nobody sees stand here too.
    pub from: String,
    pub to: Vec<String>,
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
    pub headers: Vec<(String, String)>,
    /// Every address of a page in it, in order, each once.
    pub links: Vec<String>,
    #[serde(skip)]
    pub raw: Vec<u8>,
}

impl Mail {
    pub fn is_to(&self, address: &str) -> bool {
        self.to.iter().any(|to| to.eq_ignore_ascii_case(address))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Reads a kept mail: its name tells when it came, its first headers tell from and to whom.
    fn read(id: Uuid, raw: Vec<u8>) -> Result<Self> {
        let message = MessageParser::default()
            .parse(&raw)
            .context("read the mail: it has no headers")?;
        let headers: Vec<(String, String)> = message
            .headers_raw()
            .map(|(name, value)| (name.to_owned(), unfolded(value)))
            .collect();
        let all = |name: &str| -> Vec<String> {
            let same_name = headers
                .iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(name));
            same_name.map(|(_, value)| value.clone()).collect()
        };
        let text = message.text_bodies().find_map(|part| match &part.body {
            PartType::Text(text) => Some(text.clone().into_owned()),
            _ => None,
        });
        let html = message.html_bodies().find_map(|part| match &part.body {
            PartType::Html(html) => Some(html.clone().into_owned()),
            _ => None,
        });
        let in_html = html.iter().flat_map(|html| links(html, "&amp;"));
        let in_text = text.iter().flat_map(|text| links(text, "&"));
        let mut unique: Vec<String> = Vec::new();
        for link in in_text.chain(in_html) {
            if !unique.contains(&link) {
                unique.push(link);
            }
        }
        let subject = message.subject().unwrap_or_default().to_owned();
        let received_at = received_at(id).context("read the mail's time from its name")?;
        let dated = message
            .date()
            .and_then(|date| Timestamp::from_second(date.to_timestamp()).ok());
        Ok(Self {
            id: id.to_string(),
            received_at,
            sent_at: dated.unwrap_or(received_at),
            from: all(RETURN_PATH).pop().unwrap_or_default(),
            to: all(DELIVERED_TO),
            subject,
            links: unique,
            text,
            html,
            headers,
            raw,
        })
    }
}

/// From and to whom, as told outside the mail itself.
#[derive(Debug, Default)]
pub struct Envelope {
    pub from: String,
    pub to: Vec<String>,
}

const RETURN_PATH: &str = "Return-Path";
const DELIVERED_TO: &str = "Delivered-To";

/// All mails, in memory and each as a file of its own.
pub struct Mailbox {
    folder: PathBuf,
    mails: Mutex<Vec<Arc<Mail>>>,
    answers: Mutex<Vec<(String, Answer)>>,
    count: watch::Sender<usize>,
}

impl Mailbox {
    /// Opens the folder, with the mails that are in it.
    pub fn open(folder: &Path) -> Result<Self> {
        folders::make(folder)?;
        let mut mails = Vec::new();
        for file in mail_files(folder)? {
            let id = file.file_stem().and_then(|id| id.to_str()?.parse().ok());
            if let Some(id) = id {
                let raw = fs::read(&file).with_context(|| format!("read {}", file.display()))?;
                mails.push(Arc::new(Mail::read(id, raw)?));
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            count: watch::Sender::new(mails.len()),
            mails: Mutex::new(mails),
            answers: Mutex::default(),
        })
    }

    /// All mails, oldest first.
    pub fn mails(&self) -> Vec<Arc<Mail>> {
        lock(&self.mails).clone()
    }

    pub fn mail(&self, id: &str) -> Option<Arc<Mail>> {
        lock(&self.mails).iter().find(|mail| mail.id == id).cloned()
    }

    /// Tells of each change by the number of mails.
    pub fn changes(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    /// Keeps a mail, with headers on top that say from and to whom it came, as other mail
    /// servers write them (RFC 5321, section 4.4).
    pub fn keep(&self, envelope: &Envelope, content: &[u8]) -> Result<()> {
        let id = Uuid::now_v7();
        let mut raw = format!("{RETURN_PATH}: {}\r\n", envelope.from).into_bytes();
        for to in &envelope.to {
            raw.extend_from_slice(format!("{DELIVERED_TO}: {to}\r\n").as_bytes());
        }
        raw.extend_from_slice(content);
        let file = self.folder.join(format!("{id}.eml"));
        fs::write(&file, &raw).with_context(|| format!("write {}", file.display()))?;
        let mail = Arc::new(Mail::read(id, raw)?);
        let mut mails = lock(&self.mails);
        mails.push(mail);
        self.count.send_replace(mails.len());
        Ok(())
    }

    pub fn clear(&self) -> Result<()> {
        let mut mails = lock(&self.mails);
        for file in mail_files(&self.folder)? {
            fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?;
        }
        mails.clear();
        self.count.send_replace(0);
        Ok(())
    }

    /// Patterns that refuse, in the order in which they were set.
    pub fn answers(&self) -> Vec<(String, Answer)> {
        lock(&self.answers).clone()
    }

    pub fn set_answer(&self, pattern: &str, answer: Answer) {
        let mut answers = lock(&self.answers);
        answers.retain(|(known, _)| known != pattern);
        if pattern == "*" {
            answers.clear();
        }
        answers.push((pattern.to_owned(), answer));
    }

    /// The answer of the pattern that was set last among those that fit.
    pub fn answer_for(&self, address: &str) -> Answer {
        lock(&self.answers)
            .iter()
            .rfind(|(pattern, _)| fits(pattern, address))
            .map_or(Answer::Accept, |(_, answer)| *answer)
    }
}

fn mail_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("look into {}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
        .collect();
    // Names begin with the time.
    files.sort();
    Ok(files)
}

/// Whether an address fits a pattern with at most one `*`, which stands for any text.
fn fits(pattern: &str, address: &str) -> bool {
    let (pattern, address) = (pattern.to_lowercase(), address.to_lowercase());
    match pattern.split_once('*') {
        None => pattern == address,
        Some((begin, end)) => address
            .strip_prefix(begin)
            .is_some_and(|rest| rest.ends_with(end)),
    }
}

fn links<'a>(content: &'a str, ampersand: &'a str) -> impl Iterator<Item = String> + 'a {
    content
        .match_indices("http")
        .map(|(begin, _)| &content[begin..])
        .filter(|rest| rest.starts_with("http://") || rest.starts_with("https://"))
        .map(move |rest| {
            let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>');
            let link = &rest[..rest.find(ends).unwrap_or(rest.len())];
            let link = link.trim_end_matches(['.', ',', ';', ':', ')', ']', '?']);
            link.replace(ampersand, "&")
        })
}

/// A header's value on one line, as it was before it was folded.
fn unfolded(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn received_at(id: Uuid) -> Option<Timestamp> {
    let (seconds, nanoseconds) = id.get_timestamp()?.to_unix();
    let seconds = i64::try_from(seconds).ok()?;
    let nanoseconds = i32::try_from(nanoseconds).ok()?;
    Timestamp::new(seconds, nanoseconds).ok()
}

/// What is inside stays whole when a holder panics: each change is one push or one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, address, expected) in [
            ("*", "ana@example.com", true),
            ("ana@example.com", "Ana@Example.com", true),
            ("ana@example.com", "ana@example.org", false),
            ("*@example.com", "ana@example.com", true),
            ("*@example.com", "ana@example.org", false),
            ("ana*", "ana@example.com", true),
            ("aa*aa", "aaa", false),
        ] {
            assert_eq!(fits(pattern, address), expected, "{pattern} {address}");
        }
    }

    #[test]
    fn the_pattern_set_last_decides() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mailbox = Mailbox::open(folder.path())?;
        mailbox.set_answer("*@example.com", Answer::RefuseForNow);
        mailbox.set_answer("ana@example.com", Answer::Accept);
        assert_eq!(mailbox.answer_for("ana@example.com"), Answer::Accept);
        assert_eq!(mailbox.answer_for("bo@example.com"), Answer::RefuseForNow);
        mailbox.set_answer("*", Answer::Accept);
        assert_eq!(mailbox.answer_for("bo@example.com"), Answer::Accept);
        Ok(())
    }

    #[test]
    fn links_end_where_a_person_would_end_them() {
        let text = "See http://a.localhost:8080/i/x_Y-z. Or (https://b.test/?a=1&b=2), http alone.";
        assert_eq!(
            links(text, "&").collect::<Vec<_>>(),
            ["http://a.localhost:8080/i/x_Y-z", "https://b.test/?a=1&b=2"]
        );
        let html = r#"<a href="https://b.test/?a=1&amp;b=2">Go</a>"#;
        assert_eq!(
            links(html, "&amp;").collect::<Vec<_>>(),
            ["https://b.test/?a=1&b=2"]
        );
    }
}
