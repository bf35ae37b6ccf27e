//! Identity, as far as notifications asks it: accounts, the organization, links.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use proto::identity::{
    AcceptInvitationRequest, AcceptInvitationResponse, Account, AccountKind,
    BatchGetAccountsRequest, BatchGetAccountsResponse, Brand, ChangePasswordRequest,
    ChangePasswordResponse, ConfirmEmailRequest, ConfirmEmailResponse, ContactData,
    FindPortalsRequest, FindPortalsResponse, GetLinkRequest, GetLinkResponse, GetMyAccountRequest,
    GetMyAccountResponse, GetOrganizationRequest, GetOrganizationResponse, GetStylesheetRequest,
    GetStylesheetResponse, Link, LinkPurpose, LinkState, MintLinkRequest, MintLinkResponse,
    Organization, PreviewBrandRequest, PreviewBrandResponse, RenewInvitationRequest,
    RenewInvitationResponse, RequestResetRequest, RequestResetResponse, ResetPasswordRequest,
    ResetPasswordResponse, ResolveHostRequest, ResolveHostResponse, SetLogoRequest,
    SetLogoResponse, SignUpRequest, SignUpResponse, UpdateBrandRequest, UpdateBrandResponse,
    UpdateMyAccountRequest, UpdateMyAccountResponse, UpdateOrganizationRequest,
    UpdateOrganizationResponse,
    account_service_server::{AccountService, AccountServiceServer},
    link_service_server::{LinkService, LinkServiceServer},
    organization_service_server::{OrganizationService, OrganizationServiceServer},
};
use service::{Error, Listen, Reason, Server, clock};
use tenancy::{Audience, Caller, TenantId, Verifier};
use testing::{Running, TestKeys};
use tonic::{Request, Response, Status, service::Routes};

/// What identity knows; a test may change it while it is asked.
#[derive(Clone)]
pub(crate) struct FakeIdentity(Arc<Mutex<Known>>);

pub(crate) struct Known {
    tenant: TenantId,
    pub(crate) accounts: Vec<Account>,
    /// Links that do not work any more.
    pub(crate) gone: BTreeSet<String>,
}

