//! A small app for the tests of the HTTP edge: everything around a request, and handlers that say
//! who called.

use super::caller::{Caller, FeedCaller};
use super::refusals::no_such_path;
use super::security::around;
use super::{sign_in, site::Site};
use crate::clock::Clock;
use crate::identity::tests::{key, link, store};
use crate::identity::{Authority, Identity, Lasting, Permission, Role, Token};
use crate::problem::Problem;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use std::net::SocketAddr;
use std::sync::Arc;
use tempfile::TempDir;

pub(super) struct Trial {
    pub(super) identity: web::Data<Identity>,
    pub(super) clock: Clock,
    pub(super) site: Site,
    _folder: TempDir,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: actix_web::http::header::HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The problem's name and status.
    pub(super) fn problem(&self) -> (u16, String) {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.body
        );
        let document: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(document["status"], self.status);
        assert_eq!(
            document["instance"],
            format!("urn:uuid:{}", self.header("x-request-id"))
        );
        let kind = document["type"].as_str().unwrap();
        (
            self.status,
            kind.trim_start_matches("/problems/").to_owned(),
        )
    }

    /// `name=content` of the cookie that was set.
    pub(super) fn cookie(&self) -> String {
        self.header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    }
}

pub(super) fn local() -> SocketAddr {
    "127.0.0.1:40000".parse().unwrap()
}

pub(super) fn remote() -> SocketAddr {
    "203.0.113.9:40000".parse().unwrap()
}

async fn peek(caller: Caller) -> HttpResponse {
    let seen = (
        caller.class,
        caller.viewer.clearances != atalaya_tiles::Clearances::NONE,
    );
    HttpResponse::Ok().json(seen)
}

async fn export(caller: Caller) -> Result<HttpResponse, Problem> {
    caller.must(Permission::Export)?;
    Ok(HttpResponse::Ok().finish())
}

async fn ingest(caller: FeedCaller) -> String {
    caller.feed
}

async fn fails() -> Result<HttpResponse, Problem> {
    Err(Problem::internal("password of /dev/sda1 is hunter2"))
}

async fn body(body: web::Bytes) -> String {
    body.len().to_string()
}

async fn page() -> HttpResponse {
    HttpResponse::UnprocessableEntity()
        .content_type("text/html")
        .body("<p>no</p>")
}

impl Trial {
    pub(super) fn new() -> Self {
        let (folder, path) = store();
        Self {
            identity: web::Data::new(Identity::open(&path, Lasting::default()).unwrap()),
            clock: Clock::fixed("2026-03-01T12:00:00Z".parse().unwrap()),
            site: Site::default(),
            _folder: folder,
        }
    }

    pub(super) fn https() -> Self {
        let mut trial = Self::new();
        trial.site.tls = true;
        trial
    }

    /// Sends one request to a fresh app over the same state.
    pub(super) async fn send(&self, request: TestRequest) -> Answer {
        let app = App::new()
            .app_data(self.identity.clone())
            .app_data(web::Data::new(self.clock.clone()))
            .app_data(web::Data::new(self.site.clone()))
            .app_data(web::Data::new(Arc::new(crate::identity::tests::catalog())))
            .app_data(web::PayloadConfig::new(10))
            .configure(sign_in::mount)
            .route("/peek", web::get().to(peek))
            .route("/live", web::get().to(peek))
            .route("/change", web::post().to(peek))
            .route("/export", web::get().to(export))
            .route("/feeds/{feed}", web::post().to(ingest))
            .route("/fails", web::get().to(fails))
            .route("/body", web::post().to(body))
            .route("/page", web::get().to(page))
            .route(
                "/kept",
                web::get().to(async || HttpResponse::NotModified().finish()),
            )
            .route(
                "/number/{n}",
                web::get().to(async |n: web::Path<u8>| n.to_string()),
            )
            .default_service(web::to(no_such_path))
            .wrap(from_fn(around));
        let app = init_service(app).await;
        let response = call_service(&app, request.to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = String::from_utf8(read_body(response).await.to_vec()).unwrap();
        Answer {
            status,
            headers,
            body,
        }
    }

    pub(super) fn link(&self, role: Role) -> Token {
        self.identity
            .issue_link(&link(role), self.clock.now())
            .unwrap()
    }

    /// A session's cookie, opened past the HTTP edge.
    pub(super) fn cookie(&self, role: Role) -> String {
        let link = self.link(role);
        let opened = self
            .identity
            .redeem(&link, self.clock.now())
            .unwrap()
            .unwrap();
        let name = if self.site.https() {
            "__Host-atalaya"
        } else {
            "atalaya"
        };
        format!("{name}={}", opened.token.expose())
    }

    /// The value of an Authorization header.
    pub(super) fn bearer(&self, authority: Authority, clearances: &str) -> String {
        let mut key = key(authority);
        let catalog = crate::identity::tests::catalog();
        key.grants = crate::identity::Grant::list(clearances, None, &catalog).unwrap();
        let token = self.identity.create_key(&key, self.clock.now()).unwrap();
        format!("Bearer {}", token.expose())
    }
}
