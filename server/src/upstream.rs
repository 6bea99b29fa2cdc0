//! Other servers, as this one asks them: for feeds and for archives.
//!
//! Promises: an address, which may hold a secret, goes to nobody it was not meant for: no `Referer` is sent, and no redirect leads from
//! TLS to none. What goes wrong is told without it by whoever asks.

use reqwest::Client;
use reqwest::redirect::{Action, Attempt, Policy};
use std::time::Duration;

/// How long it may take to be connected.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// How often an upstream may send us elsewhere.
const REDIRECTS: usize = 5;
/// Who asks: the API of the National Weather Service answers nobody who does not say.
const AGENT: &str = concat!("atalaya/", env!("CARGO_PKG_VERSION"));

/// A client whose requests take no longer than that, their bodies included.
pub(crate) fn client(patience: Duration) -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(AGENT)
        .referer(false)
        .redirect(Policy::custom(follow))
        .connect_timeout(CONNECT_PATIENCE)
        .timeout(patience)
        .build()
}

fn follow(attempt: Attempt<'_>) -> Action {
    let secure = |url: &reqwest::Url| url.scheme() == "https";
    let leaves_tls = attempt.previous().last().is_some_and(secure) && !secure(attempt.url());
    if leaves_tls {
        return attempt.error("a redirect from https to http");
    }
    if attempt.previous().len() > REDIRECTS {
        return attempt.error("more than 5 redirects");
    }
    attempt.follow()
}
