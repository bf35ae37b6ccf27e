//! Mails: what goes out, what comes back, and who may see it.

use anyhow::{Context as _, Result};
use devstack::mailbox::Answer;
use jiff_sqlx::ToSqlx as _;
use proto::{
    identity::{AccountDisabled, AccountState, PasswordChanged},
    notifications::{
        ClearSuppressionRequest, Delivery, DeliveryState, ListDeliveriesRequest, MailKind,
    },
};
use service::{Reason, clock, new_id};
use sqlx::{AssertSqlSafe, Connection as _};
use tenancy::Person;
use testing::Tenant;
use tokio::net::TcpListener;
use tonic::{Code, Status};

use crate::stage::{PATIENCE, Stage, code, last_detail, minutes_ahead, states};

async fn list(
    stage: &Stage,
    tenant: &Tenant,
    person: &Person,
    message: ListDeliveriesRequest,
) -> Result<Result<Vec<Delivery>, Status>> {
    let request = stage.request_in(tenant, person, message)?;
    let answer = stage.deliveries()?.list_deliveries(request).await;
    Ok(answer.map(|answer| answer.into_inner().deliveries))
}

async fn clear(stage: &Stage, tenant: &Tenant, person: &Person) -> Result<Result<(), Status>> {
    let message = ClearSuppressionRequest {
        account_id: stage.tenant.ana.account.to_string(),
    };
    let request = stage.request_in(tenant, person, message)?;
    let answer = stage.deliveries()?.clear_suppression(request).await;
    Ok(answer.map(|_| ()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_carries_a_link_that_is_made_when_it_is_sent() -> Result<()> {
    let stage = Stage::new().await?;
    let link = stage.invite_ana().await?;
    let mail = stage
        .mail_to_ana("ana, your project portal at Alder & Finch Builders")
        .await?;
    let url = format!("http://alder.localhost:8080/invite/{link}");
    assert!(mail.links.contains(&url), "{:?}", mail.links);
    let text = mail.text.as_deref().unwrap_or_default();
    assert!(
        text.contains("Nora Finch") && text.contains("(503) 555-0142"),
        "{text}"
    );

    let delivery = stage.newest_in(DeliveryState::Accepted).await?;
    assert_eq!(delivery.kind(), MailKind::Invitation);
    assert_eq!(
        states(&delivery),
        [DeliveryState::Queued, DeliveryState::Accepted]
    );
    // no link rests in the database
    let mut connection = stage.db.superuser().await?;
    let rows: Vec<String> = sqlx::query_scalar(
        "select to_jsonb(d)::text from delivery d union all select to_jsonb(s)::text from delivery_step s",
    )
    .fetch_all(&mut connection)
    .await?;
    assert!(rows.iter().all(|row| !row.contains("/invite/")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_sent_again_three_times_an_hour() -> Result<()> {
    let stage = Stage::new().await?;
    stage.reach(&stage.kitchen, 0).await?;
    let first = stage.newest_in(DeliveryState::Accepted).await?;
    assert!(first.can_resend);

    let request_id = new_id();
    let copy = stage.resend(&first.id, request_id).await??;
    let same = stage.resend(&first.id, request_id).await??;
    assert_eq!(copy.id, same.id);
    stage.mail_in(&copy.id, DeliveryState::Accepted).await?;
    let mails = stage.smtp.mails();
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.subject == first.subject));

    // a copy of the copy counts as well
    stage.resend(&copy.id, new_id()).await??;
    stage.resend(&first.id, new_id()).await??;
    let refused = stage
        .resend(&first.id, new_id())
        .await?
        .expect_err("the fourth");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(Reason::TooManyAttempts.is_in(&refused));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_with_a_link_is_not_sent_again() -> Result<()> {
    let stage = Stage::new().await?;
    stage.invite_ana().await?;
    let mail = stage.newest_in(DeliveryState::Accepted).await?;
    assert!(!mail.can_resend);
    assert_eq!(
        code(stage.resend(&mail.id, new_id()).await?),
        Code::InvalidArgument
    );
    assert_eq!(stage.mails().await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_tells_of_the_time_that_the_first_told_of() -> Result<()> {
    let stage = Stage::new().await?;
    let changed = PasswordChanged {
        account_id: stage.tenant.ana.account.to_string(),
    };
    stage.tell("identity", &changed).await?;
    let first = stage.newest_in(DeliveryState::Accepted).await?;
    let mut connection = stage.db.superuser().await?;
    sqlx::query("update delivery set created_at = '2019-03-01 12:00Z'")
        .execute(&mut connection)
        .await?;
    let copy = stage.resend(&first.id, new_id()).await??;
    stage.mail_in(&copy.id, DeliveryState::Accepted).await?;
    let mails = stage.smtp.mails();
    let tells_of = |day| {
        mails
            .iter()
            .filter(|mail| mail.text.as_deref().unwrap_or_default().contains(day))
            .count()
    };
    assert_eq!((mails.len(), tells_of("March 1, 2019")), (2, 1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_suppresses_the_address_until_the_office_clears_it() -> Result<()> {
    let stage = Stage::new().await?;
    stage
        .smtp
        .set_answer("ana@example.com", Answer::RefuseForGood);
    stage.reach(&stage.kitchen, 0).await?;
    let bounced = stage.newest_in(DeliveryState::Bounced).await?;
    assert!(last_detail(&bounced).contains("5.1.1"), "{bounced:?}");
    let mut connection = stage.db.superuser().await?;
    let published: Vec<String> = sqlx::query_scalar("select type from outbox")
        .fetch_all(&mut connection)
        .await?;
    assert_eq!(published, ["contractoros.notifications.v1.DeliveryBounced"]);

    stage.smtp.set_answer("ana@example.com", Answer::Accept);
    let refused = stage
        .resend(&bounced.id, new_id())
        .await?
        .expect_err("the address bounced");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(Reason::AddressSuppressed.is_in(&refused));
    stage.reach(&stage.kitchen, 1).await?;
    stage.newest_in(DeliveryState::Suppressed).await?;

    let problems = ListDeliveriesRequest {
        problems_only: true,
        ..ListDeliveriesRequest::default()
    };
    let owner = &stage.tenant.owner;
    assert_eq!(
        list(&stage, &stage.tenant, owner, problems).await??.len(),
        2
    );

    clear(&stage, &stage.tenant, owner).await??;
    let copy = stage.resend(&bounced.id, new_id()).await??;
    stage.mail_in(&copy.id, DeliveryState::Accepted).await?;
    assert_eq!(stage.smtp.mails().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_is_not_suppressed() -> Result<()> {
    let stage = Stage::new().await?;
    stage
        .smtp
        .set_answer("ana@example.com", Answer::RefuseForGood);
    stage.invite_ana().await?;
    stage.newest_in(DeliveryState::Bounced).await?;
    stage.identity.lock().accounts[0].email = "ana@example.net".to_owned();
    stage.invite_ana().await?;
    stage.newest_in(DeliveryState::Accepted).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_refused_for_now_is_tried_three_times_in_a_day() -> Result<()> {
    let stage = Stage::new().await?;
    stage
        .smtp
        .set_answer("ana@example.com", Answer::RefuseForNow);
    stage.reach(&stage.kitchen, 0).await?;
    let mut pauses = Vec::new();
    for tries in 2..=3 {
        let waits = stage
            .newest(|mail| mail.state() == DeliveryState::Queued && mail.steps.len() == tries)
            .await?;
        assert!(last_detail(&waits).contains("451"), "{waits:?}");
        pauses.push(minutes_ahead(waits.send_after.as_ref()));
        stage.let_time_come().await?;
    }
    assert_eq!(pauses, [15, 23 * 60 + 45]);
    let failed = stage.newest_in(DeliveryState::Failed).await?;

    stage.smtp.set_answer("ana@example.com", Answer::Accept);
    let copy = stage.resend(&failed.id, new_id()).await??;
    stage.mail_in(&copy.id, DeliveryState::Accepted).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_not_reached_costs_no_try() -> Result<()> {
    let stage = Stage::without_mail_server().await?;
    stage.invite_ana().await?;
    for _ in 0..5 {
        let waits = stage
            .newest(|mail| minutes_ahead(mail.send_after.as_ref()) == 1)
            .await?;
        assert_eq!(states(&waits), [DeliveryState::Queued]);
        stage.let_time_come().await?;
    }
    let mut connection = stage.db.superuser().await?;
    let attempts: i32 = sqlx::query_scalar("select attempts from delivery")
        .fetch_one(&mut connection)
        .await?;
    assert_eq!(attempts, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_try_goes_through() -> Result<()> {
    let stage = Stage::new().await?;
    stage
        .smtp
        .set_answer("ana@example.com", Answer::RefuseForNow);
    stage.invite_ana().await?;
    let waits = stage
        .newest(|mail| mail.state() == DeliveryState::Queued && mail.steps.len() == 2)
        .await?;
    stage.smtp.set_answer("ana@example.com", Answer::Accept);
    stage.let_time_come().await?;
    stage.mail_in(&waits.id, DeliveryState::Accepted).await?;
    let mail = stage.mail_to_ana("your project portal").await?;
    let message_id = mail.header("Message-ID").context("it has one")?;
    assert_eq!(
        message_id.trim_matches(['<', '>']),
        format!("{}@localhost", waits.id)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_worker_died_goes_out_under_the_same_id() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(proto::notifications::Frequency::Daily).await?;
    stage.reach(&stage.kitchen, 0).await?;
    let mail = stage.mails().await?.remove(0);
    // claimed, and the claim has run out
    let mut connection = stage.db.superuser().await?;
    sqlx::query("update delivery set state = 'sending', due_at = due_at - interval '30 days'")
        .execute(&mut connection)
        .await?;
    stage.mail_in(&mail.id, DeliveryState::Accepted).await?;
    let sent = stage.mail_to_ana("Milestone reached").await?;
    let message_id = sent.header("Message-ID").context("it has one")?;
    assert_eq!(
        message_id.trim_matches(['<', '>']),
        format!("{}@localhost", mail.id)
    );
    Ok(())
}

/// Whoever runs next need not wait until claims end.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_gives_back_what_it_has_not_begun() -> Result<()> {
    // says not a word to who connects
    let silent = TcpListener::bind(("127.0.0.1", 0)).await?;
    let stage = Stage::with_one_connection_to(silent.local_addr()?.port()).await?;
    stage.choose(proto::notifications::Frequency::Daily).await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.reach(&stage.kitchen, 1).await?;
    stage.reach(&stage.bath, 0).await?;
    let mut connection = stage.db.superuser().await?;
    sqlx::query("update delivery set state = 'sending', due_at = created_at - interval '1 hour'")
        .execute(&mut connection)
        .await?;
    // the first is on its way, the others were claimed with it
    let begun = tokio::time::timeout(PATIENCE, silent.accept()).await??;
    let hang_up = async { drop((begun, silent)) };
    let (stopped, ()) = tokio::join!(stage.stop(), hang_up);
    let _db = stopped?;

    let due_at_once: Vec<bool> = sqlx::query_scalar(
        "select due_at <= $1 from delivery where state = 'queued' and attempts = 0 order by due_at",
    )
    .bind(clock::now().to_sqlx())
    .fetch_all(&mut connection)
    .await?;
    assert_eq!(due_at_once, [true, true, false]);
    Ok(())
}

/// What becomes of mails is written down together, and each alone where that fails.
#[tokio::test(flavor = "multi_thread")]
async fn one_outcome_that_cannot_be_written_keeps_no_other() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(proto::notifications::Frequency::Daily).await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.reach(&stage.kitchen, 1).await?;
    stage.reach(&stage.bath, 0).await?;
    let mails = stage.mails().await?;
    let [refused, second, first] = mails.as_slice() else {
        anyhow::bail!("three mails: {mails:#?}");
    };
    let mut connection = stage.db.superuser().await?;
    sqlx::query(AssertSqlSafe(format!(
        "alter table delivery_step add constraint for_a_test check (delivery_id <> '{}' or state <> 'accepted')",
        refused.id
    )))
    .execute(&mut connection)
    .await?;
    // the first waits to be written down until all of them were sent
    let mut lock = connection.begin().await?;
    sqlx::query("lock table delivery_step in exclusive mode")
        .execute(&mut *lock)
        .await?;
    let mut other = stage.db.superuser().await?;
    sqlx::query("update delivery set state = 'sending', due_at = created_at - interval '1 hour'")
        .execute(&mut other)
        .await?;
    let mut sent = stage.smtp.changes();
    tokio::time::timeout(PATIENCE, sent.wait_for(|sent| *sent >= 3)).await??;
    lock.rollback().await?;

    for mail in [first, second] {
        stage.mail_in(&mail.id, DeliveryState::Accepted).await?;
    }
    stage.mail_in(&refused.id, DeliveryState::Sending).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_gone_is_not_mailed() -> Result<()> {
    let stage = Stage::new().await?;
    let link = new_id();
    stage.identity.lock().gone.insert(link.to_string());
    stage.invite_ana_by(link).await?;
    let dropped = stage.newest_in(DeliveryState::Dropped).await?;
    assert_eq!(
        last_detail(&dropped),
        "The link is no longer valid; resend the invitation on the client record."
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_access_gets_no_mail() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(proto::notifications::Frequency::Daily).await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.identity.lock().accounts[0].state = AccountState::Disabled.into();
    let disabled = AccountDisabled {
        account_id: stage.tenant.ana.account.to_string(),
        actor_id: String::new(),
    };
    stage.tell("identity", &disabled).await?;
    let dropped = stage.newest_in(DeliveryState::Dropped).await?;
    assert_eq!(last_detail(&dropped), "The person's access was ended.");

    stage.reach(&stage.kitchen, 1).await?;
    assert_eq!(stage.mails().await?.len(), 1);
    let changed = PasswordChanged {
        account_id: stage.tenant.ana.account.to_string(),
    };
    stage.tell("identity", &changed).await?;
    stage.newest_in(DeliveryState::Dropped).await?;
    assert!(stage.smtp.mails().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_see_their_own_mails_without_details() -> Result<()> {
    let stage = Stage::new().await?;
    stage.invite_ana().await?;
    stage.newest_in(DeliveryState::Accepted).await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.newest_in(DeliveryState::Accepted).await?;
    let all = ListDeliveriesRequest::default();
    let tenant = &stage.tenant;

    let own = list(&stage, tenant, &tenant.ana, all.clone()).await??;
    assert_eq!(own.len(), 2);
    assert!(
        own.iter()
            .flat_map(|mail| &mail.steps)
            .all(|step| step.detail.is_empty())
    );
    stage.projects.show_schedule(false);
    let own = list(&stage, tenant, &tenant.ana, all.clone()).await??;
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].kind(), MailKind::Invitation);

    let anas = ListDeliveriesRequest {
        account_ids: vec![tenant.ana.account.to_string()],
        ..all.clone()
    };
    assert!(
        list(&stage, tenant, &tenant.ben, anas.clone())
            .await??
            .is_empty()
    );
    assert_eq!(
        list(&stage, tenant, &tenant.pm, anas.clone()).await??.len(),
        2
    );
    let others = Tenant::new();
    assert!(
        list(&stage, &others, &others.owner, anas)
            .await??
            .is_empty()
    );
    assert_eq!(
        code(list(&stage, tenant, &tenant.field, all).await?),
        Code::PermissionDenied
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn others_change_nothing() -> Result<()> {
    let stage = Stage::new().await?;
    stage.invite_ana().await?;
    let mail = stage.newest_in(DeliveryState::Accepted).await?;
    let others = Tenant::new();
    let message = proto::notifications::ResendDeliveryRequest {
        id: mail.id,
        request_id: new_id().to_string(),
    };
    let request = stage.request_in(&others, &others.owner, message.clone())?;
    let foreign = stage.deliveries()?.resend_delivery(request).await;
    assert_eq!(code(foreign), Code::NotFound);
    assert_eq!(
        code(clear(&stage, &others, &others.owner).await?),
        Code::NotFound
    );
    for person in [&stage.tenant.ana, &stage.tenant.field] {
        let request = stage.request(person, message.clone())?;
        let answer = stage.deliveries()?.resend_delivery(request).await;
        assert_eq!(code(answer), Code::PermissionDenied);
        let answer = clear(&stage, &stage.tenant, person).await?;
        assert_eq!(code(answer), Code::PermissionDenied);
    }
    Ok(())
}
