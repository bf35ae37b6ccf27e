//! The way to the mail server.

mod connection;
#[cfg(test)]
mod tests;

use std::{error::Error as _, num::NonZeroU16, time::Duration};

use anyhow::Context as _;
use deadpool::{
    Runtime,
    managed::{Pool, PoolError, QueueMode},
};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use service::{Error, Result, clock};
use uuid::Uuid;

use self::connection::{Refusal, Server};
use crate::{
    config::Smtp,
    mail::{Rendered, one_line},
};

/// How long it may take to have a connection that works; the worker leaves as much for a mail, together with [`SEND`].
const CONNECT: Duration = Duration::from_secs(10);
/// How long a kept connection may take to say that it is still there.
const STILL_THERE: Duration = Duration::from_secs(2);
/// A server may look at a letter for a while before it says that it took it, and would get it again after this. Less than a
/// process has to end.
const SEND: Duration = Duration::from_secs(15);
const NO_ANSWER: &str = "The mail server did not answer in time.";

/// Sends mails.
pub(crate) struct Mailer {
    connections: Pool<Server>,
    from: Address,
    at_once: NonZeroU16,
}

/// A mail and whom it is from and to.
pub(crate) struct Letter {
    /// The organization: the sender's name.
    pub(crate) organization: String,
    /// Where answers go; an empty one goes to the sender's address.
    pub(crate) reply_to: String,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) mail: Rendered,
}

/// What the mail server said.
pub(crate) enum Answer {
    /// It took the mail.
    Accepted(String),
    /// The address does not work.
    NoSuchAddress(String),
    /// It did not take the mail; another try may do.
    Refused(String),
}

impl Mailer {
    pub(crate) fn new(config: &Smtp) -> anyhow::Result<Self> {
        let connections = Pool::builder(Server::new(config)?)
            .max_size(config.connections.get().into())
            .runtime(Runtime::Tokio1)
            .recycle_timeout(Some(STILL_THERE))
            // those that are not needed may grow old
            .queue_mode(QueueMode::Lifo)
            .build()
            .context("make the pool of connections to the mail server")?;
        Ok(Self {
            connections,
            from: config
                .from
                .parse()
                .context("smtp.from is not an email address")?,
            at_once: config.connections,
        })
    }

    /// How many letters may be on their way at once.
    pub(crate) fn at_once(&self) -> u16 {
        self.at_once.get()
    }

    /// Sends a letter; UNAVAILABLE where the mail server is not reached, which says nothing about the letter.
    ///
    /// `id` makes its Message-ID: the same at each try, so that a mail server can tell a second copy.
    pub(crate) async fn send(&self, letter: &Letter, id: Uuid) -> Result<Answer> {
        let Ok(address) = letter.address.parse::<Address>() else {
            let why = "The address is not complete.".to_owned();
            return Ok(Answer::NoSuchAddress(why));
        };
        let message = self.message(letter, address.clone(), id)?;
        let text = String::from_utf8(message.formatted()).map_err(Error::internal)?;
        let connected = Box::pin(self.connections.get());
        let mut connection = match tokio::time::timeout(CONNECT, connected).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(PoolError::Backend(error))) if error.is_permanent() => {
                return Ok(Answer::Refused(words_of(&error)));
            }
            Ok(Err(error)) => return Err(unreached(error)),
            Err(late) => return Err(unreached(late)),
        };
        let sent = connection.send(&self.from, &address, &text);
        Ok(match tokio::time::timeout(SEND, sent).await {
            Ok(Ok(response)) => Answer::Accepted(response.message().collect()),
            Ok(Err(Refusal::Cannot(why))) => Answer::Refused(why.to_owned()),
            Ok(Err(Refusal::General(error))) => Answer::Refused(words_of(&error)),
            Ok(Err(Refusal::Letter(error))) => answer_of(&error),
            Err(_) => Answer::Refused(NO_ANSWER.to_owned()),
        })
    }

    fn message(&self, letter: &Letter, address: Address, id: Uuid) -> Result<Message> {
        let mut builder = Message::builder()
            .from(mailbox(&letter.organization, self.from.clone()))
            .to(mailbox(&letter.name, address))
            .subject(&letter.mail.subject)
            .date(clock::now().into())
            .message_id(Some(format!("<{id}@{}>", self.from.domain())))
            // RFC 3834: keeps out-of-office replies from coming back
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Ok(reply_to) = letter.reply_to.parse() {
            builder = builder.reply_to(mailbox(&letter.organization, reply_to));
        }
        let parts =
            MultiPart::alternative_plain_html(letter.mail.text.clone(), letter.mail.html.clone());
        builder.multipart(parts).map_err(Error::internal)
    }
}

fn mailbox(name: &str, address: Address) -> Mailbox {
    let name = one_line(name);
    Mailbox::new((!name.is_empty()).then_some(name), address)
}

fn answer_of(error: &lettre::transport::smtp::Error) -> Answer {
    let text = words_of(error);
    match error.status().map(u16::from) {
        Some(code) if error.is_permanent() && concerns_address(code, &said(error)) => {
            Answer::NoSuchAddress(text)
        }
        _ => Answer::Refused(text),
    }
}

/// What went wrong; as the server wrote it, where it wrote something.
fn words_of(error: &lettre::transport::smtp::Error) -> String {
    match (error.status(), said(error)) {
        (Some(code), said) if !said.is_empty() => format!("{} {said}", u16::from(code)),
        _ => error.to_string(),
    }
}

fn said(error: &lettre::transport::smtp::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

fn unreached(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Unavailable(anyhow::Error::new(error).context("reach the mail server"))
}

/// True where a permanent refusal is about the recipient and not about us, the mail or the connection.
///
/// RFC 3463: status 5.1.x is about an address (7 and 8 about the sender's), 5.2.x about a mailbox (3 about a mail too
/// long for it). Where a server gives none, RFC 5321 has 550, 551 and 553 for mailboxes.
fn concerns_address(code: u16, said: &str) -> bool {
    let status = said.split_whitespace().next().unwrap_or_default();
    let mut parts = status.splitn(3, '.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("5"), Some("1"), Some(detail)) => !matches!(detail, "7" | "8"),
        (Some("5"), Some("2"), Some(detail)) => detail != "3",
        (Some("5"), Some(_), Some(_)) => false,
        _ => matches!(code, 550 | 551 | 553),
    }
}
