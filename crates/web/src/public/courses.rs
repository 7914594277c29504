//! Courses and their dates, for visitors.

use axum::extract::State;
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::calendar::{self, RunDates};
use booking::{Availability, allocator};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::Error;
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::words;

/// `/`
#[derive(TypedPath, Deserialize)]
#[typed_path("/")]
pub(crate) struct HomePath;

/// `/courses`
#[derive(TypedPath, Deserialize)]
#[typed_path("/courses")]
pub(crate) struct CoursesPath;

pub(crate) fn routes() -> Routes {
    Routes::default().get::<HomePath, _, _>(Who::Anyone, home).get::<CoursesPath, _, _>(Who::Anyone, courses)
}

async fn home(_: HomePath, State(app): State<App>) -> Result<Response, Error> {
    courses(CoursesPath, State(app)).await
}

/// A run as a card or a page shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunCard {
    pub dates: String,
    pub hours: String,
    pub place: String,
    pub places: String,
    pub tag: String,
    pub tag_colour: String,
    pub url: String,
}

async fn courses(_: CoursesPath, State(app): State<App>) -> Result<Response, Error> {
    let now = app.now();
    let mut runs = Vec::new();
    for run in calendar::upcoming(app.reader(), None, now).await? {
        let Some(snapshot) = allocator::snapshot(app.reader(), run.id).await? else { continue };
        runs.push(card(&run, snapshot.availability(now)));
    }
    app.page(&CoursesPage { runs }).await
}

pub(crate) fn card(run: &RunDates, availability: Availability) -> RunCard {
    let (tag, tag_colour, places) = match availability {
        Availability::OpensSoon(_) => ("Opens soon".to_owned(), "blue", "places available".to_owned()),
        Availability::Open => ("Open".to_owned(), "green", "places available".to_owned()),
        Availability::Few(1) => ("1 place left".to_owned(), "yellow", "1 place left".to_owned()),
        Availability::Few(n) => (format!("{n} places left"), "yellow", format!("{n} places left")),
        Availability::Full { .. } => ("Full".to_owned(), "grey", "none left".to_owned()),
        Availability::Closed => ("Closed".to_owned(), "grey", "booking closed".to_owned()),
        Availability::Cancelled => ("Cancelled".to_owned(), "red", String::new()),
        Availability::Finished => ("Finished".to_owned(), "", String::new()),
    };
    RunCard {
        dates: words::dates(&run.sessions),
        hours: words::all_hours(&run.sessions),
        place: words::place(run),
        places,
        tag,
        tag_colour: tag_colour.to_owned(),
        url: format!("/courses/{}/{}", run.course_code, run.slug),
    }
}

#[derive(Clone, Debug, Serialize)]
struct CoursesPage {
    runs: Vec<RunCard>,
}

impl Page for CoursesPage {
    const TEMPLATE: &'static str = "pages/courses.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { runs: Vec::new() }]
    }
}
