//! `ClientService`.

pub(super) mod contact;
mod record;

use jiff_sqlx::ToSqlx as _;
use proto::identity::{
    ClientKind, ClientStatus, CreateClientRequest, CreateClientResponse, CreateContactRequest,
    CreateContactResponse, DeleteContactRequest, DeleteContactResponse, GetClientRequest,
    GetClientResponse, ListClientsRequest, ListClientsResponse, UpdateClientRequest,
    UpdateClientResponse, UpdateContactRequest, UpdateContactResponse,
    client_service_server::ClientService,
};
use service::{
    Error, Reason, Result, Violations, clock, etag, mask::Fields, page, parse_id, parse_ids,
};
use tenancy::{Audience, Caller, Db, Once, audit};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    client::{self, Kind},
    link::LinkKey,
    search, store,
};

pub(crate) struct Clients {
    pub(crate) db: Db,
    pub(crate) links: LinkKey,
}

#[tonic::async_trait]
impl ClientService for Clients {
    async fn create_client(
        &self,
        request: Request<CreateClientRequest>,
    ) -> Result<Response<CreateClientResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let wanted = request.client.clone().unwrap_or_default();
        let mut record = store::client::Client {
            id: service::new_id(),
            kind: Kind::Individual,
            display_name: String::new(),
            phone: String::new(),
            best_time: String::new(),
            status: client::Status::Active,
            source: String::new(),
            notes: String::new(),
            created_at: clock::now().to_sqlx(),
            version: 1,
        };
        // kind and status have their defaults where the request names none
        let mut fields = Fields::all(&record::PATHS);
        if wanted.kind() == ClientKind::Unspecified {
            fields = fields.without("kind");
        }
        if wanted.status() == ClientStatus::Unspecified {
            fields = fields.without("status");
        }
        let mut violations = Violations::new();
        record::apply(&mut record, &wanted, &fields, &mut violations);
        let contacts = contact::read_all(&wanted.contacts, &mut violations);
        violations.finish()?;

