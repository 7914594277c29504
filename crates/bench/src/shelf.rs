//! Who books on which dates: places are handed out, so that nobody in a measurement finds dates full.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Result;
use crate::records::Dates;

/// A place for one visitor.
pub(crate) struct Place {
    pub(crate) dates: Dates,
    /// How many were handed out on these dates before.
    pub(crate) before: u32,
}

/// One visitor's way to places.
#[derive(Clone)]
pub(crate) enum Shelf {
    /// Dates of their own until those are full, then other dates.
    Own { pile: Pile, now: Option<(Dates, u32)> },
    /// Everybody books on the same dates until those are full.
    Shared { pile: Pile, places: u32 },
}

/// Dates that nobody has touched.
#[derive(Clone)]
pub(crate) struct Pile {
    dates: Arc<Vec<Dates>>,
    next: Arc<AtomicUsize>,
}

impl Pile {
    pub(crate) fn new(dates: Vec<Dates>) -> Self {
        Self {
            dates: Arc::new(dates),
            next: Arc::default(),
        }
    }

    /// Dates that nobody else gets.
    pub(crate) fn take(&self) -> Result<Dates> {
        self.at(self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn at(&self, at: usize) -> Result<Dates> {
        Ok(self
            .dates
            .get(at)
            .ok_or("more bookings were made than there are dates")?
            .clone())
    }
}

impl Shelf {
    pub(crate) fn own(pile: &Pile) -> Self {
        Self::Own {
            pile: pile.clone(),
            now: None,
        }
    }

    /// A shelf to be cloned for everybody; all of the pile is theirs.
    pub(crate) fn shared(dates: Vec<Dates>, places: u32) -> Self {
        Self::Shared {
            pile: Pile::new(dates),
            places,
        }
    }

    pub(crate) fn take(&mut self) -> Result<Place> {
        match self {
            Self::Own { pile, now } => {
                let (dates, before) = match now.take() {
                    Some((dates, before)) if before < crate::records::PLACES => (dates, before),
                    _ => (pile.take()?, 0),
                };
                *now = Some((dates.clone(), before + 1));
                Ok(Place { dates, before })
            }
            Self::Shared { pile, places } => {
                let number = pile.next.fetch_add(1, Ordering::Relaxed);
                let places = *places as usize;
                let before = u32::try_from(number % places)?;
                Ok(Place {
                    dates: pile.at(number / places)?,
                    before,
                })
            }
        }
    }
}
