//! `ClientService`.

use anyhow::{Context as _, Result};
use proto::identity::{
    Client, ClientKind, ClientStatus, Contact, CreateClientRequest, CreateContactRequest,
    DeleteContactRequest, LinkPurpose, ListClientsRequest, PortalAccessState, PostalAddress,
    UpdateClientRequest, UpdateContactRequest,
};
use service::new_id;
use tenancy::authorized;
use tonic::{Code, Status};

use crate::{CLIENT_PASSWORD, Office, Setup, okafors, reason, refusal, violated};

impl Setup {
    async fn found(&self, office: &Office, request: ListClientsRequest) -> Result<Vec<String>> {
        let request = authorized(&office.owner, request);
        let answer = self.clients().list_clients(request).await?.into_inner();
        let names = answer.clients.into_iter().map(|client| client.display_name);
        Ok(names.collect())
    }

    async fn search(&self, office: &Office, words: &str) -> Result<Vec<String>> {
        let request = ListClientsRequest {
            search: words.to_owned(),
            ..ListClientsRequest::default()
        };
        self.found(office, request).await
    }

    async fn update_contact(
        &self,
        office: &Office,
        contact: Contact,
        path: &str,
    ) -> Result<Contact, Status> {
        let mut request = UpdateContactRequest {
            contact: Some(contact),
            update_mask: None,
        };
        request.update_mask.get_or_insert_default().paths = vec![path.to_owned()];
        let request = authorized(&office.owner, request);
        let answer = self.clients().update_contact(request).await?;
        Ok(answer.into_inner().contact.expect("a contact"))
    }
}

