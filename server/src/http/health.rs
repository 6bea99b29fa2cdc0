//! `/health`: for load balancers and people in a hurry. Open to all, and says no more than they need.

use super::App;
use super::get;
use super::refusals::no_query;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, web};
use serde_json::json;

/// Mounts what load balancers ask.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service
        .service(get("/health", overview).wrap(from_fn(no_query)))
        .service(get("/health/live", live).wrap(from_fn(no_query)))
        .service(get("/health/ready", ready).wrap(from_fn(no_query)));
}

/// `GET /health`: the process answers, and where more is said.
pub(super) async fn overview() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "status": "live",
        "live": "/health/live",
        "ready": "/health/ready",
    }))
}

/// `GET /health/live`: the process answers.
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "live" }))
}

/// `GET /health/ready`: whether events can be made durable and reads answered; if not, why.
pub(super) async fn ready(app: web::Data<App>) -> HttpResponse {
    if let Some(thread) = *app.engine.failed().borrow() {
        return HttpResponse::ServiceUnavailable().json(json!({
            "status": "failed",
            "reason": format!("the {thread} thread has failed and the server stops"),
        }));
    }
    if app.engine.is_damaged() {
        return HttpResponse::ServiceUnavailable().json(json!({
            "status": "damaged",
            "reason": "the store is damaged: restore a backup",
            "reads": "served as far as they do not need what is damaged",
        }));
    }
    match app.engine.fault() {
        None => HttpResponse::Ok().json(json!({ "status": "ready" })),
        Some(reason) => HttpResponse::ServiceUnavailable().json(json!({
            "status": "not durable",
            "reason": reason,
            "reads": "served",
        })),
    }
}

#[cfg(test)]
mod tests;
