//! The table of routes: method, path, who may, whether it changes anything (T-06).
//!
//! A route enters the router only through here, so a route without a rule does not compile.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware;
use axum::routing::{MethodRouter, get, post};
use axum_extra::routing::TypedPath;
use serde::{Serialize, Serializer};

use crate::app::App;
use crate::guard::{self, Rule};
use crate::sign_in::role::Role;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everybody.
    Anyone,
    /// Whoever holds the link: one purpose, one record (T-22).
    LinkHolder,
    /// Whoever has proven their mailbox and perhaps not yet the second step (T-15).
    Arriving,
    /// Whoever is logged in.
    SignedIn,
    /// Whoever is logged in and has one of these roles; for others it is not there (T-07).
    Roles(&'static [Role]),
    /// Whoever plays a rehearsal; there is no such route outside `alongside demo` (T-51).
    Rehearsal,
}

impl Who {
    /// The words for the table: one of five, or roles.
    fn words(self) -> String {
        match self {
            Self::Anyone => "anyone".to_owned(),
            Self::LinkHolder => "link_holder".to_owned(),
            Self::Arriving => "arriving".to_owned(),
            Self::SignedIn => "signed_in".to_owned(),
            Self::Roles(roles) => roles.iter().map(|it| it.name()).collect::<Vec<_>>().join(" or "),
            Self::Rehearsal => "rehearsal".to_owned(),
        }
    }
}

impl Serialize for Who {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.words())
    }
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// GET or POST.
    pub method: &'static str,
    /// The path with its parameters in braces.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
    /// Whether it can change the records; GET never does (T-24).
    pub changes_state: bool,
}

/// Routes and their table, growing together.
#[derive(Debug, Default)]
pub(crate) struct Routes(Vec<(Route, Typed, MethodRouter<App>)>);

/// What becomes of a form that comes when its sender is no longer logged in (T-19).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// It may hold what somebody has written: kept for them.
    Kept,
    /// A button or a code: nothing worth keeping.
    Nothing,
}

impl Routes {
    /// A page: shows, changes nothing.
    pub(crate) fn get<P: TypedPath, H: Handler<T, App>, T: 'static>(self, who: Who, handler: H) -> Self {
        self.add("GET", P::PATH, who, false, Typed::Nothing, get(handler))
    }

    /// A form: changes something.
    pub(crate) fn post<P: TypedPath, H: Handler<T, App>, T: 'static>(self, who: Who, handler: H) -> Self {
        self.add("POST", P::PATH, who, true, Typed::Kept, post(handler))
    }

    /// A button or a code: changes something, and nothing in it is worth keeping.
    pub(crate) fn press<P: TypedPath, H: Handler<T, App>, T: 'static>(self, who: Who, handler: H) -> Self {
        self.add("POST", P::PATH, who, true, Typed::Nothing, post(handler))
    }

    /// A form whose answers are read and forgotten (T-04).
    pub(crate) fn ask<P: TypedPath, H: Handler<T, App>, T: 'static>(self, who: Who, handler: H) -> Self {
        self.add("POST", P::PATH, who, false, Typed::Nothing, post(handler))
    }

    /// Both tables together.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The router, in which each route is reached only past its rule.
    pub(crate) fn guarded(self, app: &App) -> Router<App> {
        let mut router = Router::new();
        for (route, typed, handler) in self.0 {
            let rule = Arc::new(Rule {
                app: app.clone(),
                who: route.who,
                path: route.path,
                typed,
            });
            let guarded = handler.route_layer(middleware::from_fn_with_state(rule, guard::enforce));
            router = router.route(route.path, guarded);
        }
        router
    }

    /// The table.
    pub(crate) fn into_table(self) -> Vec<Route> {
        self.0.into_iter().map(|(route, ..)| route).collect()
    }

    fn add(
        mut self,
        method: &'static str,
        path: &'static str,
        who: Who,
        changes_state: bool,
        typed: Typed,
        handler: MethodRouter<App>,
    ) -> Self {
        let route = Route {
            method,
            path,
            who,
            changes_state,
        };
        self.0.push((route, typed, handler));
        self
    }
}
