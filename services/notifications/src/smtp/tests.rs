//! Letters to a mail server that follows a script.

use std::{num::NonZeroU16, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

use super::*;
use crate::config::Security;

/// What a server does beside taking letters.
#[derive(Clone, Copy, Default)]
struct Script {
    /// Extensions that it offers.
    offers: &'static [&'static str],
    /// What it says to EHLO instead.
    ehlo: Option<&'static str>,
    /// What it says to each recipient instead.
    rcpt: Option<&'static str>,
    /// It hangs up after so many letters on a connection.
    letters: Option<usize>,
}

/// Lines that the server read, "CONNECT" for each connection.
type Heard = Arc<Mutex<Vec<String>>>;

/// Sends letters, one after the other, to a server with a script.
async fn send(script: Script, tls: Security, to: &[&str]) -> (Vec<Result<Answer>>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let config = Smtp {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr().expect("bound").port(),
        tls,
        username: String::new(),
        password: String::new().into(),
        from: "no-reply@example.com".to_owned(),
        connections: NonZeroU16::MIN,
    };
    let mailer = Mailer::new(&config).expect("valid");
    let heard = Heard::default();
    let letters = async {
        let mut answers = Vec::new();
        for address in to {
            answers.push(mailer.send(&letter(address), Uuid::nil()).await);
        }
        answers
    };
    let serve = async {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            serve(stream, script, &heard).await;
        }
    };
    let answers = tokio::select! {
        answers = letters => answers,
        () = serve => unreachable!("it serves until it is dropped"),
    };
    let heard = heard.lock().await.clone();
    (answers, heard)
}

fn letter(address: &str) -> Letter {
    Letter {
        organization: "Alder & Finch".to_owned(),
        reply_to: String::new(),
        name: String::new(),
        address: address.to_owned(),
        mail: Rendered {
            subject: "Hello".to_owned(),
            html: "<p>Hello</p>".to_owned(),
            text: "Hello".to_owned(),
        },
    }
}

async fn serve(stream: TcpStream, script: Script, heard: &Heard) {
    heard.lock().await.push("CONNECT".to_owned());
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 hello\r\n").await.expect("greeted");
    let mut letters = 0;
    let mut is_letter = false;
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let said = line.trim_end().to_owned();
        line.clear();
        let answer = if is_letter {
            if said != "." {
                continue;
            }
            is_letter = false;
            letters += 1;
            "250 taken".to_owned()
        } else {
            let verb = said.split([' ', ':']).next().unwrap_or_default().to_owned();
            heard.lock().await.push(said);
            match verb.as_str() {
                "EHLO" => script
                    .ehlo
                    .map_or_else(|| greeting(script.offers), str::to_owned),
                "RCPT" => script.rcpt.unwrap_or("250 ok").to_owned(),
                "DATA" => {
                    is_letter = true;
                    "354 go on".to_owned()
                }
                _ => "250 ok".to_owned(),
            }
        };
        let answered = stream.write_all(format!("{answer}\r\n").as_bytes()).await;
        if answered.is_err() || script.letters.is_some_and(|most| letters == most) {
            return;
        }
    }
}

fn greeting(offers: &[&str]) -> String {
    let lines: Vec<String> = offers
        .iter()
        .map(|offer| format!("250-{offer}\r\n"))
        .collect();
    format!("{}250 SIZE", lines.concat())
}

fn count(heard: &[String], beginning: &str) -> usize {
    heard
        .iter()
        .filter(|line| line.starts_with(beginning))
        .count()
}

#[tokio::test]
async fn letters_share_a_connection_also_after_one_that_was_refused() {
    let to = ["maya@example.com", "daniel@example.com"];
    let (answers, heard) = send(Script::default(), Security::None, &to).await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(Answer::Accepted(_))))
    );
    assert_eq!(count(&heard, "CONNECT"), 1, "{heard:?}");

    let script = Script {
        rcpt: Some("550 5.1.1 no such mailbox"),
        ..Script::default()
    };
    let (answers, heard) = send(script, Security::None, &to).await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(Answer::NoSuchAddress(_))))
    );
    assert_eq!(count(&heard, "CONNECT"), 1, "{heard:?}");
    assert_eq!(count(&heard, "RSET"), 1, "{heard:?}");
}

#[tokio::test]
async fn a_server_that_hung_up_is_called_again() {
    let script = Script {
        letters: Some(1),
        ..Script::default()
    };
    let to = ["maya@example.com", "daniel@example.com"];
    let (answers, heard) = send(script, Security::None, &to).await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(Answer::Accepted(_))))
    );
    assert_eq!(count(&heard, "CONNECT"), 2, "{heard:?}");
}

#[tokio::test]
async fn what_a_server_says_of_itself_suppresses_nobody() {
    let script = Script {
        ehlo: Some("550 go away"),
        ..Script::default()
    };
    let (answers, _) = send(script, Security::None, &["maya@example.com"]).await;
    assert!(matches!(&answers[..], [Ok(Answer::Refused(why))] if why == "550 go away"));
}

#[tokio::test]
async fn letters_beyond_ascii_go_where_they_are_taken() {
    let to = ["jürgen@example.com"];
    let (answers, heard) = send(Script::default(), Security::None, &to).await;
    assert!(matches!(&answers[..], [Ok(Answer::Refused(_))]));
    assert_eq!(count(&heard, "MAIL"), 0, "{heard:?}");

    let script = Script {
        offers: &["SMTPUTF8", "8BITMIME"],
        ..Script::default()
    };
    let (answers, heard) = send(script, Security::None, &to).await;
    assert!(matches!(&answers[..], [Ok(Answer::Accepted(_))]));
    assert_eq!(
        count(
            &heard,
            "MAIL FROM:<no-reply@example.com> SMTPUTF8 BODY=8BITMIME"
        ),
        1,
        "{heard:?}"
    );
}

#[tokio::test]
async fn nothing_is_sent_in_the_open_where_starttls_is_asked_for() {
    let (answers, heard) = send(Script::default(), Security::Starttls, &["maya@example.com"]).await;
    assert!(matches!(&answers[..], [Err(Error::Unavailable(_))]));
    assert_eq!(count(&heard, "MAIL"), 0, "{heard:?}");
}

fn mailer() -> Mailer {
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
