//! `/problems/{slug}`: what the `type` of a problem leads to, its row of the table. Open to all: it says what any
//! refusal says, and nothing of a request.

use crate::problem::{Problem, ROWS};
use actix_web::{HttpResponse, web};
use serde_json::json;

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
