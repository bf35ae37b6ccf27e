//! One call of the matrix, which carries a message as bytes.

use std::str::FromStr as _;

use anyhow::Result;
use http::uri::PathAndQuery;
use integration_tests::{Cast, Services, Stage as _};
use prost::bytes::{Buf, BufMut, Bytes};
use tenancy::{Person, TenantId};
use tonic::{
    Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

use super::{Ids, Row, Who};

/// Calls as somebody of the first organization, or as the other's owner.
pub(super) async fn call(
    services: &Services,
    cast: &Cast,
    row: &Row,
    who: Who,
    ids: &Ids,
) -> Result<Result<Bytes, Status>> {
    let request = (row.request)(ids);
    let rpc = row.rpc;
    let token = token(services, cast, who)?;
    let service = row.service();
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
    let service = |name| anyhow::Ok(services.signer(name)?.service(alder.id)?);
    let acting = |name, person: &Person| {
        anyhow::Ok(services.signer(name)?.on_behalf(alder.id, person.clone())?)
    };
    let token = match who {
        Who::Anonymous => return Ok(None),
        Who::Owner => person(alder.id, &alder.owner)?,
        Who::Pm => person(alder.id, &alder.pm)?,
        Who::Field => person(alder.id, &alder.field)?,
        Who::Ana => person(alder.id, &alder.ana)?,
        Who::Ben => person(alder.id, &alder.ben)?,
        Who::OtherOwner => person(cast.bluestone.id, &cast.bluestone.owner)?,
        Who::Portal => service("portal")?,
        Who::Platform => services.signer("portal")?.platform()?,
        Who::Identity => service("identity")?,
        Who::Projects => service("projects")?,
        Who::Documents => service("documents")?,
        Who::Billing => service("billing")?,
        Who::Notifications => service("notifications")?,
        Who::DocumentsForOwner => acting("documents", &alder.owner)?,
        Who::DocumentsForField => acting("documents", &alder.field)?,
        Who::DocumentsForAna => acting("documents", &alder.ana)?,
        Who::DocumentsForBen => acting("documents", &alder.ben)?,
        Who::BillingForAna => acting("billing", &alder.ana)?,
        Who::NotificationsForAna => acting("notifications", &alder.ana)?,
        Who::ProjectsForAna => acting("projects", &alder.ana)?,
        Who::PortalForAna => acting("portal", &alder.ana)?,
    };
    Ok(Some(token))
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
