//! Pages of text: how it works, support, privacy and the like (T-39).

use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::london;
use serde::{Deserialize, Serialize};
use time::Date;
use time::macros::date;

use crate::app::App;
use crate::calls::{self, Number};
use crate::error::Error;
use crate::pages::Page;
use crate::plain_text::{Block, TEXT_PAGES, TextPage};
use crate::public::self_check::{self, SelfCheckPath};
use crate::routes::{Routes, Who};
use crate::site::Site;
use crate::{texts, words};

/// `/how-it-works`
#[derive(TypedPath, Deserialize)]
#[typed_path("/how-it-works")]
pub(crate) struct HowItWorksPath;

/// `/becoming-a-peer-worker`
#[derive(TypedPath, Deserialize)]
#[typed_path("/becoming-a-peer-worker")]
pub(crate) struct BecomingPath;

/// `/support`
#[derive(TypedPath, Deserialize)]
#[typed_path("/support")]
pub(crate) struct SupportPath;

/// `/easy-read`
#[derive(TypedPath, Deserialize)]
#[typed_path("/easy-read")]
pub(crate) struct EasyReadPath;

/// `/contact`
#[derive(TypedPath, Deserialize)]
#[typed_path("/contact")]
pub(crate) struct ContactPath;

/// `/accessibility`
#[derive(TypedPath, Deserialize)]
#[typed_path("/accessibility")]
pub(crate) struct AccessibilityPath;

/// `/privacy`
#[derive(TypedPath, Deserialize)]
#[typed_path("/privacy")]
pub(crate) struct PrivacyPath;

/// `/cookies`
#[derive(TypedPath, Deserialize)]
#[typed_path("/cookies")]
pub(crate) struct CookiesPath;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<HowItWorksPath, _, _>(Who::Anyone, text::<HowItWorksPath>)
        .get::<BecomingPath, _, _>(Who::Anyone, text::<BecomingPath>)
        .get::<SupportPath, _, _>(Who::Anyone, text::<SupportPath>)
        .get::<EasyReadPath, _, _>(Who::Anyone, text::<EasyReadPath>)
        .get::<ContactPath, _, _>(Who::Anyone, text::<ContactPath>)
        .get::<AccessibilityPath, _, _>(Who::Anyone, text::<AccessibilityPath>)
        .get::<PrivacyPath, _, _>(Who::Anyone, text::<PrivacyPath>)
        .get::<CookiesPath, _, _>(Who::Anyone, text::<CookiesPath>)
}

/// When the first texts were last read through by somebody responsible for them.
pub(crate) const FIRST_TEXTS_REVIEWED: Date = date!(2026 - 11 - 20);

async fn text<P: TypedPath + FromRequestParts<App>>(_: P, State(app): State<App>) -> Result<Response, Error> {
    let slug = P::PATH.trim_start_matches('/');
    let page = TEXT_PAGES
        .iter()
        .find(|it| it.slug == slug)
        .ok_or(Error::NotFound)?;
    let is_becoming = P::PATH == BecomingPath::PATH;
    let check = if is_becoming {
        self_check::find(&app).await?
    } else {
        None
    };
    let self_check = check.map(|_| SelfCheckPath.to_string());
    app.page(&TextsPage::load(&app, page, self_check).await?).await
}

/// One text.
#[derive(Clone, Debug, Serialize)]
struct TextsPage {
    /// Which item of the menu it is, if any.
    slug: &'static str,
    title: &'static str,
    blocks: Vec<Block>,
    /// "Friday 20 November 2026".
    reviewed: String,
    self_check: Option<String>,
}

impl TextsPage {
    async fn load(app: &App, page: &'static TextPage, self_check: Option<String>) -> Result<Self, Error> {
        let site = Site::load(app).await?;
        let (blocks, at) = texts::of_page(app.reader(), page, &texts::values(&site, &[])).await?;
        let reviewed = at.map_or(FIRST_TEXTS_REVIEWED, |it| london::local(it).0);
        Ok(Self::of(page, blocks, reviewed, &site, self_check))
    }

    fn of(
        page: &TextPage,
        blocks: Vec<Block>,
        reviewed: Date,
        site: &Site,
        self_check: Option<String>,
    ) -> Self {
        Self {
            slug: page.slug,
            title: page.title,
            blocks: calls::linked_in(blocks, &numbers(site)),
            reviewed: words::date(reviewed),
            self_check,
        }
    }
}

/// What a text can tell people to call: our number, and those of the support text.
fn numbers(site: &Site) -> Vec<Number> {
    let ours = site.contact_call.clone().map(|href| Number {
        written: site.contact_phone.clone(),
        href,
    });
    ours.into_iter()
        .chain(calls::numbers(&site.support_text))
        .collect()
}

impl Page for TextsPage {
    const TEMPLATE: &'static str = "pages/texts/text.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let values = crate::site::ORGANISATION.iter();
        let values = values.map(|(name, value, _)| ((*name).to_owned(), (*value).to_owned()));
        let site = Site::of(&values.collect(), String::new());
        let check = |it: &TextPage| {
            BecomingPath::PATH
                .ends_with(it.slug)
                .then(|| SelfCheckPath.to_string())
        };
        TEXT_PAGES
            .iter()
            .map(|it| {
                let blocks = texts::Text::Page(it).read(it.first_text, &texts::values(&site, &[]));
                Self::of(it, blocks.unwrap(), FIRST_TEXTS_REVIEWED, &site, check(it))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<TextsPage>();
    }

    #[test]
    fn every_text_has_its_address() {
        let table = routes().into_table();
        let mut paths: Vec<_> = table.iter().map(|it| it.path.trim_start_matches('/')).collect();
        let mut slugs = TEXT_PAGES.map(|it| it.slug);
        paths.sort_unstable();
        slugs.sort_unstable();
        assert_eq!(paths, slugs);
    }
}