impl FakeIdentity {
    pub(crate) fn new(tenant: TenantId, accounts: Vec<Account>) -> Self {
        Self(Arc::new(Mutex::new(Known {
            tenant,
            accounts,
            gone: BTreeSet::new(),
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn start(&self, keys: &TestKeys) -> Result<Running> {
        let listen = Listen {
            address: ([127, 0, 0, 1], 0).into(),
            health_address: ([127, 0, 0, 1], 0).into(),
            control_address: None,
            base_domain: "localhost".to_owned(),
        };
        let ring = keys.ring("identity")?;
        let routes = Routes::new(AccountServiceServer::new(self.clone()))
            .add_service(OrganizationServiceServer::new(self.clone()))
            .add_service(LinkServiceServer::new(self.clone()));
        Running::start(Server::bind("identity", &listen, Verifier::new(ring), routes).await?)
    }
}

/// Where mails to a client's account go.
pub(crate) fn address(name: &str) -> String {
    format!("{name}@example.com")
}

fn not_played<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("this fake does not play it"))
}

#[tonic::async_trait]
impl AccountService for FakeIdentity {
    async fn batch_get_accounts(
        &self,
        request: Request<BatchGetAccountsRequest>,
    ) -> Result<Response<BatchGetAccountsResponse>, Status> {
        let caller = Caller::require(&request, Audience::NOTIFICATIONS)?;
        let request = request.into_inner();
        let known = self.lock();
        let accounts = known
            .accounts
            .iter()
            .filter(|_| caller.tenant == known.tenant)
            .filter(|account| {
                request.account_ids.contains(&account.id)
                    || account
                        .memberships
                        .iter()
                        .any(|membership| request.client_ids.contains(&membership.client_id))
            })
            .cloned()
            .collect();
        Ok(Response::new(BatchGetAccountsResponse { accounts }))
    }

    async fn get_my_account(
        &self,
        _: Request<GetMyAccountRequest>,
    ) -> Result<Response<GetMyAccountResponse>, Status> {
        not_played()
    }

    async fn update_my_account(
        &self,
        _: Request<UpdateMyAccountRequest>,
    ) -> Result<Response<UpdateMyAccountResponse>, Status> {
        not_played()
    }

    async fn change_password(
        &self,
        _: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        not_played()
    }

    async fn request_reset(
        &self,
        _: Request<RequestResetRequest>,
    ) -> Result<Response<RequestResetResponse>, Status> {
        not_played()
    }
}

#[tonic::async_trait]
impl OrganizationService for FakeIdentity {
    async fn get_organization(
        &self,
        request: Request<GetOrganizationRequest>,
    ) -> Result<Response<GetOrganizationResponse>, Status> {
        Caller::require(&request, Audience::NOTIFICATIONS)?;
        Ok(Response::new(GetOrganizationResponse {
            organization: Some(Organization {
                name: "Alder & Finch Builders".to_owned(),
                host: "alder.localhost".to_owned(),
                contact: Some(ContactData {
                    phone: "(503) 555-0142".to_owned(),
                    email: "hello@alderfinch.example".to_owned(),
                    ..ContactData::default()
                }),
                brand: Some(Brand {
                    primary: "#1f5b4b".to_owned(),
                    ..Brand::default()
                }),
                time_zone: "America/Los_Angeles".to_owned(),
                ..Organization::default()
            }),
        }))
    }

    async fn sign_up(&self, _: Request<SignUpRequest>) -> Result<Response<SignUpResponse>, Status> {
        not_played()
    }

    async fn resolve_host(
        &self,
        _: Request<ResolveHostRequest>,
    ) -> Result<Response<ResolveHostResponse>, Status> {
        not_played()
    }

    async fn find_portals(
        &self,
        _: Request<FindPortalsRequest>,
    ) -> Result<Response<FindPortalsResponse>, Status> {
        not_played()
    }

    async fn update_organization(
        &self,
        _: Request<UpdateOrganizationRequest>,
    ) -> Result<Response<UpdateOrganizationResponse>, Status> {
        not_played()
    }

    async fn preview_brand(
        &self,
        _: Request<PreviewBrandRequest>,
    ) -> Result<Response<PreviewBrandResponse>, Status> {
        not_played()
    }

    async fn update_brand(
        &self,
        _: Request<UpdateBrandRequest>,
    ) -> Result<Response<UpdateBrandResponse>, Status> {
        not_played()
    }

    async fn set_logo(
        &self,
        _: Request<SetLogoRequest>,
    ) -> Result<Response<SetLogoResponse>, Status> {
        not_played()
    }

    async fn get_stylesheet(
        &self,
        _: Request<GetStylesheetRequest>,
    ) -> Result<Response<GetStylesheetResponse>, Status> {
        not_played()
    }
}

#[tonic::async_trait]
impl LinkService for FakeIdentity {
    async fn mint_link(
        &self,
        request: Request<MintLinkRequest>,
    ) -> Result<Response<MintLinkResponse>, Status> {
        Caller::require(&request, Audience::NOTIFICATIONS)?;
        let id = request.into_inner().link_id;
        if self.lock().gone.contains(&id) {
            return Err(Error::Precondition(Reason::LinkGone).into());
        }
        let expires_at = clock::now() + jiff::SignedDuration::from_hours(14 * 24);
        Ok(Response::new(MintLinkResponse {
            path: format!("/invite/{id}"),
            link: Some(Link {
                purpose: LinkPurpose::Invite.into(),
                state: LinkState::Open.into(),
                inviter_name: "Nora Finch".to_owned(),
                kind: AccountKind::Client.into(),
                expires_at: Some(proto::timestamp(expires_at)),
                ..Link::default()
            }),
            account_id: String::new(),
        }))
    }

    async fn get_link(
        &self,
        _: Request<GetLinkRequest>,
    ) -> Result<Response<GetLinkResponse>, Status> {
        not_played()
    }

    async fn accept_invitation(
        &self,
        _: Request<AcceptInvitationRequest>,
    ) -> Result<Response<AcceptInvitationResponse>, Status> {
        not_played()
    }

    async fn renew_invitation(
        &self,
        _: Request<RenewInvitationRequest>,
    ) -> Result<Response<RenewInvitationResponse>, Status> {
        not_played()
    }

    async fn reset_password(
        &self,
        _: Request<ResetPasswordRequest>,
    ) -> Result<Response<ResetPasswordResponse>, Status> {
        not_played()
    }

    async fn confirm_email(
        &self,
        _: Request<ConfirmEmailRequest>,
    ) -> Result<Response<ConfirmEmailResponse>, Status> {
        not_played()
    }
}
