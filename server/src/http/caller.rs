//! Who sent a request: an extractor that every route but the open ones takes.
//!
//! Promises: nothing is read without a [`Caller`]; what it may see is worked out anew for each
//! request, so that a grant that ended is gone; a session never acts for a page of another origin.
//! Without TLS restricted fields stay on the machine. Refuses to say why a credential failed.

mod class;

use super::places::{Purpose, WorkPlaces};
use super::site::{self, Site};
use crate::clock::Clock;
use crate::identity::{
    Action, Credential, Identity, Known, Permission, Principal, Token, may, viewer,
};
use crate::metrics;
use crate::problem::{Problem, echo};
use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use atalaya_tiles::{Catalog, Clearances, Viewer};
use class::class;
use futures_util::future::{Either, LocalBoxFuture, Ready, ready};
use jiff::Timestamp;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

/// The session cookie under TLS; browsers hold its name to Secure, Path=/ and no Domain.
const COOKIE_HTTPS: &str = "__Host-atalaya";
/// The session cookie without TLS.
const COOKIE_HTTP: &str = "atalaya";
/// Credentials looked up at once.
const LOOK_UPS_MOST: usize = 8;
/// Look-ups of credentials that are not known yet.
const LOOKING_UP: Purpose = Purpose {
    what: "credentials to be looked up",
    retry_after_s: 1,
    refused: &metrics::REFUSED_CREDENTIALS,
};
static LOOK_UPS: LazyLock<WorkPlaces> =
    LazyLock::new(|| WorkPlaces::new(LOOK_UPS_MOST, LOOKING_UP));

/// Somebody who may read, with what they may see now.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who it is.
    pub principal: Arc<Principal>,
    /// What they may see.
    pub viewer: Viewer,
    /// 16 hexadecimal digits that two callers share when they may see the same; part of `ETag`s.
    pub class: Arc<str>,
    /// What they showed; an open stream shows it again to [`Identity::still`].
    pub credential: Credential,
    /// Whether the connection may carry restricted fields at all.
    pub carries_clearances: bool,
}

impl Caller {
    /// Who asks, where that is known and they may read; whoever is to be refused or looked up takes the
    /// other way.
    pub(super) fn known(request: &HttpRequest) -> Option<Self> {
        let Ok((credential, Known::Holds(principal))) = known(request) else {
            return None;
        };
        let reads = may(&principal, Action::Do(Permission::Read));
        reads
            .then(|| reader(request, principal, credential).ok())
            .flatten()
    }

    /// Whether the caller would see the same as then, given what they are now.
    pub fn sees_the_same(&self, now_is: &Principal, catalog: &Catalog, now: Timestamp) -> bool {
        may(now_is, Action::Do(Permission::Read))
            && seen_over(now_is, self.carries_clearances, catalog, now) == self.viewer
    }

    /// Refuses what the caller may not do.
    pub fn must(&self, permission: Permission) -> Result<(), Problem> {
        permitted(&self.principal, Action::Do(permission))
    }
}

/// Somebody who may write to the feed that the path names.
#[derive(Debug, Clone)]
pub struct FeedCaller {
    /// Who it is.
    pub principal: Arc<Principal>,
    /// The feed, as in the path; whether it exists is for the handler.
    pub feed: String,
}

impl FeedCaller {
    /// Refuses a caller that is bound to layers the feed does not write to.
    pub fn must_be_bound_to(&self, layer: &str) -> Result<(), Problem> {
        let bound = self.principal.layers();
        if bound.is_none_or(|bound| bound.iter().any(|known| known == layer)) {
            return Ok(());
        }
        Err(denied(&self.principal, Action::Ingest(&self.feed)))
    }
}

/// Why there is no caller: a problem, or for somebody who asked for a page, the way to sign in.
#[derive(Debug)]
pub enum Refusal {
    /// A problem.
    Problem(Problem),
    /// Off to the sign-in page.
    SignIn,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem(problem) => problem.fmt(f),
            Self::SignIn => f.write_str("sign in first"),
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Problem(problem) => problem.status_code(),
            Self::SignIn => StatusCode::SEE_OTHER,
        }
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        match self {
            Self::Problem(problem) => problem.error_response(),
            Self::SignIn => HttpResponse::SeeOther()
                .insert_header((header::LOCATION, "/sign-in"))
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .finish(),
        }
    }
}

impl FromRequest for Caller {
    type Error = Refusal;
    type Future = Extracted<Self, Refusal>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extracted(request, reader, |request, problem| {
            if matches!(problem, Problem::Unauthorised {}) && wants_page(request) {
                return Refusal::SignIn;
            }
            Refusal::Problem(problem)
        })
    }
}

impl FromRequest for FeedCaller {
    type Error = Problem;
    type Future = Extracted<Self, Problem>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extracted(request, feeder, |_, problem| problem)
    }
}

/// What is at hand where nobody has to be asked.
pub type Extracted<T, E> = Either<Ready<Result<T, E>>, LocalBoxFuture<'static, Result<T, E>>>;

