//! The team: who works here, with which role. Owners change it, project managers see it.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use proto::identity::{
    Account, AccountState, DisableMemberRequest, EnableMemberRequest, InviteMemberRequest,
    ListMembersRequest, ResendMemberInvitationRequest, Role, UpdateMemberRoleRequest,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    auth::role_words,
    badge::Badge,
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{FormView, request_id},
    format::{Format, initials, time_of},
    office::{Choice, Here, Manager, OfficeFrame, Owner, format_of},
    page,
};

const PATH: &str = "/office/settings/team";
const MEMBERS: i32 = 50;

const ROLES: [(Role, &str, &str); 3] = [
    (
        Role::Owner,
        "owner",
        "Everything, also branding, company and team",
    ),
    (Role::Pm, "pm", "Projects, clients, money and mail"),
    (
        Role::Field,
        "field",
        "The projects that they are assigned to; no money, no client data",
    ),
];

#[derive(Template)]
#[template(path = "office/team.html")]
struct Page {
    frame: OfficeFrame,
    is_owner: bool,
    rows: Vec<Row>,
    form: FormView<Fields>,
    roles: Vec<RoleChoice>,
    first: Option<String>,
    next: Option<String>,
}

/// One member of the team.
struct Row {
    id: String,
    name: String,
    initials: String,
    email: String,
    role: &'static str,
    badge: Badge,
    last_seen: String,
    is_me: bool,
    is_invited: bool,
    is_disabled: bool,
    roles: Vec<Choice>,
}

/// A role to choose.
struct RoleChoice {
    word: &'static str,
    title: &'static str,
    hint: &'static str,
    is_chosen: bool,
}

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    after: String,
}

/// The form of an invitation.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    request_id: String,
    name: String,
    email: String,
    role: String,
}

/// The form of a role.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct NewRole {
    role: String,
}

/// The form is a button alone.
#[derive(Deserialize)]
pub(crate) struct Act {}

/// The form is a button that sends mail, once.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Send {
    request_id: String,
}

/// `GET /office/settings/team`
pub(crate) async fn show(manager: Manager, Query(asked): Query<Asked>) -> Result<Response, Error> {
    let form = FormView::new(Fields {
        request_id: request_id(),
        role: "pm".to_owned(),
        ..Fields::default()
    });
    page::show(&Page::load(&manager, &asked.after, form).await?)
}

/// `POST /office/settings/team`
pub(crate) async fn invite(owner: Owner, Form(fields): Form<Fields>) -> Result<Response, Error> {
    let invited = owner
        .calls
        .members()
        .invite_member(InviteMemberRequest {
            name: fields.name.clone(),
            email: fields.email.clone(),
            role: role_of(&fields.role).into(),
            request_id: fields.request_id.clone(),
        })
        .await;
    if let Err(status) = invited {
        let names = ["name", "email", "role"].map(|name| (name, name));
        let form = FormView::refused(fields, &status, &names)?;
        return page::refuse(&Page::load(&owner, "", form).await?);
    }
    let words = format!(
        "{} is invited. The mail to {} is queued.",
        fields.name.trim(),
        fields.email.trim()
    );
    Ok(to_team(&owner, &words))
}

/// `POST /office/settings/team/{member}/role`
pub(crate) async fn set_role(
    owner: Owner,
    Path(id): Path<Uuid>,
    Form(fields): Form<NewRole>,
) -> Result<Response, Error> {
    let answer = owner
        .calls
        .members()
        .update_member_role(UpdateMemberRoleRequest {
            id: id.to_string(),
            role: role_of(&fields.role).into(),
        })
        .await?;
    let member = answer.into_inner().member.unwrap_or_default();
    let words = format!(
        "{} now has the role {}.",
        member.name,
        role_words(member.role())
    );
    Ok(to_team(&owner, &words))
}

/// `POST /office/settings/team/{member}/resend`
pub(crate) async fn resend(
    owner: Owner,
    Path(id): Path<Uuid>,
    Form(Send { request_id }): Form<Send>,
) -> Result<Response, Error> {
    owner
        .calls
        .members()
        .resend_member_invitation(ResendMemberInvitationRequest {
            id: id.to_string(),
            request_id,
        })
        .await?;
    let words = "A new invitation is queued. The former link stopped working.";
    Ok(to_team(&owner, words))
}

/// `POST /office/settings/team/{member}/disable`
pub(crate) async fn disable(
    owner: Owner,
    Path(id): Path<Uuid>,
    Form(Act {}): Form<Act>,
) -> Result<Response, Error> {
    let answer = owner
        .calls
        .members()
        .disable_member(DisableMemberRequest { id: id.to_string() })
        .await?;
    let member = answer.into_inner().member.unwrap_or_default();
    let words = format!("{} no longer has access.", member.name);
    Ok(to_team(&owner, &words))
}

/// `POST /office/settings/team/{member}/enable`
pub(crate) async fn enable(
    owner: Owner,
    Path(id): Path<Uuid>,
    Form(Act {}): Form<Act>,
) -> Result<Response, Error> {
    let answer = owner
        .calls
        .members()
        .enable_member(EnableMemberRequest { id: id.to_string() })
        .await?;
    let member = answer.into_inner().member.unwrap_or_default();
    let words = format!("{} has access again.", member.name);
    Ok(to_team(&owner, &words))
}

fn to_team(owner: &Owner, words: &str) -> Response {
    flash::redirect(&owner.app, PATH, &Flash::done(words))
}

fn role_of(word: &str) -> Role {
    ROLES
        .iter()
        .find(|(_, known, _)| *known == word)
        .map_or(Role::Unspecified, |(role, ..)| *role)
}

impl Page {
    async fn load(manager: &Manager, after: &str, form: FormView<Fields>) -> Result<Self, Error> {
        let answer = manager
            .calls
            .members()
            .list_members(ListMembersRequest {
                page_size: MEMBERS,
                page_token: after.to_owned(),
            })
            .await?
            .into_inner();
        let format = format_of(manager);
        let next = &answer.next_page_token;
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("after", next)
            .finish();
        Ok(Self {
            frame: OfficeFrame::of(manager, Here::Team),
            is_owner: manager.role() == Role::Owner,
            rows: answer
                .members
                .iter()
                .map(|member| Row::new(member, &manager.account.id, &format))
                .collect(),
            roles: ROLES
                .iter()
                .map(|(role, word, hint)| RoleChoice {
                    word,
                    title: role_words(*role),
                    hint,
                    is_chosen: form.values.role == *word,
                })
                .collect(),
            form,
            first: (!after.is_empty()).then(|| PATH.to_owned()),
            next: (!next.is_empty()).then(|| format!("{PATH}?{query}")),
        })
    }
}

impl Row {
    fn new(member: &Account, me: &str, format: &Format) -> Self {
        let word = ROLES
            .iter()
            .find(|(role, ..)| *role == member.role())
            .map_or("", |(_, word, _)| *word);
        Self {
            id: member.id.clone(),
            name: member.name.clone(),
            initials: initials(&member.name),
            email: member.email.clone(),
            role: role_words(member.role()),
            badge: Badge::of_member(member.state()),
            last_seen: time_of(member.last_seen_at)
                .map_or_else(|| "Not yet".to_owned(), |at| format.moment_first(at)),
            is_me: member.id == me,
            is_invited: member.state() == AccountState::Invited,
            is_disabled: member.state() == AccountState::Disabled,
            roles: ROLES
                .iter()
                .map(|(role, value, _)| Choice::new(*value, role_words(*role), word))
                .collect(),
        }
    }
}
