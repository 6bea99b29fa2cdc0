//! `/problems/{slug}`: what the `type` of a problem leads to, its row of the table. Open to all: it says what any
//! refusal says, and nothing of a request.

use super::get;
use super::refusals::no_query;
use crate::problem::{Problem, ROWS};
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, web};
use serde_json::json;

/// Mounts the pages that the types of problems name.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service.service(get("/problems/{slug}", row).wrap(from_fn(no_query)));
}

/// `GET /problems/{slug}`: one kind of problem.
pub(super) async fn row(slug: web::Path<String>) -> Result<HttpResponse, Problem> {
    let row = ROWS.iter().find(|row| row.slug == *slug);
    let row = row.ok_or(Problem::NoSuchPath {})?;
    Ok(HttpResponse::Ok().json(json!({
        "type": row.kind(),
        "title": row.title,
        "status": row.status.as_u16(),
        "detail": row.detail,
    })))
}