/// Makes a caller of who asks, at once where that is known.
fn extracted<T: 'static, E: 'static>(
    request: &HttpRequest,
    make: fn(&HttpRequest, Arc<Principal>, Credential) -> Result<T, Problem>,
    refuse: fn(&HttpRequest, Problem) -> E,
) -> Extracted<T, E> {
    let answer = match known(request) {
        Ok((credential, Known::Holds(principal))) => make(request, principal, credential),
        Ok((_, Known::Fails)) => Err(failed(request)),
        Ok((credential, Known::Ask)) => {
            let request = request.clone();
            return Either::Right(Box::pin(async move {
                let asked = asked(&request, &credential).await;
                asked
                    .and_then(|principal| make(&request, principal, credential))
                    .map_err(|problem| refuse(&request, problem))
            }));
        }
        Err(problem) => Err(problem),
    };
    Either::Left(ready(answer.map_err(|problem| refuse(request, problem))))
}

fn feeder(
    request: &HttpRequest,
    principal: Arc<Principal>,
    _: Credential,
) -> Result<FeedCaller, Problem> {
    crate::request::note_principal(&principal);
    let feed = request.match_info().get("feed").unwrap_or_default();
    permitted(&principal, Action::Ingest(feed))?;
    Ok(FeedCaller {
        principal,
        feed: feed.to_owned(),
    })
}

fn reader(
    request: &HttpRequest,
    principal: Arc<Principal>,
    credential: Credential,
) -> Result<Caller, Problem> {
    crate::request::note_principal(&principal);
    permitted(&principal, Action::Do(Permission::Read))?;
    let catalog = state::<Arc<Catalog>>(request)?;
    let carries_clearances = state::<Site>(request)?.carries_clearances(request);
    let now = state::<Clock>(request)?.now();
    let viewer = seen_over(&principal, carries_clearances, catalog, now);
    Ok(Caller {
        class: class(viewer, catalog),
        principal,
        viewer,
        credential,
        carries_clearances,
    })
}

/// What a principal sees at an instant over a connection.
fn seen_over(
    principal: &Principal,
    carries_clearances: bool,
    catalog: &Catalog,
    now: Timestamp,
) -> Viewer {
    let mut viewer = viewer(principal, catalog, now);
    if !carries_clearances {
        viewer.clearances = Clearances::NONE;
    }
    viewer
}

fn permitted(principal: &Principal, action: Action<'_>) -> Result<(), Problem> {
    if may(principal, action) {
        return Ok(());
    }
    Err(denied(principal, action))
}

fn denied(principal: &Principal, action: Action<'_>) -> Problem {
    metrics::DENIALS.increment(1);
    // The name of a feed is what the path says, which may be anything.
    let what = match action {
        Action::Do(permission) => permission.phrase(),
        Action::Ingest(_) => "write to a feed",
    };
    tracing::info!(principal.id = %principal.id, action = what, "denied");
    Problem::Forbidden {
        action: echo(&action.phrase()),
    }
}

/// What the request shows of itself, and what is known of that.
fn known(request: &HttpRequest) -> Result<(Credential, Known), Problem> {
    let site = state::<Site>(request)?;
    let credential = presented(request, site).ok_or(Problem::Unauthorised {})?;
    if may_change(request) {
        match credential {
            Credential::Session(_) => check_origin(request)?,
            Credential::Bearer(_) => check_listed_if_named(request, site)?,
        }
    }
    let now = state::<Clock>(request)?.now();
    let known = state::<Identity>(request)?.known(&credential, now);
    Ok((credential, known))
}

/// Who shows a credential of which nothing is known.
async fn asked(request: &HttpRequest, credential: &Credential) -> Result<Arc<Principal>, Problem> {
    let identity = state::<Identity>(request)?;
    let now = state::<Clock>(request)?.now();
    let found = looked_up(&LOOK_UPS, identity, credential, now).await?;
    found.ok_or_else(|| failed(request))
}

/// Counts a credential that does not hold, and refuses it.
pub(super) fn failed(request: &HttpRequest) -> Problem {
    let (identity, clock) = match (state::<Identity>(request), state::<Clock>(request)) {
        (Ok(identity), Ok(clock)) => (identity, clock),
        (Err(problem), _) | (_, Err(problem)) => return problem,
    };
    let (failures, now) = (identity.failed_tokens(), clock.now());
    failures.note(peer(request), now);
    match failures.admit(peer(request), now) {
        Ok(()) => {
            metrics::CREDENTIALS_FAILED.increment(1);
            Problem::Unauthorised {}
        }
        Err(retry_after_s) => {
            metrics::CREDENTIALS_LIMITED.increment(1);
            too_many_failures(retry_after_s)
        }
    }
}

/// Who shows a credential that is not known yet, by the store. Unknown tokens cost whoever invents them
/// nothing, so only so many are looked up at a time.
async fn looked_up(
    places: &WorkPlaces,
    identity: &Arc<Identity>,
    credential: &Credential,
    now: Timestamp,
) -> Result<Option<Arc<Principal>>, Problem> {
    let (identity, credential) = (Arc::clone(identity), credential.clone());
    let found = places.answer(move || identity.verify(&credential, now));
    found.await?.map_err(Problem::internal)
}

