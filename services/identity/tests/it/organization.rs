//! `OrganizationService`.

use anyhow::{Context as _, Result};
use proto::identity::{
    ContactData, FindPortalsRequest, GetOrganizationRequest, GetStylesheetRequest, LinkPurpose,
    Organization, PreviewBrandRequest, ResolveHostRequest, SignUpRequest, UpdateBrandRequest,
    UpdateOrganizationRequest,
};
use tenancy::authorized;
use tonic::{Code, Status};

use crate::{Office, Setup, reason, refusal, sign_up_form, violated};

impl Setup {
    async fn resolve(&self, host: &str) -> Result<Organization, Status> {
        let request = ResolveHostRequest {
            host: host.to_owned(),
        };
        let answer = self
            .organizations()
            .resolve_host(self.by_platform(request))
            .await?;
        Ok(answer.into_inner().organization.expect("an organization"))
    }

    async fn organization(&self, office: &Office) -> Result<Organization> {
        let request = authorized(&office.owner, GetOrganizationRequest {});
        let answer = self.organizations().get_organization(request).await?;
        answer.into_inner().organization.context("an organization")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_up_makes_an_organization_with_a_host_a_look_and_a_confirmation_mail() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.unconfirmed("alder").await?;

    let account = office.session.account.as_ref().context("the owner")?;
    assert_eq!(account.email, "Sam@Alder.example");
    assert!(!account.email_confirmed);
    let found = setup.resolve("Alder.localhost:8080").await?;
    assert_eq!(found, setup.organization(&office).await?);
    assert_eq!(found.host, "alder.localhost");
    let brand = found.brand.context("a brand")?;
    assert_eq!(brand.primary, "#1f5b4b");
    let request = GetStylesheetRequest {
        hash: brand.stylesheet_hash,
    };
    let css = setup
        .organizations()
        .get_stylesheet(setup.by_portal(office.tenant, request))
        .await?;
    assert!(css.into_inner().css.contains("--brand:#1f5b4b"));
    assert_eq!(setup.events(office.tenant).await?, ["LinkIssued"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_of_a_sign_up_is_named_at_once() -> Result<()> {
    let setup = Setup::start().await?;
    setup.sign_up("alder").await?;
    let form = SignUpRequest {
        company_name: "A".to_owned(),
        slug: "alder".to_owned(),
        owner_name: " ".to_owned(),
        email: "sam@alder".to_owned(),
        password: "short".to_owned(),
        time_zone: "Oregon".to_owned(),
        client_address: String::new(),
    };
    let answer = setup.organizations().sign_up(setup.by_platform(form)).await;
    assert_eq!(
        violated(answer),
        [
            "company_name",
            "slug",
            "owner_name",
            "email",
            "password",
            "time_zone"
        ]
    );
    for slug in ["www", "al", "-alder", "al.der"] {
        assert_eq!(violated(setup.sign_up(slug).await), ["slug"], "{slug}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slug_goes_to_one_organization_even_when_two_want_it_at_once() -> Result<()> {
    let setup = Setup::start().await?;
    let (one, other) = tokio::join!(setup.sign_up("alder"), setup.sign_up("alder"));
    let (won, lost) = if one.is_ok() {
        (one, other)
    } else {
        (other, one)
    };
    assert!(won.is_ok());
    assert_eq!(violated(lost), ["slug"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_makes_five_organizations_an_hour() -> Result<()> {
    let setup = Setup::start().await?;
    let form = |number: i32| SignUpRequest {
        client_address: "198.51.100.4".to_owned(),
        ..sign_up_form(&format!("builder-{number}"))
    };
    for number in 1..=5 {
        let request = setup.by_platform(form(number));
        setup.organizations().sign_up(request).await?;
    }
    let request = setup.by_platform(form(6));
    let answer = setup.organizations().sign_up(request).await;
    let expected = (Code::ResourceExhausted, "TOO_MANY_ATTEMPTS".to_owned());
    assert_eq!(refusal(&answer), expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_of_nobody_are_not_found() -> Result<()> {
    let setup = Setup::start().await?;
    setup.sign_up("alder").await?;
    for host in ["localhost", "finch.localhost", "alder.example.com", ""] {
        let answer = setup.resolve(host).await;
        assert_eq!(refusal(&answer).0, Code::NotFound, "{host}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_person_is_mailed_by_each_organization_and_nobody_learns_which() -> Result<()> {
    let setup = Setup::start().await?;
    let alder = setup.office("alder").await?;
    let birch = setup.office("birch").await?;
    let (maya, _) = setup.maya(&alder).await?;
    let find = |email: &str| FindPortalsRequest {
        email: email.to_owned(),
        client_address: "198.51.100.9".to_owned(),
    };
    for email in [
        "MAYA@okafor.example",
        "nobody@okafor.example",
        "sam@alder.example",
    ] {
        let request = setup.by_platform(find(email));
        setup.organizations().find_portals(request).await?;
    }

    let mailed = setup
        .newest_link(alder.tenant, LinkPurpose::PortalAddress)
        .await?;
    let minted = setup.mint(alder.tenant, &mailed.link_id).await?;
    assert_eq!(minted.path, "", "the mail gives no power");
    // the owners' addresses are the same in both organizations, Maya is known to one
    assert_eq!(
        setup
            .issued(alder.tenant, LinkPurpose::PortalAddress)
            .await?
            .len(),
        2
    );
    assert_eq!(
        setup
            .issued(birch.tenant, LinkPurpose::PortalAddress)
            .await?
            .len(),
        1
    );
    let record = setup.client(&alder, &maya.client_id).await?;
    let access = record.contacts[0].access.as_ref().context("access")?;
    assert_eq!(access.wrong_host, "localhost");
    assert!(access.wrong_host_at.is_some());

    // three mails an hour, then the same answer and no mail
    for _ in 0..4 {
        let request = setup.by_platform(find("maya@okafor.example"));
        setup.organizations().find_portals(request).await?;
    }
    assert_eq!(
        setup
            .issued(alder.tenant, LinkPurpose::PortalAddress)
            .await?
            .len(),
        4
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_what_its_mask_names() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let before = setup.organization(&office).await?;
    let mut request = UpdateOrganizationRequest {
        organization: Some(Organization {
            name: "Renamed".to_owned(),
            contact: Some(ContactData {
                phone: "(503) 555-0100".to_owned(),
                email: "office@alder.example".to_owned(),
                website: "https://alder.example".to_owned(),
                address: "12 Mill Street\nPortland".to_owned(),
            }),
            welcome_text: "Welcome".to_owned(),
            ..before.clone()
        }),
        update_mask: None,
    };
    request.update_mask.get_or_insert_default().paths = vec!["contact".to_owned()];
    let answer = setup
        .organizations()
        .update_organization(authorized(&office.owner, request.clone()))
        .await?;
    let saved = answer.into_inner().organization.context("saved")?;
    assert_eq!(saved.name, before.name);
    assert_eq!(saved.welcome_text, "");
    assert_eq!(saved.contact.context("contact")?.phone, "(503) 555-0100");

    // the same etag again is stale
    let stale = authorized(&office.owner, request.clone());
    let answer = setup.organizations().update_organization(stale).await;
    assert_eq!(reason(&answer), "ETAG_STALE");
    request.update_mask.get_or_insert_default().paths = vec!["slug".to_owned()];
    let unknown = authorized(&office.owner, request);
    let answer = setup.organizations().update_organization(unknown).await;
    assert_eq!(violated(answer), ["update_mask"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_no_database_holds_is_not_taken_for_a_fault_of_ours() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let hash = "\0".to_owned();
    let request = setup.by_portal(office.tenant, GetStylesheetRequest { hash });
    let answer = setup.organizations().get_stylesheet(request).await;
    let unreadable = (Code::InvalidArgument, "UNREADABLE".to_owned());
    assert_eq!(refusal(&answer), unreadable);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_is_previewed_without_being_saved_and_then_saved() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let before = setup.organization(&office).await?;
    let preview = PreviewBrandRequest {
        primary: "#F5C400".to_owned(),
        secondary: "#222222".to_owned(),
        accent: "#0055AA".to_owned(),
    };
    let request = authorized(&office.owner, preview.clone());
    let previewed = setup
        .organizations()
        .preview_brand(request)
        .await?
        .into_inner();
    assert!(previewed.light_tokens.contains("--brand:"));
    assert!(!previewed.adjustments.is_empty());
    assert_eq!(setup.organization(&office).await?, before);

    let update = UpdateBrandRequest {
        primary: preview.primary,
        secondary: preview.secondary,
        accent: preview.accent,
        etag: before.etag.clone(),
    };
    let request = authorized(&office.owner, update.clone());
    let saved = setup
        .organizations()
        .update_brand(request)
        .await?
        .into_inner();
    let brand = saved
        .organization
        .context("saved")?
        .brand
        .context("brand")?;
    assert_eq!(brand.primary, "#f5c400");
    let former = before.brand.context("brand")?.stylesheet_hash;
    assert_ne!(brand.stylesheet_hash, former);
    // pages that browsers hold still name the former one
    for hash in [brand.stylesheet_hash, former] {
        let request = setup.by_portal(office.tenant, GetStylesheetRequest { hash });
        setup.organizations().get_stylesheet(request).await?;
    }
    let wrong = UpdateBrandRequest {
        primary: "green".to_owned(),
        accent: String::new(),
        ..update
    };
    let request = authorized(&office.owner, wrong);
    let answer = setup.organizations().update_brand(request).await;
    assert_eq!(violated(answer), ["primary", "accent"]);
    Ok(())
}
