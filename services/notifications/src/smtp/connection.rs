//! Connections to the mail server, which the pool keeps for the next letters.

use std::time::Duration;

use anyhow::Context as _;
use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt, Rset},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
        response::Response,
    },
};
use secrecy::ExposeSecret as _;

use crate::config::{Security, Smtp};

/// Servers and what stands between give a connection up that is idle for minutes.
const IDLE: Duration = Duration::from_mins(1);

/// The mail server, and how it is spoken to.
pub(super) struct Server {
    host: String,
    port: u16,
    security: Security,
    tls: TlsParameters,
    credentials: Option<Credentials>,
    hello: ClientId,
}

/// A connection that has said who it is.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    /// The server has answered everything: what it says next answers what is asked next.
    is_at_rest: bool,
}

impl Server {
    pub(super) fn new(config: &Smtp) -> anyhow::Result<Self> {
        Ok(Self {
            host: config.host.clone(),
            port: config.port,
            security: config.tls,
            tls: TlsParameters::new(config.host.clone())
                .context("read the roots of certificates")?,
            credentials: (!config.username.is_empty()).then(|| {
                Credentials::new(
                    config.username.clone(),
                    config.password.expose_secret().to_owned(),
                )
            }),
            hello: ClientId::default(),
        })
    }
}

impl managed::Manager for Server {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection, Error> {
        let tls = (self.security == Security::Tls).then(|| self.tls.clone());
        let server = (self.host.as_str(), self.port);
        let mut smtp =
            AsyncSmtpConnection::connect_tokio1(server, None, &self.hello, tls, None).await?;
        if self.security == Security::Starttls {
            // fails where the server does not offer it
            smtp.starttls(self.tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            smtp.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(Connection {
            smtp,
            is_at_rest: true,
        })
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        metrics: &Metrics,
    ) -> RecycleResult<Error> {
        if !connection.is_at_rest {
            return Err(RecycleError::message("a letter was cut off"));
        }
        if metrics.last_used() > IDLE {
            let _ = connection.smtp.quit().await;
            return Err(RecycleError::message("it was idle for long"));
        }
        // also ends a letter of which the server took no more
        match connection.smtp.command(Rset).await {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Why the server did not take a letter.
pub(super) enum Refusal {
    /// It cannot carry this letter.
    Cannot(&'static str),
    /// What it said of the sender or of itself.
    General(Error),
    /// What it said of the recipient or of the letter.
    Letter(Error),
}

impl Connection {
    /// Sends a letter, and answers what the server said when it took it.
    ///
    /// The text and its end leave in one piece: as two, the second would wait until the server acknowledged the first,
    /// which takes its time with a piece to which it has nothing to say.
    pub(super) async fn send(
        &mut self,
        from: &Address,
        to: &Address,
        text: &str,
    ) -> Result<Response, Refusal> {
        let parameters = self.parameters(to, text).map_err(Refusal::Cannot)?;
        self.is_at_rest = false;
        let sent = self.converse(from, to, text, parameters).await;
        self.is_at_rest = match &sent {
            Ok(_) => true,
            Err(Refusal::General(error) | Refusal::Letter(error)) => error.status().is_some(),
            Err(Refusal::Cannot(_)) => false,
        };
        sent
    }

    /// What the server must be told of a letter that is not all ASCII, RFC 6531 and 6152.
    fn parameters(&self, to: &Address, text: &str) -> Result<Vec<MailParameter>, &'static str> {
        let server = self.smtp.server_info();
        let mut parameters = Vec::new();
        if !AsRef::<str>::as_ref(to).is_ascii() {
            if !server.supports_feature(Extension::SmtpUtfEight) {
                return Err("The mail server takes no addresses with letters beyond ASCII.");
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !text.is_ascii() {
            if !server.supports_feature(Extension::EightBitMime) {
                return Err("The mail server takes no letters beyond ASCII.");
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }

    async fn converse(
        &mut self,
        from: &Address,
        to: &Address,
        text: &str,
        parameters: Vec<MailParameter>,
    ) -> Result<Response, Refusal> {
        let smtp = &mut self.smtp;
        smtp.command(Mail::new(Some(from.clone()), parameters))
            .await
            .map_err(Refusal::General)?;
        smtp.command(Rcpt::new(to.clone(), Vec::new()))
            .await
            .map_err(Refusal::Letter)?;
        smtp.command(Data).await.map_err(Refusal::Letter)?;
        smtp.command(with_end(text)).await.map_err(Refusal::Letter)
    }
}

/// A letter as it stands on the wire, RFC 5321, 4.5.2: a line that begins with a dot gets another, for a dot alone ends it.
fn with_end(text: &str) -> String {
    format!("{}\r\n.\r\n", text.replace("\r\n.", "\r\n.."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_alone_does_not_end_a_letter() {
        assert_eq!(
            with_end("To: maya\r\n\r\n.\r\n..\r\nend."),
            "To: maya\r\n\r\n..\r\n...\r\nend.\r\n.\r\n"
        );
    }
}
