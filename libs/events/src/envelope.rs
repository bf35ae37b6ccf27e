//! CloudEvents 1.0 in Kafka's binary mode: attributes in headers, the protobuf message as value.

use std::collections::BTreeMap;

use jiff::Timestamp;
use prost::{Message, Name};
use rdkafka::{
    Message as _,
    message::{Header, Headers as _, OwnedHeaders, OwnedMessage},
};
use service::{Error, Result};
use tenancy::TenantId;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use crate::trace::{self, TRACEPARENT};

/// The longest attribute and key, in characters; no real one comes near it.
const LONGEST: usize = 500;

/// An event as the relay sends it.
pub(crate) struct Outgoing {
    pub(crate) tenant: Uuid,
    pub(crate) id: Uuid,
    pub(crate) aggregate_type: String,
    pub(crate) aggregate_id: Uuid,
    pub(crate) sequence: i64,
    pub(crate) event_type: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) traceparent: String,
    pub(crate) created_at: Timestamp,
}

impl Outgoing {
    /// Puts events of one aggregate on one partition.
    pub(crate) fn key(&self) -> String {
        format!("{}:{}", self.tenant, self.aggregate_id)
    }

    pub(crate) fn headers(&self, source: &str, traceparent: &str) -> OwnedHeaders {
        let attributes = [
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", self.id.to_string()),
            ("ce_source", source.to_owned()),
            ("ce_type", self.event_type.clone()),
            ("ce_time", self.created_at.to_string()),
            (
                "ce_subject",
                format!("{}/{}", self.aggregate_type, self.aggregate_id),
            ),
            ("ce_partitionkey", self.key()),
            ("ce_tenantid", self.tenant.to_string()),
            ("ce_sequence", self.sequence.to_string()),
            (TRACEPARENT, traceparent.to_owned()),
            ("content-type", "application/protobuf".to_owned()),
        ];
        attributes
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header {
                    key,
                    value: Some(value.as_bytes()),
                })
            })
    }
}

/// An event as it came, not yet believed.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) payload: Vec<u8>,
}

impl Raw {
    pub(crate) fn of(message: &OwnedMessage) -> Self {
        let headers = message
            .headers()
            .into_iter()
            .flat_map(|headers| headers.iter())
            .map(|header| {
                let value = storable_text(header.value.unwrap_or_default());
                (header.key.to_owned(), value)
            })
            .collect();
        Self {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            offset: message.offset(),
            key: storable_text(message.key().unwrap_or_default()),
            headers,
            payload: message.payload().unwrap_or_default().to_vec(),
        }
    }

    /// The tenant that the headers name; nil where they name none.
    pub(crate) fn tenant(&self) -> Uuid {
        self.header("ce_tenantid")
            .and_then(|text| text.parse().ok())
            .unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Believes the envelope, or says why not.
    pub(crate) fn check(&self) -> std::result::Result<Received, &'static str> {
        let id = self
            .header("ce_id")
            .and_then(|text| text.parse().ok())
            .ok_or("ce_id is missing or no id")?;
        let tenant = self.tenant();
        if tenant.is_nil() {
            return Err("ce_tenantid is missing or no id");
        }
        let event_type = self.header("ce_type").ok_or("ce_type is missing")?;
        let source = self.header("ce_source").ok_or("ce_source is missing")?;
        if crate::topic_of(source) != self.topic {
            return Err("ce_source does not own the topic");
        }
        if !event_type.starts_with(&format!("{}.", self.topic)) {
            return Err("ce_type does not belong to the topic");
        }
        if !self.key.starts_with(&format!("{tenant}:")) {
            return Err("the key names another tenant");
        }
        let time = self
            .header("ce_time")
            .and_then(|text| text.parse().ok())
            .ok_or("ce_time is missing or no time")?;
        Ok(Received {
            id,
            tenant: tenant.into(),
            event_type: event_type.to_owned(),
            time,
            topic: self.topic.clone(),
            traceparent: self.header(TRACEPARENT).unwrap_or_default().to_owned(),
            payload: self.payload.clone(),
        })
    }
}

/// Reads bytes as text that PostgreSQL can store and index, which has no NUL and is not long: a message that could not even
/// be held would stop its partition for good.
fn storable_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}");
    text.chars().take(LONGEST).collect()
}

/// An event whose envelope holds.
#[derive(Clone, Debug)]
pub struct Received {
    /// The same each time the event comes.
    pub id: Uuid,
    /// The organization.
    pub tenant: TenantId,
    /// Such as "contractoros.projects.v1.MilestoneReached".
    pub event_type: String,
    /// When the fact was recorded.
    pub time: Timestamp,
    topic: String,
    traceparent: String,
    payload: Vec<u8>,
}

impl Received {
    /// The span of its handling, in the trace of what caused it.
    pub(crate) fn span(&self) -> Span {
        let span = tracing::info_span!(
            parent: None,
            "consume",
            otel.name = format!("process {}", self.topic),
            otel.kind = "consumer",
            messaging.system = "kafka",
            messaging.destination.name = self.topic,
            messaging.message.id = %self.id,
            event = self.event_type,
            tenant = %self.tenant,
        );
        // an error only says that no layer listens for spans
        let _ = span.set_parent(trace::parse(&self.traceparent));
        span
    }

    /// Reads the event where it is of type `E`.
    pub fn read<E: Name + Default>(&self) -> Result<Option<E>> {
        if self.event_type != E::full_name() {
            return Ok(None);
        }
        <E as Message>::decode(self.payload.as_slice())
            .map(Some)
            .map_err(Error::internal)
    }
}
