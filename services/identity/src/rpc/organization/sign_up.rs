//! The sign-up form.

use proto::identity::SignUpRequest;
use service::{Error, Result, Violations, text::is_line};

use super::Organizations;
use crate::{
    account::Kind,
    email::Email,
    host,
    password::{self, Whose},
    rpc::{NAME, WRONG_NAME, WRONG_TIME_ZONE, is_time_zone},
    store,
};

/// A sign-up form whose every field holds.
pub(super) struct SignUp {
    pub(super) company: String,
    pub(super) slug: String,
    pub(super) owner: String,
    pub(super) email: Email,
    pub(super) password: String,
    pub(super) time_zone: String,
    pub(super) client_address: String,
}

impl Organizations {
    /// Reads the sign-up form, with every violation in one answer.
    pub(super) async fn read_sign_up(&self, request: SignUpRequest) -> Result<SignUp> {
        let company = request.company_name.trim();
        let slug = request.slug.trim().to_lowercase();
        let owner = request.owner_name.trim();
        let email = Email::parse(&request.email);
        let is_slug = host::is_slug(&slug);
        let is_free = !is_slug || (!host::is_reserved(&slug) && self.is_free(&slug).await?);
        let whose = Whose {
            kind: Kind::Office,
            company,
            email: &request.email,
        };
        let problem = password::problem(&request.password, &whose);
        Violations::new()
            .check(
                is_line(company, 2..=200),
                "company_name",
                "Enter your company's name, of 2 to 200 characters",
            )
            .check(is_slug, "slug", host::WRONG_SLUG)
            .check(is_free, "slug", host::TAKEN_SLUG)
            .check(is_line(owner, NAME), "owner_name", WRONG_NAME)
            .check(email.is_some(), "email", Email::WRONG)
            .check(problem.is_none(), "password", problem.unwrap_or_default())
            .check(
                is_time_zone(&request.time_zone),
                "time_zone",
                WRONG_TIME_ZONE,
            )
            .finish()?;
        Ok(SignUp {
            company: company.to_owned(),
            slug,
            owner: owner.to_owned(),
            email: email.ok_or(Error::invalid("email", Email::WRONG))?,
            password: request.password,
            time_zone: request.time_zone,
            client_address: request.client_address,
        })
    }

    /// True where no organization has the slug yet, so that the form can say so with its other violations; the unique
    /// index decides between two that come at once.
    async fn is_free(&self, slug: &str) -> Result<bool> {
        let mut tx = self.db.begin_unscoped("see whether a slug is free").await?;
        let taken = store::organization::find_by_slug(&mut tx, slug).await?;
        tx.commit().await?;
        Ok(taken.is_none())
    }
}
