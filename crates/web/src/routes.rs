//! The table of routes: method, path, who may, whether it changes anything (T-06).
//!
//! A route enters the router only through here, so a route without a rule does not compile.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodRouter, get, post};
use axum_extra::routing::TypedPath;
use serde::Serialize;

use crate::app::App;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Everybody.
    Anyone,
    /// Whoever holds the link: one purpose, one record (T-22).
    LinkHolder,
    /// Whoever plays a rehearsal; there is no such route outside `alongside demo` (T-51).
    Rehearsal,
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
pub(crate) struct Routes {
    router: Router<App>,
    table: Vec<Route>,
}

impl Routes {
    /// A page: shows, changes nothing.
    pub(crate) fn get<P: TypedPath, H: Handler<T, App>, T: 'static>(self, who: Who, handler: H) -> Self {
        self.add(
            Route {
                method: "GET",
                path: P::PATH,
                who,
                changes_state: false,
            },
            get(handler),
        )
    }

    /// A form: changes something.
    pub(crate) fn post<P: TypedPath, H: Handler<T, App>, T: 'static>(self, who: Who, handler: H) -> Self {
        self.add(
            Route {
                method: "POST",
                path: P::PATH,
                who,
                changes_state: true,
            },
            post(handler),
        )
    }

    /// A form whose answers are read and forgotten (T-04).
    pub(crate) fn ask<P: TypedPath, H: Handler<T, App>, T: 'static>(self, who: Who, handler: H) -> Self {
        self.add(
            Route {
                method: "POST",
                path: P::PATH,
                who,
                changes_state: false,
            },
            post(handler),
        )
    }

    /// Both tables together.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.table.extend(other.table);
        self
    }

    pub(crate) fn into_parts(self) -> (Router<App>, Vec<Route>) {
        (self.router, self.table)
    }

    fn add(mut self, route: Route, handler: MethodRouter<App>) -> Self {
        self.router = self.router.route(route.path, handler);
        self.table.push(route);
        self
    }
}
