//! What a service answers, and what is wrong with that.

use std::{io, time::Duration};

use anyhow::Result;
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use prost::bytes::{Buf as _, Bytes};
use service::Reason;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::request::{Body, Draft};
use crate::{leaks, values::MARK};

/// Longer than any call may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// The way to a service, with a connection of its own.
pub(crate) struct Client {
    address: String,
    client: legacy::Client<HttpConnector, Body>,
}

/// What came.
pub(crate) enum Answer {
    /// An answer of HTTP, with a status of gRPC as a rule.
    Came {
        http: StatusCode,
        status: Option<Status>,
        body: Bytes,
    },
    /// The connection or its stream ended.
    None(String),
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        let client = legacy::Client::builder(TokioExecutor::new())
            .http2_only(true)
            .build_http();
        Self {
            address: address.to_owned(),
            client,
        }
    }

    /// Sends a request and waits for the end of the answer.
    pub(crate) async fn send(&self, draft: Draft) -> Result<Answer> {
        let request = draft.to(&self.address)?;
        let answer = async {
            let (parts, body) = self.client.request(request).await?.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?;
            let in_trailers = body.trailers().and_then(Status::from_header_map);
            anyhow::Ok(Answer::Came {
                http: parts.status,
                status: in_trailers.or_else(|| Status::from_header_map(&parts.headers)),
                body: body.to_bytes(),
            })
        };
        Ok(match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer::None(format!("{error:#}")),
            Err(_) => Answer::None(format!("nothing in {PATIENCE:?}")),
        })
    }
}

impl Answer {
    /// What should not have come.
    pub(crate) fn failure(&self, may_go_unanswered: bool, has_timeout: bool) -> Option<String> {
        match self {
            Self::None(_) if may_go_unanswered => None,
            Self::None(why) => Some(format!("no answer: {why}")),
            Self::Came { http, .. } if http.is_server_error() => Some(format!("HTTP {http}")),
            Self::Came {
                status: Some(status),
                ..
            } => failure_of(status, has_timeout),
            Self::Came {
                http, status: None, ..
            } if http.is_success() => Some(format!("HTTP {http} without a status")),
            Self::Came { .. } => None,
        }
    }

    /// True where the RPC itself answered: whoever called was let in, and the message could be read.
    pub(crate) fn reached_the_rpc(&self) -> bool {
        let Self::Came {
            status: Some(status),
            ..
        } = self
        else {
            return false;
        };
        let before = [
            Reason::TokenInvalid,
            Reason::NotAllowed,
            Reason::Unreadable,
            Reason::Unsupported,
            Reason::TooLarge,
            Reason::DeadlineExceeded,
        ];
        let answered = status.code() == Code::Ok || status.get_details_error_info().is_some();
        answered && !before.iter().any(|reason| reason.is_in(status))
    }

    pub(crate) fn worked(&self) -> bool {
        self.message().is_some()
    }

    /// The message of a call that worked.
    pub(crate) fn message(&self) -> Option<Bytes> {
        let Self::Came {
            status: Some(status),
            body,
            ..
        } = self
        else {
            return None;
        };
        let mut body = body.clone();
        if status.code() != Code::Ok || body.len() < 5 {
            return None;
        }
        // behind the flag and the length
        body.advance(5);
        Some(body)
    }

    /// A word for it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Came {
                status: Some(status),
                ..
            } => format!("{:?}", status.code()),
            Self::Came { http, .. } => format!("HTTP {}", http.as_u16()),
            Self::None(_) => "no answer".to_owned(),
        }
    }
}

fn failure_of(status: &Status, has_timeout: bool) -> Option<String> {
    let code = status.code();
    let is_bad = match code {
        Code::Ok => return None,
        Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable | Code::Cancelled => {
            true
        }
        Code::DeadlineExceeded => !has_timeout,
        _ => false,
    };
    if is_bad {
        return Some(format!("{code:?}: {}", status.message()));
    }
    let told = format!(
        "{} {}",
        status.message(),
        String::from_utf8_lossy(status.details())
    );
    if let Some(word) = leaks::in_status(&told) {
        return Some(format!("{code:?} shows {word}: {told}"));
    }
    if told.contains(MARK) {
        return Some(format!("{code:?} repeats what was sent: {told}"));
    }
    if status.get_details_error_info().is_none() {
        return Some(format!("{code:?} gives no reason: {}", status.message()));
    }
    None
}
