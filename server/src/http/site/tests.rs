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
    let names = [
        "forwarded",
        "x-forwarded-for",
        "x-real-ip",
        "x-forwarded-proto",
    ];
    let proxied = names.map(|name| {
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

fn behind_a_proxy() -> Site {
    let mut config = Config::default();
    config.site.origins = vec![
        "https://wall.example".into(),
        "https://map.city:8443".into(),
    ];
    Site::of(&config)
}

#[test]
fn a_proxy_on_this_machine_is_believed_unless_it_was_asked_without_tls() {
    let site = behind_a_proxy();
    assert!(site.https());
    assert_eq!(site.scheme(), "http", "what it listens on");
    let private = |peer: &str, headers: &[(&str, &str)]| {
        let request = TestRequest::get().peer_addr(peer.parse().unwrap());
        let with = |request: TestRequest, pair: &(&str, &str)| {
            request.append_header((pair.0.to_owned(), pair.1.to_owned()))
        };
        site.is_private(&headers.iter().fold(request, with).to_http_request())
    };
    let (here, away) = ("127.0.0.1:40000", "203.0.113.9:40000");
    let from = ("x-forwarded-for", "203.0.113.9");
    let proto = |proto| ("x-forwarded-proto", proto);
    let hops = |hops| ("forwarded", hops);
    assert!(private(here, &[]));
    assert!(private(here, &[from]));
    assert!(private(here, &[from, proto("https")]));
    assert!(private(here, &[proto("HTTPS, https")]));
    assert!(private(
        here,
        &[hops("for=203.0.113.9;proto=https, for=10.0.0.1")]
    ));
    assert!(!private(here, &[from, proto("http")]));
    assert!(!private(here, &[proto("https, http")]));
    assert!(!private(here, &[proto("https"), proto("http")]));
    assert!(!private(here, &[proto("")]));
    assert!(!private(here, &[hops("for=203.0.113.9; Proto=\"http\"")]));
    assert!(!private(away, &[]));
    assert!(
        !private(away, &[from, proto("https")]),
        "anybody can say so"
    );
}

#[test]
fn a_host_is_repeated_only_where_it_is_known() {
    let base = |site: &Site, host: &str| {
        let request = TestRequest::get().insert_header(("host", host.to_owned()));
        let request = request
            .insert_header(("x-forwarded-host", "evil.example"))
            .insert_header(("x-forwarded-proto", "gopher"));
        site.base(&request.to_http_request())
    };
    let plain = Site::default();
    for known in [
        "localhost",
        "LOCALHOST:9000",
        "127.0.0.1:8080",
        "127.9.9.9",
        "[::1]:80",
        "[::1]",
    ] {
        assert_eq!(base(&plain, known), format!("http://{known}"));
    }
    // The address that the server of these tests says it listens on.
    let own = "http://127.0.0.1:8080";
    for made_up in [
        "evil.example",
        "localhost.evil.example",
        "localhost:80@evil.example",
        "evil.example:localhost",
        "127.0.0.1.evil.example",
        "127.0.0.1:+80",
        "127.0.0.1:080",
        "127.0.0.1:80:90",
        "localhost:",
        "::1",
        "[::1",
        "[127.0.0.1]",
        "203.0.113.9:8080",
        "0.0.0.0:8080",
        "\" onload=",
        "",
    ] {
        assert_eq!(base(&plain, made_up), own, "{made_up}");
    }
    let tls = Site {
        tls: true,
        ..Site::default()
    };
    assert_eq!(base(&tls, "evil.example"), "https://127.0.0.1:8080");
    let proxied = behind_a_proxy();
    for (host, origin) in [
        ("wall.example", "https://wall.example"),
        ("MAP.city:8443", "https://map.city:8443"),
        ("map.city", "https://wall.example"),
        ("evil.example", "https://wall.example"),
        ("127.0.0.1:8080", "https://wall.example"),
    ] {
        assert_eq!(base(&proxied, host), origin, "{host}");
    }
}

#[test]
fn a_proxy_elsewhere_is_believed_only_if_it_is_named_and_says_https() {
    let named = Site {
        proxies: vec!["10.20.0.0/24".parse().unwrap()],
        ..behind_a_proxy()
    };
    let unnamed = behind_a_proxy();
    let request = |peer: &str, headers: &[(&'static str, &'static str)]| {
        let request = TestRequest::get().peer_addr(peer.parse().unwrap());
        let with = |request: TestRequest, pair: &(&'static str, &'static str)| {
            request.append_header(*pair)
        };
        headers.iter().fold(request, with).to_http_request()
    };
    let (proxy, other, here) = ("10.20.0.5:40000", "10.20.1.5:40000", "127.0.0.1:40000");
    let secure = ("x-forwarded-proto", "https");
    let chain = (
        "x-forwarded-for",
        "127.0.0.1, 10.20.0.9, 203.0.113.9, 10.20.0.7",
    );
    for (site, peer, headers, private, client) in [
        (&named, proxy, &[secure, chain][..], true, "203.0.113.9"),
        (&named, proxy, &[chain], false, "203.0.113.9"),
        (&named, proxy, &[], false, "10.20.0.5"),
        (
            &named,
            proxy,
            &[("x-forwarded-proto", "http"), chain],
            false,
            "203.0.113.9",
        ),
        (
            &named,
            proxy,
            &[("forwarded", "for=203.0.113.9;proto=https")],
            true,
            "203.0.113.9",
        ),
        (
            &named,
            "[::ffff:10.20.0.5]:1",
            &[secure, chain],
            true,
            "203.0.113.9",
        ),
        // Whoever is not named says what they like, and nothing follows from it.
        (&named, other, &[secure, chain], false, "10.20.1.5"),
        (
            &named,
            other,
            &[("forwarded", "for=127.0.0.1;proto=https")],
            false,
            "10.20.1.5",
        ),
        (&unnamed, proxy, &[secure, chain], false, "10.20.0.5"),
        (&named, here, &[secure, chain], true, "203.0.113.9"),
        (&Site::default(), here, &[secure, chain], false, "127.0.0.1"),
    ] {
        let request = request(peer, headers);
        assert_eq!(site.is_private(&request), private, "{peer} {headers:?}");
        assert_eq!(
            site.carries_clearances(&request),
            private,
            "{peer} {headers:?}"
        );
        let client: IpAddr = client.parse().unwrap();
        assert_eq!(site.client(&request), client, "{peer} {headers:?}");
    }
}

#[test]
fn a_name_is_foreign_unless_it_is_known_or_cannot_be_registered() {
    for own in [
        "127.0.0.1:9464",
        "[::1]:9464",
        "10.0.0.7",
        "localhost:9464",
        "atalaya:9464",
        "map.city",
        "MAP.city:9464",
    ] {
        assert!(is_no_foreign_name(own, &["map.city"]), "{own}");
    }
    for foreign in [
        "evil.example:9464",
        "127.0.0.1.evil.example",
        "map.city.evil.example",
        "",
        ":9464",
        "localhost.",
    ] {
        assert!(!is_no_foreign_name(foreign, &["map.city"]), "{foreign}");
    }
}
