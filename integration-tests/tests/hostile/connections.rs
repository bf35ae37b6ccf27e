//! Connections that abuse HTTP/2 itself (RFC 9113), or speak something else: others are served beside them.
//!
//! Frames are written byte by byte here: a library would not send most of these.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use devstack::{platform::Platform, services::Service};
use futures::future::try_join_all;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::values::MARK;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a connection is held when the server does not end it.
const HELD: Duration = Duration::from_secs(2);
/// What an honest request may take meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

// types of frames
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
// flags of frames
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

/// Attacks every port at once, and asks each service for something honest meanwhile and afterwards.
pub(crate) async fn attack(platform: &Platform) -> Result<Vec<String>> {
    let honest = async {
        let mut failures = Vec::new();
        for service in Service::ALL {
            if let Err(error) = answers(platform, service).await {
                failures.push(format!(
                    "{} beside bad connections: {error:#}",
                    service.name()
                ));
            }
        }
        anyhow::Ok(failures)
    };
    let attacks = Service::ALL.iter().flat_map(|service| {
        let port = platform.ports(*service).calls;
        connections()
            .into_iter()
            .map(move |bytes| hold(port, bytes))
    });
    let (_, mut failures) = tokio::try_join!(try_join_all(attacks), honest)?;
    for service in Service::ALL {
        if let Err(error) = answers(platform, service).await {
            failures.push(format!(
                "{} after bad connections: {error:#}",
                service.name()
            ));
        }
    }
    Ok(failures)
}

/// Sends bytes and reads what comes until the server ends the connection, or for a moment.
async fn hold(port: u16, bytes: Vec<u8>) -> Result<()> {
    let connection = TcpStream::connect(("127.0.0.1", port)).await;
    let (mut read, mut write) = connection.context("open a bad connection")?.into_split();
    // whoever is hung up on stops writing
    let send = async {
        let _ = write.write_all(&bytes).await;
    };
    let receive = async {
        let mut buffer = vec![0; 64 * 1024];
        while matches!(read.read(&mut buffer).await, Ok(1..)) {}
    };
    let _ = tokio::time::timeout(HELD, futures::future::join(send, receive)).await;
    Ok(())
}

/// Fails where a service gives no honest answer on a new connection.
async fn answers(platform: &Platform, service: Service) -> Result<()> {
    let port = platform.ports(service).calls;
    let ask = async {
        if service == Service::Portal {
            let mut connection = TcpStream::connect(("127.0.0.1", port)).await?;
            let request =
                "GET /sign-in HTTP/1.1\r\nhost: alder.localhost\r\nconnection: close\r\n\r\n";
            connection.write_all(request.as_bytes()).await?;
            let mut answer = Vec::new();
            connection.read_to_end(&mut answer).await?;
            ensure!(answer.starts_with(b"HTTP/1.1 200"), "no page came");
            return Ok(());
        }
        let peer = service::Peer::new(&format!("http://127.0.0.1:{port}"))?;
        let path = format!("/contractoros.{}.v1.{}", service.name(), an_rpc(service)).parse()?;
        let mut client = tonic::client::Grpc::new(peer);
        client.ready().await?;
        let codec = tonic_prost::ProstCodec::<(), ()>::default();
        let answer = client.unary(tonic::Request::new(()), path, codec).await;
        let status = answer.err().context("nobody asked, and it worked")?;
        ensure!(status.code() == tonic::Code::Unauthenticated, "{status}");
        Ok(())
    };
    tokio::time::timeout(PATIENCE, ask)
        .await
        .with_context(|| format!("nothing came in {PATIENCE:?}"))?
}

fn an_rpc(service: Service) -> &'static str {
    match service {
        Service::Identity => "OrganizationService/GetOrganization",
        Service::Projects => "ProjectService/ListPhaseTemplates",
        Service::Documents => "UsageService/GetUsage",
        Service::Billing => "ContractService/GetContract",
        Service::Notifications => "PreferenceService/GetPreferences",
        Service::Portal => unreachable!("the portal has pages"),
    }
}

