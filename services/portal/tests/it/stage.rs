//! The services and the storage, as far as files need them, and a browser that is signed in.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, Result};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path as Segment, Request},
    http::{HeaderMap, Method, Response, StatusCode, Uri, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt as _, Full};
use portal::{Config, DEFAULT_CONFIG, Server};
use prost::Message;
use proto::{
    documents::{
        FinishPhotoRequest, FinishPhotoResponse, GetLogoFileResponse, GetPhotoFileRequest,
        GetPhotoFileResponse, StartPhotoRequest, StartPhotoResponse, Upload, UploadState,
    },
    identity::{
        Account, AccountKind, Client, CreateClientRequest, CreateClientResponse,
        GetMyAccountResponse, Organization, ResolveHostResponse, ResolveSessionResponse, Role,
    },
    projects::{GetProjectResponse, Project},
};
use reqwest::RequestBuilder;
use service::{Lifecycle, Reason, new_id};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::{Code, Status, service::Routes, transport::server::TcpIncoming};
use tonic_types::{ErrorDetails, StatusExt as _};
use uuid::Uuid;

/// What the services were asked, and what the storage holds.
#[derive(Default)]
pub(crate) struct World {
    /// How often a session became a token.
    pub(crate) tokens: u32,
    /// The photos that were begun, by the id that they got.
    pub(crate) started: BTreeMap<String, StartPhotoRequest>,
    /// The photos whose bytes were said to be there.
    pub(crate) finished: Vec<String>,
    /// The bytes that came, by the photo.
    pub(crate) stored: BTreeMap<String, Bytes>,
    /// The photo that may be seen.
    pub(crate) visible: Option<Uuid>,
    /// The clients that were added, by the request that did it.
    pub(crate) clients: BTreeMap<String, Client>,
    /// The name of a client that is refused.
    pub(crate) refused_client: Option<&'static str>,
    /// A call that is not known who makes it, and why.
    pub(crate) unknown_caller: Option<(&'static str, Reason)>,
}

/// The portal with all that it asks.
pub(crate) struct Stage {
    pub(crate) world: Arc<Mutex<World>>,
    browser: reqwest::Client,
    portal: SocketAddr,
    lifecycle: Lifecycle,
    _folder: TempDir,
}

/// What the storage holds of every photo that may be seen.
pub(crate) const PICTURE: &[u8] = b"a picture of a kitchen";

impl Stage {
    pub(crate) async fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let key = make_key(folder.path())?;
        let lifecycle = Lifecycle::new();
        let world = Arc::new(Mutex::new(World::default()));
        let storage = serve_storage(&lifecycle, world.clone()).await?;
        let services = serve_services(&lifecycle, world.clone(), storage).await?;

