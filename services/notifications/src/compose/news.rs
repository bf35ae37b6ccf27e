//! Mails that tell a person something new: of a milestone, of photos, or a summary of several.

use std::collections::{HashMap, hash_map::Entry};

use jiff::{Timestamp, tz::TimeZone};
use proto::{documents::Photo, notifications::MailKind, projects::Project};
use service::{Error, Result};
use tenancy::{Caller, Person, TenantTx};
use uuid::Uuid;

use super::{Composer, Found};
use crate::{
    NAME,
    mail::{self, Content, Letterhead, Section},
    store::{self, job::Job, photo_batch::BatchPhoto},
    words::Word as _,
};

const SEEN: &str = "The person saw it in the portal before the mail went out.";
const HIDDEN: &str = "The person may not see it any more.";
const NO_PHOTO_VISIBLE: &str = "The person may not see any of the photos.";
pub(crate) const WITHDRAWN: &str = "The milestone was opened again.";
const NOTHING_NEW: &str = "Nothing new was left to tell.";

/// How many captions a mail of photos has at most.
const CAPTIONS: usize = 5;

/// What a summary says of one project.
struct Part {
    id: Uuid,
    name: String,
    milestones: Vec<String>,
    photos: usize,
}

impl Composer<'_> {
    pub(super) async fn milestone(
        &self,
        job: &Job,
        is_copy: bool,
        person: &Person,
        head: &Letterhead,
    ) -> Result<Found> {
        let (Some(project), Some(phase)) = (job.project_id, job.subject_id) else {
            return Err(Error::internal("a mail about a milestone names none"));
        };
        if job.withdrawn_at.is_some() {
            return Ok(Err(WITHDRAWN));
        }
        if job.seen_at.is_some() && !is_copy {
            return Ok(Err(SEEN));
        }
        let Some(found) = self.peers.project_for(self.tenant, person, project).await? else {
            return Ok(Err(HIDDEN));
        };
        let Some(milestone) = mail::milestone_of(&found, phase) else {
            return Ok(Err(HIDDEN));
        };
        Ok(Ok(Content::MilestoneReached {
            text: mail::milestone_text(milestone),
            url: head.url(&progress_page(project)),
            project: found.name.clone(),
        }))
    }

    /// The photos of a batch that the person may see now, without those that the portal showed as new before.
    pub(super) async fn photos(
        &self,
        job: &Job,
        is_copy: bool,
        person: &Person,
        head: &Letterhead,
    ) -> Result<Found> {
        let (Some(project), Some(batch)) = (job.project_id, job.subject_id) else {
            return Err(Error::internal("a mail about photos names none"));
        };
        let seen_at = job.seen_at.filter(|_| !is_copy);
        let mut tx = self.read().await?;
        let told = store::photo_batch::photos_of(&mut tx, &[batch], None).await?;
        drop(tx);
        let unseen = unseen(&told, batch, seen_at.map(jiff_sqlx::Timestamp::to_jiff));
        if unseen.is_empty() {
            return Ok(Err(SEEN));
        }
        let visible = self
            .peers
            .visible_photos(self.tenant, person, &unseen)
            .await?;
        let photos: Vec<&Photo> = unseen.iter().filter_map(|id| visible.get(id)).collect();
        if photos.is_empty() {
            return Ok(Err(NO_PHOTO_VISIBLE));
        }
        let Some(found) = self.peers.project_for(self.tenant, person, project).await? else {
            return Ok(Err(HIDDEN));
        };
        let added_by = match job.actor_id {
            Some(actor) => self.peers.account(self.tenant, actor).await?,
            None => None,
        };
        Ok(Ok(Content::PhotosAdded {
            count: photos.len(),
            added_by: added_by.map(|account| account.name).unwrap_or_default(),
            captions: captions(&photos),
            project: found.name,
            url: head.url(&photos_page(project)),
        }))
    }

    /// A summary of what the person may see and has not seen, grouped by project in the order of the news.
    pub(super) async fn digest(
        &self,
        job: &Job,
        is_copy: bool,
        person: &Person,
        head: &Letterhead,
        zone: &TimeZone,
    ) -> Result<(Found, Vec<(Uuid, &'static str)>)> {
        let mut tx = self.read().await?;
        let first = job.resend_of.unwrap_or(job.id);
        let news = store::delivery::news_of(&mut tx, first, is_copy).await?;
        // phases are no batches, so nothing is found for them
        let subjects: Vec<Uuid> = news.iter().map(|one| one.subject_id).collect();
        let told = store::photo_batch::photos_of(&mut tx, &subjects, None).await?;
        drop(tx);
        let ids: Vec<Uuid> = told.iter().map(|photo| photo.photo_id).collect();
        let visible = self.peers.visible_photos(self.tenant, person, &ids).await?;

        let mut projects: HashMap<Uuid, Option<Project>> = HashMap::new();
        let mut parts: Vec<Part> = Vec::new();
        let mut left_out = Vec::new();
        for one in &news {
            let project = match projects.entry(one.project_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let project = self
                        .peers
                        .project_for(self.tenant, person, one.project_id)
                        .await?;
                    unknown.insert(project)
                }
            };
            let Some(project) = project else {
                left_out.push((one.delivery_id, HIDDEN));
                continue;
            };
            let seen_at = one.seen_at.filter(|_| !is_copy);
            let line = if MailKind::of_word(&one.kind)? == MailKind::PhotosAdded {
                let seen_at = seen_at.map(jiff_sqlx::Timestamp::to_jiff);
                photos_line(unseen(&told, one.subject_id, seen_at), &visible)
            } else if seen_at.is_some() {
                Err(SEEN)
            } else {
                milestone_line(project, one.subject_id)
            };
            match line {
                Ok(line) => part_of(&mut parts, one.project_id, &project.name).add(line),
                Err(why) => left_out.push((one.delivery_id, why)),
            }
        }
        if parts.is_empty() {
            return Ok((Err(NOTHING_NEW), left_out));
        }
        let content = Content::Digest {
            day: mail::today(zone),
            projects: parts.into_iter().map(|part| part.section(head)).collect(),
        };
        Ok((Ok(content), left_out))
    }

    async fn read(&self) -> Result<TenantTx> {
        self.db.read(&Caller::system(self.tenant, NAME)).await
    }
}

