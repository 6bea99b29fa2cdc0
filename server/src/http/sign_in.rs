//! Signing in by a one-time link, signing out, and what a page asks about itself.
//!
//! The page at `/sign-in#TOKEN` posts the token, so that it reaches no log. Whatever is wrong with a
//! link is answered with the same text.

use super::body;
use super::caller::{
    self, Caller, check_origin, check_origin_if_any, cookie_name, peer, session_token,
};
use super::params::Params;
use super::site::Site;
use crate::clock::Clock;
use crate::identity::{Identity, IdentityError, Role, Token};
use crate::metrics;
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::Catalog;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;

/// The largest body of a sign-in, in bytes.
const SIGN_IN_BYTES: usize = 1_024;

/// Mounts `/sign-in` (POST), `/sign-out` and `/session`.
pub(super) fn mount(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/sign-in")
                .name("sign-in")
                .guard(actix_web::guard::Post())
                .route(web::post().to(sign_in)),
        )
        .service(web::resource("/sign-out").route(web::post().to(sign_out)))
        .service(web::resource("/session").route(web::get().to(session)));
}

/// What the sign-in page posts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The token of a one-time link.
    token: Token,
}

/// What a page knows about its session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct OwnSession {
    /// The role.
    pub role: Option<Role>,
    /// The clearances that hold now.
    pub clearances: Vec<String>,
    /// The name of the session or the key.
    pub name: String,
    /// Whether what is shown is made up.
    pub demo: bool,
    /// A notice to show until it is acknowledged.
    pub banner: Option<String>,
    /// The IANA time zone to write times in.
    pub time_zone: String,
}

/// `POST /sign-in`: spends a link for a session cookie.
pub(super) async fn sign_in(
    request: HttpRequest,
    payload: web::Payload,
    site: web::Data<Site>,
    identity: web::Data<Identity>,
    clock: web::Data<Clock>,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    if !site.is_private(&request) {
        return Err(Problem::InsecureSignIn {});
    }
    check_origin_if_any(&request)?;
    let asked: SignIn = body::read_json(&request, payload, SIGN_IN_BYTES).await?;
    let (peer, now) = (peer(&request), clock.now());
    let before = session_token(&request, &site);
    let redeeming = Arc::clone(&identity);
    let opened = web::block(move || {
        let opened = redeeming.redeem(&asked.token, now)?;
        if let (Some(before), Some(_)) = (before, &opened) {
            redeeming.sign_out(&before, now)?;
        }
        Ok::<_, IdentityError>(opened)
    })
    .await
    .map_err(Problem::internal)?
    .map_err(not_stored)?;
    let Some(session) = opened else {
        return Err(failed(&identity, peer, now));
    };
    metrics::SIGN_INS_OPENED.increment(1);
    let role = session.principal.role().map_or("", Role::name);
    tracing::info!(principal.id = %session.principal.id, role, "signed in as {role}");
    Ok(HttpResponse::NoContent()
        .insert_header((
            header::SET_COOKIE,
            cookie(&site, session.token.expose(), session.lasts),
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

/// What a link that opens nothing is answered. Nobody guesses one, so that it is looked up whoever
/// failed before: behind a proxy, or at one desk, all come from one address.
fn failed(identity: &Identity, peer: IpAddr, now: Timestamp) -> Problem {
    let failures = identity.failed_links();
    if let Err(retry_after_s) = failures.admit(peer, now) {
        metrics::SIGN_INS_LIMITED.increment(1);
        return caller::too_many_failures(retry_after_s);
    }
    failures.note(peer, now);
    metrics::SIGN_INS_FAILED.increment(1);
    Problem::LinkSpent {}
}

/// A session, link or key that could not be stored.
pub(super) fn not_stored(cause: IdentityError) -> Problem {
    if cause.is_full() {
        let reason = "the store's disk is full".into();
        return Problem::NotReady {
            reason,
            retry_after_s: 5,
        };
    }
    Problem::internal(cause)
}

/// `POST /sign-out`: ends the session of the cookie, if there is one.
pub(super) async fn sign_out(
    request: HttpRequest,
    site: web::Data<Site>,
    identity: web::Data<Identity>,
    clock: web::Data<Clock>,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    if let Some(token) = session_token(&request, &site) {
        check_origin(&request)?;
        let now = clock.now();
        web::block(move || identity.sign_out(&token, now))
            .await
            .map_err(Problem::internal)?
            .map_err(Problem::internal)?;
    }
    Ok(HttpResponse::NoContent()
        .insert_header((header::SET_COOKIE, cookie(&site, "", SignedDuration::ZERO)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

/// `GET /session`: who the caller is here.
pub(super) async fn session(
    request: HttpRequest,
    caller: Caller,
    site: web::Data<Site>,
    catalog: web::Data<Arc<Catalog>>,
) -> Result<HttpResponse, Problem> {
    Params::parse(&request, &[])?;
    let clearances = caller.viewer.clearances.names(&catalog);
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(OwnSession {
            role: caller.principal.role(),
            clearances: clearances.into_iter().map(str::to_owned).collect(),
            name: caller.principal.name.clone(),
            demo: site.demo,
            banner: site.banner.clone(),
            time_zone: site.time_zone.clone(),
        }))
}

/// A `Set-Cookie` value: not for scripts, not for other sites, and under TLS for this host only.
fn cookie(site: &Site, content: &str, lasts: SignedDuration) -> String {
    let secure = if site.https() { "; Secure" } else { "" };
    format!(
        "{}={content}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
        cookie_name(site),
        lasts.as_secs(),
    )
}

#[cfg(test)]
mod tests;
