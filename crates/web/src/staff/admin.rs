//! Pages of administrators: settings, the state of mail, what was done as ids. No records of people.

mod audit;
mod mail;
mod settings;
mod sheets;

use axum::extract::State;
use axum::response::Response;
use axum_extra::routing::TypedPath;
use serde::Deserialize;

use super::members::{self, MembersPath};
use crate::app::App;
use crate::error::Error;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::KEEPERS;

pub(super) use audit::AuditPath;
pub(super) use mail::MailPath;
pub(super) use settings::SettingsPath;
pub(crate) use sheets::called;

/// `/admin/users`
#[derive(TypedPath, Deserialize)]
#[typed_path("/admin/users")]
struct UsersPath;

pub(super) fn routes() -> Routes {
    settings::routes()
        .get::<UsersPath, _, _>(Who::Roles(KEEPERS), users)
        .and(mail::routes())
        .and(audit::routes())
}

/// The members of the team, at the address of the plan.
async fn users(_: UsersPath, app: State<App>, me: SignedIn) -> Result<Response, Error> {
    members::show(MembersPath, app, me).await
}
