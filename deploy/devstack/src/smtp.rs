//! A mail server that delivers nothing: mails are kept here to be read on a page.

use std::borrow::Cow;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mailin::{Action, Handler, Response, Session, SessionBuilder, response};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{spawn_blocking, spawn_local};

use crate::background::Background;
use crate::mailbox::{Answer, Envelope, Mail, Mailbox};
use crate::mails_page;
use crate::ports;

const HOST_NAME: &str = "devstack.localhost";

/// RFC 5321 allows 1,000 bytes; senders that wrap nothing send more.
const LONGEST_LINE: u64 = 1024 * 1024;
const LARGEST_MAIL: usize = 32 * 1024 * 1024;
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The mail server and the page that shows what it took.
pub struct Smtp {
    port: u16,
    page_port: u16,
    mailbox: Arc<Mailbox>,
    _server: Background,
    _page: Background,
}

impl Smtp {
    /// Starts both; mails are kept in `folder`, and those of a former run are there again.
    pub async fn start(folder: &Path) -> Result<Self> {
        // A mailbox of weeks takes a while to read.
        let of_mails = folder.to_owned();
        let mailbox = spawn_blocking(move || Mailbox::open(&of_mails))
            .await
            .context("read the mails of former runs")??;
        let mailbox = Arc::new(mailbox);
        let port = ports::kept(&folder.join("port"))?;
        let page_port = ports::kept(&folder.join("page.port"))?;
        Ok(Self {
            port,
            page_port,
            _server: Background::serve_on(port, "smtp", {
                let mailbox = Arc::clone(&mailbox);
                move |listener| accept(listener, mailbox)
            })?,
            _page: Background::serve_on(page_port, "mails page", {
                let mailbox = Arc::clone(&mailbox);
                move |listener| mails_page::serve(listener, mailbox)
            })?,
            mailbox,
        })
    }

    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where a person reads the mails.
    pub fn page(&self) -> String {
        format!("http://127.0.0.1:{}/", self.page_port)
    }

    /// All mails, oldest first.
    pub fn mails(&self) -> Vec<Arc<Mail>> {
        self.mailbox.mails()
    }

    /// Tells of each change by the number of mails.
    pub fn changes(&self) -> watch::Receiver<usize> {
        self.mailbox.changes()
    }

    /// The newest mail to `to` with this in its subject; waits for one to come.
    pub async fn wait_for(
        &self,
        to: &str,
        subject_part: &str,
        patience: Duration,
    ) -> Result<Arc<Mail>> {
        let mut changes = self.mailbox.changes();
        let found = async {
            loop {
                changes.borrow_and_update();
                let mail = self
                    .mails()
                    .into_iter()
                    .rfind(|mail| mail.is_to(to) && mail.subject.contains(subject_part));
                if let Some(mail) = mail {
                    return mail;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        match tokio::time::timeout(patience, found).await {
            Ok(mail) => Ok(mail),
            Err(_) => bail!(
                "no mail to {to} with `{subject_part}` in its subject came in {patience:?}; \
                 there are:\n{}",
                self.list()
            ),
        }
    }

    /// How mails to the addresses that fit `pattern` are answered from now on, such as
    /// `ana@example.com`, `*@example.com` or `*`.
    pub fn set_answer(&self, pattern: &str, answer: Answer) {
        self.mailbox.set_answer(pattern, answer);
    }

    /// Forgets all mails.
    pub fn clear(&self) -> Result<()> {
        self.mailbox.clear()
    }

    fn list(&self) -> String {
        let mails = self.mails();
        let lines: Vec<String> = mails
            .iter()
            .map(|mail| format!("    {}: {}", mail.to.join(", "), mail.subject))
            .collect();
        lines.join("\n")
    }
}

async fn accept(listener: TcpListener, mailbox: Arc<Mailbox>) {
    let builder = SessionBuilder::new(HOST_NAME);
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // Too many open files, mostly: some will be closed by then.
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            continue;
        };
        let session = builder.build(peer.ip(), Receiver::new(Arc::clone(&mailbox)));
        spawn_local(async move {
            // A client that hangs up in the middle is its own business.
            drop(converse(session, BufReader::new(stream)).await);
        });
    }
}

/// One connection: a line from the client, an answer from the session.
async fn converse(
    mut session: Session<Receiver>,
    mut stream: impl AsyncBufReadExt + AsyncRead + AsyncWrite + Unpin,
) -> Result<()> {
    send(&mut stream, &session.greeting()).await?;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut stream)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .await?;
        if read == 0 {
            return Ok(());
        }
        let answer = session.process(&line);
        match answer.action {
            Action::NoReply => {}
            Action::Close => return send(&mut stream, &answer).await,
            Action::Reply | Action::UpgradeTls => send(&mut stream, &answer).await?,
        }
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), answer: &Response) -> Result<()> {
    let mut bytes = Vec::new();
    answer.write_to(&mut bytes)?;
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    Ok(())
}

/// What one connection has said so far.
struct Receiver {
    mailbox: Arc<Mailbox>,
    envelope: Envelope,
    content: Vec<u8>,
}

impl Receiver {
    fn new(mailbox: Arc<Mailbox>) -> Self {
        Self {
            mailbox,
            envelope: Envelope::default(),
            content: Vec::new(),
        }
    }
}

impl Handler for Receiver {
    fn mail(&mut self, _ip: IpAddr, _domain: &str, from: &str) -> Response {
        from.clone_into(&mut self.envelope.from);
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        match self.mailbox.answer_for(to) {
            Answer::Accept => response::OK,
            Answer::RefuseForNow => {
                Response::custom(451, "4.3.0 Temporarily refused, try again later".to_owned())
            }
            Answer::RefuseForGood => Response::custom(550, "5.1.1 No such mailbox here".to_owned()),
        }
    }

    fn data_start(&mut self, _domain: &str, _from: &str, _is8bit: bool, to: &[String]) -> Response {
        to.clone_into(&mut self.envelope.to);
        self.content.clear();
        response::OK
    }

    fn data(&mut self, line: &[u8]) -> std::io::Result<()> {
        if self.content.len() + line.len() > LARGEST_MAIL {
            return Err(std::io::Error::other("the mail is too large"));
        }
        self.content.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        match self.mailbox.keep(&self.envelope, &self.content) {
            Ok(()) => response::OK,
            Err(error) => {
                let reason: Cow<str> = format!("{error:#}").into();
                Response::custom(452, format!("4.3.1 Cannot keep this mail: {reason}"))
            }
        }
    }
}
