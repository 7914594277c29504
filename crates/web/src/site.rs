//! What every page and mail shows of the organisation, as the team has set it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait};
use serde::Serialize;
use tokio::time::timeout;

use crate::app::App;
use crate::entity::setting;
use crate::error::Error;
use crate::plain_text::Span;
use crate::theme::{Brand, Colour, Header, Theme};
use crate::{assets, calls, words};

/// What every page shows.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Site {
    pub org_name: String,
    pub service_name: String,
    /// Says nothing about what the course is (U-32).
    pub neutral_name: String,
    pub header: String,
    pub logo_url: String,
    pub logo_alt: String,
    pub contact_name: String,
    pub contact_email: String,
    pub contact_phone: String,
    /// The address that calls that number.
    pub contact_call: Option<String>,
    pub contact_hours: String,
    pub contact_line: String,
    pub support_text: String,
    /// Its first question, if it begins with one.
    pub support_question: String,
    /// The rest of it, with its numbers as links.
    pub support: Vec<Span>,
    pub css: Vec<String>,
    pub app_js: String,
    pub favicon: String,
    pub theme_css: String,
    /// The words of the rehearsal banner, or nothing.
    pub rehearsal: String,
}

/// The organisation's settings: name, first value, what it is.
pub(crate) const ORGANISATION: &[(&str, &str, &str)] = &[
    ("org_name", SAMPLE_ORG, "the organisation's name"),
    (
        "service_name",
        "Peer support training",
        "the service's name in the header",
    ),
    (
        "neutral_name",
        "",
        "a name that says nothing about the course, for mail and link pages",
    ),
    ("contact_name", "The training team", "who signs mail"),
    (
        "contact_email",
        SAMPLE_EMAIL,
        "the mailbox that people can write to; mail is sent from it",
    ),
    (
        "contact_phone",
        "01632 960000",
        "the phone number that people can call",
    ),
    (
        "contact_hours",
        "Monday to Friday, 9am to 5pm",
        "when somebody answers",
    ),
    (
        "support_text",
        "Need to talk to someone now? Call NHS 111 and choose the mental health option, call Samaritans on 116 123, or text SHOUT to 85258. \
         These are free, day or night. If a life is at risk, call 999.",
        "where to get support now; shown on every page and in every mail",
    ),
    (
        "plain_words",
        "mental distress crisis diagnosis peer",
        "words that strangers must not see: no name or address of a mail has them",
    ),
    ("header", "blue", "the header's colour: blue or white"),
    ("brand_colour", "", "the header's colour as #rrggbb"),
    ("link_colour", "", "the colour of links as #rrggbb"),
    ("button_colour", "", "the colour of buttons as #rrggbb"),
];

/// The name that a new instance has; refused with a public address (T-50).
pub(crate) const SAMPLE_ORG: &str = "Anytown Healthcare";
/// The mailbox that a new instance has; refused with a public address (T-50).
pub(crate) const SAMPLE_EMAIL: &str = "courses@example.org";

fn first_values() -> BTreeMap<String, String> {
    let values = ORGANISATION.iter();
    values
        .map(|(name, value, _)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The name that mail and link pages show (U-32).
pub(crate) fn neutral_name(values: &BTreeMap<String, String>) -> String {
    let get = |name: &str| values.get(name).map_or("", String::as_str);
    match get("neutral_name") {
        "" => format!("Courses at {}", get("org_name")),
        name => name.to_owned(),
    }
}

/// The organisation's settings as they are now.
pub(crate) async fn organisation(db: &impl ConnectionTrait) -> Result<BTreeMap<String, String>, Error> {
    let mut values = first_values();
    for row in setting::Entity::find().all(db).await? {
        if let Some(value) = values.get_mut(&row.name) {
            *value = row.value;
        }
    }
    Ok(values)
}

/// The look that these settings describe; settings that do not fit together give the first look.
pub(crate) fn theme(values: &BTreeMap<String, String>) -> Theme {
    Theme::new(&brand(values))
        .or_else(|_| Theme::new(&Brand::default()))
        .unwrap_or_default()
}

/// The colours and the header of these settings, whether or not they can be read on a page.
pub(crate) fn brand(values: &BTreeMap<String, String>) -> Brand {
    let mut brand = Brand::default();
    let colour = |name: &str| values.get(name).and_then(|it| it.parse::<Colour>().ok());
    if let Some(it) = colour("brand_colour") {
        brand.colours.brand = it;
    }
    if let Some(it) = colour("link_colour") {
        brand.colours.link = it;
    }
    if let Some(it) = colour("button_colour") {
        brand.colours.button = it;
    }
    if values.get("header").is_some_and(|it| it == "white") {
        brand.header = Header::White;
    }
    brand
}

/// What pages showed last.
#[derive(Debug, Default)]
pub(crate) struct LastSite(Mutex<Option<Site>>);

impl LastSite {
    fn get(&self) -> Option<Site> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, site: &Site) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(site.clone());
    }
}

/// How long a page about something else waits for the records.
const READ_TIME: Duration = Duration::from_secs(2);

impl Site {
    /// As it is now.
    pub(crate) async fn load(app: &App) -> Result<Self, Error> {
        let site = Self::read(app).await?;
        app.last_site.set(&site);
        Ok(site)
    }

    /// As it is now, or as it was last, or as it is at first.
    pub(crate) async fn load_or_last(app: &App) -> Self {
        match timeout(READ_TIME, Self::load(app)).await {
            Ok(Ok(site)) => site,
            _ => app.last_site.get().unwrap_or_else(Self::first),
        }
    }

    /// As it was last: nobody waits for records that are away (T-64).
    pub(crate) async fn last(app: &App) -> Self {
        match app.last_site.get() {
            Some(site) => site,
            None => Self::load_or_last(app).await,
        }
    }

    fn first() -> Self {
        Self::of(&first_values(), String::new())
    }

    async fn read(app: &App) -> Result<Self, Error> {
        let values = organisation(app.reader()).await?;
        let rehearsal = if app.setup.rehearsal {
            format!(
                "Rehearsal: invented people, nothing is sent. It is {}.",
                words::date_time(app.now())
            )
        } else {
            String::new()
        };
        Ok(Self::of(&values, rehearsal))
    }

    /// From these settings.
    pub(crate) fn of(values: &BTreeMap<String, String>, rehearsal: String) -> Self {
        let get = |name: &str| values.get(name).cloned().unwrap_or_default();
        let org_name = get("org_name");
        let support_text = get("support_text");
        let (question, rest) = support_text.split_once("? ").unwrap_or(("", &support_text));
        let (email, phone, hours) = (get("contact_email"), get("contact_phone"), get("contact_hours"));
        Self {
            service_name: get("service_name"),
            neutral_name: neutral_name(values),
            header: get("header"),
            logo_url: String::new(),
            logo_alt: String::new(),
            contact_name: get("contact_name"),
            contact_line: format!("{}, {org_name}.", get("contact_name")),
            contact_email: email,
            contact_call: calls::call(&phone),
            contact_phone: phone,
            contact_hours: hours,
            support_question: if question.is_empty() {
                String::new()
            } else {
                format!("{question}?")
            },
            support: calls::linked(rest, &calls::numbers(rest)),
            support_text: support_text.clone(),
            css: [assets::url("nhsuk-10.6.1.css"), assets::url("app.css")]
                .map(str::to_owned)
                .to_vec(),
            app_js: assets::url("app.js").to_owned(),
            favicon: assets::url("favicon.svg").to_owned(),
            theme_css: theme(values).path().to_owned(),
            rehearsal,
            org_name,
        }
    }
}
