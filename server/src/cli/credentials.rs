//! Keys, links and sessions: made, listed and revoked through the server that runs on the store, else in
//! the store itself, with the same words either way.

use super::Failure;
use super::way::{local, send, server, unexpected};
use crate::clock::Clock;
use crate::config::Config;
use crate::http::control::{Made, Revoked};
use crate::identity::{Identity, KeyOrder, Kind, Lasting, LinkOrder, Listed, State};
use serde::de::DeserializeOwned;

/// Makes a key and returns its token.
pub(super) async fn create_key(config: &Config, order: &KeyOrder) -> Result<String, Failure> {
    if let Some(client) = server(config).await? {
        let made: Made = answer(client.post(local("/keys")).json(order)).await?;
        return Ok(made.token.expose().to_owned());
    }
    let catalog = config.catalog()?;
    let feeds = config.feeds(&catalog)?;
    let feeds: Vec<&str> = feeds.iter().map(|(feed, _)| feed.name.as_str()).collect();
    let key = order.check(&catalog, &feeds)?;
    let token = identity(config)?.create_key(&key, Clock::system().now())?;
    Ok(token.expose().to_owned())
}

/// Makes a one-time sign-in link and returns its token.
pub(super) async fn issue_link(config: &Config, order: &LinkOrder) -> Result<String, Failure> {
    if let Some(client) = server(config).await? {
        let made: Made = answer(client.post(local("/links")).json(order)).await?;
        return Ok(made.token.expose().to_owned());
    }
    let link = order.check(&config.catalog()?)?;
    let token = identity(config)?.issue_link(&link, Clock::system().now())?;
    Ok(token.expose().to_owned())
}

/// All keys or sessions that are remembered, newest first.
pub(super) async fn listed(config: &Config, kind: Kind) -> Result<Vec<Listed>, Failure> {
    if let Some(client) = server(config).await? {
        return answer(client.get(local(&format!("/{}", kind.many())))).await;
    }
    Ok(identity(config)?.listed(kind, Clock::system().now())?)
}

/// Revokes the one key or session that is meant by a name, an id or the public part of a token, and says
/// which it was.
pub(super) async fn revoke(config: &Config, kind: Kind, meant: &str) -> Result<Listed, Failure> {
    let one = the_one(listed(config, kind).await?, kind, meant)?;
    let revoked = match server(config).await? {
        Some(client) => {
            let path = format!("/{}/{}", kind.many(), one.id);
            let told: Revoked = answer(client.delete(local(&path))).await?;
            told.revoked
        }
        None => identity(config)?.revoke(kind, &one.id, Clock::system().now())?,
    };
    if revoked {
        return Ok(one);
    }
    // Somebody else was quicker.
    Err(none(kind, meant))
}

/// The one that is meant. An id means one whatever its state, unless it was revoked before; a name means
/// one that is in force, and no other may have it.
fn the_one(mut all: Vec<Listed>, kind: Kind, meant: &str) -> Result<Listed, Failure> {
    let token = meant.strip_prefix("atl_").unwrap_or(meant);
    let by_id = |one: &Listed| one.id == meant || one.prefix.as_deref() == Some(token);
    let by_name = |one: &Listed| one.name == meant && one.state == State::InForce;
    if all.iter().any(by_id) {
        all.retain(|one| by_id(one) && one.state != State::Revoked);
    } else {
        all.retain(by_name);
    }
    if all.len() > 1 {
        let ids: Vec<&str> = all.iter().map(|one| &*one.id).collect();
        return Err(Failure::NotThere(format!(
            "{} {} in force are called \"{meant}\": name the one by its id, {}",
            all.len(),
            kind.many(),
            ids.join(" or ")
        )));
    }
    all.pop().ok_or_else(|| none(kind, meant))
}

fn none(kind: Kind, meant: &str) -> Failure {
    let one = kind.one();
    Failure::NotThere(format!(
        "there is no {one} \"{meant}\" in force; `atalaya {one} list` shows those there are"
    ))
}

/// Asks a running server.
async fn answer<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, Failure> {
    let answer = send(request).await?.json().await;
    answer.map_err(|cause| unexpected(&cause))
}

/// Keys, links and sessions of an existing store. Several commands may have it open at once.
fn identity(config: &Config) -> Result<Identity, Failure> {
    let store = config.data.join("main.db");
    if !store.exists() {
        return Err(Failure::NotThere(super::no_store(&config.data)));
    }
    Ok(Identity::open(&store, Lasting::default())?)
}

#[cfg(test)]
mod tests;
