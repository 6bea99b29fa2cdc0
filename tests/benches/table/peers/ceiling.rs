//! What the machine and the HTTP stack allow: an actix-web server that gives one body from memory, with the
//! headers of a tile, and knows its `ETag`.

use super::{Program, free_port};
use crate::wrk::Asked;
use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use atalaya_tests::eventually;
use bytes::Bytes;
use std::process::Command;

/// What this program is called with to be the ceiling.
pub(crate) const NAME: &str = "ceiling";

/// A running one.
#[derive(Debug)]
pub(crate) struct Ceiling {
    program: Program,
    port: u16,
    bytes: usize,
}

impl Ceiling {
    pub(crate) const ETAG: &str = "\"0123456789abcdef-123456789\"";

    /// Starts one that gives a body of so many bytes.
    pub(crate) async fn start(bytes: usize) -> Self {
        let port = free_port();
        let own = std::env::current_exe().expect("a running program has a path");
        let program = Program::start(Command::new(own).args([NAME, &format!("{port}")]));
        eventually("the ceiling", async || {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        })
        .await;
        Self {
            program,
            port,
            bytes,
        }
    }

    pub(crate) fn asked(&self, headers: &[(&str, &str)]) -> Asked {
        Asked {
            base: format!("http://127.0.0.1:{}", self.port),
            paths: vec![format!("/{}", self.bytes)],
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            processes: vec![self.program.id()],
            connections: 16,
        }
    }
}

/// Serves until it is killed, with as many workers as ours has.
pub(crate) fn serve(port: &str) {
    let port: u16 = port.parse().expect("a port");
    let served = async {
        HttpServer::new(|| App::new().route("/{bytes}", web::get().to(body)))
            .workers(std::thread::available_parallelism().map_or(2, usize::from))
            .bind(("127.0.0.1", port))
            .expect("the port is free")
            .run()
            .await
    };
    actix_web::rt::System::new()
        .block_on(served)
        .expect("it serves");
}

async fn body(request: HttpRequest, bytes: web::Path<usize>) -> HttpResponse {
    thread_local! {
        static BODY: std::cell::OnceCell<Bytes> = const { std::cell::OnceCell::new() };
    }
    let known = request.headers().get(header::IF_NONE_MATCH);
    let known = known.is_some_and(|etag| etag.as_bytes() == Ceiling::ETAG.as_bytes());
    let mut response = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((header::ETAG, Ceiling::ETAG))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::VARY, "Accept, Accept-Encoding"));
    if known {
        return response.finish();
    }
    let body = BODY.with(|body| {
        let made = || (0..*bytes).map(|at| at.to_le_bytes()[0]).collect();
        body.get_or_init(made).clone()
    });
    response
        .content_type("application/vnd.mapbox-vector-tile")
        .insert_header((header::CONTENT_ENCODING, "gzip"))
        .body(body)
}
