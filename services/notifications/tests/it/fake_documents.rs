//! Documents, as far as notifications asks it: which photos somebody may see.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use proto::{
    documents::{
        BatchGetPhotosRequest, BatchGetPhotosResponse, DismissUploadsRequest,
        DismissUploadsResponse, FinishPhotoRequest, FinishPhotoResponse, GetPhotoFileRequest,
        GetPhotoFileResponse, GetPhotoRequest, GetPhotoResponse, ListPhotosRequest,
        ListPhotosResponse, ListUploadsRequest, ListUploadsResponse, Photo, PhotoAudience,
        RestorePhotosRequest, RestorePhotosResponse, StartPhotoRequest, StartPhotoResponse,
        TrashPhotosRequest, TrashPhotosResponse, UpdatePhotosRequest, UpdatePhotosResponse,
        photo_service_server::{PhotoService, PhotoServiceServer},
    },
    projects::PhotoScope,
};
use service::{Error, Listen, Server, new_id};
use tenancy::{Audience, Caller, Verifier};
use testing::{Running, TestKeys};
use tonic::{Request, Response, Status, service::Routes};
use uuid::Uuid;

use crate::fake_projects::{FakeProject, FakeProjects};

/// What documents knows; a test may change it while it is asked.
#[derive(Clone)]
pub(crate) struct FakeDocuments {
    projects: FakeProjects,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    photos: Vec<Photo>,
    calls: usize,
}

impl FakeDocuments {
    /// Documents, which asks projects how many photos each project shows.
    pub(crate) fn new(projects: FakeProjects) -> Self {
        Self {
            projects,
            known: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a photo and answers its id.
    pub(crate) fn add(
        &self,
        project: &FakeProject,
        audience: PhotoAudience,
        caption: &str,
    ) -> Uuid {
        let id = new_id();
        self.lock().photos.push(Photo {
            id: id.to_string(),
            project_id: project.id.to_string(),
            caption: caption.to_owned(),
            audience: audience.into(),
            ..Photo::default()
        });
        id
    }

    /// Changes whom a photo is for.
    pub(crate) fn set_audience(&self, id: Uuid, audience: PhotoAudience) {
        for photo in &mut self.lock().photos {
            if photo.id == id.to_string() {
                photo.audience = audience.into();
            }
        }
    }

    /// How often it was asked.
    pub(crate) fn calls(&self) -> usize {
        self.lock().calls
    }

    pub(crate) async fn start(&self, keys: &TestKeys) -> Result<Running> {
        let listen = Listen {
            address: ([127, 0, 0, 1], 0).into(),
            health_address: ([127, 0, 0, 1], 0).into(),
            control_address: None,
            base_domain: "localhost".to_owned(),
        };
        let ring = keys.ring("documents")?;
        let routes = Routes::new(PhotoServiceServer::new(self.clone()));
        Running::start(Server::bind("documents", &listen, Verifier::new(ring), routes).await?)
    }
}

/// True where clients of a project with this scope see such photos.
fn shows(scope: PhotoScope, audience: PhotoAudience) -> bool {
    match scope {
        PhotoScope::Shared => audience == PhotoAudience::Shared,
        PhotoScope::NotInternal => audience != PhotoAudience::Internal,
        _ => false,
    }
}

fn not_played<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("this fake does not play it"))
}

#[tonic::async_trait]
impl PhotoService for FakeDocuments {
    async fn batch_get_photos(
        &self,
        request: Request<BatchGetPhotosRequest>,
    ) -> Result<Response<BatchGetPhotosResponse>, Status> {
        let caller = Caller::require(&request, Audience::CLIENT | Audience::NOTIFICATIONS)?;
        caller.person()?;
        let ids = request.into_inner().ids;
        if ids.len() > 1_000 {
            return Err(Error::invalid("ids", "must be 1,000 at most").into());
        }
        let projects = self.projects.of(&caller);
        let mut known = self.lock();
        known.calls += 1;
        let photos = known
            .photos
            .iter()
            .filter(|photo| ids.contains(&photo.id))
            .filter(|photo| {
                projects
                    .iter()
                    .find(|project| project.id.to_string() == photo.project_id)
                    .is_some_and(|project| shows(project.photos, photo.audience()))
            })
            .cloned()
            .collect();
        Ok(Response::new(BatchGetPhotosResponse { photos }))
    }

    async fn start_photo(
        &self,
        _: Request<StartPhotoRequest>,
    ) -> Result<Response<StartPhotoResponse>, Status> {
        not_played()
    }

    async fn finish_photo(
        &self,
        _: Request<FinishPhotoRequest>,
    ) -> Result<Response<FinishPhotoResponse>, Status> {
        not_played()
    }

    async fn list_uploads(
        &self,
        _: Request<ListUploadsRequest>,
    ) -> Result<Response<ListUploadsResponse>, Status> {
        not_played()
    }

    async fn dismiss_uploads(
        &self,
        _: Request<DismissUploadsRequest>,
    ) -> Result<Response<DismissUploadsResponse>, Status> {
        not_played()
    }

    async fn list_photos(
        &self,
        _: Request<ListPhotosRequest>,
    ) -> Result<Response<ListPhotosResponse>, Status> {
        not_played()
    }

    async fn get_photo(
        &self,
        _: Request<GetPhotoRequest>,
    ) -> Result<Response<GetPhotoResponse>, Status> {
        not_played()
    }

    async fn get_photo_file(
        &self,
        _: Request<GetPhotoFileRequest>,
    ) -> Result<Response<GetPhotoFileResponse>, Status> {
        not_played()
    }

    async fn update_photos(
        &self,
        _: Request<UpdatePhotosRequest>,
    ) -> Result<Response<UpdatePhotosResponse>, Status> {
        not_played()
    }

    async fn trash_photos(
        &self,
        _: Request<TrashPhotosRequest>,
    ) -> Result<Response<TrashPhotosResponse>, Status> {
        not_played()
    }

    async fn restore_photos(
        &self,
        _: Request<RestorePhotosRequest>,
    ) -> Result<Response<RestorePhotosResponse>, Status> {
        not_played()
    }
}
