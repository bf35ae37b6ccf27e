//! `SessionService`.

use anyhow::{Context as _, Result};
use proto::identity::{
    DisablePortalAccessRequest, ExchangeCodeRequest, GetMyAccountRequest, LinkPurpose,
    RequestResetRequest, ResetPasswordRequest, ResolveSessionRequest, Session, SignInRequest,
    SignOutRequest,
};
use service::clock;
use tenancy::{TenantId, authorized};
use tonic::{Code, Status};

use crate::{
    ADDRESS, CLIENT_PASSWORD, OFFICE_PASSWORD, Office, Setup, reason, refusal, sign_in_form,
};

const MAYA: &str = "maya@okafor.example";

impl Setup {
    async fn signed_in(&self, office: &Office, form: SignInRequest) -> Result<Session, Status> {
        let answer = self.sign_in(office.tenant, form).await?;
        Ok(answer.into_inner().session.expect("a session"))
    }

    async fn guess(&self, office: &Office, address: &str) -> (Code, String) {
        let form = SignInRequest {
            client_address: address.to_owned(),
            ..sign_in_form(MAYA, "not her password")
        };
        refusal(&self.sign_in(office.tenant, form).await)
    }
}

fn failed() -> (Code, String) {
    (Code::Unauthenticated, "SIGN_IN_FAILED".to_owned())
}

fn exhausted() -> (Code, String) {
    (Code::ResourceExhausted, "TOO_MANY_ATTEMPTS".to_owned())
}