fn moved(contact: &Contact, email: &str) -> Contact {
    Contact {
        email: email.to_owned(),
        ..contact.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_comes_back_whole() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let wanted = Client {
        kind: ClientKind::Company.into(),
        status: ClientStatus::Lead.into(),
        best_time: "After 4 pm".to_owned(),
        source: "Referral".to_owned(),
        notes: "Gate code 4711".to_owned(),
        tags: vec![" vip ".to_owned(), "kitchen".to_owned(), "vip".to_owned()],
        addresses: vec![
            PostalAddress {
                line1: "12 Mill Street".to_owned(),
                city: "Portland".to_owned(),
                label: "Home".to_owned(),
                ..PostalAddress::default()
            },
            PostalAddress::default(),
        ],
        ..okafors()
    };
    let client = setup.create_client(&office, wanted).await?;
    assert_eq!(client, setup.client(&office, &client.id).await?);
    assert_eq!(client.kind(), ClientKind::Company);
    assert_eq!(client.tags, ["kitchen", "vip"]);
    assert_eq!(client.addresses.len(), 1, "an empty address says nothing");
    let names: Vec<_> = client
        .contacts
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["Maya Okafor", "Daniel Okafor"]);
    assert!(client.contacts[0].main_contact && client.contacts[0].access.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_makes_one_record() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let request = CreateClientRequest {
        client: Some(okafors()),
        request_id: new_id().to_string(),
    };
    let create = || authorized(&office.owner, request.clone());
    let (one, other) = tokio::join!(
        async { setup.clients().create_client(create()).await },
        async { setup.clients().create_client(create()).await },
    );
    assert_eq!(one?.into_inner(), other?.into_inner());
    assert_eq!(setup.search(&office, "okafor").await?.len(), 1);
    let mut changed = request.clone();
    changed.client.get_or_insert_default().phone = "other".to_owned();
    let answer = setup
        .clients()
        .create_client(authorized(&office.owner, changed))
        .await;
    let reused = (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned());
    assert_eq!(refusal(&answer), reused);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_by_the_beginnings_of_words() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    setup.okafors(&office).await?;
    let other = Client {
        display_name: "Zoë Brandt".to_owned(),
        tags: vec!["kitchen".to_owned()],
        addresses: vec![PostalAddress {
            line1: "7 Dana Lane".to_owned(),
            ..PostalAddress::default()
        }],
        ..Client::default()
    };
    setup.create_client(&office, other).await?;
    let okafors = ["Maya and Daniel Okafor"];
    for words in [
        "okaf",
        "MAYA oka",
        "dan oka",
        "503555",
        "555-0177",
        "daniel@okafor",
        "referral",
    ] {
        assert_eq!(setup.search(&office, words).await?, okafors, "{words}");
    }
    assert_eq!(setup.search(&office, "zoë").await?, ["Zoë Brandt"]);
    assert_eq!(setup.search(&office, "dan").await?.len(), 2);
    for words in ["kafor", "maya zoë", "%", "okafor'--"] {
        let found = setup.search(&office, words).await?;
        let expected = usize::from(words.starts_with('o')) + 2 * usize::from(words == "%");
        assert_eq!(found.len(), expected, "{words}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_go_by_name_in_pages_and_through_filters() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let mut ids = Vec::new();
    for (name, status) in [
        ("delta", ClientStatus::Past),
        ("Alpha", ClientStatus::Lead),
        ("beta", ClientStatus::Lead),
    ] {
        let client = Client {
            display_name: name.to_owned(),
            status: status.into(),
            tags: vec![name.to_owned()],
            ..Client::default()
        };
        ids.push(setup.create_client(&office, client).await?.id);
    }
    let mut names = Vec::new();
    let mut page_token = String::new();
    for _ in 0..3 {
        let request = ListClientsRequest {
            page_size: 1,
            page_token,
            ..ListClientsRequest::default()
        };
        let request = authorized(&office.owner, request);
        let page = setup.clients().list_clients(request).await?.into_inner();
        names.extend(page.clients.into_iter().map(|client| client.display_name));
        page_token = page.next_page_token;
    }
    assert_eq!(
        (names, page_token),
        (
            vec!["Alpha".to_owned(), "beta".to_owned(), "delta".to_owned()],
            String::new()
        )
    );

    let leads = ListClientsRequest {
        status: ClientStatus::Lead.into(),
        ..ListClientsRequest::default()
    };
    assert_eq!(setup.found(&office, leads).await?, ["Alpha", "beta"]);
    let tagged = ListClientsRequest {
        tag: "beta".to_owned(),
        ..ListClientsRequest::default()
    };
    assert_eq!(setup.found(&office, tagged).await?, ["beta"]);
    let named = ListClientsRequest {
        ids: vec![ids[0].clone(), new_id().to_string()],
        ..ListClientsRequest::default()
    };
    assert_eq!(setup.found(&office, named).await?, ["delta"]);
    let negative = ListClientsRequest {
        page_size: -1,
        ..ListClientsRequest::default()
    };
    let request = authorized(&office.owner, negative);
    assert_eq!(
        violated(setup.clients().list_clients(request).await),
        ["page_size"]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_to_a_record_the_second_is_stale() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    let update = |client: Client, path: &str| {
        let mut request = UpdateClientRequest {
            client: Some(client),
            update_mask: None,
        };
        request.update_mask.get_or_insert_default().paths = vec![path.to_owned()];
        authorized(&office.owner, request)
    };
    let renamed = Client {
        display_name: "The Okafors".to_owned(),
        phone: "ignored".to_owned(),
        ..client.clone()
    };
    let saved = setup
        .clients()
        .update_client(update(renamed, "display_name"))
        .await?
        .into_inner()
        .client
        .context("saved")?;
    assert_eq!(
        (saved.display_name.as_str(), &saved.phone),
        ("The Okafors", &client.phone)
    );
    let answer = setup.clients().update_client(update(client, "phone")).await;
    assert_eq!(refusal(&answer), (Code::Aborted, "ETAG_STALE".to_owned()));
    let wrong = Client {
        display_name: String::new(),
        ..saved
    };
    let answer = setup
        .clients()
        .update_client(update(wrong, "display_name"))
        .await;
    assert_eq!(violated(answer), ["client.display_name"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_has_one_main_contact() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    let request = CreateContactRequest {
        contact: Some(Contact {
            client_id: client.id.clone(),
            name: "Ines Arch".to_owned(),
            relation: "Architect".to_owned(),
            main_contact: true,
            ..Contact::default()
        }),
        request_id: new_id().to_string(),
    };
    let request = authorized(&office.owner, request);
    setup.clients().create_contact(request).await?;
    let contacts = setup.client(&office, &client.id).await?.contacts;
    let main: Vec<_> = contacts
        .iter()
        .filter(|contact| contact.main_contact)
        .map(|contact| contact.name.as_str())
        .collect();
    assert_eq!(main, ["Ines Arch"]);
    assert_eq!(contacts.len(), 3);
    assert_eq!(setup.search(&office, "ines").await?.len(), 1);

    let delete = |contact: &Contact| {
        let request = DeleteContactRequest {
            client_id: contact.client_id.clone(),
            id: contact.id.clone(),
        };
        authorized(&office.owner, request)
    };
    setup.clients().delete_contact(delete(&contacts[0])).await?;
    assert_eq!(setup.search(&office, "ines").await?.len(), 0);
    let again = setup.clients().delete_contact(delete(&contacts[0])).await;
    assert_eq!(refusal(&again).0, Code::NotFound);
    setup.enable(&office, &contacts[1]).await?;
    let answer = setup.clients().delete_contact(delete(&contacts[1])).await;
    assert_eq!(reason(&answer), "ACCESS_EXISTS");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_invited_at_a_wrong_address_is_invited_again_at_the_right_one() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let client = setup.okafors(&office).await?;
    let wrong = moved(&client.contacts[0], "maja@okafor.example");
    let contact = setup.enable(&office, &wrong).await?;
    let former = setup
        .newest_link(office.tenant, LinkPurpose::Invite)
        .await?;

    let taken = moved(&contact, "SAM@alder.example");
    let answer = setup.update_contact(&office, taken, "email").await;
    assert_eq!(violated(answer), ["contact.email"]);
    let saved = setup
        .update_contact(&office, moved(&contact, "maya@okafor.example"), "email")
        .await?;
    let access = saved.access.context("access")?;
    assert_eq!(
        (saved.email.as_str(), access.email.as_str()),
        ("maya@okafor.example", "maya@okafor.example")
    );
    assert_eq!(access.state, i32::from(PortalAccessState::Invited));
    assert_eq!(
        reason(&setup.mint(office.tenant, &former.link_id).await),
        "LINK_GONE"
    );
    let session = setup.accept(&office, CLIENT_PASSWORD).await?;
    let account = session.account.context("an account")?;
    assert_eq!(account.email, "maya@okafor.example");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_that_somebody_signs_in_with_stays() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, session) = setup.maya(&office).await?;
    let other = moved(&contact, "mallory@okafor.example");
    let answer = setup.update_contact(&office, other, "email").await;
    assert_eq!(violated(answer), ["contact.email"]);
    // name and phone are shared with the person's own page
    let renamed = Contact {
        name: "Maya O.".to_owned(),
        ..contact
    };
    setup.update_contact(&office, renamed, "name").await?;
    let token = setup.token(office.tenant, &session).await?;
    let request = authorized(&token, proto::identity::GetMyAccountRequest {});
    let account = setup.accounts().get_my_account(request).await?.into_inner();
    assert_eq!(account.account.context("an account")?.name, "Maya O.");
    Ok(())
}