/// What each bad connection sends.
fn connections() -> Vec<Vec<u8>> {
    let odd = |count: u32| (0..count).map(|number| 2 * number + 1);
    let begun = |frames: Vec<u8>| [PREFACE, &frame(SETTINGS, 0, 0, b""), &frames].concat();
    let request = request();
    let again = |frame: Vec<u8>, times: usize| begun(frame.repeat(times));
    vec![
        // asked and taken back at once, again and again (CVE-2023-44487)
        begun(
            odd(20_000)
                .flat_map(|stream| {
                    [
                        frame(HEADERS, END_HEADERS, stream, &request),
                        frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()),
                    ]
                    .concat()
                })
                .collect(),
        ),
        // headers that never end (CVE-2024-27919), full and empty
        begun(
            [
                frame(HEADERS, 0, 1, &request),
                frame(CONTINUATION, 0, 1, &literal("x-zq7x", &"z".repeat(1_000))).repeat(5_000),
            ]
            .concat(),
        ),
        begun(
            [
                frame(HEADERS, 0, 1, &request),
                frame(CONTINUATION, 0, 1, b"").repeat(50_000),
            ]
            .concat(),
        ),
        // floods of what must be answered
        again(frame(PING, 0, 0, b"zq7xzq7x"), 50_000),
        again(frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0xff, 0xff]), 50_000),
        again(frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 7]), 50_000),
        again(frame(99, 0xff, 7, MARK.as_bytes()), 50_000),
        // windows that overflow or do not grow
        again(
            frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()),
            3,
        ),
        again(frame(WINDOW_UPDATE, 0, 0, &0_u32.to_be_bytes()), 3),
        begun(frame(SETTINGS, 0, 0, &[0, 4, 0xff, 0xff, 0xff, 0xff])),
        // streams that cannot be
        begun(frame(DATA, 0, 1, b"zq7x")),
        begun(frame(HEADERS, END_HEADERS, 2, &request)),
        begun(frame(HEADERS, END_HEADERS, 0, &request)),
        begun(
            [
                frame(HEADERS, END_HEADERS, 9, &request),
                frame(HEADERS, END_HEADERS, 3, &request),
            ]
            .concat(),
        ),
        begun(frame(HEADERS, END_HEADERS | PADDED, 1, &[0xff, 0x82])),
        begun(frame(GOAWAY, 0, 0, &[0xff; 8])),
        // frames that say of their length what is not so
        begun([0x10, 0, 0, DATA, 0, 0, 0, 0, 1].to_vec()),
        begun([0, 0, 9, PING, 0, 0, 0, 0, 0, 1].to_vec()),
        // more streams than may be, none of which ends; their bodies never come
        begun(
            odd(500)
                .flat_map(|stream| frame(HEADERS, END_HEADERS, stream, &request))
                .collect(),
        ),
        // answers that nobody reads
        begun(
            [
                frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]),
                odd(100)
                    .flat_map(|stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, &request))
                    .collect(),
            ]
            .concat(),
        ),
        // a long header that is kept, and called again by its number (an HPACK bomb), and numbers that name none
        begun({
            let kept = [&[0x40][..], &literal("x-zq7x", &"z".repeat(3_500))[1..]].concat();
            frame(
                HEADERS,
                END_HEADERS,
                1,
                &[kept, vec![0xbe; 10_000]].concat(),
            )
        }),
        begun(frame(
            HEADERS,
            END_HEADERS,
            1,
            &[0xff, 0xff, 0xff, 0xff, 0x7f],
        )),
        begun(frame(
            HEADERS,
            END_HEADERS,
            1,
            &[0x00, 0x84, 0xff, 0xff, 0xff, 0xff],
        )),
        // a request that HTTP/2 knows nothing of
        begun(frame(
            HEADERS,
            END_HEADERS,
            1,
            &[literal(":zq7x", "1"), literal("Host", "\0")].concat(),
        )),
        // another language
        b"GET / HTTP/1.1\r\nhost: alder.localhost\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03zq7x".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nzq7x".to_vec(),
        vec![0; 100_000],
        Vec::new(),
    ]
}

/// The headers of a request that would be one.
fn request() -> Vec<u8> {
    [
        literal(":method", "POST"),
        literal(":scheme", "http"),
        literal(
            ":path",
            "/contractoros.projects.v1.ProjectService/ListPhaseTemplates",
        ),
        literal(":authority", "localhost"),
        literal("content-type", "application/grpc"),
    ]
    .concat()
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a frame is short")
        .to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A header that is not kept (RFC 7541, 6.2.2).
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        integer(text.len(), &mut bytes);
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// A length of 7 bits and more (RFC 7541, 5.1).
fn integer(mut value: usize, bytes: &mut Vec<u8>) {
    if value < 127 {
        bytes.push(u8::try_from(value).expect("it is small"));
        return;
    }
    bytes.push(127);
    value -= 127;
    while value >= 128 {
        bytes.push(u8::try_from(value % 128).expect("it is small") | 0x80);
        value /= 128;
    }
    bytes.push(u8::try_from(value).expect("it is small"));
}
