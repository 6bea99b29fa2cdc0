//! How often one peer may fail to prove who it is.
//!
//! A token bucket per peer, as the generic cell rate algorithm: one instant each. It takes the time
//! as an argument, and the number of peers it remembers is bounded: when full it forgets those that
//! have nothing to answer for, and then lets the rest of the world share one bucket.

use crate::metrics;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most peers that are remembered.
const PEERS_MOST: usize = 4_096;
/// The bucket of all peers that are not remembered.
const THE_REST: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// The failures of all peers.
#[derive(Debug)]
pub struct Failures {
    burst: i32,
    every: SignedDuration,
    /// When each peer's bucket will be full again.
    full_at: Mutex<HashMap<IpAddr, Timestamp>>,
}

impl Failures {
    /// Allows `burst` failures at once, and one more for each `every` after that.
    pub fn new(burst: i32, every: SignedDuration) -> Self {
        Self {
            burst,
            every,
            full_at: Mutex::default(),
        }
    }

    /// Whether a peer may try; else the seconds until it may.
    pub fn admit(&self, peer: IpAddr, now: Timestamp) -> Result<(), u32> {
        let full_at = self.full_at();
        let at = full_at.get(&subscriber(peer)).or_else(|| {
            let crowded = full_at.len() >= PEERS_MOST;
            full_at.get(&THE_REST).filter(|_| crowded)
        });
        let Some(at) = at else {
            return Ok(());
        };
        let owed = at.duration_since(now);
        let room = self.every.saturating_mul(self.burst.saturating_sub(1));
        let wait = owed.saturating_sub(room);
        if wait <= SignedDuration::ZERO {
            return Ok(());
        }
        Err(u32::try_from(wait.as_secs())
            .unwrap_or(u32::MAX)
            .saturating_add(1))
    }

    /// Notes a failure.
    pub fn note(&self, peer: IpAddr, now: Timestamp) {
        let mut full_at = self.full_at();
        let mut key = subscriber(peer);
        if full_at.len() >= PEERS_MOST && !full_at.contains_key(&key) {
            full_at.retain(|_, at| *at > now);
            if full_at.len() >= PEERS_MOST {
                key = THE_REST;
                metrics::PEERS_POOLED.increment(1);
            }
        }
        let at = full_at.entry(key).or_insert(now);
        *at = (*at).max(now).checked_add(self.every).unwrap_or(*at);
    }

    fn full_at(&self) -> MutexGuard<'_, HashMap<IpAddr, Timestamp>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever one address is: it, or the /64 that one subscriber of IPv6 has to himself.
pub(crate) fn subscriber(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 1))
        }
    }
}

#[cfg(test)]
mod tests;
