//! One row of the matrix: what is asked, what is expected of whom, and the check.

use std::{collections::BTreeMap, fmt, str::FromStr as _, time::Duration};

use anyhow::{Context as _, Result};
use http::uri::PathAndQuery;
use integration_tests::{Cast, Organization, Services, Stage as _};
use prost::bytes::{Buf, BufMut, Bytes};
use tenancy::{Person, TenantId};
use tonic::{
    Code, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

/// Kinds of callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Anonymous,
    Owner,
    Pm,
    Field,
    Ana,
    Ben,
    OtherOwner,
    /// The portal, for one organization.
    Portal,
    /// The portal, for none.
    Platform,
    Notifications,
}

const EVERYBODY: [Who; 10] = [
    Who::Anonymous,
    Who::Owner,
    Who::Pm,
    Who::Field,
    Who::Ana,
    Who::Ben,
    Who::OtherOwner,
    Who::Portal,
    Who::Platform,
    Who::Notifications,
];

/// Whose ids a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Own,
    Foreign,
    Absent,
    Malformed,
}

/// The ids that a request can carry.
pub(crate) type Ids = BTreeMap<&'static str, String>;

/// Makes what a call needs, freshly for each call, and answers its ids.
pub(crate) type Setup =
    Box<dyn for<'a> Fn(&'a Services, &'a Organization) -> SetupFuture<'a> + Send + Sync>;
/// Encodes the request for these ids.
type Encode = Box<dyn Fn(&Ids) -> Vec<u8> + Send + Sync>;
pub(crate) type SetupFuture<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Ids>> + Send + 'a>>;

/// One RPC with what is expected of everybody.
pub(crate) struct Row {
    pub(crate) rpc: &'static str,
    request: Encode,
    setup: Setup,
    allowed: Vec<Who>,
    blind: Vec<Who>,
    absent: Absent,
    names_ids: bool,
}

/// What an allowed caller is answered about a thing that is not there for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Absent {
    Code(Code),
    /// The call works and leaves the thing out.
    LeftOut,
}

impl Row {
    /// An RPC whose request names things by id.
    pub(crate) fn naming<M: prost::Message>(
        rpc: &'static str,
        setup: Setup,
        request: impl Fn(&Ids) -> M + Send + Sync + 'static,
    ) -> Self {
        Self {
            rpc,
            request: Box::new(move |ids| request(ids).encode_to_vec()),
            setup,
            allowed: Vec::new(),
            blind: Vec::new(),
            absent: Absent::Code(Code::NotFound),
            names_ids: true,
        }
    }

    /// An RPC whose request names nothing: it is about the caller's own organization or account.
    pub(crate) fn plain<M: prost::Message>(
        rpc: &'static str,
        setup: Setup,
        request: impl Fn(&Ids) -> M + Send + Sync + 'static,
    ) -> Self {
        Self {
            names_ids: false,
            ..Self::naming(rpc, setup, request)
        }
    }

    /// Who may.
    pub(crate) fn allows(mut self, who: &[Who]) -> Self {
        self.allowed.extend_from_slice(who);
        self
    }

    /// Who may ask, but is told that this thing does not exist.
    pub(crate) fn hides_from(mut self, who: &[Who]) -> Self {
        self.blind.extend_from_slice(who);
        self
    }

    /// A batch: things that are not there are left out of the answer.
    pub(crate) fn leaves_out(mut self) -> Self {
        self.absent = Absent::LeftOut;
        self
    }

    /// Things that are not there answer with this code instead of NOT_FOUND.
    pub(crate) fn absent_is(mut self, code: Code) -> Self {
        self.absent = Absent::Code(code);
        self
    }
}

