//! Pages: a typed context for each template, and the dress that all of them wear.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use serde::Serialize;
use tera::{Context, Tera};
use thiserror::Error;

use crate::app::App;
use crate::error::Error;
use crate::outbox::Kind;
use crate::outbox::letter::{Letter, Parts};
use crate::site::Site;

/// A page: its template and everything that template reads.
pub(crate) trait Page: Serialize {
    /// The file below `templates/`.
    const TEMPLATE: &'static str;

    /// One for each way the page can look.
    #[cfg(test)]
    fn samples() -> Vec<Self>
    where
        Self: Sized;
}

/// A page with what every page shows.
#[derive(Serialize)]
struct Dressed<'a, P> {
    #[serde(flatten)]
    page: &'a P,
    site: &'a Site,
}

/// The templates, compiled in; in debug builds they are read from the folder when the program starts.
#[derive(RustEmbed)]
#[folder = "../../templates"]
struct Templates;

/// All templates, ready to render.
#[derive(Debug)]
pub(crate) struct Pages {
    tera: Tera,
}

/// A template that cannot be used.
#[derive(Debug, Error)]
#[error("templates: {0}")]
pub struct BadTemplate(#[from] tera::Error);

impl Pages {
    pub(crate) fn load() -> Result<Self, BadTemplate> {
        Ok(Self { tera: load()? })
    }

    /// Whether a template, or one that it is made of, reads a variable.
    #[cfg(test)]
    pub(crate) fn reads(&self, template: &str, variable: &str) -> bool {
        self.tera
            .get_template_variables(template)
            .is_ok_and(|it| it.iter().any(|it| *it == variable))
    }

    /// The text of a template with these values.
    pub(crate) fn render(&self, template: &str, values: &impl Serialize) -> Result<String, Error> {
        let context = Context::from_serialize(values).map_err(Error::fault)?;
        self.tera.render(template, &context).map_err(Error::fault)
    }

    /// The words of a mail.
    pub(crate) fn mail(&self, letter: &Letter, kind: Kind) -> Result<Parts, Error> {
        letter.parts(&self.tera, kind.name()).map_err(Error::fault)
    }
}

/// Every template: in debug builds rust-embed reads the folder, in release builds they are in the
/// program.
fn load() -> Result<Tera, BadTemplate> {
    let mut tera = Tera::default();
    let files: Vec<(String, String)> = Templates::iter()
        .filter_map(|name| {
            let file = Templates::get(&name)?;
            Some((name.to_string(), String::from_utf8_lossy(&file.data).into_owned()))
        })
        .collect();
    tera.add_raw_templates(files)?;
    Ok(tera)
}

impl App {
    /// The text of a page.
    pub(crate) async fn render<P: Page>(&self, page: &P) -> Result<String, Error> {
        self.dressed(page, &Site::load(self).await?)
    }

    /// The text of a page that is shown also when the records do not answer.
    pub(crate) async fn render_with_fallback<P: Page>(&self, page: &P) -> Result<String, Error> {
        self.dressed(page, &Site::load_or_last(self).await)
    }

    /// The text of a page about a fault: it asks the records for nothing that it knows (T-64).
    pub(crate) async fn render_from_memory<P: Page>(&self, page: &P) -> Result<String, Error> {
        self.dressed(page, &Site::last(self).await)
    }

    fn dressed<P: Page>(&self, page: &P, site: &Site) -> Result<String, Error> {
        self.pages.render(P::TEMPLATE, &Dressed { page, site })
    }

    /// A page as an answer.
    pub(crate) async fn page<P: Page>(&self, page: &P) -> Result<Response, Error> {
        self.page_with(StatusCode::OK, page).await
    }

    /// A page as an answer with another status than 200.
    pub(crate) async fn page_with<P: Page>(&self, status: StatusCode, page: &P) -> Result<Response, Error> {
        let html = self.render(page).await?;
        Ok((status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
    }
}
