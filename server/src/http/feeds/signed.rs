//! Posts that a vendor signed, in the place of a key.
//!
//! Who signed is known when the whole body is there, so until then a body is anybody's: of those there are only
//! so many at a time, from one address fewer, none is larger than [`BODY_MOST`], and they take nothing of
//! the room that feeds share. An address whose signatures failed too often, or whose bodies never came, is refused
//! before it sends anything.

use crate::clock::Clock;
use crate::config::FeedConfig;
use crate::http::App;
use crate::http::body::read;
use crate::http::caller::{Extracted, FeedCaller, failed, peer, state, too_many_failures};
use crate::identity::{Identity, subscriber};
use crate::metrics;
use crate::problem::Problem;
use crate::signature::{Presented, Verifier};
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, dev, web};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{Either, ready};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The largest body that a signature authorises, in bytes; a feed's key takes larger ones.
const BODY_MOST: usize = 1 << 20;
/// Bodies that arrive at once before it is known who signed them.
const ARRIVING_MOST: usize = 32;
/// The same from one address.
const ARRIVING_EACH: usize = 8;

/// Who posts to a feed.
pub(super) enum Poster {
    /// Somebody with a credential that holds.
    Keyed(FeedCaller),
    /// Somebody who has yet to be looked at.
    Signed(Presented),
}

impl FromRequest for Poster {
    type Error = Problem;
    type Future = Extracted<Self, Problem>;

    /// An `Authorization` header goes before a signature.
    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        if let Some(presented) = presented(request) {
            return Either::Left(ready(Ok(Self::Signed(presented))));
        }
        match FeedCaller::from_request(request, payload) {
            Either::Left(caller) => {
                let caller = caller.into_inner();
                Either::Left(ready(caller.map(Self::Keyed)))
            }
            Either::Right(caller) => {
                Either::Right(caller.map(|it| it.map(Self::Keyed)).boxed_local())
            }
        }
    }
}

fn presented(request: &HttpRequest) -> Option<Presented> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        return None;
    }
    let app = state::<App>(request).ok()?;
    let verifier = app.signed.verifier(request.match_info().get("feed")?)?;
    verifier.presented(request.headers())
}

/// The feeds whose vendors sign, and what arrives of them.
#[derive(Debug)]
pub struct SignedFeeds {
    /// By the name of the feed.
    verifiers: HashMap<String, Verifier>,
    /// Bodies that arrive, by address.
    arriving: Mutex<HashMap<IpAddr, usize>>,
}

impl SignedFeeds {
    /// Takes the secrets out of the environment; where there is none, no signature is taken.
    pub fn new(feeds: &[FeedConfig]) -> Self {
        let signing = feeds.iter().filter_map(|feed| {
            let verifier = Verifier::configured(feed.signature.as_ref()?).ok()?;
            Some((feed.name.clone(), verifier))
        });
        Self {
            verifiers: signing.collect(),
            arriving: Mutex::default(),
        }
    }

    fn verifier(&self, feed: &str) -> Option<&Verifier> {
        self.verifiers.get(feed)
    }

    /// Reads a body, and gives it out if it is signed as was said.
    pub(super) async fn read(
        &self,
        request: &HttpRequest,
        feed: &str,
        presented: Presented,
        payload: web::Payload,
    ) -> Result<Bytes, Problem> {
        let clock = state::<Clock>(request)?;
        let failures = state::<Identity>(request)?.failed_tokens();
        failures
            .admit(peer(request), clock.now())
            .map_err(|retry_after_s| {
                metrics::CREDENTIALS_LIMITED.increment(1);
                too_many_failures(retry_after_s)
            })?;
        let limit = state::<App>(request)?
            .config
            .limits
            .body_bytes
            .min(BODY_MOST);
        let place = self.place(peer(request))?;
        let arrival = Arrival::of(request)?;
        let body = read(request, payload, limit).await;
        arrival.ended(&body);
        drop(place);
        let body = body?;
        let verifier = self.verifier(feed);
        if verifier.is_some_and(|verifier| verifier.holds(&presented, &body, clock.now())) {
            return Ok(body);
        }
        Err(failed(request))
    }

    fn place(&self, peer: IpAddr) -> Result<Place<'_>, Problem> {
        let peer = subscriber(peer);
        let mut arriving = self.arriving();
        let all: usize = arriving.values().sum();
        let own = arriving.entry(peer).or_default();
        for (taken, limit, whose) in [
            (*own, ARRIVING_EACH, " of one address"),
            (all, ARRIVING_MOST, ""),
        ] {
            if taken >= limit {
                arriving.retain(|_, taken| *taken > 0);
                metrics::REFUSED_CREDENTIALS.increment(1);
                return Err(Problem::Overloaded {
                    what: format!("signed bodies{whose} that may arrive at once"),
                    limit,
                    retry_after_s: 1,
                });
            }
        }
        *own += 1;
        Ok(Place { feeds: self, peer })
    }

    fn arriving(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One body that arrives.
struct Place<'a> {
    feeds: &'a SignedFeeds,
    peer: IpAddr,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut arriving = self.feeds.arriving();
        let left = arriving.get_mut(&self.peer).map(|taken| {
            *taken = taken.saturating_sub(1);
            *taken
        });
        if left == Some(0) {
            arriving.remove(&self.peer);
        }
    }
}

/// A body on its way. One that is given up, or does not come in time, has held a place for nothing: it counts
/// as a signature that failed.
struct Arrival<'r> {
    request: &'r HttpRequest,
    identity: &'r Identity,
    clock: &'r Clock,
    is_waited_for: bool,
}

impl<'r> Arrival<'r> {
    fn of(request: &'r HttpRequest) -> Result<Self, Problem> {
        Ok(Self {
            request,
            identity: state::<Identity>(request)?,
            clock: state::<Clock>(request)?,
            is_waited_for: true,
        })
    }

    /// It is there, or refused for what it is.
    fn ended(mut self, body: &Result<Bytes, Problem>) {
        self.is_waited_for = matches!(body, Err(Problem::UnreadableBody { .. }));
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        if self.is_waited_for {
            let failures = self.identity.failed_tokens();
            failures.note(peer(self.request), self.clock.now());
        }
    }
}

#[cfg(test)]
mod tests;