pub(super) fn too_many_failures(retry_after_s: u32) -> Problem {
    Problem::Flooded {
        limit: "the failed attempts that one address has".into(),
        retry_after_s,
    }
}

/// A bearer token if there is an Authorization header at all, else the session cookie.
fn presented(request: &HttpRequest, site: &Site) -> Option<Credential> {
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| Credential::Bearer(Token::presented(token.trim())));
    }
    session_token(request, site).map(Credential::Session)
}

/// The content of the session cookie.
pub(super) fn session_token(request: &HttpRequest, site: &Site) -> Option<Token> {
    let name = cookie_name(site);
    request
        .headers()
        .get_all(header::COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, token)| Token::presented(token))
}

/// The cookie's name, which under TLS binds it to this host.
pub(super) fn cookie_name(site: &Site) -> &'static str {
    if site.https() {
        COOKIE_HTTPS
    } else {
        COOKIE_HTTP
    }
}

/// Whether the request can change something or open a two-way stream.
fn may_change(request: &HttpRequest) -> bool {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    !safe || request.headers().contains_key(header::UPGRADE)
}

/// Refuses a request that a page of another origin made with a session of ours. A program that
/// carries a session has to name the origin, too. Where the configuration lists origins, those and no
/// others are ours; else the one whose host was asked for is.
pub fn check_origin(request: &HttpRequest) -> Result<(), Problem> {
    let site = state::<Site>(request)?;
    let origin = text(request.headers(), &header::ORIGIN);
    let fetched = text(request.headers(), &SEC_FETCH_SITE);
    let own = match (site.origins.is_empty(), fetched) {
        (false, _) => origin.is_some_and(|origin| is_listed(origin, site)),
        (true, Some(from)) => from == "same-origin",
        (true, None) => origin.is_some_and(|origin| is_own(origin, request, site)),
    };
    if own {
        return Ok(());
    }
    Err(refused(origin))
}

/// Refuses a stream that a page of another origin opens with a session of ours, as [`check_origin`] does
/// what changes. Of a page of our own a browser names no origin where it only reads, and says that it is
/// one; a program with a token need not say anything.
pub fn check_origin_of_stream(
    request: &HttpRequest,
    credential: &Credential,
) -> Result<(), Problem> {
    let origin = text(request.headers(), &header::ORIGIN);
    match (credential, text(request.headers(), &SEC_FETCH_SITE)) {
        (_, Some("cross-site")) => Err(refused(origin)),
        (Credential::Bearer(_), _) => Ok(()),
        (Credential::Session(_), Some("same-origin")) if origin.is_none() => Ok(()),
        (Credential::Session(_), _) => check_origin(request),
    }
}

/// Refuses a program that names an origin beside those listed: it speaks for a page of another site.
fn check_listed_if_named(request: &HttpRequest, site: &Site) -> Result<(), Problem> {
    let Some(origin) = request.headers().get(header::ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().ok();
    if site.origins.is_empty() || origin.is_some_and(|origin| is_listed(origin, site)) {
        return Ok(());
    }
    Err(refused(origin))
}

fn refused(origin: Option<&str>) -> Problem {
    Problem::OriginRefused {
        origin: echo(origin.unwrap_or("(none)")),
    }
}

/// As [`check_origin`], for requests that carry no session yet: a program that names no origin may.
pub(super) fn check_origin_if_any(request: &HttpRequest) -> Result<(), Problem> {
    let named = [&header::ORIGIN, &SEC_FETCH_SITE];
    if named
        .into_iter()
        .any(|name| request.headers().contains_key(name))
    {
        return check_origin(request);
    }
    Ok(())
}

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

fn is_listed(origin: &str, site: &Site) -> bool {
    site.origins
        .iter()
        .any(|known| known.eq_ignore_ascii_case(origin))
}

fn is_own(origin: &str, request: &HttpRequest, site: &Site) -> bool {
    let host = site::host(request);
    let named = origin
        .strip_prefix(site.scheme())
        .and_then(|rest| rest.strip_prefix("://"));
    matches!((named, host), (Some(named), Some(host)) if named.eq_ignore_ascii_case(host))
}

/// The address that failures are counted by.
pub(super) fn peer(request: &HttpRequest) -> IpAddr {
    let site = request.app_data::<web::Data<Site>>();
    site.map_or_else(
        || Site::default().client(request),
        |site| site.client(request),
    )
}

fn wants_page(request: &HttpRequest) -> bool {
    let pages = text(request.headers(), &header::ACCEPT)
        .is_some_and(|accepted| accepted.contains("text/html"));
    pages
        && [Method::GET, Method::HEAD].contains(request.method())
        && !request.headers().contains_key(header::AUTHORIZATION)
}

fn text<'r>(headers: &'r HeaderMap, name: &HeaderName) -> Option<&'r str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Shared state that the app factory has to have put there.
pub(super) fn state<T: 'static>(request: &HttpRequest) -> Result<&web::Data<T>, Problem> {
    request
        .app_data::<web::Data<T>>()
        .ok_or_else(|| Problem::internal(format!("no {} in the app", std::any::type_name::<T>())))
}

#[cfg(test)]
mod tests;
