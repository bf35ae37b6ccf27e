//! Requests as bytes: HTTP that a client library would refuse to send.

use rand::{Rng, RngExt as _};

use super::body::Body;
use crate::values::one_of;

/// A request that can still be changed.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: Vec<u8>,
    pub(super) version: &'static str,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    /// What stands behind the headers in the place of the body, where its framing is wrong.
    pub(super) framing: Option<Vec<u8>>,
    /// True where the connection may end without an answer.
    pub(crate) may_go_unanswered: bool,
    /// True where the client says that no more comes.
    pub(crate) ends: bool,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str, host: &str, cookies: &str) -> Self {
        let mut request = Self {
            method: method.to_owned(),
            target: target.as_bytes().to_vec(),
            version: "HTTP/1.1",
            headers: Vec::new(),
            body: Vec::new(),
            framing: None,
            may_go_unanswered: false,
            ends: false,
        };
        request.set("host", host);
        request.set("connection", "close");
        if !cookies.is_empty() {
            request.set("cookie", cookies);
        }
        request
    }

    /// A form or a file from a page of this host.
    pub(crate) fn with_body(mut self, body: Body, token: &str) -> Self {
        self.set("sec-fetch-site", "same-origin");
        self.set("x-csrf-token", token);
        if let Some(kind) = body.content_type {
            self.set("content-type", &kind);
        }
        self.body = body.bytes;
        self
    }

    /// The bytes to send.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = format!("{} ", self.method).into_bytes();
        bytes.extend_from_slice(&self.target);
        bytes.extend_from_slice(format!(" {}\r\n", self.version).as_bytes());
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if let Some(framing) = &self.framing {
            bytes.extend_from_slice(framing);
            return bytes;
        }
        if !self.body.is_empty() || self.method == "POST" {
            let length = self.body.len();
            bytes.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Asks with a method that the portal has nothing for.
    pub(crate) fn change_method(&mut self, random: &mut impl Rng) {
        let methods = [
            "TRACE",
            "CONNECT",
            "PUT",
            "DELETE",
            "PATCH",
            "OPTIONS",
            "HEAD",
            "ZQ7X",
            "get",
            "PRI",
            "PROPFIND",
            "POSTPOSTPOST",
            "G/T",
            "",
        ];
        one_of(random, &methods).clone_into(&mut self.method);
        // no token is no method, and a tunnel has no path
        self.may_go_unanswered = matches!(self.method.as_str(), "" | "G/T" | "PRI" | "CONNECT");
        if self.method == "CONNECT" && random.random_bool(0.5) {
            self.target = b"alder.localhost:443".to_vec();
        }
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.add(name, value.as_bytes());
    }

    pub(super) fn add(&mut self, name: &str, value: &[u8]) {
        self.headers.push((name.to_owned(), value.to_vec()));
    }

    pub(super) fn replace(&mut self, name: &str, value: Vec<u8>) {
        self.headers.retain(|(one, _)| one != name);
        self.headers.push((name.to_owned(), value));
    }
}
