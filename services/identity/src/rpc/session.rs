//! `SessionService`.

use std::time::Duration;

use proto::identity::{
    ExchangeCodeRequest, ExchangeCodeResponse, ResolveSessionRequest, ResolveSessionResponse,
    SignInRequest, SignInResponse, SignOutRequest, SignOutResponse,
    session_service_server::SessionService,
};
use service::{Error, Found as _, Reason, Result};
use tenancy::{Audience, Caller, Db, Signer, audit};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::account::message;
use crate::{
    account::{self, State},
    attempts::{self, Claim, Subject},
    email,
    hashing::Hasher,
    secret,
    session::{self, Browser},
    store::{self, account::Account},
};

pub(crate) struct Sessions {
    pub(crate) db: Db,
    pub(crate) hasher: Hasher,
    pub(crate) signer: Signer,
}

/// A guess at a password, which counts.
struct Guess {
    /// None where no account has the address.
    account: Option<Account>,
    attempt: Uuid,
    is_known_device: bool,
}

#[tonic::async_trait]
impl SessionService for Sessions {
    async fn sign_in(
        &self,
        request: Request<SignInRequest>,
    ) -> Result<Response<SignInResponse>, Status> {
        let caller = Caller::require(&request, Audience::PORTAL)?;

        let request = request.into_inner();
        let email_key = email::key_of(&request.email);
        let claim = self.claim_guess(
            &caller,
            &email_key,
            &request.device,
            &request.client_address,
        );
        let Guess {
            account,
            attempt,
            is_known_device,
        } = claim.await?;
        let stored = account
            .as_ref()
            .and_then(|account| account.password_hash.as_deref());
        let verified = self.hasher.verify(&request.password, stored).await;
        let fits = attempts::outcome(&self.db, &caller, attempt, verified).await?;
        let account = account
            .filter(|_| fits)
            .ok_or(Error::Unauthenticated(Reason::SignInFailed))?;
        let mut tx = self.db.begin(&caller).await?;
        tx.note_client_address(&request.client_address);
        // read again under a lock: access may have ended, or the password changed, while this one was hashed
        let locked = store::account::lock(&mut tx, account.id).await?;
        if locked.password_hash != account.password_hash {
            return Err(Error::Unauthenticated(Reason::SignInFailed).into());
        }
        if locked.state != State::Active {
            attempts::give_back(&mut tx, attempt).await?;
            tx.commit().await?;
            return Err(Error::Precondition(Reason::AccessDisabled).into());
        }
        let browser = Browser {
            client_address: request.client_address,
            user_agent: request.user_agent,
            known_device: is_known_device.then_some(request.device),
        };
        let session = session::open(
            &mut tx,
            &locked,
            request.keep_signed_in,
            browser,
            Some(attempt),
        )
        .await?;
        audit::record(&mut tx, &caller, "session.open", account.id).await?;
        tx.commit().await?;

        Ok(Response::new(SignInResponse {
            session: Some(session),
        }))
    }

    async fn exchange_code(
        &self,
        request: Request<ExchangeCodeRequest>,
    ) -> Result<Response<ExchangeCodeResponse>, Status> {
        let caller = Caller::require(&request, Audience::PORTAL)?;

        let request = request.into_inner();
        let code_hash = secret::hash(&request.code);
        let browser = Browser {
            client_address: request.client_address,
            user_agent: request.user_agent,
            known_device: None,
        };

        let mut tx = self.db.begin(&caller).await?;
        tx.note_client_address(&browser.client_address);
        let account = store::session::take_code(&mut tx, &code_hash)
            .await?
            .ok_or(Error::Precondition(Reason::LinkGone))?;
        let account = store::account::lock(&mut tx, account).await?;
        if account.state != State::Active {
            return Err(Error::Precondition(Reason::AccessDisabled).into());
        }
        let session = session::open(&mut tx, &account, true, browser, None).await?;
        audit::record(&mut tx, &caller, "session.open", account.id).await?;
        tx.commit().await?;

        Ok(Response::new(ExchangeCodeResponse {
            session: Some(session),
        }))
    }

    async fn resolve_session(
        &self,
        request: Request<ResolveSessionRequest>,
    ) -> Result<Response<ResolveSessionResponse>, Status> {
        let caller = Caller::require(&request, Audience::PORTAL)?;

        let secret_hash = secret::hash(&request.get_ref().secret);

        let ended = || Error::Unauthenticated(Reason::SessionEnded);
        let mut tx = self.db.begin(&caller).await?;
        let (session, account) = store::session::find(&mut tx, &secret_hash)
            .await?
            .ok_or_else(ended)?;
        if account.state != State::Active {
            return Err(ended().into());
        }
        let memberships = account::memberships(&mut tx, &account).await?;
        if session::touch(&mut tx, &session, &account).await? {
            tx.commit().await?;
        }

        let places = memberships.iter().map(Into::into).collect();
        let person = account::person(&account, places, session.id);
        Ok(Response::new(ResolveSessionResponse {
            access_token: self.signer.person(caller.tenant, person)?,
            account: Some(message(&account, &memberships)),
            session_id: session.id.to_string(),
        }))
    }

    async fn sign_out(
        &self,
        request: Request<SignOutRequest>,
    ) -> Result<Response<SignOutResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE)?;
        let session = caller.person()?.session.found()?;

        let mut tx = self.db.begin(&caller).await?;
        store::session::delete(&mut tx, session).await?;
        tx.commit().await?;

        Ok(Response::new(SignOutResponse {}))
    }
}

impl Sessions {
    /// Finds the account of an address and counts the guess at its password, in a transaction that stays when the guess
    /// fails. It does not wait for the disk: a crash of the database gives back the guesses of its last second at most. A
    /// browser from which the person signed in before has guesses of its own, so that strangers cannot keep the person out;
    /// when they are used up it is as good as any other.
    async fn claim_guess(
        &self,
        caller: &Caller,
        email_key: &str,
        device: &str,
        address: &str,
    ) -> Result<Guess> {
        let mut tx = self.db.begin_forgettable(caller).await?;
        let account = store::account::find_by_email(&mut tx, email_key).await?;
        // asked for an unknown account alike, so that the time tells nothing
        let id = account.as_ref().map_or(Uuid::nil(), |account| account.id);
        let is_known_device = session::is_known_device(&mut tx, id, device).await?;
        let by_device = if is_known_device {
            let subject = Subject::sign_in_by_device(caller.tenant, device);
            attempts::claim(&mut tx, &subject, address, attempts::SIGN_IN_BY_DEVICE).await?
        } else {
            Claim::Refused(Duration::ZERO)
        };
        let attempt = match by_device {
            Claim::Made(attempt) => attempt,
            Claim::Refused(_) => {
                let subject = Subject::sign_in(caller.tenant, email_key);
                let claim = attempts::claim(&mut tx, &subject, address, attempts::SIGN_IN).await?;
                claim.allowed()?
            }
        };
        tx.commit().await?;
        Ok(Guess {
            account,
            attempt,
            is_known_device,
        })
    }
}
