//! The rows of `OrganizationService`.

use anyhow::Context as _;
use integration_tests::{Organization, PASSWORD, Services, Stage as _};
use proto::{identity as id, identity::organization_service_client::OrganizationServiceClient};
use service::new_id;
use tenancy::authorized;

use super::{anas, mask, rpc, setup, token};
use crate::matrix::{
    Ids, Row, SetupFuture,
    Who::{Ana, Ben, Field, Notifications, NotificationsForAna, Owner, Platform, Pm, Portal},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.OrganizationService";
    vec![
        Row::plain(rpc(SERVICE, "SignUp"), setup(anas), |_| id::SignUpRequest {
            company_name: "Cedar and Sons".to_owned(),
            slug: format!("cedar-{}", &new_id().simple().to_string()[20..]),
            owner_name: "Cedar".to_owned(),
            email: "owner@cedar.example".to_owned(),
            password: PASSWORD.to_owned(),
            time_zone: "America/Denver".to_owned(),
            client_address: "198.51.100.7".to_owned(),
        })
        .allows(&[Platform]),
        Row::plain(rpc(SERVICE, "ResolveHost"), setup(anas), |_| {
            id::ResolveHostRequest {
                host: "alder.localhost".to_owned(),
            }
        })
        .allows(&[Platform]),
        Row::plain(rpc(SERVICE, "FindPortals"), setup(anas), |_| {
            id::FindPortalsRequest {
                email: "nobody@alder.example".to_owned(),
                client_address: "198.51.100.7".to_owned(),
            }
        })
        .allows(&[Platform]),
        Row::plain(rpc(SERVICE, "GetOrganization"), setup(anas), |_| {
            id::GetOrganizationRequest {}
        })
        .allows(&[Owner, Pm, Field, Ana, Ben])
        .allows(&[Notifications, NotificationsForAna]),
        Row::plain(
            rpc(SERVICE, "UpdateOrganization"),
            setup(organization),
            |ids| id::UpdateOrganizationRequest {
                organization: Some(id::Organization {
                    welcome_text: "Welcome home.".to_owned(),
                    etag: ids["etag"].clone(),
                    ..id::Organization::default()
                }),
                update_mask: Some(mask(&["welcome_text"])),
            },
        )
        .allows(&[Owner]),
        Row::plain(rpc(SERVICE, "PreviewBrand"), setup(anas), |_| {
            id::PreviewBrandRequest {
                primary: "#1f5b4b".to_owned(),
                secondary: "#c9a77c".to_owned(),
                accent: "#b8572f".to_owned(),
            }
        })
        .allows(&[Owner]),
        Row::plain(rpc(SERVICE, "UpdateBrand"), setup(organization), |ids| {
            id::UpdateBrandRequest {
                primary: "#1f5b4b".to_owned(),
                secondary: "#c9a77c".to_owned(),
                accent: "#b8572f".to_owned(),
                etag: ids["etag"].clone(),
            }
        })
        .allows(&[Owner]),
        Row::plain(rpc(SERVICE, "SetLogo"), setup(organization), |_| {
            id::SetLogoRequest {
                logo_id: String::new(),
                width: 0,
                height: 0,
            }
        })
        .allows(&[Owner]),
        Row::plain(rpc(SERVICE, "GetStylesheet"), setup(organization), |ids| {
            id::GetStylesheetRequest {
                hash: ids["stylesheet"].clone(),
            }
        })
        .allows(&[Portal]),
    ]
}

fn organization<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let found = OrganizationServiceClient::new(services.peer("identity")?)
            .get_organization(authorized(
                &token(services, organization)?,
                id::GetOrganizationRequest {},
            ))
            .await?
            .into_inner()
            .organization
            .context("the answer carries the organization")?;
        Ok(Ids::from([
            ("etag", found.etag),
            (
                "stylesheet",
                found.brand.context("every brand is set")?.stylesheet_hash,
            ),
        ]))
    })
}
