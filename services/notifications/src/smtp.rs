//! The way to the mail server.

mod connection;

use std::{error::Error as _, num::NonZeroU16, time::Duration};

use anyhow::Context as _;
use deadpool::{
    Runtime,
    managed::{Pool, PoolError},
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

use self::connection::Server;
use crate::{
    config::Smtp,
    mail::{Rendered, one_line},
};

/// A server may look at a letter for a while before it says that it took it, and would get it again after this. Less than a
/// process has to end.
const TIMEOUT: Duration = Duration::from_secs(15);
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
        let connections = Pool::builder(Server::new(config, TIMEOUT)?)
            .max_size(config.connections.get().into())
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(TIMEOUT))
            .create_timeout(Some(TIMEOUT))
            .recycle_timeout(Some(TIMEOUT))
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
    pub(crate) fn at_once(&self) -> i64 {
        self.at_once.get().into()
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
        let mut connection = match Box::pin(self.connections.get()).await {
            Ok(connection) => connection,
            Err(PoolError::Backend(error)) if error.status().is_some() => {
                return Ok(answer_of(&error));
            }
            Err(error) => {
                let error = anyhow::Error::new(error).context("reach the mail server");
                return Err(Error::Unavailable(error));
            }
        };
        let sent = connection.send(&self.from, &address, &text);
        Ok(match tokio::time::timeout(TIMEOUT, sent).await {
            Ok(Ok(response)) => Answer::Accepted(response.message().collect()),
            Ok(Err(error)) => answer_of(&error),
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
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    let code = error.status().map(u16::from);
    let text = match code {
        // as the server wrote it
        Some(code) if !said.is_empty() => format!("{code} {said}"),
        _ => error.to_string(),
    };
    match code {
        Some(code) if error.is_permanent() && concerns_address(code, &said) => {
            Answer::NoSuchAddress(text)
        }
        _ => Answer::Refused(text),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer() -> Mailer {
        use crate::config::Security;

        let config = Smtp {
            host: "localhost".to_owned(),
            port: 25,
            tls: Security::None,
            username: String::new(),
            password: String::new().into(),
            from: "no-reply@example.com".to_owned(),
            connections: NonZeroU16::MIN,
        };
        Mailer::new(&config).expect("valid")
    }

    #[test]
    fn only_refusals_about_the_recipient_suppress_an_address() {
        assert!(concerns_address(550, "5.1.1 No such mailbox here"));
        assert!(concerns_address(550, "No such user"));
        assert!(concerns_address(552, "5.2.2 Mailbox full"));
        assert!(!concerns_address(550, "5.7.1 Blocked for spam"));
        assert!(!concerns_address(553, "5.1.8 Bad sender"));
        assert!(!concerns_address(552, "5.2.3 Mail too long"));
        assert!(!concerns_address(535, "Sign-in failed"));
        assert!(!concerns_address(554, "Transaction failed"));
    }

    #[tokio::test]
    async fn a_mail_carries_its_headers_and_both_parts() {
        let letter = Letter {
            organization: "Alder & Finch\r\nBcc: x@example.com".to_owned(),
            reply_to: "hello@alder.example".to_owned(),
            name: "Maya Okafor".to_owned(),
            address: "maya@example.com".to_owned(),
            mail: Rendered {
                subject: "Hello".to_owned(),
                html: "<p>Hello</p>".to_owned(),
                text: "Hello".to_owned(),
            },
        };
        let address = letter.address.parse().expect("an address");
        let message = mailer()
            .message(&letter, address, Uuid::nil())
            .expect("a message");
        let text = String::from_utf8(message.formatted()).expect("ASCII");
        for part in [
            "Message-ID: <00000000-0000-0000-0000-000000000000@example.com>",
            "Reply-To:",
            "hello@alder.example",
            "Auto-Submitted: auto-generated",
            "multipart/alternative",
            "text/plain",
            "text/html",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains("\nBcc:"), "{text}");
    }

    #[tokio::test]
    async fn an_address_that_is_none_bounces_without_a_server() {
        let letter = Letter {
            organization: String::new(),
            reply_to: String::new(),
            name: String::new(),
            address: "maya".to_owned(),
            mail: Rendered {
                subject: String::new(),
                html: String::new(),
                text: String::new(),
            },
        };
        let answer = mailer()
            .send(&letter, Uuid::nil())
            .await
            .expect("an answer");
        assert!(matches!(answer, Answer::NoSuchAddress(_)));
    }
}
