//! Rows as they are stored; nobody outside this crate sees them.

pub(crate) mod area;
pub(crate) mod competency;
pub(crate) mod framework;
pub(crate) mod framework_version;
