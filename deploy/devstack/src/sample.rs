//! Two organizations with a month behind them, so that a new platform has something to show.
//!
//! Everything is done through the services' own calls, by the people who would do it, while the
//! clock of all services moves from one moment of the diary to the next. So each item of an
//! inbox, each mail and each last visit stands at the time at which it would have come about.
//!
//! - `cast`: the organizations, people and projects
//! - `diary`: what happens, and when
//! - `shots`: what is photographed
//! - `deeds`: how each thing is done
//! - `stage`: the services, the clock, the mails, and how to wait for them
//! - `calendar`: working days before and after today

mod calendar;
mod cast;
mod deeds;
mod diary;
mod shots;
mod stage;

use std::fmt;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use futures::future::try_join_all;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proto::identity::Role;

use self::calendar::Calendar;
use self::cast::alder::ALDER;
use self::cast::{ORGANIZATIONS, PASSWORD};
use self::diary::{DIARY, Entry};
use self::stage::Stage;
use crate::platform::Platform;

/// Where the sample is, and how to sign in.
#[derive(Debug, Clone, Copy)]
pub struct Summary {
    portal_port: u16,
}

/// Fills an empty platform; one that has the sample stays as it is.
pub async fn load(platform: &Platform) -> Result<Summary> {
    let summary = Summary {
        portal_port: platform.portal_port(),
    };
    let stage = Stage::open(platform)?;
    let exist = try_join_all(ORGANIZATIONS.map(|organization| stage.exists(organization))).await?;
    if exist.iter().all(|exists| *exists) {
        return Ok(summary);
    }
    if exist.contains(&true) {
        bail!("only a part of the sample is there; begin anew with --fresh");
    }
    let begin = Instant::now();
    println!("Two organizations live through their last month:");
    let played = play(&stage).await.context("play the sample");
    // Also after a failure: nobody expects a platform that lives last month.
    let reset = platform.set_clock(Timestamp::now()).await;
    played?;
    reset.context("set the clocks back to the present")?;
    println!("Their month took {:.1} s.\n", begin.elapsed().as_secs_f64());
    Ok(summary)
}

/// Does everything in the diary. Entries of the same moment are done at the same time.
async fn play(stage: &Stage<'_>) -> Result<()> {
    let zone = TimeZone::get(ALDER.time_zone)?;
    // Of all organizations this one is the farthest west: what was before today there, was so everywhere.
    let calendar = Calendar::around(Timestamp::now().to_zoned(zone).date());
    let mut entries: Vec<(Timestamp, &'static Entry)> = DIARY
        .iter()
        .map(|entry| Ok((entry.moment(calendar)?, entry)))
        .collect::<Result<_>>()?;
    entries.sort_by_key(|(moment, _)| *moment);
    for entries in entries.chunk_by(|(one, _), (other, _)| one == other) {
        stage.move_clock(entries[0].0).await?;
        try_join_all(entries.iter().map(|(moment, entry)| async move {
            let zone = TimeZone::get(entry.organization.time_zone)?;
            let day = moment.to_zoned(zone).strftime("%a, %b %-d").to_string();
            let done = stage.perform(entry, calendar).await;
            done.with_context(|| format!("{day}: {}", entry.line))?;
            println!("  {day:<12}{}", entry.line);
            Ok::<_, anyhow::Error>(())
        }))
        .await?;
    }
    stage.move_clock(Timestamp::now()).await
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  Everybody's password: {PASSWORD}")?;
        for organization in ORGANIZATIONS {
            let address = format!(
                "http://{}.localhost:{}/",
                organization.slug, self.portal_port
            );
            writeln!(f, "\n  {:<28}{address}", organization.name)?;
            for member in organization.team() {
                let role = match member.role {
                    Role::Owner => "owner",
                    Role::Pm => "project manager",
                    Role::Field | Role::Unspecified => "crew",
                };
                writeln!(f, "    {:<26}{:<18}{role}", member.email, member.name)?;
            }
            for (_, contact) in organization.contacts() {
                let (email, name, remark) = (contact.email, contact.name, contact.remark);
                writeln!(f, "    {email:<26}{name:<18}{remark}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proto::documents::PhotoAudience;

    use super::cast::{Member, Organization, Project};
    use super::diary::Deed;
    use super::shots::Shot;
    use super::*;

    fn photos() -> impl Iterator<Item = (&'static Project, &'static Member, &'static Shot)> {
        DIARY.iter().flat_map(|entry| match &entry.deed {
            Deed::AddPhotos(project, member, _, shots) => {
                shots.iter().map(|shot| (*project, *member, shot)).collect()
            }
            _ => Vec::new(),
        })
    }

    fn emails(organization: &'static Organization) -> impl Iterator<Item = &'static str> {
        let team = organization.team().map(|member| member.email);
        let contacts = organization.contacts().map(|(_, contact)| contact.email);
        team.into_iter().chain(contacts)
    }

    #[test]
    fn the_diary_ends_before_today_in_every_zone() -> Result<()> {
        let calendar = Calendar::around(jiff::civil::date(2026, 11, 25));
        let today = calendar.moment(0, (0, 0), ALDER.time_zone)?;
        for entry in DIARY {
            assert!(entry.moment(calendar)? < today, "{}", entry.line);
        }
        Ok(())
    }

    #[test]
    fn everybody_can_be_told_apart_and_is_in_the_summary() {
        let summary = Summary { portal_port: 8080 }.to_string();
        let mut known = BTreeSet::new();
        for email in ORGANIZATIONS.into_iter().flat_map(emails) {
            assert!(known.insert(email), "{email}");
            assert!(summary.contains(email), "{email}");
        }
        assert!(summary.contains("http://alder.localhost:8080/"));
        assert!(summary.contains(PASSWORD));
    }
    #[test]
    fn forty_photos_show_different_moments() {
        let mut known = BTreeSet::new();
        for (project, member, shot) in photos() {
            let drawing = (project.name, shot.drawing.file_name, shot.is_mirrored);
            assert!(known.insert(drawing), "{drawing:?}");
            assert!(
                !shot.caption.is_empty() && !shot.alt_text.is_empty(),
                "{drawing:?}"
            );
            let is_shared = shot.audience == PhotoAudience::Shared;
            assert!(!is_shared || member.role != Role::Field, "{drawing:?}");
        }
        assert_eq!(known.len(), 40);
    }

    #[test]
    fn a_mirrored_photo_says_so_in_36_bytes_and_is_the_same_otherwise() {
        for (_, _, shot) in photos().filter(|(_, _, shot)| shot.is_mirrored) {
            let file = shot.file();
            assert!(file.starts_with(b"\xff\xd8\xff\xe1\x00\x22Exif"));
            // behind it stands what every JPEG of ours begins with
            assert_eq!(file[38..40], *b"\xff\xe0");
        }
    }
}
