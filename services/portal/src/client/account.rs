//! A client's own account: mail, contact, appearance, password.

use askama::Template;
use axum::response::Response;
use proto::{
    identity::{Account, GetMyAccountRequest},
    notifications::{
        Delivery, DeliveryState, ListDeliveriesRequest, MailKind, UpdatePreferencesRequest,
    },
};
use serde::Deserialize;

use crate::{
    account::{Appearance, Contact, Password},
    badge::{Badge, Tone},
    client::{Around, ClientFrame, Here, optional},
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{Errors, FormView},
    format::{Format, When, time_of},
    frequency, page,
    session::Client,
    time_zones,
};

/// As many mails as are shown, and as many as are looked through for them.
const MAILS: usize = 3;
const NEWEST: i32 = 20;
const PATH: &str = "/account";

#[derive(Template)]
#[template(path = "client/account.html")]
pub(crate) struct Page {
    pub(crate) frame: ClientFrame,
    pub(crate) email: String,
    pub(crate) frequencies: &'static [frequency::Choice],
    pub(crate) zones: Vec<time_zones::Group>,
    /// None while notifications is away.
    pub(crate) notifications: Option<FormView<Notifications>>,
    pub(crate) contact: FormView<Contact>,
    pub(crate) password: FormView<Password>,
    /// None while notifications is away.
    pub(crate) mail: Option<Mail>,
}

/// Whether mail reaches the client.
pub(crate) struct Mail {
    pub(crate) verdict: Option<Verdict>,
    pub(crate) mails: Vec<LastMail>,
}

/// The answer in a word.
pub(crate) struct Verdict {
    pub(crate) badge_class: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) word: &'static str,
}

/// One of the last mails.
pub(crate) struct LastMail {
    pub(crate) subject: String,
    pub(crate) badge: Badge,
    pub(crate) when: Option<When>,
}

/// The form on mail.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Notifications {
    pub(crate) frequency: String,
    pub(crate) time_zone: String,
}

/// The forms as they are shown: as stored, or one of them again with its errors.
#[derive(Default)]
struct Forms {
    notifications: Option<FormView<Notifications>>,
    contact: Option<FormView<Contact>>,
    password: FormView<Password>,
}

/// `GET /account`
pub(crate) async fn show(client: Client) -> Result<Response, Error> {
    page::show(&load(&client, Forms::default()).await?)
}

/// `POST /account/notifications`
pub(crate) async fn save_notifications(
    client: Client,
    Form(fields): Form<Notifications>,
) -> Result<Response, Error> {
    let Some(chosen) = frequency::of_word(&fields.frequency) else {
        let mut form = FormView::new(fields);
        form.errors
            .add("frequency", "choose how often we should mail you");
        return refuse_notifications(&client, form).await;
    };
    let saved = client
        .calls
        .preferences()
        .update_preferences(UpdatePreferencesRequest {
            frequency: chosen.into(),
            time_zone: fields.time_zone.clone(),
        })
        .await;
    if let Err(status) = saved {
        let names = [("frequency", "frequency"), ("time_zone", "time_zone")];
        let form = FormView::refused(fields, &status, &names)?;
        return refuse_notifications(&client, form).await;
    }
    let title = frequency::title_of(chosen);
    let words = format!("Your email settings are saved: {title}.");
    Ok(flash::redirect(&client.app, PATH, &Flash::done(words)))
}

async fn refuse_notifications(
    client: &Client,
    form: FormView<Notifications>,
) -> Result<Response, Error> {
    let forms = Forms {
        notifications: Some(form),
        ..Forms::default()
    };
    page::refuse(&load(client, forms).await?)
}

/// `POST /account/contact`
pub(crate) async fn save_contact(
    client: Client,
    Form(fields): Form<Contact>,
) -> Result<Response, Error> {
    if let Some(refused) = fields.save(&client).await? {
        let forms = Forms {
            contact: Some(refused),
            ..Forms::default()
        };
        return page::refuse(&load(&client, forms).await?);
    }
    let flash = Flash::done("Your contact data is saved.");
    Ok(flash::redirect(&client.app, PATH, &flash))
}

