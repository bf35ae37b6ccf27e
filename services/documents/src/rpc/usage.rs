//! `UsageService`.

use proto::documents::{GetUsageRequest, GetUsageResponse, usage_service_server::UsageService};
use tenancy::{Audience, Caller, Db};
use tonic::{Request, Response, Status};

use crate::{config::Limits, store};

pub(crate) struct Usages {
    pub(crate) db: Db,
    pub(crate) limits: Limits,
}

#[tonic::async_trait]
impl UsageService for Usages {
    async fn get_usage(
        &self,
        request: Request<GetUsageRequest>,
    ) -> Result<Response<GetUsageResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let mut tx = self.db.read(&caller).await?;
        let usage = store::usage::find(&mut tx).await?;
        drop(tx);

        Ok(Response::new(GetUsageResponse {
            file_count: usage.file_count,
            stored_bytes: usage.stored_bytes,
            stored_bytes_limit: self.limits.stored_bytes,
        }))
    }
}
