use super::*;
use crate::config::TlsConfig;
use actix_web::test::TestRequest;

#[test]
fn what_may_go_over_which_connection() {
    let plain = Site::of(&Config::default());
    let tls = Site::of(&Config {
        tls: Some(TlsConfig {
            certificate: "cert.pem".into(),
            private_key: "key.pem".into(),
        }),
        ..Config::default()
    });
    let clear_text = Site {
        clear_text_clearances: true,
        ..plain.clone()
    };
    assert_eq!((plain.scheme(), tls.scheme()), ("http", "https"));
    let from = |peer: &str| TestRequest::get().peer_addr(peer.parse().unwrap());
    let away = from("203.0.113.9:40000").to_http_request();
    let here = from("127.0.0.1:40000").to_http_request();
    let here_v6 = from("[::ffff:127.0.0.1]:40000").to_http_request();
    let unknown = TestRequest::get().to_http_request();
    let proxied = ["forwarded", "x-forwarded-for", "x-real-ip"].map(|name| {
        let request = from("127.0.0.1:40000").insert_header((name, "203.0.113.9"));
        request.to_http_request()
    });
    for (request, private) in [
        (&away, false),
        (&here, true),
        (&here_v6, true),
        (&unknown, false),
    ]
    .into_iter()
    .chain(proxied.iter().map(|request| (request, false)))
    {
        assert_eq!(plain.is_private(request), private, "{request:?}");
        assert_eq!(plain.carries_clearances(request), private, "{request:?}");
        assert_eq!(
            clear_text.is_private(request),
            private,
            "a session needs more"
        );
        assert!(clear_text.carries_clearances(request));
        assert!(tls.is_private(request) && tls.carries_clearances(request));
    }
}
