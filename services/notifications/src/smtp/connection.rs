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
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailParameter},
        response::Response,
    },
};
use secrecy::ExposeSecret as _;

use crate::config::{Security, Smtp};

/// The mail server, and how it is spoken to.
pub(super) struct Server {
    host: String,
    port: u16,
    security: Security,
    tls: TlsParameters,
    credentials: Option<Credentials>,
    hello: ClientId,
    timeout: Duration,
}

/// A connection that has said who it is.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    /// No letter is under way: what the server says next answers what is asked next.
    is_at_rest: bool,
}

impl Server {
    pub(super) fn new(config: &Smtp, timeout: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            host: config.host.clone(),
            port: config.port,
            security: config.tls,
            tls: TlsParameters::new(config.host.clone())
                .context("smtp.host is no name that a certificate can have")?,
            credentials: (!config.username.is_empty()).then(|| {
                Credentials::new(
                    config.username.clone(),
                    config.password.expose_secret().to_owned(),
                )
            }),
            hello: ClientId::default(),
            timeout,
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
            AsyncSmtpConnection::connect_tokio1(server, Some(self.timeout), &self.hello, tls, None)
                .await?;
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

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Error> {
        if connection.is_at_rest && connection.smtp.test_connected().await {
            Ok(())
        } else {
            Err(RecycleError::message(
                "a letter was cut off, or the server has gone",
            ))
        }
    }
}

impl Connection {
    /// Sends a letter of ASCII text, and answers what the server said when it took it.
    ///
    /// The text and its end leave in one piece: as two, the second would wait until the server acknowledged the first,
    /// which takes its time with a piece to which it has nothing to say.
    pub(super) async fn send(
        &mut self,
        from: &Address,
        to: &Address,
        text: &str,
    ) -> Result<Response, Error> {
        self.is_at_rest = false;
        let mut parameters = Vec::new();
        if !AsRef::<str>::as_ref(to).is_ascii() && self.takes(Extension::SmtpUtfEight) {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let smtp = &mut self.smtp;
        smtp.command(Mail::new(Some(from.clone()), parameters))
            .await?;
        smtp.command(Rcpt::new(to.clone(), Vec::new())).await?;
        smtp.command(Data).await?;
        let response = smtp.command(with_end(text)).await?;
        self.is_at_rest = true;
        Ok(response)
    }

    fn takes(&self, extension: Extension) -> bool {
        self.smtp.server_info().supports_feature(extension)
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