/// Checks a row for everybody and notes what does not hold.
pub(crate) async fn check(
    services: &Services,
    cast: &Cast,
    row: &Row,
    failures: &mut Vec<String>,
) -> Result<()> {
    let mut note = |who: Who, whose: Whose, text: String| {
        failures.push(format!("{} · {who:?} · {whose:?}: {text}", row.rpc));
    };
    // first that it works for whom it should: a refusal proves nothing about a broken call
    let refused_ids = (row.setup)(services, &cast.alder)
        .await
        .with_context(|| format!("set up {}", row.rpc))?;
    for who in EVERYBODY {
        // a request that names nothing is about the caller's own organization, the stranger's too
        let (organization, other) = if who == Who::OtherOwner && !row.names_ids {
            (&cast.bluestone, &cast.alder)
        } else {
            (&cast.alder, &cast.bluestone)
        };
        let expected = expectation(row, who);
        // what works may use a thing up
        let ids = if matches!(expected, Expected::Works) {
            (row.setup)(services, organization)
                .await
                .with_context(|| format!("set up {}", row.rpc))?
        } else {
            refused_ids.clone()
        };
        let answer = call(services, cast, row, who, &ids).await?;
        match (&answer, expected) {
            (Ok(bytes), Expected::Works) => {
                if mentions(bytes, &other.slug) {
                    note(who, Whose::Own, "names the other organization".to_owned());
                }
            }
            (Ok(bytes), Expected::LeftOut) => {
                if ids.values().any(|id| id.len() == 36 && mentions(bytes, id)) {
                    note(who, Whose::Own, "shows what is hidden".to_owned());
                }
            }
            (Err(status), Expected::Fails(code)) if status.code() == code => {}
            (outcome, expected) => {
                note(
                    who,
                    Whose::Own,
                    format!("{}, not {expected}", shown(outcome)),
                );
            }
        }
    }
    if !row.names_ids {
        return Ok(());
    }

    let foreign = (row.setup)(services, &cast.bluestone).await?;
    quiet(services).await?;
    let before = fingerprint(services, cast.bluestone.id).await?;
    let absent: Ids = foreign
        .iter()
        .map(|(name, id)| (*name, absent_like(id)))
        .collect();
    let malformed: Ids = foreign
        .iter()
        .map(|(name, id)| {
            let is_id = id.parse::<uuid::Uuid>().is_ok();
            (
                *name,
                if is_id {
                    "not-an-id".to_owned()
                } else {
                    id.clone()
                },
            )
        })
        .collect();
    for who in EVERYBODY {
        if who == Who::OtherOwner {
            continue;
        }
        let may_ask = row.allowed.contains(&who) || row.blind.contains(&who);
        let for_absent = call(services, cast, row, who, &absent).await?;
        let for_foreign = call(services, cast, row, who, &foreign).await?;
        let expected = match (may_ask, row.absent) {
            (true, Absent::LeftOut) => Expected::LeftOut,
            (true, Absent::Code(code)) => Expected::Fails(code),
            (false, _) => refusal(who),
        };
        for (whose, answer) in [(Whose::Absent, &for_absent), (Whose::Foreign, &for_foreign)] {
            match (answer, expected) {
                (Ok(_), Expected::LeftOut) => {}
                (Err(status), Expected::Fails(code)) if status.code() == code => {}
                (outcome, expected) => {
                    note(who, whose, format!("{}, not {expected}", shown(outcome)));
                }
            }
        }
        if bytes_of(&for_absent) != bytes_of(&for_foreign) {
            note(
                who,
                Whose::Foreign,
                "differs from the answer for absent".to_owned(),
            );
        }
        if malformed != foreign {
            let for_malformed = call(services, cast, row, who, &malformed).await?;
            let expected = if may_ask {
                Expected::Fails(Code::InvalidArgument)
            } else {
                refusal(who)
            };
            match (&for_malformed, expected) {
                (Err(status), Expected::Fails(code)) if status.code() == code => {}
                (outcome, expected) => {
                    note(
                        who,
                        Whose::Malformed,
                        format!("{}, not {expected}", shown(outcome)),
                    );
                }
            }
        }
    }
    quiet(services).await?;
    if fingerprint(services, cast.bluestone.id).await? != before {
        note(
            Who::Owner,
            Whose::Foreign,
            "the other organization's rows changed".to_owned(),
        );
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Expected {
    Works,
    LeftOut,
    Fails(Code),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works => f.write_str("a success"),
            Self::LeftOut => f.write_str("an answer without it"),
            Self::Fails(code) => write!(f, "{code:?}"),
        }
    }
}

fn expectation(row: &Row, who: Who) -> Expected {
    if row.allowed.contains(&who) {
        return Expected::Works;
    }
    let is_stranger = who == Who::OtherOwner && row.names_ids && row.allowed.contains(&Who::Owner);
    if who == Who::OtherOwner && !row.names_ids && row.allowed.contains(&Who::Owner) {
        return Expected::Works;
    }
    if row.blind.contains(&who) || is_stranger {
        return match row.absent {
            Absent::LeftOut => Expected::LeftOut,
            Absent::Code(code) => Expected::Fails(code),
        };
    }
    refusal(who)
}

fn refusal(who: Who) -> Expected {
    Expected::Fails(if who == Who::Anonymous {
        Code::Unauthenticated
    } else {
        Code::PermissionDenied
    })
}

