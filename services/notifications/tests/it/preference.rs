//! Preferences: what holds before a choice, and what a choice does to news that waits.

use anyhow::Result;
use proto::{
    identity::{InvitationAccepted, PortalAccessEnabled},
    notifications::{
        DeliveryState, Frequency, GetPreferencesRequest, MailKind, Preferences,
        UpdatePreferencesRequest,
    },
};
use service::new_id;
use tenancy::Person;
use testing::Tenant;
use tonic::{Code, Status};

use crate::stage::{Stage, code, last_detail, minutes_ahead};

async fn read(
    stage: &Stage,
    tenant: &Tenant,
    person: &Person,
    account: &str,
) -> Result<Result<Preferences, Status>> {
    let message = GetPreferencesRequest {
        account_id: account.to_owned(),
    };
    let request = stage.request_in(tenant, person, message)?;
    let answer = stage.preferences()?.get_preferences(request).await;
    Ok(answer.map(|answer| answer.into_inner().preferences.unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_chose_nothing_is_mailed_at_once_in_the_organizations_zone() -> Result<()> {
    let stage = Stage::new().await?;
    let tenant = &stage.tenant;
    let ana = tenant.ana.account.to_string();
    for person in [&tenant.ana, &tenant.owner, &tenant.pm] {
        let preferences = read(&stage, tenant, person, &ana).await??;
        assert_eq!(preferences.frequency(), Frequency::Instant);
        assert_eq!(preferences.time_zone, "America/Los_Angeles");
    }
    assert_eq!(
        read(&stage, tenant, &tenant.ana, "").await??.account_id,
        ana
    );

    let others = Tenant::new();
    let absent = new_id().to_string();
    let owner = tenant.owner.account.to_string();
    for answer in [
        read(&stage, tenant, &tenant.ben, &ana).await?,
        read(&stage, &others, &others.owner, &ana).await?,
        read(&stage, tenant, &tenant.owner, &absent).await?,
        read(&stage, tenant, &tenant.owner, &owner).await?,
    ] {
        assert_eq!(code(answer), Code::NotFound);
    }
    assert_eq!(
        code(read(&stage, tenant, &tenant.field, &ana).await?),
        Code::PermissionDenied
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_office_proposes_and_the_person_decides() -> Result<()> {
    let stage = Stage::new().await?;
    let ana = stage.tenant.ana.account.to_string();
    let enabled = PortalAccessEnabled {
        account_id: ana.clone(),
        client_id: stage.tenant.anas_record.to_string(),
        frequency: "FREQUENCY_WEEKLY".to_owned(),
        actor_id: String::new(),
    };
    stage.tell("identity", &enabled).await?;
    let found = read(&stage, &stage.tenant, &stage.tenant.ana, "").await??;
    assert_eq!(found.frequency(), Frequency::Weekly);

    let accepted = InvitationAccepted {
        account_id: ana,
        frequency: "FREQUENCY_DAILY".to_owned(),
        time_zone: "America/Denver".to_owned(),
    };
    stage.tell("identity", &accepted).await?;
    stage.tell("identity", &enabled).await?;
    let found = read(&stage, &stage.tenant, &stage.tenant.ana, "").await??;
    assert_eq!(found.frequency(), Frequency::Daily);
    assert_eq!(found.time_zone, "America/Denver");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_must_be_one() -> Result<()> {
    let stage = Stage::new().await?;
    for (frequency, time_zone) in [
        (Frequency::Unspecified, "America/New_York"),
        (Frequency::Daily, ""),
        (Frequency::Daily, "Mars/Olympus"),
    ] {
        let message = UpdatePreferencesRequest {
            frequency: frequency.into(),
            time_zone: time_zone.to_owned(),
        };
        let request = stage.request(&stage.tenant.ana, message)?;
        let answer = stage.preferences()?.update_preferences(request).await;
        assert_eq!(code(answer), Code::InvalidArgument);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_summary_takes_along_what_waits() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(Frequency::Daily).await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.reach(&stage.bath, 0).await?;
    stage.reach(&stage.kitchen, 1).await?;
    let mails = stage.mails().await?;
    assert_eq!(mails.len(), 3);
    assert!(mails.iter().all(|mail| mail.state() == DeliveryState::Held));
    assert!(stage.smtp.mails().is_empty());

    stage.let_time_come().await?;
    let mail = stage.mail_to_ana("Your summary for").await?;
    let text = mail.text.as_deref().unwrap_or_default();
    let places = [
        "Kitchen remodel",
        "- Milestone reached: cabinets installed",
        "- Milestone reached: countertops measured",
        "Guest bath",
        "- Milestone reached: tile set",
    ]
    .map(|part| text.find(part));
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{text}"
    );
    let digest = stage.newest_in(DeliveryState::Accepted).await?;
    assert_eq!(digest.kind(), MailKind::Digest);
    for waiting in &mails {
        stage.mail_in(&waiting.id, DeliveryState::Accepted).await?;
    }
    assert_eq!(stage.smtp.mails().len(), 1);
    Ok(())
}

/// Its news is in no other mail: it must not wait for one.
#[tokio::test(flavor = "multi_thread")]
async fn the_news_of_a_summary_that_cannot_be_written_fails_with_it() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(Frequency::Daily).await?;
    stage.reach(&stage.kitchen, 0).await?;
    let news = stage.newest_in(DeliveryState::Held).await?;
    stage.identity.lock().accounts[0].memberships[0].client_id = "damaged".to_owned();
    for tries in 2..=3 {
        stage.let_time_come().await?;
        let waits = stage
            .newest(|mail| mail.kind() == MailKind::Digest && mail.steps.len() == tries)
            .await?;
        assert_eq!(waits.state(), DeliveryState::Queued);
        assert_eq!(last_detail(&waits), "The mail could not be written.");
    }
    stage.let_time_come().await?;
    let digest = stage.newest_in(DeliveryState::Failed).await?;
    assert_eq!(digest.kind(), MailKind::Digest);
    stage.mail_in(&news.id, DeliveryState::Failed).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_that_is_sent_early_takes_its_news_along() -> Result<()> {
    let stage = Stage::without_mail_server().await?;
    stage.choose(Frequency::Daily).await?;
    stage.reach(&stage.kitchen, 0).await?;
    let news = stage.newest_in(DeliveryState::Held).await?;
    stage.let_time_come().await?;
    // it was tried, and waits for the mail server
    let summary = stage
        .newest(|mail| {
            mail.kind() == MailKind::Digest && minutes_ahead(mail.send_after.as_ref()) == 1
        })
        .await?;
    stage.resend(&summary.id, new_id()).await??;
    stage.mail_in(&summary.id, DeliveryState::Dropped).await?;
    stage.mail_in(&news.id, DeliveryState::Dropped).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_has_one_summary() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(Frequency::Daily).await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.let_time_come().await?;
    stage.mail_to_ana("Your summary for").await?;
    stage.newest_in(DeliveryState::Accepted).await?;

    stage.reach(&stage.kitchen, 1).await?;
    stage.let_time_come().await?;
    let waits = stage
        .newest(|mail| {
            let due = mail.send_after.as_ref().and_then(proto::time);
            due.is_some_and(|due| due > service::clock::now())
        })
        .await?;
    assert_eq!(waits.state(), DeliveryState::Held);
    assert_eq!(waits.kind(), MailKind::MilestoneReached);
    assert_eq!(stage.smtp.mails().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_leaves_out_what_was_seen_or_hidden_since() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(Frequency::Daily).await?;
    stage.reach(&stage.kitchen, 0).await?;
    let request = stage.request(
        &stage.tenant.ana,
        proto::notifications::MarkSeenRequest::default(),
    )?;
    stage.inbox()?.mark_seen(request).await?;
    let seen = stage.mails().await?.remove(0);
    stage.reach(&stage.kitchen, 1).await?;
    let hidden = stage.mails().await?.remove(0);
    stage.projects.show_schedule(false);

    stage.let_time_come().await?;
    let digest = stage.newest_in(DeliveryState::Dropped).await?;
    assert_eq!(digest.kind(), MailKind::Digest);
    assert_eq!(last_detail(&digest), "Nothing new was left to tell.");
    let seen = stage.mail_in(&seen.id, DeliveryState::Dropped).await?;
    assert_eq!(
        last_detail(&seen),
        "The person saw it in the portal before the mail went out."
    );
    let hidden = stage.mail_in(&hidden.id, DeliveryState::Dropped).await?;
    assert_eq!(last_detail(&hidden), "The person may not see it any more.");
    assert!(stage.smtp.mails().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_mail_at_once_gets_what_waits_in_a_last_summary() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(Frequency::Weekly).await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.reach(&stage.bath, 0).await?;
    stage.choose(Frequency::Instant).await?;
    let mail = stage.mail_to_ana("Your summary for").await?;
    let text = mail.text.as_deref().unwrap_or_default();
    assert!(text.contains("cabinets installed") && text.contains("tile set"));
    assert_eq!(stage.smtp.mails().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_pause_dropped_does_not_come_back() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(Frequency::Daily).await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.choose(Frequency::Paused).await?;
    let dropped = stage.newest_in(DeliveryState::Dropped).await?;
    assert_eq!(
        last_detail(&dropped),
        "The person chose not to be mailed news."
    );

    // the inbox goes on without mail
    stage.reach(&stage.kitchen, 1).await?;
    assert_eq!(stage.mails().await?.len(), 1);
    assert_eq!(stage.anas_inbox().await?.unseen_count, 2);

    stage.choose(Frequency::Instant).await?;
    stage.reach(&stage.bath, 0).await?;
    stage.mail_to_ana("Milestone reached: tile set").await?;
    assert_eq!(stage.smtp.mails().len(), 1);
    Ok(())
}
