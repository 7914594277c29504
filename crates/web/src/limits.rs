//! How often one network address may do what costs others something (B-13, T-33). In memory only:
//! network addresses are never stored (T-02).

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use booking::Settings;
use governor::clock::{Clock as GovernorClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use crate::clock::Clock;

type Keyed = RateLimiter<IpAddr, DashMapStateStore<IpAddr>, ByClock, NoOpMiddleware<Second>>;

/// The limits for one visitor's network.
#[derive(Debug)]
pub(crate) struct Limits {
    /// How many an hour, and the count: begun anew when the team chooses another number.
    holds: Mutex<(u32, Keyed)>,
    clock: Clock,
    link_misses: Keyed,
    addresses: Keyed,
    log_ins: Keyed,
    corrections: RateLimiter<Uuid, DashMapStateStore<Uuid>, ByClock, NoOpMiddleware<Second>>,
}

impl Limits {
    pub(crate) fn new(clock: Clock) -> Self {
        let keyed = |quota| RateLimiter::dashmap_with_clock(quota, ByClock(clock.clone()));
        Self {
            holds: Mutex::new((0, keyed(Quota::per_hour(count(0))))),
            link_misses: keyed(Quota::per_minute(count(20))),
            addresses: keyed(Quota::per_hour(count(30))),
            log_ins: keyed(Quota::per_hour(count(120))),
            corrections: RateLimiter::dashmap_with_clock(Quota::per_hour(count(5)), ByClock(clock.clone())),
            clock,
        }
    }

    /// Counts one new unconfirmed booking; the wait if there were too many (`holds_per_network_hour`).
    pub(crate) fn hold(&self, from: IpAddr, settings: &Settings) -> Result<(), Duration> {
        let an_hour = u32::try_from(settings.holds_per_network_hour).unwrap_or(u32::MAX);
        let mut holds = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
        if holds.0 != an_hour {
            let quota = Quota::per_hour(count(an_hour));
            *holds = (
                an_hour,
                RateLimiter::dashmap_with_clock(quota, ByClock(self.clock.clone())),
            );
        }
        check(&holds.1, from)
    }

    /// Forgets whoever would not be refused: what is kept in memory does not grow with the visitors.
    pub(crate) fn forget(&self) {
        self.holds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .retain_recent();
        self.link_misses.retain_recent();
        self.addresses.retain_recent();
        self.corrections.retain_recent();
    }

    /// Counts one link that opened nothing (20 a minute).
    pub(crate) fn link_miss(&self, from: IpAddr) -> Result<(), Duration> {
        tracing::info!(event = "link_miss");
        check(&self.link_misses, from)
    }

    /// Counts one correction of the address in one form (5 an hour): the same for addresses that we know
    /// and those that we do not (T-36).
    pub(crate) fn correction(&self, form: Uuid) -> Result<(), Duration> {
        let limit = &self.corrections;
        limit
            .check_key(&form)
            .map_err(|it| it.wait_time_from(limit.clock().now()))
    }

    /// Counts one code that somebody asks for (120 an hour: a whole team may share an address).
    pub(crate) fn log_in(&self, from: IpAddr) -> Result<(), Duration> {
        check(&self.log_ins, from)
    }

    /// Counts one form that makes us write to an address (30 an hour).
    pub(crate) fn address_form(&self, from: IpAddr) -> Result<(), Duration> {
        check(&self.addresses, from)
    }
}

fn check(limit: &Keyed, from: IpAddr) -> Result<(), Duration> {
    limit
        .check_key(&network(from))
        .map_err(|it| it.wait_time_from(limit.clock().now()))
}

/// The network that shares a limit: one IPv4 address, or one IPv6 /64.
pub(crate) fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(it) => IpAddr::V4(it),
        IpAddr::V6(it) => {
            let [a, b, c, d, ..] = it.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

fn count(it: u32) -> NonZeroU32 {
    NonZeroU32::new(it).unwrap_or(NonZeroU32::MIN)
}

/// The program's clock as the limiter wants it.
#[derive(Clone, Debug)]
struct ByClock(Clock);

/// Seconds since 1970 by the program's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Second(u64);

impl GovernorClock for ByClock {
    type Instant = Second;
    fn now(&self) -> Second {
        Second(u64::try_from(self.0.now().get().unix_timestamp()).unwrap_or(0))
    }
}

impl Reference for Second {
    fn duration_since(&self, earlier: Self) -> Nanos {
        Duration::from_secs(self.0.saturating_sub(earlier.0)).into()
    }
    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.saturating_sub(duration.as_u64() / 1_000_000_000))
    }
}

impl std::ops::Add<Nanos> for Second {
    type Output = Self;
    fn add(self, by: Nanos) -> Self {
        Self(self.0 + by.as_u64().div_ceil(1_000_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_eleventh_hold_in_an_hour_is_refused_until_later() {
        let clock = Clock::stopped_at(datetime!(2027-05-11 13:00 UTC).into());
        let limits = Limits::new(clock.clone());
        let here = "192.0.2.1".parse().unwrap();
        let settings = Settings::default();
        for _ in 0..10 {
            assert!(limits.hold(here, &settings).is_ok());
        }
        assert!(limits.hold(here, &settings).is_err());
        assert!(limits.hold("192.0.2.2".parse().unwrap(), &settings).is_ok());
        let more = Settings {
            holds_per_network_hour: 11,
            ..Settings::default()
        };
        assert!(limits.hold(here, &more).is_ok(), "the team chose another number");
        for _ in 0..10 {
            let _ = limits.hold(here, &settings);
        }
        assert!(limits.hold(here, &settings).is_err());
        limits.forget();
        assert!(
            limits.hold(here, &settings).is_err(),
            "who is refused is not forgotten"
        );
        clock.advance(time::Duration::minutes(7));
        assert!(limits.hold(here, &settings).is_ok());
    }

    #[test]
    fn neighbours_in_one_ipv6_network_share_a_limit() {
        assert_eq!(
            network("2001:db8::1".parse().unwrap()),
            network("2001:db8::ffff".parse().unwrap())
        );
        assert_ne!(
            network("2001:db8::1".parse().unwrap()),
            network("2001:db8:0:1::1".parse().unwrap())
        );
    }
}
