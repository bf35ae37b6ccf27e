//! The inbox: who is told, what is hidden at once, what is withdrawn.

use anyhow::Result;
use proto::{
    notifications::{DeliveryState, ListInboxRequest, MailKind, MarkSeenRequest},
    projects::MilestoneReached,
};
use service::new_id;
use testing::Tenant;
use tonic::Code;

use crate::stage::{Stage, code, last_detail, texts};

const CABINETS: &str = "Milestone reached: cabinets installed";
const COUNTERTOPS: &str = "Milestone reached: countertops measured";
const TILE: &str = "Milestone reached: tile set";

#[tokio::test(flavor = "multi_thread")]
async fn a_milestone_is_told_in_the_inbox_and_by_mail() -> Result<()> {
    let stage = Stage::new().await?;
    stage.reach(&stage.kitchen, 0).await?;

    let mail = stage.mail_to_ana("Milestone reached").await?;
    assert_eq!(
        mail.subject,
        "Milestone reached: cabinets installed · Kitchen remodel"
    );
    let page = format!(
        "http://alder.localhost:8080/p/{}/progress",
        stage.kitchen.id
    );
    assert!(mail.links.contains(&page), "{:?}", mail.links);
    assert!(mail.text.is_some() && mail.html.is_some());
    assert_eq!(
        mail.header("Reply-To")
            .map(|text| text.contains("hello@alderfinch.example")),
        Some(true)
    );

    let inbox = stage.anas_inbox().await?;
    assert_eq!(texts(&inbox.items), [CABINETS]);
    assert_eq!(inbox.items[0].project_name, "Kitchen remodel");
    assert_eq!(
        inbox.items[0].subject_id,
        stage.kitchen.phases[0].0.to_string()
    );
    assert_eq!(inbox.items[0].actor_id, stage.tenant.pm.account.to_string());
    assert_eq!(inbox.unseen_count, 1);

    let delivery = stage.newest_in(DeliveryState::Accepted).await?;
    assert_eq!(delivery.kind(), MailKind::MilestoneReached);
    assert_eq!(delivery.subject, mail.subject);
    assert_eq!(stage.smtp.mails().len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_tells_once() -> Result<()> {
    let stage = Stage::new().await?;
    let event = MilestoneReached {
        project_id: stage.kitchen.id.to_string(),
        phase_id: stage.kitchen.phases[0].0.to_string(),
        client_id: stage.kitchen.client.to_string(),
        actor_id: String::new(),
    };
    let id = new_id();
    stage.tell_as("projects", &event, id).await?;
    stage.tell_as("projects", &event, id).await?;
    assert_eq!(stage.anas_inbox().await?.items.len(), 1);
    assert_eq!(stage.mails().await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_that_somebody_made_up_is_refused() -> Result<()> {
    let stage = Stage::new().await?;
    let before_all_time = service::page::token(&(jiff::Timestamp::MIN, new_id()));
    for page_token in [before_all_time, "kitchen".to_owned()] {
        let message = ListInboxRequest {
            page_token,
            ..ListInboxRequest::default()
        };
        let request = stage.request(&stage.tenant.ana, message)?;
        assert_eq!(
            code(stage.inbox()?.list_inbox(request).await),
            Code::InvalidArgument
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_sees_an_item() -> Result<()> {
    let stage = Stage::new().await?;
    stage.reach(&stage.kitchen, 0).await?;
    let item = stage.anas_inbox().await?.items[0].id.clone();

    let others = Tenant::new();
    for (tenant, person) in [(&stage.tenant, &stage.tenant.ben), (&others, &others.ana)] {
        let request = stage.request_in(tenant, person, ListInboxRequest::default())?;
        let inbox = stage.inbox()?.list_inbox(request).await?.into_inner();
        assert!(inbox.items.is_empty());
        assert_eq!(inbox.unseen_count, 0);
        let message = MarkSeenRequest {
            ids: vec![item.clone()],
            as_of: None,
        };
        let request = stage.request_in(tenant, person, message)?;
        assert_eq!(
            code(stage.inbox()?.mark_seen(request).await),
            Code::NotFound
        );
    }
    let request = stage.request(&stage.tenant.owner, ListInboxRequest::default())?;
    assert_eq!(
        code(stage.inbox()?.list_inbox(request).await),
        Code::PermissionDenied
    );
    assert_eq!(stage.anas_inbox().await?.unseen_count, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn hiding_the_schedule_hides_milestones_at_once() -> Result<()> {
    let stage = Stage::new().await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.newest_in(DeliveryState::Accepted).await?;
    stage.projects.show_schedule(false);
    let inbox = stage.anas_inbox().await?;
    assert!(inbox.items.is_empty());
    assert_eq!(inbox.unseen_count, 0);

    // what happens meanwhile is kept for later and mailed to nobody
    stage.reach(&stage.kitchen, 1).await?;
    assert_eq!(stage.mails().await?.len(), 1);
    assert!(stage.anas_inbox().await?.items.is_empty());

    stage.projects.show_schedule(true);
    let inbox = stage.anas_inbox().await?;
    assert_eq!(texts(&inbox.items), [COUNTERTOPS, CABINETS]);
    assert_eq!(inbox.unseen_count, 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_after_the_list_was_read_stays_unseen() -> Result<()> {
    let stage = Stage::new().await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.add_photo(&stage.kitchen, "").await?;
    let as_of = stage.anas_inbox().await?.as_of;
    stage.reach(&stage.kitchen, 1).await?;
    stage.add_photo(&stage.kitchen, "").await?;

    let message = MarkSeenRequest {
        ids: Vec::new(),
        as_of,
    };
    let request = stage.request(&stage.tenant.ana, message)?;
    stage.inbox()?.mark_seen(request).await?;
    let inbox = stage.anas_inbox().await?;
    let unseen: Vec<&str> = inbox
        .items
        .iter()
        .filter(|item| !item.seen)
        .map(|item| item.text.as_str())
        .collect();
    assert_eq!(unseen, [COUNTERTOPS, "2 new photos"]);
    assert_eq!(inbox.unseen_count, 2);

    // and the mail tells of the photo that is new
    stage.pass(15).await?;
    stage.mail_to_ana("1 new photo of Kitchen").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_visible_is_marked_as_seen() -> Result<()> {
    let stage = Stage::new().await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.projects.show_schedule(false);
    let request = stage.request(&stage.tenant.ana, MarkSeenRequest::default())?;
    stage.inbox()?.mark_seen(request).await?;
    stage.projects.show_schedule(true);
    assert_eq!(stage.anas_inbox().await?.unseen_count, 1);

    let request = stage.request(&stage.tenant.ana, MarkSeenRequest::default())?;
    stage.inbox()?.mark_seen(request).await?;
    let inbox = stage.anas_inbox().await?;
    assert_eq!(inbox.unseen_count, 0);
    assert!(inbox.items[0].seen);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_milestone_that_is_open_again_is_withdrawn() -> Result<()> {
    let stage = Stage::new().await?;
    stage.choose(proto::notifications::Frequency::Daily).await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.reopen(&stage.kitchen, 0).await?;

    let inbox = stage.anas_inbox().await?;
    assert!(inbox.items.is_empty());
    assert_eq!(inbox.unseen_count, 0);
    let delivery = stage.newest_in(DeliveryState::Dropped).await?;
    assert_eq!(last_detail(&delivery), "The milestone was opened again.");

    stage.reach(&stage.kitchen, 0).await?;
    assert_eq!(texts(&stage.anas_inbox().await?.items), [CABINETS]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_has_pages_and_a_filter() -> Result<()> {
    let stage = Stage::new().await?;
    stage.reach(&stage.kitchen, 0).await?;
    stage.reach(&stage.bath, 0).await?;
    stage.reach(&stage.kitchen, 1).await?;

    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = ListInboxRequest {
            page_size: 2,
            page_token,
            project_id: String::new(),
        };
        let request = stage.request(&stage.tenant.ana, message)?;
        let page = stage.inbox()?.list_inbox(request).await?.into_inner();
        seen.extend(page.items.into_iter().map(|item| item.text));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, [COUNTERTOPS, TILE, CABINETS]);

    let message = ListInboxRequest {
        project_id: stage.bath.id.to_string(),
        ..ListInboxRequest::default()
    };
    let request = stage.request(&stage.tenant.ana, message)?;
    let page = stage.inbox()?.list_inbox(request).await?.into_inner();
    assert_eq!(texts(&page.items), [TILE]);
    assert_eq!(page.unseen_count, 3);
    Ok(())
}
