//! `MemberService`.

use proto::identity::{
    Account, BatchGetMembersRequest, BatchGetMembersResponse, DisableMemberRequest,
    DisableMemberResponse, EnableMemberRequest, EnableMemberResponse, InviteMemberRequest,
    InviteMemberResponse, ListMembersRequest, ListMembersResponse, MemberCard,
    ResendMemberInvitationRequest, ResendMemberInvitationResponse, Role, UpdateMemberRoleRequest,
    UpdateMemberRoleResponse, member_service_server::MemberService,
};
use service::{Error, Reason, Result, Violations, page, parse_id, parse_ids, text::is_line};
use tenancy::{Audience, Caller, Db, Once, TenantTx, audit};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{NAME, WRONG_NAME, account::message};
use crate::{
    account::{self, Kind, State, require_confirmed_owner},
    attempts::{self, Subject},
    email::Email,
    link::{self, LinkKey, Purpose},
    store,
};

const WRONG_ROLE: &str = "Choose a role";
const TAKEN_EMAIL: &str = "This address has a sign-in here already: enter another";

pub(crate) struct Members {
    pub(crate) db: Db,
    pub(crate) links: LinkKey,
}

#[tonic::async_trait]
impl MemberService for Members {
    async fn invite_member(
        &self,
        request: Request<InviteMemberRequest>,
    ) -> Result<Response<InviteMemberResponse>, Status> {
        let caller = Caller::require(&request, Audience::OWNER)?;
        let owner = caller.person()?.account;

        let request = request.into_inner();
        let name = request.name.trim();
        let role = account::Role::read(request.role());
        let email = Email::parse(&request.email);
        Violations::new()
            .check(is_line(name, NAME), "name", WRONG_NAME)
            .check(email.is_some(), "email", Email::WRONG)
            .check(role.is_some(), "role", WRONG_ROLE)
            .finish()?;
        let email = email.ok_or(Error::invalid("email", Email::WRONG))?;

        let mut tx = self.db.begin(&caller).await?;
        let method = "MemberService.InviteMember";
        let fresh =
            match Once::begin(&mut tx, &caller, method, &request.request_id, &request).await? {
                Once::Before(response) => return Ok(Response::new(response)),
                Once::Fresh(fresh) => fresh,
            };
        require_confirmed_owner(&mut tx).await?;
        let invited = store::account::Invited {
            kind: Kind::Office,
            role,
            name,
            email: &email,
            phone: "",
            preset_frequency: "",
        };
        let taken = || Error::invalid("email", TAKEN_EMAIL);
        let id = store::account::insert(&mut tx, &invited, taken).await?;
        link::issue(&mut tx, &self.links, id, Purpose::Invite, Some(owner)).await?;
        audit::record(&mut tx, &caller, "member.invite", id).await?;
        let response = InviteMemberResponse {
            member: Some(member(&mut tx, id).await?),
        };
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }

    async fn list_members(
        &self,
        request: Request<ListMembersRequest>,
    ) -> Result<Response<ListMembersResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let size = page::size(request.page_size)?;
        let after: Option<(String, Uuid)> = page::keys(&request.page_token)?;

        let mut tx = self.db.read(&caller).await?;
        let mut team = store::account::list_team(&mut tx, after.as_ref(), size + 1).await?;
        drop(tx);

