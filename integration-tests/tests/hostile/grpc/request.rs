//! Requests as bytes: sound ones, and those that are wrong in the message, the frame, the headers or the path.

use std::io;

use anyhow::Result;
use futures::stream;
use http::{HeaderName, HeaderValue, Request, header};
use http_body_util::{BodyExt as _, StreamBody, combinators::BoxBody};
use hyper::body::Frame;
use prost::bytes::Bytes;
use prost_reflect::MessageDescriptor;
use rand::{Rng, RngExt as _};

use super::{
    known::Known,
    message::{Author, garble},
};
use crate::values::one_of;

/// One RPC.
#[derive(Clone)]
pub(crate) struct Rpc {
    /// Such as "contractoros.identity.v1.ClientService/GetClient".
    pub(crate) name: String,
    pub(crate) input: MessageDescriptor,
    pub(crate) output: MessageDescriptor,
}

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// Nothing.
    Sound,
    /// One to three values of it.
    Dented,
    /// Most of its values.
    Wild,
    /// One of its lists is very long.
    Stretched,
    /// The bytes of its message.
    Garbled,
    /// The frame around its message.
    Framed,
    /// Its method, its path or its headers.
    Odd,
    /// It is larger than any request may be.
    Large,
}

impl How {
    pub(crate) fn any(random: &mut impl Rng) -> Self {
        match random.random_range(0..100) {
            0..12 => Self::Sound,
            12..50 => Self::Dented,
            50..60 => Self::Wild,
            60..64 => Self::Stretched,
            64..78 => Self::Garbled,
            78..86 => Self::Framed,
            86..98 => Self::Odd,
            _ => Self::Large,
        }
    }
}

/// A request before it is sent.
pub(crate) struct Draft {
    pub(super) parts: Request<()>,
    pub(super) body: Vec<u8>,
    /// The connection's stream is reset behind the body.
    pub(super) breaks_off: bool,
}

/// What a client sends.
pub(crate) type Body = BoxBody<Bytes, io::Error>;

impl Draft {
    /// A request to an RPC that is wrong in this way.
    pub(crate) fn write(
        random: &mut impl Rng,
        known: &Known,
        rpc: &Rpc,
        how: How,
        authorization: Option<String>,
    ) -> Result<Self> {
        let author = Author {
            known,
            rpc: &rpc.name,
            household: known.household(random),
        };
        let mut message = author.write(random, &rpc.input);
        let page_tokens = known.page_tokens.get(&rpc.name);
        let page_tokens = page_tokens.map_or(&[][..], Vec::as_slice);
        match how {
            How::Dented => {
                let times = one_of(random, &[1, 1, 2, 3]);
                message.dent(random, times, page_tokens);
            }
            How::Wild => message.dent(random, 40, page_tokens),
            How::Stretched => {
                message.stretch(random);
            }
            _ => {}
        }
        let mut message = message.encode();
        match how {
            How::Garbled => garble(random, &mut message),
            How::Large => {
                let size = one_of(random, &[1 << 20, (1 << 20) + 1, 3 << 20, 5 << 20]);
                message.resize(size, b'z');
            }
            _ => {}
        }
        let mut draft = Self::plain(rpc, &message, authorization)?;
        match how {
            How::Framed => draft.damage_frame(random, &message),
            How::Odd => draft.make_odd(random),
            _ => {}
        }
        Ok(draft)
    }

    /// A request with a message as it is.
    pub(crate) fn plain(rpc: &Rpc, message: &[u8], authorization: Option<String>) -> Result<Self> {
        let mut parts = Request::post(format!("/{}", rpc.name))
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .body(())?;
        if let Some(authorization) = authorization {
            parts
                .headers_mut()
                .insert(header::AUTHORIZATION, authorization.parse()?);
        }
        Ok(Self {
            parts,
            body: framed(0, message.len() as u64, message),
            breaks_off: false,
        })
    }

    /// The request to a server at an address, such as "127.0.0.1:50051".
    pub(crate) fn to(self, address: &str) -> Result<Request<Body>> {
        let (mut parts, ()) = self.parts.into_parts();
        parts.uri = format!("http://{address}{}", parts.uri).parse()?;
        let mut frames: Vec<io::Result<Frame<Bytes>>> = self
            .body
            .chunks(16 * 1024)
            .map(|chunk| Ok(Frame::data(Bytes::copy_from_slice(chunk))))
            .collect();
        if self.breaks_off {
            frames.push(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let body = StreamBody::new(stream::iter(frames)).boxed();
        Ok(Request::from_parts(parts, body))
    }

    /// True where the server may give the request up without an answer.
    pub(crate) fn may_go_unanswered(&self) -> bool {
        // a header list beyond the limit is refused by HTTP/2 itself
        let headers: usize = self
            .parts
            .headers()
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 32)
            .sum();
        self.breaks_off
            || headers > 15 * 1024
            || self.parts.headers().contains_key(header::CONTENT_LENGTH)
    }

    /// True where the caller said how long it waits.
    pub(crate) fn has_timeout(&self) -> bool {
        self.parts.headers().contains_key("grpc-timeout")
    }

    /// Adds a header beside others of its name.
    pub(super) fn header(&mut self, name: &str, value: &[u8]) {
        let name: HeaderName = name.parse().expect("a header's name");
        let value = HeaderValue::from_bytes(value).expect("a header's value");
        self.parts.headers_mut().append(name, value);
    }
}

/// A message behind its flag and a length.
pub(super) fn framed(flag: u8, length: u64, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let mut bytes = vec![flag];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(message);
    bytes
}