/// Hours until a session ends, rounded.
fn hours(session: &Session) -> i64 {
    let expires_at = session.expires_at.as_ref().and_then(proto::time);
    let left = expires_at.expect("a time").duration_since(clock::now());
    (left.as_secs() + 1_800) / 3_600
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_becomes_a_token_with_the_rights_of_this_moment() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, _) = setup.maya(&office).await?;

    let session = setup
        .signed_in(
            &office,
            sign_in_form(" Maya@Okafor.Example ", CLIENT_PASSWORD),
        )
        .await?;
    assert_eq!(hours(&session), 30 * 24);
    let token = setup.token(office.tenant, &session).await?;
    let answer = setup
        .accounts()
        .get_my_account(authorized(&token, GetMyAccountRequest {}))
        .await?;
    let account = answer.into_inner().account.context("an account")?;
    assert_eq!(account.memberships.len(), 1);
    let membership = &account.memberships[0];
    assert_eq!(membership.client_id, contact.client_id);
    let rights = membership.rights.context("rights")?;
    assert!(rights.approve && !rights.pay);
    assert!(account.email_confirmed);
    assert!(account.last_seen_at.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn lifetimes_follow_the_side_and_the_choice() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    setup.maya(&office).await?;
    let not_kept = SignInRequest {
        keep_signed_in: false,
        ..sign_in_form(MAYA, CLIENT_PASSWORD)
    };
    assert_eq!(hours(&setup.signed_in(&office, not_kept).await?), 12);
    let owner = sign_in_form("sam@alder.example", OFFICE_PASSWORD);
    assert_eq!(hours(&setup.signed_in(&office, owner).await?), 12);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_uses_up_no_guess() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    setup.maya(&office).await?;
    // one more than a network has guesses
    for _ in 0..6 {
        let form = sign_in_form(MAYA, CLIENT_PASSWORD);
        setup.signed_in(&office, form).await?;
    }
    assert_eq!(setup.guess(&office, ADDRESS).await, failed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_stored_hashed() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let mut connection = setup.db.superuser().await?;
    let dump: String = sqlx::query_scalar(
        "select string_agg(whole, ' ') from (
             select session::text as whole from session union all select account::text from account
             union all select device::text from device union all select link::text from link) everything",
    )
    .fetch_one(&mut connection)
    .await?;
    let token = setup
        .newest_link(office.tenant, LinkPurpose::ConfirmEmail)
        .await?;
    assert!(dump.contains(&token.link_id), "the dump holds rows");
    for secret in [&office.session.secret, &office.session.device] {
        assert!(!dump.contains(secret.as_str()));
    }
    assert!(!dump.contains(OFFICE_PASSWORD));
    testing::proved(
        "secrets.stored",
        "passwords, sessions, devices and links are searched for in every row",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_unknown_invited_or_wrong_gets_one_answer() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    setup.maya(&office).await?;
    setup
        .invite(&office, "new@alder.example", proto::identity::Role::Pm)
        .await?;
    let mut answers = Vec::new();
    for (email, password) in [
        ("nobody@okafor.example", CLIENT_PASSWORD),
        ("new@alder.example", CLIENT_PASSWORD),
        (MAYA, "not her password"),
        ("", ""),
    ] {
        let form = sign_in_form(email, password);
        let status = setup
            .sign_in(office.tenant, form)
            .await
            .expect_err("refused");
        answers.push((
            status.code(),
            status.message().to_owned(),
            status.details().to_vec(),
        ));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(answers[0].0, Code::Unauthenticated);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_tells_that_access_has_ended() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (contact, session) = setup.maya(&office).await?;
    let request = DisablePortalAccessRequest {
        client_id: contact.client_id,
        contact_id: contact.id,
    };
    let request = authorized(&office.owner, request);
    setup.access().disable_portal_access(request).await?;

    let resolved = setup.token(office.tenant, &session).await;
    assert_eq!(reason(&resolved), "SESSION_ENDED");
    let ended = (Code::FailedPrecondition, "ACCESS_DISABLED".to_owned());
    // one more than a network has guesses
    for _ in 0..6 {
        let right = setup
            .sign_in(office.tenant, sign_in_form(MAYA, CLIENT_PASSWORD))
            .await;
        assert_eq!(refusal(&right), ended);
    }
    assert_eq!(setup.guess(&office, ADDRESS).await, failed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_one_organization_is_nothing_in_another() -> Result<()> {
    let setup = Setup::start().await?;
    let alder = setup.office("alder").await?;
    let birch = setup.office("birch").await?;
    let answer = setup.token(birch.tenant, &alder.session).await;
    assert_eq!(
        refusal(&answer),
        (Code::Unauthenticated, "SESSION_ENDED".to_owned())
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_it_is_not_used_and_when_its_person_leaves() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let other = setup
        .signed_in(&office, sign_in_form("sam@alder.example", OFFICE_PASSWORD))
        .await?;
    let request = authorized(&office.owner, SignOutRequest {});
    setup.sessions().sign_out(request).await?;
    assert_eq!(
        reason(&setup.token(office.tenant, &office.session).await),
        "SESSION_ENDED"
    );
    assert!(setup.token(office.tenant, &other).await.is_ok());
    setup
        .age("update session set expires_at = last_seen_at")
        .await?;
    assert_eq!(
        reason(&setup.token(office.tenant, &other).await),
        "SESSION_ENDED"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn use_moves_a_session_on_but_not_past_its_end() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    setup
        .age("update session set last_seen_at = last_seen_at - interval '2 hours', expires_at = expires_at - interval '2 hours'")
        .await?;
    setup.token(office.tenant, &office.session).await?;
    let mut connection = setup.db.superuser().await?;
    let moved: bool =
        sqlx::query_scalar("select expires_at > created_at + interval '11 hours' from session")
            .fetch_one(&mut connection)
            .await?;
    assert!(moved);
    setup
        .age("update session set last_seen_at = last_seen_at - interval '2 hours',
                  ends_at = created_at + interval '3 hours', expires_at = created_at + interval '3 hours'")
        .await?;
    setup.token(office.tenant, &office.session).await?;
    let capped: bool = sqlx::query_scalar("select expires_at = ends_at from session")
        .fetch_one(&mut connection)
        .await?;
    assert!(capped);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_and_for_a_minute() -> Result<()> {
    let setup = Setup::start().await?;
    let answer = setup.sign_up("alder").await?.into_inner();
    let tenant = TenantId::from(answer.organization_id.parse::<uuid::Uuid>()?);
    let exchange = || {
        let request = ExchangeCodeRequest {
            code: answer.sign_in_code.clone(),
            client_address: ADDRESS.to_owned(),
            user_agent: String::new(),
        };
        setup.by_portal(tenant, request)
    };
    setup.sessions().exchange_code(exchange()).await?;
    let again = setup.sessions().exchange_code(exchange()).await;
    assert_eq!(reason(&again), "LINK_GONE");

    let late = setup.sign_up("birch").await?.into_inner();
    setup
        .age("update sign_in_code set expires_at = expires_at - interval '60 seconds'")
        .await?;
    let request = ExchangeCodeRequest {
        code: late.sign_in_code,
        client_address: ADDRESS.to_owned(),
        user_agent: String::new(),
    };
    let tenant = TenantId::from(late.organization_id.parse::<uuid::Uuid>()?);
    let request = setup.by_portal(tenant, request);
    let answer = setup.sessions().exchange_code(request).await;
    assert_eq!(reason(&answer), "LINK_GONE");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn five_guesses_from_a_network_close_it_and_no_other() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (_, session) = setup.maya(&office).await?;
    for last in 1..=5 {
        let address = format!("192.0.2.{last}");
        assert_eq!(setup.guess(&office, &address).await, failed());
    }
    // even the right password, from there
    let right = SignInRequest {
        client_address: "192.0.2.200".to_owned(),
        ..sign_in_form(MAYA, CLIENT_PASSWORD)
    };
    let refused = setup.sign_in(office.tenant, right.clone()).await;
    assert_eq!(refusal(&refused), exhausted());
    // but not from a browser that she used before, and not from elsewhere
    let known = SignInRequest {
        device: session.device.clone(),
        ..right.clone()
    };
    assert_eq!(
        setup.signed_in(&office, known).await?.device,
        session.device
    );
    assert!(
        setup
            .sign_in(office.tenant, sign_in_form(MAYA, CLIENT_PASSWORD))
            .await
            .is_ok()
    );
    // a quarter of an hour later it is open again
    setup
        .age("update attempt set made_at = made_at - interval '15 minutes'")
        .await?;
    assert!(setup.sign_in(office.tenant, right).await.is_ok());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_browser_has_ten_guesses_of_its_own() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let (_, session) = setup.maya(&office).await?;
    let from_hers = |password: &str| SignInRequest {
        device: session.device.clone(),
        ..sign_in_form(MAYA, password)
    };
    // ten, and then the five that a stranger has
    for guess in 0..15 {
        let answer = setup.sign_in(office.tenant, from_hers("a guess")).await;
        assert_eq!(refusal(&answer), failed(), "guess {guess}");
    }
    let answer = setup
        .sign_in(office.tenant, from_hers(CLIENT_PASSWORD))
        .await;
    assert_eq!(refusal(&answer), exhausted());
    setup
        .age("update attempt set made_at = made_at - interval '1 hour'")
        .await?;
    let answer = setup
        .sign_in(office.tenant, from_hers(CLIENT_PASSWORD))
        .await;
    assert!(answer.is_ok());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_are_counted_alike() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    let form = || sign_in_form("nobody@okafor.example", CLIENT_PASSWORD);
    for _ in 0..5 {
        assert_eq!(
            refusal(&setup.sign_in(office.tenant, form()).await),
            failed()
        );
    }
    assert_eq!(
        refusal(&setup.sign_in(office.tenant, form()).await),
        exhausted()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_guesses_do_not_slip_through_together() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    setup.maya(&office).await?;
    let guesses = (0..8).map(|_| setup.guess(&office, ADDRESS));
    let answers = futures::future::join_all(guesses).await;
    let tried = answers.iter().filter(|answer| **answer == failed()).count();
    assert_eq!(tried, 5, "{answers:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_takes_twenty_guesses_an_hour_and_a_hundred_before_a_reset() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    setup.maya(&office).await?;
    for network in 0..20 {
        let address = format!("10.0.{network}.1");
        assert_eq!(setup.guess(&office, &address).await, failed());
    }
    assert_eq!(setup.guess(&office, "10.0.99.1").await, exhausted());
    // an hour later it goes on, until there were a hundred
    setup
        .age("update attempt set made_at = made_at - interval '1 hour'")
        .await?;
    setup
        .age(
            "insert into attempt (id, subject, network, made_at)
              select gen_random_uuid(), subject, 'elsewhere', min(made_at)
              from attempt, generate_series(1, 80)
              where network like '10.0.%' group by subject, generate_series",
        )
        .await?;
    let form = || sign_in_form(MAYA, CLIENT_PASSWORD);
    assert_eq!(
        refusal(&setup.sign_in(office.tenant, form()).await),
        exhausted()
    );

    let request = RequestResetRequest {
        email: MAYA.to_owned(),
        client_address: ADDRESS.to_owned(),
    };
    let request = setup.by_portal(office.tenant, request);
    setup.accounts().request_reset(request).await?;
    let request = ResetPasswordRequest {
        token: setup
            .mailed_token(office.tenant, LinkPurpose::Reset)
            .await?,
        new_password: "walnut under glass".to_owned(),
        client_address: ADDRESS.to_owned(),
    };
    let request = setup.by_portal(office.tenant, request);
    setup.links().reset_password(request).await?;
    let form = sign_in_form(MAYA, "walnut under glass");
    assert!(setup.sign_in(office.tenant, form).await.is_ok());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_secret_resolves_to_nobody() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    for secret in ["", "guessed"] {
        let request = ResolveSessionRequest {
            secret: secret.to_owned(),
        };
        let request = setup.by_portal(office.tenant, request);
        let answer = setup.sessions().resolve_session(request).await;
        assert_eq!(reason(&answer), "SESSION_ENDED");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_run_out_is_deleted() -> Result<()> {
    let mut setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    setup.maya(&office).await?;
    setup.sign_up("birch").await?;
    assert_eq!(setup.guess(&office, ADDRESS).await, failed());
    setup
        .age("update session set expires_at = created_at - interval '1 second' where account_id = (select id from account where kind = 'client')")
        .await?;
    setup
        .age("update sign_in_code set expires_at = expires_at - interval '61 seconds'")
        .await?;
    setup
        .age("update device set last_used_at = last_used_at - interval '366 days'")
        .await?;
    setup
        .age("update attempt set made_at = made_at - interval '91 days'")
        .await?;

    setup.restart().await?;
    let mut connection = setup.db.superuser().await?;
    for _ in 0..100 {
        let left: (i64, i64, i64, i64) = sqlx::query_as(
            "select (select count(*) from session), (select count(*) from sign_in_code),
                    (select count(*) from device), (select count(*) from attempt)",
        )
        .fetch_one(&mut connection)
        .await?;
        if left == (1, 0, 0, 0) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("what has run out is still there")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guess_that_found_no_room_does_not_count() -> Result<()> {
    let setup = Setup::start().await?;
    let office = setup.office("alder").await?;
    // over several connections: one takes 64 calls at a time
    let guesses = (0..2).flat_map(|_| {
        let sessions = setup.sessions();
        (0..50).map(move |_| sessions.clone())
    });
    let answers = futures::future::join_all(guesses.enumerate().map(|(index, mut sessions)| {
        let form = sign_in_form(&format!("{index}@okafor.example"), "a guess");
        let request = setup.by_portal(office.tenant, form);
        async move { reason(&sessions.sign_in(request).await) }
    }))
    .await;

    let count = |wanted: &str| answers.iter().filter(|reason| *reason == wanted).count();
    assert!(count("BUSY") > 0, "{answers:?}");
    assert_eq!(
        count("BUSY") + count("SIGN_IN_FAILED"),
        answers.len(),
        "{answers:?}"
    );
    let mut connection = setup.db.superuser().await?;
    let counted: i64 = sqlx::query_scalar("select count(*) from attempt")
        .fetch_one(&mut connection)
        .await?;
    // and the sign-up
    assert_eq!(usize::try_from(counted)?, count("SIGN_IN_FAILED") + 1);
    Ok(())
}
