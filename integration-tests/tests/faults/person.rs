//! Somebody patient: what does not work is tried again, the same form with the same one-time token, until it does.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use integration_tests::{Page, Visitor, form::Form};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reqwest::StatusCode;

/// How long a person goes on.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);
/// How long a browser waits for one answer; the portal gives up earlier.
const ANSWER: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(700);
/// So many answers to something that was sent are lost on their way to the browser.
const LOST: f64 = 0.2;

/// A person at a browser.
pub(crate) struct Person {
    visitor: Visitor,
    pub(crate) email: String,
    /// Decides which answers are lost.
    luck: Mutex<StdRng>,
    /// What went wrong, and how often.
    troubles: Mutex<BTreeMap<String, usize>>,
}

/// What came of something that was sent.
pub(crate) struct Sent {
    pub(crate) page: Page,
    /// It was sent more than once: it may have been heard before.
    pub(crate) is_repeated: bool,
}

/// One try.
enum Tried {
    Answered(Page),
    /// It worked, and nobody heard of it.
    Unheard,
    Failed(String),
}

impl Person {
    /// Comes to an organization's host, or to the base domain where the slug is empty.
    pub(crate) fn new(slug: &str, port: u16, email: String, seed: u64) -> Result<Self> {
        Ok(Self {
            visitor: Visitor::new(slug, port)?,
            email,
            luck: Mutex::new(StdRng::seed_from_u64(seed)),
            troubles: Mutex::default(),
        })
    }

    /// Reads a page, whatever it says.
    async fn read(&self, path: &str) -> Result<Page> {
        let read = async || heard(self.visitor.get(path).await);
        Ok(self.patiently(path, read).await?.page)
    }

    /// Reads a page that must be there.
    pub(crate) async fn open(&self, path: &str) -> Result<Page> {
        let page = self.read(path).await?;
        ensure!(
            page.status == StatusCode::OK,
            "{path} answers {} to {:?}: {}",
            page.status,
            page.location,
            page.text
        );
        Ok(page)
    }

    /// Fills a form in and sends it.
    pub(crate) async fn send(&self, form: &Form, fields: &[(&str, &str)]) -> Result<Sent> {
        self.post(&form.action, &form.filled(fields)).await
    }

    /// Sends these fields.
    pub(crate) async fn post(&self, path: &str, fields: &BTreeMap<String, String>) -> Result<Sent> {
        let post = async || self.perhaps_heard(self.visitor.post(path, fields).await);
        self.patiently(path, post).await
    }

    /// Sends a photo as the page's script does.
    pub(crate) async fn send_photo(&self, path: &str, token: &str, photo: &[u8]) -> Result<Page> {
        let send = async || {
            let photo = photo.to_vec();
            let sent = self.visitor.send_file(path, token, "image/jpeg", photo);
            self.perhaps_heard(sent.await)
        };
        Ok(self.patiently(path, send).await?.page)
    }

    /// Signs in, unless that was done: an answer that was lost may have left its cookie.
    pub(crate) async fn sign_in(&self, password: &str) -> Result<()> {
        let page = self.read("/sign-in").await?;
        if page.status.is_redirection() {
            return Ok(());
        }
        let form = page.form("/sign-in")?;
        let fields = [
            ("email", self.email.as_str()),
            ("password", password),
            ("keep", "true"),
        ];
        self.send(&form, &fields).await?.leads_on()?;
        Ok(())
    }

    /// What went wrong so far, in one line; empty where nothing did. Lost answers are no fault of anybody's.
    pub(crate) fn troubles(&self) -> String {
        let troubles = self.troubles.lock().expect("not poisoned");
        let told = troubles
            .iter()
            .map(|(what, count)| format!("{count} × {what}"));
        told.collect::<Vec<_>>().join(", ")
    }

    fn perhaps_heard(&self, answer: Result<Page>) -> Tried {
        let is_lost = self.luck.lock().expect("not poisoned").random_bool(LOST);
        match heard(answer) {
            Tried::Answered(_) if is_lost => Tried::Unheard,
            tried => tried,
        }
    }

    async fn patiently(&self, path: &str, act: impl AsyncFn() -> Tried) -> Result<Sent> {
        let deadline = Instant::now() + PATIENCE;
        let mut is_repeated = false;
        loop {
            let tried = tokio::time::timeout(ANSWER, act()).await;
            match tried.unwrap_or_else(|_| Tried::Failed("no answer".to_owned())) {
                Tried::Answered(page) => return Ok(Sent { page, is_repeated }),
                Tried::Unheard => {}
                Tried::Failed(trouble) if Instant::now() > deadline => {
                    bail!("{path} still does not work: {trouble}");
                }
                Tried::Failed(trouble) => {
                    let mut troubles = self.troubles.lock().expect("not poisoned");
                    *troubles.entry(trouble).or_default() += 1;
                }
            }
            is_repeated = true;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Tells what is worth another try.
fn heard(answer: Result<Page>) -> Tried {
    let is_away =
        |status: StatusCode| status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    match answer {
        Ok(page) if is_away(page.status) => Tried::Failed(page.status.as_u16().to_string()),
        Ok(page) => Tried::Answered(page),
        Err(_) => Tried::Failed("no connection".to_owned()),
    }
}

impl Sent {
    /// Where the answer leads: what was sent is saved. It never leads to sign in, for nobody here signs out.
    pub(crate) fn leads_on(&self) -> Result<&str> {
        let Page {
            status,
            location,
            text,
        } = &self.page;
        ensure!(
            status.is_redirection() && !location.starts_with("/sign-in"),
            "{status} to {location:?}: {text}"
        );
        Ok(location)
    }

    /// True for the answer to something that was heard before, its answer lost.
    pub(crate) fn says_again(&self, status: StatusCode) -> bool {
        self.is_repeated && self.page.status == status
    }

    /// The page, where it is none that leads on.
    pub(crate) fn hidden(&self, name: &str) -> Result<String> {
        self.page
            .hidden(name)
            .with_context(|| format!("no {name}: {} {}", self.page.status, self.page.text))
    }
}