/// `POST /account/theme`
pub(crate) async fn save_theme(client: Client, Form(fields): Form<Appearance>) -> Response {
    fields.save(&client, PATH)
}

/// `POST /account/password`
pub(crate) async fn save_password(
    client: Client,
    Form(fields): Form<Password>,
) -> Result<Response, Error> {
    if let Some(password) = fields.change(&client).await? {
        let forms = Forms {
            password,
            ..Forms::default()
        };
        return page::refuse(&load(&client, forms).await?);
    }
    let flash = Flash::done(Password::CHANGED);
    Ok(flash::redirect(&client.app, PATH, &flash))
}

async fn load(client: &Client, forms: Forms) -> Result<Page, Error> {
    let mut accounts = client.calls.accounts();
    let mut deliveries = client.calls.deliveries();
    let account = async {
        let answer = accounts.get_my_account(GetMyAccountRequest {}).await?;
        Ok::<Account, Error>(answer.into_inner().account.unwrap_or_default())
    };
    let deliveries = async {
        let request = ListDeliveriesRequest {
            page_size: NEWEST,
            ..ListDeliveriesRequest::default()
        };
        Ok(optional("mails", deliveries.list_deliveries(request).await))
    };
    let (around, account, deliveries) =
        tokio::try_join!(Around::load(client, 1, ""), account, deliveries)?;

    let stored = around.preferences.as_ref().map(|preferences| {
        FormView::new(Notifications {
            frequency: frequency::word_of(preferences.frequency()).to_owned(),
            time_zone: preferences.time_zone.clone(),
        })
    });
    let notifications = forms.notifications.or(stored);
    let zone = notifications
        .as_ref()
        .map_or("", |form| form.values.time_zone.as_str());
    Ok(Page {
        frame: around.frame(client, Here::Account),
        email: account.email,
        frequencies: frequency::all(),
        zones: time_zones::choices(zone),
        notifications,
        contact: forms.contact.unwrap_or_else(|| {
            FormView::new(Contact {
                name: account.name,
                phone: account.phone,
            })
        }),
        password: forms.password,
        mail: deliveries.map(|answer| Mail::new(answer.deliveries, &around.format)),
    })
}

impl Page {
    /// What is wrong, over all forms of the page.
    pub(crate) fn errors(&self) -> &Errors {
        let notifications = self.notifications.iter().map(|form| &form.errors);
        notifications
            .chain([&self.contact.errors, &self.password.errors])
            .find(|errors| !errors.is_empty())
            .unwrap_or(&self.contact.errors)
    }
}

/// What a mail is about; before it is written, what it will be about.
fn subject_of(delivery: &Delivery) -> String {
    if !delivery.subject.is_empty() {
        return delivery.subject.clone();
    }
    match delivery.kind() {
        MailKind::Digest => "Your summary",
        MailKind::MilestoneReached => "News about a milestone",
        MailKind::PhotosAdded => "New photos",
        _ => "About your sign-in",
    }
    .to_owned()
}

impl Mail {
    /// What became of the newest mails; news that waits for a summary, or was not needed, is no mail yet.
    pub(crate) fn new(mut deliveries: Vec<Delivery>, format: &Format) -> Self {
        deliveries.retain(|delivery| {
            !matches!(
                delivery.state(),
                DeliveryState::Held | DeliveryState::Dropped
            )
        });
        let verdict = deliveries.iter().find_map(|delivery| {
            let (tone, icon, word) = match delivery.state() {
                DeliveryState::Accepted => (Tone::Ok, "check", "Yes"),
                DeliveryState::Bounced | DeliveryState::Suppressed | DeliveryState::Failed => {
                    (Tone::Bad, "mailx", "No")
                }
                _ => return None,
            };
            Some(Verdict {
                badge_class: tone.class(),
                icon,
                word,
            })
        });
        let mails = deliveries
            .into_iter()
            .take(MAILS)
            .map(|delivery| {
                let last = delivery.steps.last().and_then(|step| time_of(step.at));
                LastMail {
                    badge: Badge::of_delivery(delivery.state()),
                    when: last
                        .or(time_of(delivery.created_at))
                        .map(|at| format.when(at)),
                    subject: subject_of(&delivery),
                }
            })
            .collect();
        Self { verdict, mails }
    }
}