        let mut tx = self.db.begin(&caller).await?;
        let method = "ClientService.CreateClient";
        let fresh =
            match Once::begin(&mut tx, &caller, method, &request.request_id, &request).await? {
                Once::Before(response) => return Ok(Response::new(response)),
                Once::Fresh(fresh) => fresh,
            };
        store::client::insert(&mut tx, &record).await?;
        store::client::replace_tags(&mut tx, record.id, &record::tags(&wanted)).await?;
        store::client::replace_addresses(
            &mut tx,
            record.id,
            &record::addresses(&wanted, record.id),
        )
        .await?;
        for contact in &contacts {
            store::contact::insert(&mut tx, record.id, contact).await?;
        }
        search::reindex(&mut tx, record.id).await?;
        audit::record(&mut tx, &caller, "client.create", record.id).await?;
        let response = CreateClientResponse {
            client: Some(record::whole(&mut tx, record.id).await?),
        };
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }

    async fn get_client(
        &self,
        request: Request<GetClientRequest>,
    ) -> Result<Response<GetClientResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let id = parse_id(&request.get_ref().id, "id")?;

        let mut tx = self.db.read(&caller).await?;
        let client = record::whole(&mut tx, id).await?;
        drop(tx);

        Ok(Response::new(GetClientResponse {
            client: Some(client),
        }))
    }

    async fn list_clients(
        &self,
        request: Request<ListClientsRequest>,
    ) -> Result<Response<ListClientsResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let size = page::size(request.page_size)?;
        let after: Option<(String, Uuid)> = page::keys(&request.page_token)?;
        let (words_from, words_before) = search::ranges(&request.search);
        let ids = parse_ids(&request.ids, "ids")?;
        let tag = request.tag.trim();
        let filter = store::client::Filter {
            words_from,
            words_before,
            status: client::Status::read(request.status()),
            tag: (!tag.is_empty()).then(|| tag.to_owned()),
            ids: (!ids.is_empty()).then_some(ids),
        };

        let mut tx = self.db.read(&caller).await?;
        let mut rows = store::client::list(&mut tx, &filter, after.as_ref(), size + 1).await?;
        let next_page_token = page::cut(&mut rows, size, |last| {
            (store::client::sort_key(&last.display_name), last.id)
        });
        let clients = record::with_parts(&mut tx, rows).await?;
        drop(tx);

        Ok(Response::new(ListClientsResponse {
            clients,
            next_page_token,
        }))
    }

    async fn update_client(
        &self,
        request: Request<UpdateClientRequest>,
    ) -> Result<Response<UpdateClientResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let wanted = request.client.unwrap_or_default();
        let id = parse_id(&wanted.id, "client.id")?;
        let fields = Fields::of_mask(
            &request.update_mask.unwrap_or_default().paths,
            &record::PATHS,
        )?;
        let version = etag::version(&wanted.etag)?;

        let mut tx = self.db.begin(&caller).await?;
        let mut record = store::client::get(&mut tx, id).await?;
        record.version = version;
        let mut violations = Violations::new();
        record::apply(&mut record, &wanted, &fields, &mut violations);
        violations.finish()?;
        store::client::update(&mut tx, &record).await?;
        if fields.has("tags") {
            store::client::replace_tags(&mut tx, id, &record::tags(&wanted)).await?;
        }
        if fields.has("addresses") {
            store::client::replace_addresses(&mut tx, id, &record::addresses(&wanted, id)).await?;
        }
        search::reindex(&mut tx, id).await?;
        audit::record(&mut tx, &caller, "client.update", id).await?;
        let client = record::whole(&mut tx, id).await?;
        tx.commit().await?;

        Ok(Response::new(UpdateClientResponse {
            client: Some(client),
        }))
    }

    async fn create_contact(
        &self,
        request: Request<CreateContactRequest>,
    ) -> Result<Response<CreateContactResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let wanted = request.contact.clone().unwrap_or_default();
        let client = parse_id(&wanted.client_id, "contact.client_id")?;
        let details = contact::details(&wanted);
        let mut violations = Violations::new();
        contact::check(&details, &contact::FIELDS, &mut violations);
        violations.finish()?;

        let mut tx = self.db.begin(&caller).await?;
        let method = "ClientService.CreateContact";
        let fresh =
            match Once::begin(&mut tx, &caller, method, &request.request_id, &request).await? {
                Once::Before(response) => return Ok(Response::new(response)),
                Once::Fresh(fresh) => fresh,
            };
        store::client::lock(&mut tx, client).await?;
        let present = store::contact::list(&mut tx, &[client]).await?;
        if present.len() >= contact::MOST_CONTACTS {
            return Err(Error::invalid("contact", contact::WRONG_CONTACTS).into());
        }
        let id = store::contact::insert(&mut tx, client, &details).await?;
        search::reindex(&mut tx, client).await?;
        audit::record(&mut tx, &caller, "contact.create", id).await?;
        let contact = store::contact::get(&mut tx, client, id).await?;
        let response = CreateContactResponse {
            contact: Some(contact::message(contact)),
        };
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }

    async fn update_contact(
        &self,
        request: Request<UpdateContactRequest>,
    ) -> Result<Response<UpdateContactResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let wanted = request.contact.unwrap_or_default();
        let id = parse_id(&wanted.id, "contact.id")?;
        let client = parse_id(&wanted.client_id, "contact.client_id")?;
        let fields = Fields::of_mask(
            &request.update_mask.unwrap_or_default().paths,
            &contact::PATHS,
        )?;

        let mut tx = self.db.begin(&caller).await?;
        store::client::lock(&mut tx, client).await?;
        let before = store::contact::get(&mut tx, client, id).await?;
        let details = contact::merged(&before, contact::details(&wanted), &fields);
        let mut violations = Violations::new();
        contact::check(&details, &contact::FIELDS, &mut violations);
        violations.finish()?;
        // before the contact, as everywhere: two changes that meet never wait for each other
        let account = match &before.access {
            Some(access) if !client::is_disabled(access) => {
                Some(store::account::lock(&mut tx, access.account_id).await?)
            }
            _ => None,
        };
        store::contact::update(&mut tx, client, id, &details).await?;
        match &account {
            Some(account) => {
                self.update_sign_in(&mut tx, &caller, account, &details)
                    .await?;
            }
            None => search::reindex(&mut tx, client).await?,
        }
        audit::record(&mut tx, &caller, "contact.update", id).await?;
        let contact = store::contact::get(&mut tx, client, id).await?;
        tx.commit().await?;

        Ok(Response::new(UpdateContactResponse {
            contact: Some(contact::message(contact)),
        }))
    }

    async fn delete_contact(
        &self,
        request: Request<DeleteContactRequest>,
    ) -> Result<Response<DeleteContactResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let client = parse_id(&request.client_id, "client_id")?;
        let id = parse_id(&request.id, "id")?;

        let mut tx = self.db.begin(&caller).await?;
        store::client::lock(&mut tx, client).await?;
        let contact = store::contact::get(&mut tx, client, id).await?;
        if contact
            .access
            .as_ref()
            .is_some_and(|access| !client::is_disabled(access))
        {
            return Err(Error::Precondition(Reason::AccessExists).into());
        }
        store::contact::delete(&mut tx, id).await?;
        search::reindex(&mut tx, client).await?;
        audit::record(&mut tx, &caller, "contact.delete", id).await?;
        tx.commit().await?;

        Ok(Response::new(DeleteContactResponse {}))
    }
}
