//! Rows as they are stored; nobody outside this crate sees them.

pub(crate) mod area;
pub(crate) mod booklet;
pub(crate) mod booklet_event;
pub(crate) mod booklet_item;
pub(crate) mod booklet_placement;
pub(crate) mod booklet_template;
pub(crate) mod bound;
pub(crate) mod competency;
pub(crate) mod evidence;
pub(crate) mod evidence_item;
pub(crate) mod evidence_version;
pub(crate) mod framework;
pub(crate) mod framework_version;
pub(crate) mod placement;
pub(crate) mod signatory;