        let next_page_token = page::cut(&mut team, size, |last| (last.name.clone(), last.id));
        Ok(Response::new(ListMembersResponse {
            members: team.iter().map(|account| message(account, &[])).collect(),
            next_page_token,
        }))
    }

    async fn batch_get_members(
        &self,
        request: Request<BatchGetMembersRequest>,
    ) -> Result<Response<BatchGetMembersResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE)?;

        let ids = parse_ids(&request.get_ref().ids, "ids")?;

        let mut tx = self.db.read(&caller).await?;
        let accounts = store::account::list(&mut tx, &ids).await?;
        drop(tx);

        let cards = accounts.into_iter().filter_map(|account| {
            let role = account.role?;
            Some(MemberCard {
                id: account.id.to_string(),
                name: account.name,
                role: Role::from(role).into(),
            })
        });
        Ok(Response::new(BatchGetMembersResponse {
            members: cards.collect(),
        }))
    }

    async fn update_member_role(
        &self,
        request: Request<UpdateMemberRoleRequest>,
    ) -> Result<Response<UpdateMemberRoleResponse>, Status> {
        let caller = Caller::require(&request, Audience::OWNER)?;

        let request = request.into_inner();
        let id = parse_id(&request.id, "id")?;
        let role = account::Role::read(request.role()).ok_or(Error::invalid("role", WRONG_ROLE))?;

        let mut tx = self.db.begin(&caller).await?;
        if role != account::Role::Owner {
            keep_an_owner(&mut tx, id).await?;
        }
        lock(&mut tx, id).await?;
        store::account::set_role(&mut tx, id, role).await?;
        audit::record(&mut tx, &caller, "member.role", id).await?;
        let member = member(&mut tx, id).await?;
        tx.commit().await?;

        Ok(Response::new(UpdateMemberRoleResponse {
            member: Some(member),
        }))
    }

    async fn resend_member_invitation(
        &self,
        request: Request<ResendMemberInvitationRequest>,
    ) -> Result<Response<ResendMemberInvitationResponse>, Status> {
        let caller = Caller::require(&request, Audience::OWNER)?;
        let owner = caller.person()?.account;

        let request = request.into_inner();
        let id = parse_id(&request.id, "id")?;

        let mut tx = self.db.begin(&caller).await?;
        let method = "MemberService.ResendMemberInvitation";
        let fresh =
            match Once::begin(&mut tx, &caller, method, &request.request_id, &request).await? {
                Once::Before(response) => return Ok(Response::new(response)),
                Once::Fresh(fresh) => fresh,
            };
        require_confirmed_owner(&mut tx).await?;
        let account = lock(&mut tx, id).await?;
        if account.state != State::Invited {
            return Err(Error::Precondition(Reason::AccessMissing).into());
        }
        let mailbox = Subject::office_mail(caller.tenant, id);
        attempts::claim(&mut tx, &mailbox, "", attempts::MAIL_TO)
            .await?
            .allowed()?;
        link::issue(&mut tx, &self.links, id, Purpose::Invite, Some(owner)).await?;
        audit::record(&mut tx, &caller, "member.resend_invitation", id).await?;
        let response = ResendMemberInvitationResponse {};
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }

    async fn disable_member(
        &self,
        request: Request<DisableMemberRequest>,
    ) -> Result<Response<DisableMemberResponse>, Status> {
        let caller = Caller::require(&request, Audience::OWNER)?;

        let id = parse_id(&request.get_ref().id, "id")?;

        let mut tx = self.db.begin(&caller).await?;
        keep_an_owner(&mut tx, id).await?;
        let account = lock(&mut tx, id).await?;
        if account.state == State::Disabled {
            return Err(Error::Precondition(Reason::AccessMissing).into());
        }
        account::disable(&mut tx, &caller, id).await?;
        audit::record(&mut tx, &caller, "member.disable", id).await?;
        let member = member(&mut tx, id).await?;
        tx.commit().await?;

        Ok(Response::new(DisableMemberResponse {
            member: Some(member),
        }))
    }

    async fn enable_member(
        &self,
        request: Request<EnableMemberRequest>,
    ) -> Result<Response<EnableMemberResponse>, Status> {
        let caller = Caller::require(&request, Audience::OWNER)?;

        let id = parse_id(&request.get_ref().id, "id")?;

        let mut tx = self.db.begin(&caller).await?;
        require_confirmed_owner(&mut tx).await?;
        let account = lock(&mut tx, id).await?;
        if account.state != State::Disabled {
            return Err(Error::Precondition(Reason::AccessExists).into());
        }
        account::enable(&mut tx, &caller, &self.links, &account).await?;
        audit::record(&mut tx, &caller, "member.enable", id).await?;
        let member = member(&mut tx, id).await?;
        tx.commit().await?;

        Ok(Response::new(EnableMemberResponse {
            member: Some(member),
        }))
    }
}

/// Finds a team member and locks it; a client's account is no member.
async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<store::account::Account> {
    let account = store::account::lock(tx, id).await?;
    match account.kind {
        Kind::Office => Ok(account),
        Kind::Client => Err(Error::NotFound),
    }
}

/// Fails where nobody would be left to run the organization without this member.
async fn keep_an_owner(tx: &mut TenantTx, leaving: Uuid) -> Result<()> {
    let owners = store::account::lock_active_owners(tx).await?;
    if owners == [leaving] {
        return Err(Error::Precondition(Reason::LastOwner));
    }
    Ok(())
}

async fn member(tx: &mut TenantTx, id: Uuid) -> Result<Account> {
    let account = store::account::get(tx, id).await?;
    Ok(message(&account, &[]))
}
