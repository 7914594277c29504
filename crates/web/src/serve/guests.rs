//! How many connections there may be at a time, in all and from one network (T-32).
//!
//! Many people come through a proxy, and this machine is ours: their connections are counted apart, and
//! there may be more of them. A thousand people who press at the same moment are all answered.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::limits::network;

/// The most connections of strangers in all.
const ALL: usize = 512;
/// The most connections from one network.
const EACH: usize = 32;
/// The most connections of our proxies and of this machine.
pub(super) const OURS: usize = 2048;
/// The most who are being told that there is no room.
const DOORSTEP: usize = 64;

/// Who is here.
#[derive(Debug)]
pub(super) struct Guests {
    proxies: Vec<IpAddr>,
    present: Arc<Mutex<Present>>,
}

#[derive(Debug, Default)]
struct Present {
    all: usize,
    ours: usize,
    each: HashMap<IpAddr, usize>,
    doorstep: usize,
}

/// A place for one connection, given back when dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Seat {
    present: Arc<Mutex<Present>>,
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Counted for its network.
    Of(IpAddr),
    /// Of a proxy or of this machine.
    Ours,
    Doorstep,
}

impl Guests {
    pub(super) fn new(proxies: Vec<IpAddr>) -> Self {
        Self {
            proxies,
            present: Arc::default(),
        }
    }

    /// A place for a connection from there, if there is room.
    pub(super) fn seat(&self, from: IpAddr) -> Option<Seat> {
        let from = from.to_canonical();
        let place = if from.is_loopback() || self.proxies.contains(&from) {
            Place::Ours
        } else {
            Place::Of(network(from))
        };
        self.take(place)
    }

    /// A place to be told that there is no room; beyond that the connection is simply closed.
    pub(super) fn doorstep(&self) -> Option<Seat> {
        self.take(Place::Doorstep)
    }

    fn take(&self, place: Place) -> Option<Seat> {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        match place {
            Place::Doorstep if present.doorstep >= DOORSTEP => return None,
            Place::Doorstep => present.doorstep += 1,
            Place::Ours if present.ours >= OURS => return None,
            Place::Ours => present.ours += 1,
            Place::Of(_) if present.all >= ALL => return None,
            Place::Of(network) => {
                let here = present.each.entry(network).or_default();
                if *here >= EACH {
                    return None;
                }
                *here += 1;
                present.all += 1;
            }
        }
        Some(Seat {
            present: self.present.clone(),
            place,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        match self.place {
            Place::Doorstep => present.doorstep -= 1,
            Place::Ours => present.ours -= 1,
            Place::Of(network) => {
                present.all -= 1;
                if let Some(here) = present.each.get_mut(&network) {
                    *here -= 1;
                    if *here == 0 {
                        present.each.remove(&network);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_network_has_so_many_places_and_gets_them_back() {
        let guests = Guests::new(Vec::new());
        let mut seats: Vec<Seat> = (0..EACH).map(|_| guests.seat(ip("192.0.2.1")).unwrap()).collect();
        assert!(guests.seat(ip("192.0.2.1")).is_none());
        assert!(guests.seat(ip("192.0.2.2")).is_some());
        seats.pop();
        assert!(guests.seat(ip("192.0.2.1")).is_some());
        drop(seats);
        assert!(
            guests.present.lock().unwrap().each.is_empty(),
            "an address is forgotten when its visitors have left"
        );
    }

    #[test]
    fn all_networks_share_all_places_and_this_machine_and_our_proxies_have_their_own() {
        let guests = Guests::new(vec![ip("10.0.0.1")]);
        let from = |n: usize| ip(&format!("192.0.2.{}", n / EACH));
        let seats: Vec<Seat> = (0..=ALL).map_while(|n| guests.seat(from(n))).collect();
        assert_eq!(seats.len(), ALL);
        assert!(guests.seat(ip("198.51.100.1")).is_none());
        for ours in ["10.0.0.1", "127.0.0.1", "::ffff:127.0.0.1"] {
            let seats: Vec<Seat> = (0..=OURS).map_while(|_| guests.seat(ip(ours))).collect();
            assert_eq!(seats.len(), OURS, "{ours}");
        }
        let told: Vec<Seat> = (0..1000).map_while(|_| guests.doorstep()).collect();
        assert_eq!(told.len(), DOORSTEP);
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_together() {
        let guests = Guests::new(Vec::new());
        let seats: Vec<Seat> = (0..EACH)
            .map(|n| guests.seat(ip(&format!("2001:db8::{n:x}"))).unwrap())
            .collect();
        assert!(guests.seat(ip("2001:db8::ffff")).is_none());
        drop(seats);
    }
}
