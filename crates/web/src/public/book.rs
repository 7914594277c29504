//! Stub replaced in the same working day.

use crate::routes::Routes;

pub(crate) fn routes() -> Routes {
    Routes::default()
}
