//! The mail server: what it takes, what it refuses, and the page that shows it.

use std::time::Duration;

use anyhow::{Context, Result};
use devstack::mailbox::Answer;
use devstack::smtp::Smtp;
use lettre::message::MultiPart;
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Message, Tokio1Executor};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(5);

type Mailer = AsyncSmtpTransport<Tokio1Executor>;

fn mailer(smtp: &Smtp) -> Mailer {
    Mailer::builder_dangerous(smtp.host())
        .port(smtp.port())
        .build()
}

fn mail(to: &str, subject: &str) -> Result<Message> {
    let text = ".A line that begins with a dot.\nPay at http://alder.localhost:8080/pay/x_1.\n";
    let html = "<p><a href=\"http://alder.localhost:8080/pay/x_1?a=1&amp;b=2\">Pay</a> – now</p>\
                <script>alert(1)</script>";
    Ok(Message::builder()
        .from("Alder Build <mail@alder.test>".parse()?)
        .to(to.parse()?)
        .subject(subject)
        .multipart(MultiPart::alternative_plain_html(
            text.to_owned(),
            html.to_owned(),
        ))?)
}

#[tokio::test]
async fn a_mail_can_be_read_in_all_its_forms() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let smtp = Smtp::start(folder.path()).await?;
    let sender = mailer(&smtp);
    let (waited, sent) = tokio::join!(
        smtp.wait_for("ANA@example.com", "Invoice", PATIENCE),
        async {
            sender
                .send(mail("Ana <ana@example.com>", "Invoice 7 – Łódź")?)
                .await
                .context("send")
        },
    );
    sent?;
    let mail = waited?;
    assert_eq!(mail.from, "mail@alder.test");
    assert_eq!(mail.to, ["ana@example.com"]);
    assert_eq!(mail.subject, "Invoice 7 – Łódź");
    assert_eq!(
        mail.header("from"),
        Some("\"Alder Build\" <mail@alder.test>")
    );
    let text = mail.text.as_deref().context("there is a text")?;
    assert!(text.starts_with(".A line"), "{text}");
    assert!(
        mail.html
            .as_deref()
            .context("there is HTML")?
            .contains("Pay</a> – now")
    );
    assert_eq!(
        mail.links,
        [
            "http://alder.localhost:8080/pay/x_1",
            "http://alder.localhost:8080/pay/x_1?a=1&b=2"
        ]
    );
    drop(smtp);

    let smtp = Smtp::start(folder.path()).await?;
    let again = smtp.wait_for("ana@example.com", "", PATIENCE).await?;
    assert_eq!((&again.id, again.received_at), (&mail.id, mail.received_at));
    smtp.clear()?;
    assert!(smtp.mails().is_empty());
    let none = smtp.wait_for("ana@example.com", "", Duration::ZERO).await;
    assert!(none.is_err());
    Ok(())
}

#[tokio::test]
async fn mails_are_refused_as_it_was_told() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let smtp = Smtp::start(folder.path()).await?;
    let sender = mailer(&smtp);
    smtp.set_answer("*@full.test", Answer::RefuseForNow);
    smtp.set_answer("gone@example.com", Answer::RefuseForGood);

    let refused = sender
        .send(mail("bo@full.test", "One")?)
        .await
        .err()
        .context("refused")?;
    assert!(refused.is_transient(), "{refused}");
    let refused = sender
        .send(mail("gone@example.com", "Two")?)
        .await
        .err()
        .context("refused")?;
    assert!(refused.is_permanent(), "{refused}");
    assert!(refused.to_string().contains("5.1.1"), "{refused}");
    sender.send(mail("ana@example.com", "Three")?).await?;

    smtp.set_answer("*", Answer::Accept);
    sender.send(mail("gone@example.com", "Four")?).await?;
    let subjects: Vec<String> = smtp
        .mails()
        .iter()
        .map(|mail| mail.subject.clone())
        .collect();
    assert_eq!(subjects, ["Three", "Four"]);
    Ok(())
}

#[tokio::test]
async fn the_page_lists_shows_and_switches() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let smtp = Smtp::start(folder.path()).await?;
    let sender = mailer(&smtp);
    sender
        .send(mail("ana@example.com", "For <b>Ana</b>")?)
        .await?;
    sender.send(mail("bo@example.com", "For Bo")?).await?;
    let page = smtp.page();
    let get = |path: String| {
        let url = format!("{page}{path}");
        async move { Ok::<_, anyhow::Error>(reqwest::get(url).await?.error_for_status()?) }
    };

    let list = get(String::new()).await?.text().await?;
    assert!(
        list.find("For Bo") < list.find("For &#60;b&#62;Ana"),
        "{list}"
    );
    let list = get("?to=ana".to_owned()).await?.text().await?;
    assert!(!list.contains("For Bo"));

    let mails: Vec<Value> = get("api/mails?to=ana@example.com".to_owned())
        .await?
        .json()
        .await?;
    assert_eq!(mails.len(), 1);
    let id = mails[0]["id"].as_str().context("a mail has an id")?;
    assert_eq!(mails[0]["links"][0], "http://alder.localhost:8080/pay/x_1");
    let shown = get(format!("mails/{id}")).await?.text().await?;
    assert!(shown.contains("sandbox="));
    let framed = get(format!("mails/{id}/html")).await?;
    let policy = framed.headers()["content-security-policy"].to_str()?;
    assert!(
        policy.contains("sandbox") && !policy.contains("allow-scripts"),
        "{policy}"
    );
    let source = get(format!("mails/{id}/raw")).await?.text().await?;
    assert!(
        source.starts_with("Return-Path: mail@alder.test\r\nDelivered-To: ana@example.com\r\n")
    );

    let client = reqwest::Client::new();
    let form = [("pattern", "bo@example.com"), ("answer", "refuse_for_good")];
    let foreign = client
        .post(format!("{page}answer"))
        .header("sec-fetch-site", "cross-site")
        .form(&form);
    assert_eq!(foreign.send().await?.status(), 403);
    sender.send(mail("bo@example.com", "Still")?).await?;
    client
        .post(format!("{page}answer"))
        .form(&form)
        .send()
        .await?
        .error_for_status()?;
    assert!(
        sender
            .send(mail("bo@example.com", "No more")?)
            .await
            .is_err()
    );
    let json = serde_json::json!({ "pattern": "*", "answer": "accept" });
    client
        .post(format!("{page}api/answer"))
        .json(&json)
        .send()
        .await?
        .error_for_status()?;
    sender.send(mail("bo@example.com", "Again")?).await?;
    Ok(())
}
