//! `PreferenceService`.

use jiff::tz::TimeZone;
use proto::{
    identity::AccountKind,
    notifications::{
        self as messages, Frequency, GetPreferencesRequest, GetPreferencesResponse,
        UpdatePreferencesRequest, UpdatePreferencesResponse,
        preference_service_server::PreferenceService,
    },
};
use service::{Error, Found as _, Result, Violations, parse_id};
use tenancy::{Audience, Caller, Db, audit};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{peers::Peers, store, waiting};

pub(crate) struct Preferences {
    pub(crate) db: Db,
    pub(crate) peers: Peers,
}

#[tonic::async_trait]
impl PreferenceService for Preferences {
    async fn get_preferences(
        &self,
        request: Request<GetPreferencesRequest>,
    ) -> Result<Response<GetPreferencesResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS | Audience::CLIENT)?;

        let account = match request.get_ref().account_id.as_str() {
            "" => caller.person()?.account,
            id => parse_id(id, "account_id")?,
        };

        self.check_may_read(&caller, account).await?;
        let mut tx = self.db.read(&caller).await?;
        let preference = store::preference::find(&mut tx, account).await?;
        drop(tx);
        let time_zone = match preference.time_zone.as_str() {
            "" => self.peers.organization(caller.tenant).await?.time_zone,
            chosen => chosen.to_owned(),
        };

        Ok(Response::new(GetPreferencesResponse {
            preferences: Some(messages::Preferences {
                account_id: account.to_string(),
                frequency: preference.frequency.into(),
                time_zone,
            }),
        }))
    }

    async fn update_preferences(
        &self,
        request: Request<UpdatePreferencesRequest>,
    ) -> Result<Response<UpdatePreferencesResponse>, Status> {
        let caller = Caller::require(&request, Audience::CLIENT)?;
        let account = caller.person()?.account;

        let request = request.into_inner();
        let frequency = request.frequency();
        let zone = TimeZone::get(&request.time_zone);
        Violations::new()
            .check(
                frequency != Frequency::Unspecified,
                "frequency",
                "Choose how often we mail you",
            )
            .check(
                zone.is_ok(),
                "time_zone",
                "Choose a time zone from the list",
            )
            .finish()?;
        let zone = zone.map_err(Error::internal)?;

        let mut tx = self.db.begin(&caller).await?;
        store::preference::choose(&mut tx, account, frequency, &request.time_zone).await?;
        waiting::follow(&mut tx, account, frequency, &zone).await?;
        audit::record(&mut tx, &caller, "preference.update", account).await?;
        tx.commit().await?;

        Ok(Response::new(UpdatePreferencesResponse {
            preferences: Some(messages::Preferences {
                account_id: account.to_string(),
                frequency: frequency.into(),
                time_zone: request.time_zone,
            }),
        }))
    }
}

impl Preferences {
    /// Clients read their own; the office those of its clients.
    async fn check_may_read(&self, caller: &Caller, account: Uuid) -> Result<()> {
        if caller.is_client() {
            return (caller.account() == Some(account)).then_some(()).found();
        }
        self.peers
            .account(caller.tenant, account)
            .await?
            .filter(|found| found.kind() == AccountKind::Client)
            .map(|_| ())
            .found()
    }
}
