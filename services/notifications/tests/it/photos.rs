//! Photos: gathered into one mail, counted as the person may see them when it is read or sent.

use anyhow::Result;
use proto::{
    documents::{PhotoAdded, PhotoAudience},
    notifications::{
        Delivery, DeliveryState, Frequency, InboxItemKind, ListInboxRequest, MailKind,
        MarkSeenRequest,
    },
    projects::PhotoScope,
};
use service::new_id;
use tonic::Code;

use crate::stage::{Stage, code, last_detail, minutes_ahead, states, texts};

const NOT_VISIBLE: &str = "The person may not see any of the photos.";

fn due(mail: &Delivery) -> i64 {
    minutes_ahead(mail.send_after.as_ref())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_photos_make_one_mail_after_a_quarter_of_an_hour_of_quiet() -> Result<()> {
    let stage = Stage::new().await?;
    for number in 1..=10 {
        stage.pass(1).await?;
        let caption = if number <= 2 { "Cabinets" } else { "" };
        stage.add_photo(&stage.kitchen, caption).await?;
    }
    let mails = stage.mails().await?;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].kind(), MailKind::PhotosAdded);
    assert_eq!(due(&mails[0]), 15);

    let inbox = stage.anas_inbox().await?;
    assert_eq!(texts(&inbox.items), ["10 new photos"]);
    assert_eq!(inbox.items[0].kind(), InboxItemKind::PhotosAdded);
    assert_eq!(inbox.items[0].count, 10);
    assert_eq!(inbox.items[0].project_name, "Kitchen remodel");
    assert_eq!(inbox.items[0].actor_id, stage.tenant.pm.account.to_string());
    assert!(!inbox.items[0].seen);
    assert_eq!(inbox.unseen_count, 1);

    stage.pass(14).await?;
    assert_eq!(due(&stage.newest_in(DeliveryState::Queued).await?), 1);
    assert!(stage.smtp.mails().is_empty());
    stage.pass(1).await?;
    let mail = stage.mail_to_ana("10 new photos").await?;
    assert_eq!(mail.subject, "10 new photos of Kitchen remodel");
    let text = mail.text.as_deref().unwrap_or_default();
    let sentence = "paula Okafor of Alder & Finch Builders added 10 photos to your project Kitchen remodel, among them:\n\n- Cabinets\n\n";
    assert!(text.replace('\r', "").contains(sentence), "{text}");
    let page = format!("http://alder.localhost:8080/p/{}/photos", stage.kitchen.id);
    assert!(mail.links.contains(&page), "{:?}", mail.links);
    let sent = stage.newest_in(DeliveryState::Accepted).await?;
    assert_eq!(
        states(&sent),
        [DeliveryState::Queued, DeliveryState::Accepted]
    );
    assert_eq!(stage.smtp.mails().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_go_on_coming_are_mailed_after_an_hour() -> Result<()> {
    let stage = Stage::new().await?;
    stage.add_photo(&stage.kitchen, "").await?;
    for _ in 1..=5 {
        stage.pass(10).await?;
        stage.add_photo(&stage.kitchen, "").await?;
    }
    let mail = stage.newest_in(DeliveryState::Queued).await?;
    assert_eq!(due(&mail), 10);
    stage.pass(10).await?;
    stage.mail_to_ana("6 new photos of Kitchen").await?;
    stage.mail_in(&mail.id, DeliveryState::Accepted).await?;

    stage.add_photo(&stage.kitchen, "").await?;
    let next = stage.newest_in(DeliveryState::Queued).await?;
    assert_eq!(due(&next), 15);
    assert_eq!(
        texts(&stage.anas_inbox().await?.items),
        ["1 new photo", "6 new photos"]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_uploader_and_each_project_has_a_mail() -> Result<()> {
    let stage = Stage::new().await?;
    stage.add_photo(&stage.kitchen, "").await?;
    stage.add_photo(&stage.bath, "").await?;
    for _ in 0..2 {
        let photo = stage
            .documents
            .add(&stage.kitchen, PhotoAudience::Unmarked, "");
        stage
            .tell_of_photo(&stage.kitchen, photo, &stage.tenant.owner)
            .await?;
    }
    assert_eq!(
        texts(&stage.anas_inbox().await?.items),
        ["2 new photos", "1 new photo", "1 new photo"]
    );
    stage.pass(15).await?;
    let mail = stage.mail_to_ana("2 new photos of Kitchen").await?;
    let text = mail.text.as_deref().unwrap_or_default();
    assert!(text.contains("owner Okafor of"), "{text}");
    stage.mail_to_ana("1 new photo of Kitchen").await?;
    stage.mail_to_ana("1 new photo of Guest bath").await?;
    assert_eq!(stage.smtp.mails().len(), 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_hidden_meanwhile_does_not_count() -> Result<()> {
    let stage = Stage::new().await?;
    let hidden = stage.add_photo(&stage.kitchen, "Wrong house").await?;
    stage.add_photo(&stage.kitchen, "").await?;
    let alone = stage.add_photo(&stage.bath, "").await?;
    for photo in [hidden, alone] {
        stage.documents.set_audience(photo, PhotoAudience::Internal);
    }
    let inbox = stage.anas_inbox().await?;
    assert_eq!(texts(&inbox.items), ["1 new photo"]);
    assert_eq!(inbox.unseen_count, 1);

    stage.pass(15).await?;
    let mail = stage.mail_to_ana("1 new photo of Kitchen").await?;
    let text = mail.text.as_deref().unwrap_or_default();
    assert!(!text.contains("Wrong house"), "{text}");
    let dropped = stage.newest_in(DeliveryState::Dropped).await?;
    assert_eq!(last_detail(&dropped), NOT_VISIBLE);
    assert_eq!(stage.smtp.mails().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_shows_no_photos_tells_of_none() -> Result<()> {
    let stage = Stage::new().await?;
    stage.add_photo(&stage.kitchen, "").await?;
    stage.projects.show_photos(PhotoScope::None);
    stage.add_photo(&stage.bath, "").await?;
    let inbox = stage.anas_inbox().await?;
    assert!(inbox.items.is_empty());
    assert_eq!(inbox.unseen_count, 0);
    // whoever may see no photos costs documents nothing
    assert_eq!(stage.documents.calls(), 0);

    stage.pass(15).await?;
    let dropped = stage.newest_in(DeliveryState::Dropped).await?;
    assert_eq!(last_detail(&dropped), NOT_VISIBLE);
    assert_eq!(stage.mails().await?.len(), 1);
    assert!(stage.smtp.mails().is_empty());

    stage.projects.show_photos(PhotoScope::NotInternal);
    assert_eq!(stage.anas_inbox().await?.unseen_count, 2);
    // once for the page and its badge, once for the mail that was dropped
    assert_eq!(stage.documents.calls(), 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn schedule_and_photos_are_guarded_each_by_its_own_scope() -> Result<()> {
    let stage = Stage::new().await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.newest_in(DeliveryState::Accepted).await?;
    stage.add_photo(&stage.kitchen, "").await?;
    stage.projects.show_schedule(false);
    let inbox = stage.anas_inbox().await?;
    assert_eq!(texts(&inbox.items), ["1 new photo"]);
    assert_eq!(inbox.unseen_count, 1);
    stage.projects.show_schedule(true);
    stage.projects.show_photos(PhotoScope::None);
    let inbox = stage.anas_inbox().await?;
    assert_eq!(
        texts(&inbox.items),
        ["Milestone reached: cabinets installed"]
    );
    assert_eq!(inbox.unseen_count, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_shared_later_is_told_then() -> Result<()> {
    let stage = Stage::new().await?;
    stage.projects.show_photos(PhotoScope::Shared);
    let photo = stage.add_photo(&stage.kitchen, "").await?;
    stage.pass(15).await?;
    let dropped = stage.newest_in(DeliveryState::Dropped).await?;
    assert_eq!(last_detail(&dropped), NOT_VISIBLE);
    assert!(stage.anas_inbox().await?.items.is_empty());

    stage
        .share_photo(&stage.kitchen, photo, &stage.tenant.owner)
        .await?;
    let inbox = stage.anas_inbox().await?;
    assert_eq!(texts(&inbox.items), ["1 new photo"]);
    assert_eq!(
        inbox.items[0].actor_id,
        stage.tenant.owner.account.to_string()
    );
    assert_eq!(inbox.unseen_count, 1);
    stage.pass(15).await?;
    stage.mail_to_ana("1 new photo of Kitchen").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_shared_in_time_stays_in_its_batch() -> Result<()> {
    let stage = Stage::new().await?;
    stage.projects.show_photos(PhotoScope::Shared);
    let photo = stage.add_photo(&stage.kitchen, "").await?;
    stage.add_photo(&stage.kitchen, "").await?;
    stage.pass(10).await?;
    assert_eq!(stage.anas_inbox().await?.unseen_count, 0);
    stage
        .share_photo(&stage.kitchen, photo, &stage.tenant.owner)
        .await?;
    let mails = stage.mails().await?;
    assert_eq!(mails.len(), 1);
    assert_eq!(due(&mails[0]), 15);
    stage.pass(15).await?;
    let mail = stage.mail_to_ana("1 new photo of Kitchen").await?;
    let text = mail.text.as_deref().unwrap_or_default();
    assert!(text.contains("paula Okafor of"), "{text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_counts_photos_by_project() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(Frequency::Daily).await?;
    stage.add_photo(&stage.kitchen, "").await?;
    stage.pass(20).await?;
    stage.add_photo(&stage.kitchen, "").await?;
    let hidden = stage.add_photo(&stage.kitchen, "").await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.add_photo(&stage.bath, "").await?;
    stage
        .documents
        .set_audience(hidden, PhotoAudience::Internal);
    let waiting = stage.mails().await?;
    assert_eq!(waiting.len(), 4);
    assert!(
        waiting
            .iter()
            .all(|mail| mail.state() == DeliveryState::Held)
    );

    stage.let_time_come().await?;
    let mail = stage.mail_to_ana("Your summary for").await?;
    let text = mail.text.as_deref().unwrap_or_default();
    let places = [
        "Kitchen remodel",
        "- Milestone reached: cabinets installed",
        "- 2 new photos",
        "Guest bath",
        "- 1 new photo",
    ]
    .map(|part| text.find(part));
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{text}"
    );
    let photos = format!("http://alder.localhost:8080/p/{}/photos", stage.bath.id);
    assert!(mail.links.contains(&photos), "{:?}", mail.links);
    for mail in &waiting {
        stage.mail_in(&mail.id, DeliveryState::Accepted).await?;
    }

    // what the summary told of is closed
    stage.add_photo(&stage.kitchen, "").await?;
    let next = stage.newest_in(DeliveryState::Held).await?;
    assert_eq!(next.kind(), MailKind::PhotosAdded);
    assert_eq!(texts(&stage.anas_inbox().await?.items)[0], "1 new photo");
    assert_eq!(stage.smtp.mails().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_leaves_out_photos_that_were_seen_or_hidden() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(Frequency::Daily).await?;
    stage.add_photo(&stage.kitchen, "").await?;
    stage.see_everything().await?;
    let seen = stage.mails().await?.remove(0);
    let photo = stage.add_photo(&stage.bath, "").await?;
    let hidden = stage.mails().await?.remove(0);
    stage.documents.set_audience(photo, PhotoAudience::Internal);
    stage.let_time_come().await?;
    let digest = stage.newest_in(DeliveryState::Dropped).await?;
    assert_eq!(last_detail(&digest), "Nothing new was left to tell.");
    let seen = stage.mail_in(&seen.id, DeliveryState::Dropped).await?;
    assert!(last_detail(&seen).contains("saw it in the portal"));
    let hidden = stage.mail_in(&hidden.id, DeliveryState::Dropped).await?;
    assert_eq!(last_detail(&hidden), NOT_VISIBLE);
    assert!(stage.smtp.mails().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_in_the_portal_is_not_mailed() -> Result<()> {
    let stage = Stage::new().await?;
    stage.add_photo(&stage.kitchen, "").await?;
    stage.add_photo(&stage.kitchen, "").await?;
    stage.add_photo(&stage.bath, "").await?;
    stage.see_everything().await?;
    let inbox = stage.anas_inbox().await?;
    assert_eq!(inbox.unseen_count, 0);
    assert!(inbox.items.iter().all(|item| item.seen));

    // a further photo is news again, and those before it are none
    stage.add_photo(&stage.kitchen, "").await?;
    let inbox = stage.anas_inbox().await?;
    assert_eq!(inbox.unseen_count, 1);
    assert_eq!(texts(&inbox.items), ["1 new photo", "3 new photos"]);
    assert!(inbox.items[0].seen && !inbox.items[1].seen);

    stage.pass(15).await?;
    stage.mail_to_ana("1 new photo of Kitchen").await?;
    let dropped = stage.newest_in(DeliveryState::Dropped).await?;
    assert!(last_detail(&dropped).contains("saw it in the portal"));
    assert_eq!(stage.smtp.mails().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_are_hidden_are_not_marked_as_seen() -> Result<()> {
    let stage = Stage::new().await?;
    stage.add_photo(&stage.kitchen, "").await?;
    let item = stage.anas_inbox().await?.items[0].id.clone();
    stage.projects.show_photos(PhotoScope::Shared);
    stage.see_everything().await?;
    let message = MarkSeenRequest {
        ids: vec![item],
        as_of: None,
    };
    let request = stage.request(&stage.tenant.ana, message.clone())?;
    assert_eq!(
        code(stage.inbox()?.mark_seen(request).await),
        Code::NotFound
    );
    stage.projects.show_photos(PhotoScope::NotInternal);
    assert_eq!(stage.anas_inbox().await?.unseen_count, 1);

    let request = stage.request(&stage.tenant.ana, message)?;
    stage.inbox()?.mark_seen(request).await?;
    assert_eq!(stage.anas_inbox().await?.unseen_count, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_photo_is_told_once() -> Result<()> {
    let stage = Stage::new().await?;
    let photo = stage
        .documents
        .add(&stage.kitchen, PhotoAudience::Unmarked, "");
    let event = PhotoAdded {
        project_id: stage.kitchen.id.to_string(),
        photo_id: photo.to_string(),
        actor_id: stage.tenant.pm.account.to_string(),
    };
    let id = new_id();
    stage.tell_as("documents", &event, id).await?;
    stage.pass(10).await?;
    stage.tell_as("documents", &event, id).await?;
    let mails = stage.mails().await?;
    assert_eq!(mails.len(), 1);
    assert_eq!(due(&mails[0]), 5);
    // not even under another id
    stage.tell_as("documents", &event, new_id()).await?;
    assert_eq!(stage.mails().await?.len(), 1);
    assert_eq!(texts(&stage.anas_inbox().await?.items), ["1 new photo"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_gathers_photos_follows_the_frequency() -> Result<()> {
    let stage = Stage::new().await?;
    stage.add_photo(&stage.kitchen, "").await?;
    stage.choose(Frequency::Daily).await?;
    let held = stage.newest_in(DeliveryState::Held).await?;
    assert_eq!(last_detail(&held), "The person chose summaries.");
    // a further photo joins without a mail of its own
    stage.add_photo(&stage.kitchen, "").await?;
    assert_eq!(stage.mails().await?.len(), 1);

    stage.choose(Frequency::Instant).await?;
    let mail = stage.mail_to_ana("Your summary for").await?;
    let text = mail.text.as_deref().unwrap_or_default();
    assert!(text.contains("- 2 new photos"), "{text}");
    stage.mail_in(&held.id, DeliveryState::Accepted).await?;

    stage.add_photo(&stage.kitchen, "").await?;
    let queued = stage.newest_in(DeliveryState::Queued).await?;
    assert_eq!(due(&queued), 15);
    // another time zone changes nothing for it
    stage.choose(Frequency::Instant).await?;
    assert_eq!(stage.newest_in(DeliveryState::Queued).await?.id, queued.id);
    stage.choose(Frequency::Critical).await?;
    let dropped = stage.mail_in(&queued.id, DeliveryState::Dropped).await?;
    assert_eq!(
        last_detail(&dropped),
        "The person chose not to be mailed news."
    );
    let mails = stage.mails().await?.len();
    stage.add_photo(&stage.bath, "").await?;
    assert_eq!(stage.mails().await?.len(), mails);
    assert_eq!(stage.anas_inbox().await?.unseen_count, 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_sent_early_ends_its_batch() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(Frequency::Daily).await?;
    stage.add_photo(&stage.kitchen, "").await?;
    let held = stage.newest_in(DeliveryState::Held).await?;
    assert!(held.can_resend);
    stage.resend(&held.id, new_id()).await??;
    stage.mail_to_ana("1 new photo of Kitchen").await?;
    stage.newest_in(DeliveryState::Accepted).await?;

    stage.add_photo(&stage.kitchen, "").await?;
    let next = stage.newest_in(DeliveryState::Held).await?;
    assert_ne!(next.id, held.id);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_without_a_visible_photo_make_no_page_empty() -> Result<()> {
    let stage = Stage::new().await?;
    stage.add_photo(&stage.kitchen, "").await?;
    let mut connection = stage.db.superuser().await?;
    sqlx::query(
        "insert into inbox_item
             (tenant_id, id, account_id, kind, project_id, subject_id, text, created_at, told_at)
         select tenant_id, gen_random_uuid(), account_id, kind, project_id, gen_random_uuid(), '',
             created_at + number * interval '1 second', told_at
         from inbox_item, generate_series(1, 120) number",
    )
    .execute(&mut connection)
    .await?;
    let message = ListInboxRequest {
        page_size: 5,
        ..ListInboxRequest::default()
    };
    let request = stage.request(&stage.tenant.ana, message)?;
    let page = stage.inbox()?.list_inbox(request).await?.into_inner();
    assert_eq!(texts(&page.items), ["1 new photo"]);
    assert!(page.next_page_token.is_empty());
    assert_eq!(page.unseen_count, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_is_told() -> Result<()> {
    let stage = Stage::new().await?;
    stage.add_photo(&stage.kitchen, "").await?;
    let request = stage.request(&stage.tenant.ben, ListInboxRequest::default())?;
    let inbox = stage.inbox()?.list_inbox(request).await?.into_inner();
    assert!(inbox.items.is_empty());
    assert_eq!(inbox.unseen_count, 0);
    let mails = stage.mails().await?;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].account_id, stage.tenant.ana.account.to_string());
    Ok(())
}
