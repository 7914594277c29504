//! Who is let in: the rule of a route, enforced before its page is reached (T-06, T-07, T-10).
//!
//! Who is not logged in is sent to do so, whether or not what they asked for is there. Who may not and
//! what is not there get the same answer.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http_body_util::{BodyExt, Limited};

use crate::app::App;
use crate::error::Error;
use crate::forms;
use crate::routes::{Typed, Who};
use crate::sign_in::ask::LogInPath;
use crate::sign_in::second::SecondPath;
use crate::sign_in::{self, Found, SignedIn, next, stash};

/// The rule of one route.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub app: App,
    pub who: Who,
    /// The pattern, for the log.
    pub path: &'static str,
    pub typed: Typed,
}

/// Lets a request through, or answers it.
pub(crate) async fn enforce(State(rule): State<Arc<Rule>>, mut request: Request, next: Next) -> Response {
    let whom = match rule.who {
        Who::Anyone | Who::LinkHolder | Who::Rehearsal => return next.run(request).await,
        Who::Arriving | Who::SignedIn | Who::Roles(_) => sign_in::find(&rule.app, request.headers()).await,
    };
    let me = match whom {
        Ok(Found::Now(me)) => me,
        Ok(Found::Over(person)) if rule.typed == Typed::Kept => {
            return keep(&rule, person, request)
                .await
                .unwrap_or_else(IntoResponse::into_response);
        }
        Ok(Found::Over(_) | Found::Nobody) => return log_in(&request),
        Err(error) => return error.into_response(),
    };
    if let Err(answer) = judge(&rule, &me) {
        return answer;
    }
    // A page must not fail because its use could not be noted.
    if let Err(error) = sign_in::note_use(&rule.app, &me).await {
        tracing::warn!(event = "busy", %error);
    }
    request.extensions_mut().insert(*me);
    next.run(request).await
}

/// Whether the rule lets them in.
fn judge(rule: &Rule, me: &SignedIn) -> Result<(), Response> {
    if rule.who == Who::Arriving {
        return Ok(());
    }
    if !me.is_complete() {
        return Err(Redirect::to(&SecondPath.to_string()).into_response());
    }
    match rule.who {
        Who::Roles(roles) if !me.is_any(roles) => {
            tracing::warn!(event = "denied", route = rule.path, person = %me.person.0);
            Err(Error::NotFound.into_response())
        }
        Who::Roles(_) | Who::SignedIn | Who::Arriving | Who::Anyone | Who::LinkHolder | Who::Rehearsal => {
            Ok(())
        }
    }
}

/// To the page where people log in, and from there back.
fn log_in(request: &Request) -> Response {
    let back = if request.method().is_safe() {
        next::of(request.uri())
    } else {
        None
    };
    Redirect::to(&next::with(&LogInPath.to_string(), back.as_deref())).into_response()
}

/// Keeps what came too late for the one who wrote it, and lets them log in to read it (T-19).
async fn keep(rule: &Rule, person: ids::PersonId, request: Request) -> Result<Response, Error> {
    let path = request.uri().path().to_owned();
    let form = whole(request.into_body()).await?;
    let kept = stash::keep(&rule.app, person, &path, &form).await?;
    let back = kept.map(|it| it.to_string());
    Ok(Redirect::to(&next::with(&LogInPath.to_string(), back.as_deref())).into_response())
}

async fn whole(body: Body) -> Result<Bytes, Error> {
    let body = Limited::new(body, forms::BODY_INSIDE).collect().await;
    Ok(body.map_err(|_| Error::TooLarge)?.to_bytes())
}