        let trusted = folder.path().join("trusted").display().to_string();
        let peer = format!("http://{services}");
        let settings = [
            ("APP__ADDRESS", "127.0.0.1:0"),
            ("APP__HEALTH_ADDRESS", "127.0.0.1:0"),
            ("APP__COOKIE_KEY", &"ab".repeat(32)),
            ("APP__KEYS__SIGNING_KEY_FILE", &key),
            ("APP__KEYS__TRUSTED_FOLDER", &trusted),
            ("APP__PEERS__IDENTITY", &peer),
            ("APP__PEERS__PROJECTS", &peer),
            ("APP__PEERS__DOCUMENTS", &peer),
            ("APP__UPLOAD__SPOOL_LIMIT_BYTES", "100000"),
        ];
        let environment = settings
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        let config: Config = service::config::load_from(DEFAULT_CONFIG, environment)?;
        let server = Server::bind(config).await?;
        let portal = server.address()?;
        let running = lifecycle.clone();
        lifecycle.spawn(async move { server.run(running).await });
        Ok(Self {
            world,
            browser: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
            portal,
            lifecycle,
            _folder: folder,
        })
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request of somebody who is signed in, from a page of the portal.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.browser
            .request(method, format!("http://{}{path}", self.portal))
            .header(header::HOST, "alder.localhost")
            .header(header::COOKIE, "session=secret")
            .header("sec-fetch-site", "same-origin")
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// The token of the forms, as the page of the tab carries it.
    pub(crate) async fn token(&self) -> Result<String> {
        let page = self.get("/office/account").send().await?.text().await?;
        let (_, rest) = page
            .split_once("name=\"csrf\" value=\"")
            .context("the page has a form")?;
        Ok(rest.split('"').next().unwrap_or_default().to_owned())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

/// Makes the portal's key; the public one lies beside it, in the folder of those that are trusted.
fn make_key(folder: &Path) -> Result<String> {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())?;
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref())?;
    // SubjectPublicKeyInfo of RFC 8410: a fixed head, then the key
    let mut public = hex::decode("302a300506032b6570032100")?;
    public.extend_from_slice(pair.public_key().as_ref());
    let pem = |kind: &str, bytes: &[u8]| {
        let text = STANDARD.encode(bytes);
        format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
    };
    let trusted = folder.join("trusted");
    std::fs::create_dir(&trusted)?;
    std::fs::write(trusted.join("portal.1.pem"), pem("PUBLIC KEY", &public))?;
    let key = folder.join("portal.1.pem");
    std::fs::write(&key, pem("PRIVATE KEY", document.as_ref()))?;
    Ok(key.display().to_string())
}

/// The storage: takes what has its length, and gives the same picture to everybody.
async fn serve_storage(lifecycle: &Lifecycle, world: Arc<Mutex<World>>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let take = axum::routing::put(
        async move |Segment(photo): Segment<String>, headers: HeaderMap, bytes: Bytes| {
            if !headers.contains_key(header::CONTENT_LENGTH) {
                return StatusCode::LENGTH_REQUIRED;
            }
            let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
            world.stored.insert(photo, bytes);
            StatusCode::OK
        },
    );
    let routes = Router::new()
        .route("/in/{photo}", take)
        .route("/out", axum::routing::get(async || PICTURE))
        .layer(DefaultBodyLimit::disable());
    lifecycle.spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}

/// Every service at one address: a call is answered by its name.
async fn serve_services(
    lifecycle: &Lifecycle,
    world: Arc<Mutex<World>>,
    storage: SocketAddr,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let cast = Arc::new(Cast {
        world,
        storage,
        organization: new_id().to_string(),
    });
    let routes = Router::new().fallback(async move |uri: Uri, request: Request| {
        let call = uri.path().rsplit('/').next().unwrap_or_default().to_owned();
        match request.into_body().collect().await {
            // what comes before a message tells that it is not packed, and its length
            Ok(body) => match cast.answer(&call, &body.to_bytes()[5..]) {
                Ok(message) => answer(&message),
                Err(status) => status.into_http(),
            },
            Err(_) => Status::unknown("the request broke off").into_http(),
        }
    });
    let server = tonic::transport::Server::builder()
        .add_routes(Routes::from(routes))
        .serve_with_incoming(TcpIncoming::from(listener));
    lifecycle.spawn(server);
    Ok(address)
}

fn answer(message: &[u8]) -> Response<Body> {
    let mut framed = vec![0];
    let length = u32::try_from(message.len()).expect("answers are small");
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", header::HeaderValue::from_static("0"));
    let body = Full::new(Bytes::from(framed)).with_trailers(async move { Some(Ok(trailers)) });
    Response::builder()
        .header(header::CONTENT_TYPE, "application/grpc")
        .body(Body::new(body))
        .expect("the header is valid")
}

struct Cast {
    world: Arc<Mutex<World>>,
    storage: SocketAddr,
    organization: String,
}

impl Cast {
    fn answer(&self, call: &str, message: &[u8]) -> Result<Vec<u8>, Status> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((refused, reason)) = world.unknown_caller
            && refused == call
        {
            return Err(service::Error::Unauthenticated(reason).into());
        }
        let answer = match call {
            "ResolveHost" => ResolveHostResponse {
                organization: Some(Organization {
                    id: self.organization.clone(),
                    name: "Alder".to_owned(),
                    ..Organization::default()
                }),
            }
            .encode_to_vec(),
            "ResolveSession" => {
                world.tokens += 1;
                ResolveSessionResponse {
                    access_token: "token".to_owned(),
                    account: Some(Account {
                        kind: AccountKind::Office.into(),
                        role: Role::Owner.into(),
                        ..Account::default()
                    }),
                    session_id: "session".to_owned(),
                }
                .encode_to_vec()
            }
            "GetMyAccount" => GetMyAccountResponse::default().encode_to_vec(),
            "GetProject" => GetProjectResponse {
                project: Some(Project::default()),
            }
            .encode_to_vec(),
            "StartPhoto" => {
                let request = read::<StartPhotoRequest>(message)?;
                if request.file_name == "notes.pdf" {
                    let mut details = ErrorDetails::new();
                    details.add_bad_request_violation("file_name", "Choose a photo");
                    let words = "some fields are not valid";
                    return Err(Status::with_error_details(
                        Code::InvalidArgument,
                        words,
                        details,
                    ));
                }
                let photo_id = new_id().to_string();
                let put_url = format!("http://{}/in/{photo_id}", self.storage);
                world.started.insert(photo_id.clone(), request);
                StartPhotoResponse { photo_id, put_url }.encode_to_vec()
            }
            "FinishPhoto" => {
                let id = read::<FinishPhotoRequest>(message)?.photo_id;
                world.finished.push(id.clone());
                FinishPhotoResponse {
                    upload: Some(Upload {
                        id,
                        state: UploadState::Processing.into(),
                        ..Upload::default()
                    }),
                }
                .encode_to_vec()
            }
            "GetPhotoFile" => {
                let request = read::<GetPhotoFileRequest>(message)?;
                let visible = world.visible.map(|id| id.to_string());
                if visible.as_deref() != Some(request.id.as_str()) {
                    return Err(Status::not_found("not found"));
                }
                GetPhotoFileResponse {
                    get_url: format!("http://{}/out", self.storage),
                    file_name: "Küche 2026-11-17 4f2a.jpg".to_owned(),
                }
                .encode_to_vec()
            }
            "CreateClient" => {
                let request = read::<CreateClientRequest>(message)?;
                let client = request.client.unwrap_or_default();
                if world.refused_client == Some(&*client.display_name) {
                    return Err(service::Error::invalid("client.phone", "Enter a number").into());
                }
                let first = world.clients.entry(request.request_id);
                let first = first.or_insert_with(|| client.clone());
                if *first != client {
                    return Err(service::Error::Reused.into());
                }
                CreateClientResponse {
                    client: Some(client),
                }
                .encode_to_vec()
            }
            "GetLogoFile" => GetLogoFileResponse {
                get_url: format!("http://{}/out", self.storage),
            }
            .encode_to_vec(),
            _ => return Err(Status::unimplemented("nobody plays this")),
        };
        Ok(answer)
    }
}

fn read<T: Message + Default>(message: &[u8]) -> Result<T, Status> {
    T::decode(message).map_err(|_| Status::invalid_argument("not such a message"))
}
