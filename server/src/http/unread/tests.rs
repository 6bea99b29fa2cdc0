use crate::http::security::around;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};
use futures_util::future::join;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const HEAD: &str = "HTTP/1.1\r\nhost: city\r\ntransfer-encoding: chunked\r\n";

/// What a server answers until it ends the connection.
fn answers(address: SocketAddr, sent: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(Duration::from_secs(20)))?;
    connection.write_all(sent.as_bytes())?;
    let mut answers = String::new();
    connection.read_to_string(&mut answers)?;
    Ok(answers)
}

async fn read(body: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().body(format!("{} bytes", body.len()))
}

#[actix_web::test]
async fn a_body_that_does_not_end_is_not_waited_for_after_its_answer() {
    let server = HttpServer::new(|| {
        App::new()
            .wrap(from_fn(around))
            .route("/no", web::to(HttpResponse::Unauthorized))
            .route(
                "/page",
                web::to(|| async { HttpResponse::Ok().body("page") }),
            )
            .route("/nothing", web::to(HttpResponse::NoContent))
            .route("/read", web::to(read))
    });
    let server = server.workers(1).disable_signals();
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    let running = server.run();
    let handle = running.handle();
    let asking = async {
        let asked = web::block(move || {
            for (path, status) in [("/no", 401), ("/page", 200), ("/nothing", 204)] {
                for body in ["5;extension", "2\r\n{}\r\n0\r\nx: trailer\r\n", "000000"] {
                    let found = answers(address, &format!("POST {path} {HEAD}\r\n{body}"));
                    let found = found.expect("the connection ends");
                    let begins = format!("HTTP/1.1 {status} ");
                    assert!(found.starts_with(&begins), "{path}: {found}");
                    assert!(
                        found.contains("connection: close"),
                        "{path} {body}: {found}"
                    );
                }
            }
            let whole = "2\r\n{}\r\n0\r\n\r\n";
            let close = "connection: close\r\n";
            let two = format!("POST /read {HEAD}\r\n{whole}POST /read {HEAD}{close}\r\n{whole}");
            let found = answers(address, &two).expect("two answers");
            assert_eq!(found.matches("2 bytes").count(), 2, "{found}");
        });
        let asked = asked.await;
        handle.stop(false).await;
        asked
    };
    let (ran, asked) = join(running, asking).await;
    ran.unwrap();
    asked.unwrap();
}
