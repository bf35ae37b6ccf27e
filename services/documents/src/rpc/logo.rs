//! `LogoService`.

use proto::documents::{
    FinishLogoRequest, FinishLogoResponse, GetLogoFileRequest, GetLogoFileResponse,
    StartLogoRequest, StartLogoResponse, UploadState, logo_service_server::LogoService,
};
use service::{Error, Found as _, Result, Violations, new_id, parse_id};
use tenancy::{
    Audience, Caller, Db, Once,
    audit::{self, Deed},
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    bucket::{Bucket, Place, Variant},
    config::Limits,
    file::{Declared, Subject, refusal_of_word, state_of_word},
    opening::{self, Opening},
    store::{self, file::File},
};

pub(crate) struct Logos {
    pub(crate) db: Db,
    pub(crate) bucket: Bucket,
    pub(crate) opening: Opening,
    pub(crate) limits: Limits,
}

#[tonic::async_trait]
impl LogoService for Logos {
    async fn start_logo(
        &self,
        request: Request<StartLogoRequest>,
    ) -> Result<Response<StartLogoResponse>, Status> {
        let caller = Caller::require(&request, Audience::OWNER)?;
        let account = caller.person()?.account;

        let request = request.into_inner();
        let mut violations = Violations::new();
        let declared = Declared::read(
            Subject::Logo,
            &request.file_name,
            &request.content_type,
            request.size_bytes,
            &mut violations,
        );
        violations.finish()?;
        let declared = declared.ok_or_else(|| Error::internal("a file without a type passed"))?;

        let mut tx = self.db.begin(&caller).await?;
        let new = new_id();
        let answer = StartLogoResponse {
            logo_id: new.to_string(),
            put_url: String::new(),
        };
        let before = Once::answered(
            &mut tx,
            &caller,
            "LogoService.StartLogo",
            &request.request_id,
            &request,
            &answer,
            Deed {
                action: "logo.start",
                target: new,
            },
        )
        .await?;
        let id = if let Some(StartLogoResponse { logo_id, .. }) = before {
            parse_id(&logo_id, "logo_id")?
        } else {
            store::file::insert_logo(&mut tx, new, &declared, account).await?;
            store::usage::add(&mut tx, 1, declared.size)
                .await?
                .check(self.limits.stored_bytes)?;
            new
        };
        let file = store::file::lock(&mut tx, Subject::Logo, id)
            .await?
            .found()?;
        tx.commit().await?;

        let put_url = if state_of_word(&file.state) == UploadState::Quarantined {
            self.bucket
                .put_url(place(&caller, id), file.size_bytes)
                .await?
        } else {
            String::new()
        };
        Ok(Response::new(StartLogoResponse {
            logo_id: id.to_string(),
            put_url,
        }))
    }

    async fn finish_logo(
        &self,
        request: Request<FinishLogoRequest>,
    ) -> Result<Response<FinishLogoResponse>, Status> {
        let caller = Caller::require(&request, Audience::OWNER)?;

        let id = parse_id(&request.get_ref().logo_id, "logo_id")?;

        let mut tx = self.db.begin(&caller).await?;
        let file = store::file::lock(&mut tx, Subject::Logo, id)
            .await?
            .found()?;
        tx.commit().await?;
        if state_of_word(&file.state) != UploadState::Quarantined {
            return Ok(Response::new(outcome(&file)));
        }
        let place = place(&caller, id);
        let opened = self.opening.open(Subject::Logo, place, &file).await?;

        let mut tx = self.db.begin(&caller).await?;
        let file = store::file::lock(&mut tx, Subject::Logo, id)
            .await?
            .found()?;
        if state_of_word(&file.state) == UploadState::Quarantined {
            opening::settle(&mut tx, &file, &opened).await?;
            audit::record(&mut tx, &caller, "logo.finish", id).await?;
        }
        let file = store::file::lock(&mut tx, Subject::Logo, id)
            .await?
            .found()?;
        tx.commit().await?;
        self.opening.leave_quarantine(place).await;

        Ok(Response::new(outcome(&file)))
    }

    async fn get_logo_file(
        &self,
        request: Request<GetLogoFileRequest>,
    ) -> Result<Response<GetLogoFileResponse>, Status> {
        let caller = Caller::require(&request, Audience::PORTAL)?;

        let id = parse_id(&request.get_ref().logo_id, "logo_id")?;

        let mut tx = self.db.read(&caller).await?;
        let exists = store::file::is_logo(&mut tx, id).await?;
        drop(tx);
        exists.then_some(()).found()?;

        Ok(Response::new(GetLogoFileResponse {
            get_url: self
                .bucket
                .get_url(place(&caller, id), Variant::Logo)
                .await?,
        }))
    }
}

fn outcome(file: &File) -> FinishLogoResponse {
    FinishLogoResponse {
        state: state_of_word(&file.state).into(),
        refusal: refusal_of_word(file.refusal.as_deref()).into(),
        width: file.width.unwrap_or_default(),
        height: file.height.unwrap_or_default(),
    }
}

fn place(caller: &Caller, file: Uuid) -> Place {
    Place {
        tenant: caller.tenant,
        file,
    }
}
