//! A server of tonic that does nothing: it answers each call with the same project.
//!
//! It runs in a process of its own, which is this program again, so that its processor time can be told apart.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use devstack::{
    ports,
    process::{Launch, Process},
};
use prost::Message as _;
use proto::projects::{
    CreateProjectRequest, CreateProjectResponse, GetProjectRequest, GetProjectResponse,
    ListPhaseTemplatesRequest, ListPhaseTemplatesResponse, ListProjectsRequest,
    ListProjectsResponse, UpdateProjectRequest, UpdateProjectResponse,
    project_service_server::{ProjectService, ProjectServiceServer},
};
use service::Peer;
use tokio::{net::TcpListener, time::Instant};
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

/// The argument with which this program is an echo.
pub(crate) const WORD: &str = "echo";
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The running echo; it ends with this.
pub(crate) struct Echo {
    process: Process,
    port: u16,
}

impl Echo {
    /// Starts one that answers like this.
    pub(crate) async fn start(folder: &Path, answer: &GetProjectResponse) -> Result<Self> {
        let file = folder.join("answer");
        std::fs::write(&file, answer.encode_to_vec()).context("write an answer")?;
        let port = ports::free()?;
        let program = std::env::current_exe().context("find our own program")?;
        let mut process = Launch::new(WORD, program, folder.join("echo.log"))
            .arguments([WORD, &port.to_string()])
            .argument(&file)
            .start()?;
        let deadline = Instant::now() + PATIENCE;
        while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .is_err()
        {
            process.must_run()?;
            ensure!(Instant::now() < deadline, "{}", process.end_of_log());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(Self { process, port })
    }

    pub(crate) fn peer(&self) -> Result<Peer> {
        Peer::new(&format!("http://127.0.0.1:{}", self.port))
    }

    /// What the kernel knows of it.
    pub(crate) fn process(&self) -> integration_tests::Process {
        integration_tests::Process::numbered(self.process.pid(), WORD)
    }
}

/// Answers until it is killed; `arguments` are the port and the file with the answer.
pub(crate) async fn serve(arguments: &[String]) -> Result<()> {
    let [port, file] = arguments else {
        anyhow::bail!("an echo needs a port and a file");
    };
    let answer = std::fs::read(PathBuf::from(file)).context("read the answer")?;
    let answer = GetProjectResponse::decode(answer.as_slice()).context("read the answer")?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?));
    let listener = TcpListener::bind(address).await.context("listen")?;
    Server::builder()
        .add_service(ProjectServiceServer::new(Answers(answer)))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await
        .context("serve")
}

struct Answers(GetProjectResponse);

#[tonic::async_trait]
impl ProjectService for Answers {
    async fn get_project(
        &self,
        _: Request<GetProjectRequest>,
    ) -> Result<Response<GetProjectResponse>, Status> {
        Ok(Response::new(self.0.clone()))
    }

    async fn create_project(
        &self,
        _: Request<CreateProjectRequest>,
    ) -> Result<Response<CreateProjectResponse>, Status> {
        Err(Status::unimplemented("an echo creates nothing"))
    }

    async fn list_projects(
        &self,
        _: Request<ListProjectsRequest>,
    ) -> Result<Response<ListProjectsResponse>, Status> {
        Err(Status::unimplemented("an echo lists nothing"))
    }

    async fn update_project(
        &self,
        _: Request<UpdateProjectRequest>,
    ) -> Result<Response<UpdateProjectResponse>, Status> {
        Err(Status::unimplemented("an echo changes nothing"))
    }

    async fn list_phase_templates(
        &self,
        _: Request<ListPhaseTemplatesRequest>,
    ) -> Result<Response<ListPhaseTemplatesResponse>, Status> {
        Err(Status::unimplemented("an echo lists nothing"))
    }
}
