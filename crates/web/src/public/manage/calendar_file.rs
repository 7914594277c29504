//! The dates of a booking as a file for a calendar.

use axum::extract::State as Extracted;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use booking::State;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use time::PrimitiveDateTime;

use super::{CalendarPath, Held};
use crate::app::App;
use crate::entity::calendar_entry;
use crate::error::Error;
use crate::links::Purpose;
use crate::outbox::calendar_invite::{Invite, Method, download as file, summary};
use crate::site::Site;
use crate::visitor::Visitor;
use crate::words;

/// All days, with the names that the entries in our mail have, so that none stands there twice.
pub(super) async fn download(
    CalendarPath { token }: CalendarPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    if held.record.state != State::Booked || !held.person.is_proven() {
        return Ok(held.go(""));
    }
    let entries = calendar_entry::Entity::find()
        .filter(calendar_entry::Column::Booking.eq(held.record.id))
        .all(app.reader())
        .await?;
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"course-dates.ics\"",
        ),
    ];
    let site = Site::load(&app).await?;
    Ok((headers, written(&app, &held, &entries, &site)).into_response())
}

fn written(app: &App, held: &Held, entries: &[calendar_entry::Model], site: &Site) -> String {
    let (join, page) = (app.link(held.path("/join")), app.link(held.path("")));
    let description = format!(
        "How to join: {join}\nYour booking: {page}\nQuestions: {}",
        site.contact_phone
    );
    let own = held.run.sessions.iter().map(|it| (it, &held.run));
    let elsewhere = held.caught_up.iter().map(|it| (&it.day, &it.run));
    let days: Vec<_> = own
        .chain(elsewhere)
        .map(|(day, run)| {
            let number = usize::try_from(day.idx).unwrap_or(1);
            (day, summary(number, run.sessions.len()), words::place(run))
        })
        .collect();
    let invites = days.iter().filter_map(|(it, title, location)| {
        let entry = entries.iter().find(|entry| entry.session == it.id)?;
        Some(Invite {
            uid: &entry.uid,
            sequence: u32::try_from(entry.sequence).unwrap_or_default(),
            method: Method::Request,
            stamp: app.now().get(),
            organizer_name: &site.neutral_name,
            organizer_address: &site.contact_email,
            attendee: None,
            starts: PrimitiveDateTime::new(it.date, it.start),
            ends: PrimitiveDateTime::new(it.date, it.end),
            summary: title,
            location,
            description: &description,
            url: Some(&page),
        })
    });
    file(&invites.collect::<Vec<_>>())
}
