//! Every invariant on live records.

use booking::verify::Finding;

use crate::app::App;
use crate::error::Error;

/// Every row that breaks what must always hold.
pub async fn verify(app: &App) -> Result<Vec<Finding>, Error> {
    Ok(booking::verify::verify(app.reader(), app.now()).await?)
}