fn shown(outcome: &Result<Bytes, Status>) -> String {
    match outcome {
        Ok(_) => "works".to_owned(),
        Err(status) => format!("{:?} ({})", status.code(), status.message()),
    }
}

fn bytes_of(answer: &Result<Bytes, Status>) -> (Option<Bytes>, Option<(Code, String, Bytes)>) {
    match answer {
        Ok(bytes) => (Some(bytes.clone()), None),
        Err(status) => (
            None,
            Some((
                status.code(),
                status.message().to_owned(),
                Bytes::copy_from_slice(status.details()),
            )),
        ),
    }
}

fn mentions(bytes: &Bytes, text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// A value of the same shape that names nothing.
fn absent_like(value: &str) -> String {
    if value.parse::<uuid::Uuid>().is_ok() {
        return service::new_id().to_string();
    }
    value.to_owned()
}

async fn call(
    services: &Services,
    cast: &Cast,
    row: &Row,
    who: Who,
    ids: &Ids,
) -> Result<Result<Bytes, Status>> {
    let request = (row.request)(ids);
    let rpc = row.rpc;
    let token = token(services, cast, who)?;
    let service = rpc
        .split('.')
        .nth(1)
        .context("an RPC is named contractoros.<service>.v1.…")?;
    let mut grpc = Grpc::new(services.peer(service)?);
    grpc.ready()
        .await
        .map_err(|error| anyhow::anyhow!("reach {service}: {error}"))?;
    let mut request = tonic::Request::new(Bytes::from(request));
    // a hint that nobody may take: the tenant stands in the token and nowhere else
    request
        .metadata_mut()
        .insert("tenant", cast.bluestone.id.to_string().parse()?);
    if let Some(token) = token {
        request
            .metadata_mut()
            .insert("authorization", format!("Bearer {token}").parse()?);
    }
    let path = PathAndQuery::from_str(&format!("/{rpc}"))?;
    Ok(grpc
        .unary(request, path, BytesCodec)
        .await
        .map(tonic::Response::into_inner))
}

fn token(services: &Services, cast: &Cast, who: Who) -> Result<Option<String>> {
    let alder = &cast.alder;
    let person = |tenant: TenantId, person: &Person| services.person(tenant, person);
    let token = match who {
        Who::Anonymous => return Ok(None),
        Who::Owner => person(alder.id, &alder.owner)?,
        Who::Pm => person(alder.id, &alder.pm)?,
        Who::Field => person(alder.id, &alder.field)?,
        Who::Ana => person(alder.id, &alder.ana)?,
        Who::Ben => person(alder.id, &alder.ben)?,
        Who::OtherOwner => person(cast.bluestone.id, &cast.bluestone.owner)?,
        Who::Portal => services.signer("portal")?.service(alder.id)?,
        Who::Platform => services.signer("portal")?.platform()?,
        Who::Notifications => services.signer("notifications")?.service(alder.id)?,
    };
    Ok(Some(token))
}

/// Waits until what was set in motion has arrived: events handled, mails sent.
async fn quiet(services: &Services) -> Result<()> {
    let mut notifications = services.database("notifications").superuser().await?;
    let mut events: Vec<uuid::Uuid> = Vec::new();
    for publisher in ["identity", "projects"] {
        let mut connection = services.database(publisher).superuser().await?;
        let published: Vec<uuid::Uuid> = sqlx::query_scalar("select id from outbox")
            .fetch_all(&mut connection)
            .await?;
        events.extend(published);
    }
    let arrived = async {
        loop {
            let is_quiet: bool = sqlx::query_scalar(
                "select (select count(*) from inbox where event_id = any($1)) = cardinality($1)
                    and not exists (select from delivery where state in ('queued', 'sending'))",
            )
            .bind(&events)
            .fetch_one(&mut notifications)
            .await?;
            if is_quiet {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), arrived)
        .await
        .context("events and mails come to rest")?
}

async fn fingerprint(services: &Services, tenant: TenantId) -> Result<BTreeMap<String, String>> {
    let mut hashes = BTreeMap::new();
    for db in &services.databases {
        let mut connection = db.superuser().await?;
        for (table, hash) in integration_tests::fingerprint(&mut connection, tenant).await? {
            hashes.insert(format!("{}.{table}", db.service()), hash);
        }
    }
    Ok(hashes)
}

/// Passes messages through as bytes.
#[derive(Clone, Copy)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length)))
    }
}
