//! Sends bytes to the portal, reads what comes back, and says what is wrong with that.

use std::time::Duration;

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    leaks,
    values::{ELEMENT, HEADER},
};

/// Longer than any page may take, and a form after it.
const PATIENCE: Duration = Duration::from_secs(15);
/// More than any page or picture of the cast has.
const MOST: u64 = 8 << 20;
/// What every page says to the browser.
const PAGE_HEADERS: [&str; 5] = [
    "content-security-policy",
    "cache-control",
    "x-content-type-options",
    "referrer-policy",
    "x-robots-tag",
];

/// What came back.
pub(crate) struct Answer {
    /// None where the connection ended without an answer.
    pub(crate) status: Option<u16>,
    headers: Vec<(String, String)>,
    body: String,
    /// True where nothing came and the connection stayed.
    hangs: bool,
}

/// Sends bytes on a connection of their own and reads to its end; `ends` says that no more comes behind them.
pub(crate) async fn send(port: u16, bytes: &[u8], ends: bool) -> Result<Answer> {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await?;
    // who is refused early need not be read to the end
    let sent = async {
        connection.write_all(bytes).await?;
        if ends {
            connection.shutdown().await?;
        }
        std::io::Result::Ok(())
    };
    let _ = tokio::time::timeout(PATIENCE, sent).await;
    read(connection).await
}

/// Reads an answer to the end of its connection.
pub(crate) async fn read(connection: TcpStream) -> Result<Answer> {
    let mut bytes = Vec::new();
    let mut connection = connection.take(MOST);
    // a reset ends an answer like its end does
    let end = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut bytes)).await;
    let mut answer = parse(&bytes);
    answer.hangs = end.is_err();
    Ok(answer)
}

fn parse(bytes: &[u8]) -> Answer {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(length)) = head.parse(bytes) else {
        return Answer {
            status: None,
            headers: Vec::new(),
            body: String::from_utf8_lossy(bytes).into_owned(),
            hangs: false,
        };
    };
    if head.code == Some(100) {
        return parse(&bytes[length..]);
    }
    Answer {
        status: head.code,
        headers: head
            .headers
            .iter()
            .map(|header| {
                let value = String::from_utf8_lossy(header.value).into_owned();
                (header.name.to_ascii_lowercase(), value)
            })
            .collect(),
        body: String::from_utf8_lossy(&bytes[length..]).into_owned(),
        hangs: false,
    }
}

impl Answer {
    /// What should not have come.
    pub(crate) fn failure(&self, may_go_unanswered: bool) -> Option<String> {
        let Some(status) = self.status else {
            return match (self.hangs, may_go_unanswered) {
                (true, _) => Some("nothing came, and the connection stayed".to_owned()),
                (false, false) => Some("no answer".to_owned()),
                (false, true) => None,
            };
        };
        // 501 and 505 say that HTTP itself was asked for something that nobody does here
        if status >= 500 && status != 501 && status != 505 {
            return Some(format!("{status}"));
        }
        if let Some(word) = leaks::on_page(&self.body) {
            return Some(format!("{status}, and the answer shows {word}"));
        }
        // each request asks to be the last one
        if self.body.contains("HTTP/1.1 ") {
            return Some(format!("{status}, and then another answer"));
        }
        if self.header(HEADER).is_some() {
            return Some(format!("{status}, with a header that somebody else wrote"));
        }
        if !self.is_page() {
            return None;
        }
        if self.body.contains(ELEMENT) {
            return Some(format!(
                "{status}, and the page has an element that somebody else wrote"
            ));
        }
        PAGE_HEADERS
            .into_iter()
            .find(|name| self.header(name).is_none())
            .map(|name| format!("{status}, and the page has no {name}"))
    }

    /// True where it came from a page's handler: neither refused before nor sent to sign in.
    pub(crate) fn reached_the_page(&self, path: &str) -> bool {
        let leads_to_sign_in = self
            .header("location")
            .is_some_and(|location| location.starts_with("/sign-in"));
        // whoever signed out, or has a new password, is sent there as well
        let is_the_way_out = path == "/sign-out" || path.starts_with("/reset");
        (!leads_to_sign_in || is_the_way_out)
            && self
                .status
                .is_some_and(|status| matches!(status, 200..400 | 409 | 410 | 422 | 429))
    }

    fn is_page(&self) -> bool {
        self.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(one, _)| one == name)
            .map(|(_, value)| value.as_str())
    }
}
