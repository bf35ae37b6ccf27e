//! Nobody reaches another organization; nobody calls what is not for them.

use anyhow::{Context as _, Result};
use proto::identity::{
    BatchGetAccountsRequest, BatchGetMembersRequest, DisableMemberRequest,
    DisablePortalAccessRequest, GetClientRequest, GetLinkRequest, GetMyAccountRequest,
    ListClientsRequest, MintLinkRequest, ResolveHostRequest, SignInRequest, UpdateBrandRequest,
};
use service::new_id;
use tenancy::authorized;
use tonic::{Code, Request};

use crate::{Setup, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_organization_is_as_if_absent() -> Result<()> {
    let setup = Setup::start().await?;
    let alder = setup.office("alder").await?;
    let birch = setup.office("birch").await?;
    let (contact, _) = setup.maya(&alder).await?;
    let owner = alder
        .session
        .account
        .as_ref()
        .context("the owner")?
        .id
        .clone();

    let get = |id: &str| authorized(&birch.owner, GetClientRequest { id: id.to_owned() });
    let foreign = setup.clients().get_client(get(&contact.client_id)).await;
    let absent = setup.clients().get_client(get(&new_id().to_string())).await;
    let (foreign, absent) = (foreign.expect_err("foreign"), absent.expect_err("absent"));
    assert_eq!(foreign.code(), Code::NotFound);
    assert_eq!(foreign.message(), absent.message());
    assert_eq!(foreign.details(), absent.details());

    let request = DisablePortalAccessRequest {
        client_id: contact.client_id.clone(),
        contact_id: contact.id.clone(),
    };
    let request = authorized(&birch.owner, request);
    let answer = setup.access().disable_portal_access(request).await;
    assert_eq!(refusal(&answer).0, Code::NotFound);
    let request = authorized(&birch.owner, DisableMemberRequest { id: owner.clone() });
    let answer = setup.members().disable_member(request).await;
    assert_eq!(refusal(&answer).0, Code::NotFound);
    let link = setup
        .newest_link(alder.tenant, proto::identity::LinkPurpose::ConfirmEmail)
        .await?;
    let answer = setup.mint(birch.tenant, &link.link_id).await;
    assert_eq!(refusal(&answer).0, Code::NotFound);

    let request = authorized(&birch.owner, ListClientsRequest::default());
    let listed = setup.clients().list_clients(request).await?.into_inner();
    assert!(listed.clients.is_empty());
    let request = authorized(
        &birch.owner,
        BatchGetMembersRequest {
            ids: vec![owner.clone()],
        },
    );
    let listed = setup
        .members()
        .batch_get_members(request)
        .await?
        .into_inner();
    assert!(listed.members.is_empty());
    let request = BatchGetAccountsRequest {
        account_ids: vec![owner],
        client_ids: vec![contact.client_id],
    };
    let request = setup.by_service("notifications", birch.tenant, request);
    let listed = setup
        .accounts()
        .batch_get_accounts(request)
        .await?
        .into_inner();
    assert!(listed.accounts.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_takes_its_own_callers() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (_, manager) = setup.manager(&office).await?;
    let (_, session) = setup.maya(&office).await?;
    let client = setup.token(office.tenant, &session).await?;

    let list = |token: &str| authorized(token, ListClientsRequest::default());
    assert!(setup.clients().list_clients(list(&manager)).await.is_ok());
    let answer = setup.clients().list_clients(list(&client)).await;
    assert_eq!(refusal(&answer).0, Code::PermissionDenied);
    let anonymous = Request::new(ListClientsRequest::default());
    let answer = setup.clients().list_clients(anonymous).await;
    assert_eq!(refusal(&answer).0, Code::Unauthenticated);

    // what is the owner's alone
    let brand = authorized(&manager, UpdateBrandRequest::default());
    let answer = setup.organizations().update_brand(brand).await;
    assert_eq!(refusal(&answer).0, Code::PermissionDenied);
    // what is asked before sign-in takes the portal and nobody else
    let link = authorized(&client, GetLinkRequest::default());
    let answer = setup.links().get_link(link).await;
    assert_eq!(refusal(&answer).0, Code::PermissionDenied);
    let sign_in = setup.by_service("notifications", office.tenant, SignInRequest::default());
    let answer = setup.sessions().sign_in(sign_in).await;
    assert_eq!(refusal(&answer).0, Code::PermissionDenied);
    // what is asked before an organization is known takes no token of one
    let host = setup.by_portal(office.tenant, ResolveHostRequest::default());
    let answer = setup.organizations().resolve_host(host).await;
    assert_eq!(refusal(&answer).0, Code::PermissionDenied);
    // links are minted for notifications, accounts are read by services
    let mint = setup.by_portal(office.tenant, MintLinkRequest::default());
    let answer = setup.links().mint_link(mint).await;
    assert_eq!(refusal(&answer).0, Code::PermissionDenied);
    let batch = authorized(&office.owner, BatchGetAccountsRequest::default());
    let answer = setup.accounts().batch_get_accounts(batch).await;
    assert_eq!(refusal(&answer).0, Code::PermissionDenied);
    let own = setup.by_portal(office.tenant, GetMyAccountRequest {});
    let answer = setup.accounts().get_my_account(own).await;
    assert_eq!(refusal(&answer).0, Code::PermissionDenied);
    Ok(())
}
