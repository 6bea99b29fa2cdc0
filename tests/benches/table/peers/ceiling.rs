//! What the machine and the HTTP stack allow: an actix-web server that gives answers of ours again from
//! memory, with their headers and bodies at their paths, and knows their `ETag`s. It looks at nothing else.

use super::{Program, free_port};
use crate::wrk::Asked;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::uri::PathAndQuery;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use atalaya_tests::{Reply, eventually};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write as _;
use std::process::Command;
use tempfile::NamedTempFile;

/// What this program is called with to be the ceiling.
pub(crate) const NAME: &str = "ceiling";
/// Headers that the HTTP stack writes by itself.
const ITS_OWN: [&str; 4] = ["connection", "content-length", "date", "transfer-encoding"];

/// What ours answered at a path: to whoever has nothing, and to whoever has that.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) path: String,
    pub(crate) whole: Reply,
    pub(crate) known: Reply,
}

/// A running one.
#[derive(Debug)]
pub(crate) struct Ceiling {
    program: Program,
    port: u16,
    _answers: NamedTempFile,
}

impl Ceiling {
    /// Starts one that gives these answers.
    pub(crate) async fn start(answers: &[Answered]) -> Self {
        let mut file = NamedTempFile::new().expect("a file");
        for answer in answers {
            let Answered { path, whole, known } = answer;
            let head = json!({
                "path": path, "bytes": whole.body.len(), "whole": headers(whole), "known": headers(known),
            });
            writeln!(file, "{head}").expect("the file can be written");
            file.write_all(&whole.body)
                .expect("the file can be written");
        }
        let port = free_port();
        let own = std::env::current_exe().expect("a running program has a path");
        let mut command = Command::new(own);
        command.args([NAME, &format!("{port}")]).arg(file.path());
        let program = Program::start(&mut command);
        eventually("the ceiling", async || {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        })
        .await;
        Self {
            program,
            port,
            _answers: file,
        }
    }

    /// The load that another server gets, on this one.
    pub(crate) fn asked(&self, same: &Asked) -> Asked {
        Asked {
            base: format!("http://127.0.0.1:{}", self.port),
            processes: vec![self.program.id()],
            ..same.clone()
        }
    }
}

/// The headers of an answer that its handler has to give.
fn headers(reply: &Reply) -> Vec<(&str, &str)> {
    let all = reply.headers.iter();
    let all = all.map(|(name, value)| (name.as_str(), value.to_str().expect("plain headers")));
    all.filter(|(name, _)| !ITS_OWN.contains(name)).collect()
}

/// An answer as it is kept.
struct Kept {
    etag: Option<HeaderValue>,
    whole: Vec<(HeaderName, HeaderValue)>,
    known: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

/// Serves until it is killed, with as many workers as ours has.
pub(crate) fn serve(port: &str, file: &str) {
    let port: u16 = port.parse().expect("a port");
    let answers = web::Data::new(read(file));
    let served = async {
        HttpServer::new(move || {
            App::new()
                .app_data(answers.clone())
                .route("/tiles/{tileset}/{z}/{x}/{y}", web::get().to(again))
                .route("/near", web::get().to(again))
        })
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

fn read(file: &str) -> HashMap<String, Kept> {
    let mut left = Bytes::from(std::fs::read(file).expect("the answers"));
    let mut answers = HashMap::new();
    while let Some(end) = left.iter().position(|byte| *byte == b'\n') {
        let head = left.split_to(end + 1);
        let head: Value = serde_json::from_slice(&head).expect("the head of an answer");
        let bytes = head["bytes"].as_u64().expect("a size");
        let body = left.split_to(usize::try_from(bytes).expect("it is in memory"));
        let whole = named(&head["whole"]);
        let etag = whole.iter().find(|(name, _)| name == header::ETAG);
        let etag = etag.map(|(_, etag)| etag.clone());
        let kept = Kept {
            etag,
            whole,
            known: named(&head["known"]),
            body,
        };
        answers.insert(head["path"].as_str().expect("a path").to_owned(), kept);
    }
    answers
}

fn named(headers: &Value) -> Vec<(HeaderName, HeaderValue)> {
    let headers: Vec<(String, String)> =
        serde_json::from_value(headers.clone()).expect("pairs of texts");
    let headers = headers.into_iter();
    headers
        .map(|(name, value)| {
            (
                name.parse().expect("it came over HTTP"),
                value.parse().expect("it came over HTTP"),
            )
        })
        .collect()
}

async fn again(request: HttpRequest, answers: web::Data<HashMap<String, Kept>>) -> HttpResponse {
    let asked = request.uri().path_and_query().map(PathAndQuery::as_str);
    let Some(kept) = asked.and_then(|asked| answers.get(asked)) else {
        return HttpResponse::NotFound().finish();
    };
    let known = request.headers().get(header::IF_NONE_MATCH);
    let known = known.is_some() && known == kept.etag.as_ref();
    let (mut response, headers) = if known {
        (HttpResponse::NotModified(), &kept.known)
    } else {
        (HttpResponse::Ok(), &kept.whole)
    };
    for header in headers {
        response.insert_header(header.clone());
    }
    if known {
        return response.finish();
    }
    response.body(kept.body.clone())
}
