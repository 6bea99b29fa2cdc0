use super::*;
use actix_web::test::TestRequest;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_net_holds_what_shares_its_bits() {
    for (net, inside, outside) in [
        ("10.0.0.0/8", "10.255.1.2", "11.0.0.0"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
        ("192.0.2.128/25", "::ffff:192.0.2.129", "192.0.2.127"),
        ("2001:db8::/32", "2001:db8:1::1", "2001:db9::1"),
        ("::1", "::1", "127.0.0.1"),
    ] {
        let net: Net = net.parse().unwrap();
        assert!(net.holds(ip(inside)), "{net} {inside}");
        assert!(!net.holds(ip(outside)), "{net} {outside}");
    }
    for bad in [
        "",
        "proxy",
        "10.0.0.0/0",
        "::/0",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0/8",
        "2001:db8::1/32",
        "10.0.0.0/-1",
    ] {
        assert_eq!(bad.parse::<Net>(), Err(NoNet), "{bad}");
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let with = |request: TestRequest, pair: &(&'static str, &str)| {
        request.append_header((pair.0, pair.1.to_owned()))
    };
    let request = pairs.iter().fold(TestRequest::get(), with);
    request.to_http_request().headers().clone()
}

#[test]
fn a_chain_is_read_from_the_right_up_to_the_first_that_is_none_of_ours() {
    let peer = ip("10.0.0.1");
    let ours: Net = "10.0.0.0/8".parse().unwrap();
    let xff = "x-forwarded-for";
    for (pairs, client) in [
        (&[][..], "10.0.0.1"),
        (&[(xff, "203.0.113.9")], "203.0.113.9"),
        // A hop that names nobody ends the chain: what stands left of it anybody may have written.
        (
            &[("forwarded", "for=198.51.100.1, proto=https;by=_p")],
            "10.0.0.1",
        ),
        (
            &[("forwarded", "proto=https"), (xff, "203.0.113.9")],
            "203.0.113.9",
        ),
        // What the client itself wrote stands on the left, and is not looked at.
        (
            &[(xff, "127.0.0.1, 198.51.100.1, 203.0.113.9")],
            "203.0.113.9",
        ),
        (
            &[(xff, "198.51.100.1, 203.0.113.9, 10.0.0.7, 10.1.0.7")],
            "203.0.113.9",
        ),
        (
            &[(xff, "198.51.100.1"), (xff, "203.0.113.9")],
            "203.0.113.9",
        ),
        (&[(xff, "203.0.113.9:4711, 10.0.0.7:80")], "203.0.113.9"),
        (&[(xff, "[2001:db8::9]:4711")], "2001:db8::9"),
        (&[(xff, "2001:db8::9")], "2001:db8::9"),
        (&[(xff, "::ffff:203.0.113.9")], "203.0.113.9"),
        (&[(xff, "10.0.0.9, 10.0.0.7")], "10.0.0.9"),
        (&[(xff, "203.0.113.9, unknown")], "10.0.0.1"),
        (&[(xff, "203.0.113.9, unknown, 10.0.0.7")], "10.0.0.7"),
        (&[(xff, "")], "10.0.0.1"),
        (
            &[(
                "forwarded",
                "for=198.51.100.1, for=\"203.0.113.9:80\";proto=https, For=10.0.0.7",
            )],
            "203.0.113.9",
        ),
        (&[("forwarded", "for=\"[2001:db8::9]\"")], "2001:db8::9"),
        (&[("forwarded", "for=_hidden")], "10.0.0.1"),
        (
            &[(xff, "203.0.113.9"), ("forwarded", "for=203.0.113.9")],
            "203.0.113.9",
        ),
        // Only one of the two can be the proxy's.
        (
            &[(xff, "203.0.113.9"), ("forwarded", "for=198.51.100.1")],
            "10.0.0.1",
        ),
    ] {
        let found = spoken_for(&headers(pairs), peer, |address| ours.holds(address));
        assert_eq!(found, ip(client), "{pairs:?}");
    }
}

#[test]
fn every_hop_has_to_be_over_tls() {
    let proto = "x-forwarded-proto";
    for (pairs, said) in [
        (&[][..], None),
        (&[("x-forwarded-for", "203.0.113.9")], None),
        (&[(proto, "https")], Some(true)),
        (&[(proto, "HTTPS, https")], Some(true)),
        (&[(proto, "https, http")], Some(false)),
        (&[(proto, "https"), (proto, "http")], Some(false)),
        (&[(proto, "")], Some(false)),
        (
            &[("forwarded", "for=203.0.113.9;proto=https, for=10.0.0.1")],
            Some(true),
        ),
        (
            &[("forwarded", "proto=\"http\""), (proto, "https")],
            Some(false),
        ),
    ] {
        assert_eq!(over_tls(&headers(pairs)), said, "{pairs:?}");
    }
}