/// One piece of news in a summary.
enum Line {
    Milestone(String),
    Photos(usize),
}

fn milestone_line(project: &Project, phase: Uuid) -> std::result::Result<Line, &'static str> {
    let milestone = mail::milestone_of(project, phase).ok_or(HIDDEN)?;
    Ok(Line::Milestone(mail::milestone_text(milestone)))
}

fn photos_line(
    mut photos: Vec<Uuid>,
    visible: &HashMap<Uuid, Photo>,
) -> std::result::Result<Line, &'static str> {
    if photos.is_empty() {
        return Err(SEEN);
    }
    photos.retain(|id| visible.contains_key(id));
    if photos.is_empty() {
        return Err(NO_PHOTO_VISIBLE);
    }
    Ok(Line::Photos(photos.len()))
}

/// The part of a project, which is begun with its first news.
fn part_of<'a>(parts: &'a mut Vec<Part>, project: Uuid, name: &str) -> &'a mut Part {
    let place = parts.iter().position(|part| part.id == project);
    let place = place.unwrap_or(parts.len());
    if place == parts.len() {
        parts.push(Part {
            id: project,
            name: name.to_owned(),
            milestones: Vec::new(),
            photos: 0,
        });
    }
    &mut parts[place]
}

impl Part {
    fn add(&mut self, line: Line) {
        match line {
            Line::Milestone(text) => self.milestones.push(text),
            Line::Photos(count) => self.photos += count,
        }
    }

    fn section(self, head: &Letterhead) -> Section {
        let page = if self.milestones.is_empty() {
            photos_page(self.id)
        } else {
            progress_page(self.id)
        };
        let photos = (self.photos > 0).then(|| mail::photos_text(self.photos));
        Section {
            project: self.name,
            url: head.url(&page),
            lines: self.milestones.into_iter().chain(photos).collect(),
        }
    }
}

/// The photos of a batch that were told after the person looked last.
fn unseen(told: &[BatchPhoto], batch: Uuid, seen_at: Option<Timestamp>) -> Vec<Uuid> {
    told.iter()
        .filter(|photo| photo.batch_id == batch)
        .filter(|photo| seen_at.is_none_or(|seen_at| photo.told_at.to_jiff() > seen_at))
        .map(|photo| photo.photo_id)
        .collect()
}

/// The first captions, each once.
fn captions(photos: &[&Photo]) -> Vec<String> {
    let mut captions: Vec<String> = Vec::new();
    for photo in photos {
        let caption = mail::one_line(&photo.caption);
        if !caption.is_empty() && !captions.contains(&caption) {
            captions.push(caption);
        }
    }
    captions.truncate(CAPTIONS);
    captions
}

fn progress_page(project: Uuid) -> String {
    format!("/p/{project}/progress")
}

fn photos_page(project: Uuid) -> String {
    format!("/p/{project}/photos")
}
