use super::*;
use actix_web::http::header::HeaderValue;

/// What a code host publishes for its webhooks, of `Hello, World!`.
const KEY: &str = "It's a Secret to Everybody";
const DIGEST: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
/// The example of Standard Webhooks.
const STANDARD_KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STANDARD_BODY: &str = "{\"test\": 2432232314}";
const STANDARD: [(&str, &str); 3] = [
    ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ("webhook-timestamp", "1614265330"),
    (
        "webhook-signature",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
];
const THEN: i64 = 1_614_265_330;

fn config(scheme: &str, more: &str) -> SignatureConfig {
    toml::from_str(&format!(
        "scheme = \"{scheme}\"\nsecret = \"env:A\"\n{more}"
    ))
    .unwrap()
}

fn plain() -> SignatureConfig {
    config("hmac-sha256", "header = \"X-Signature\"")
}

fn timed() -> SignatureConfig {
    config(
        "hmac-sha256",
        "header = \"X-Signature\"\ntimestamp_header = \"X-Time\"",
    )
}

fn standard() -> SignatureConfig {
    config("standard-webhooks", "")
}

/// Whether a body is believed with these headers at an instant; none where no signature is said.
fn check(
    (config, secrets): (&SignatureConfig, &[&str]),
    said: &[(&'static str, &str)],
    body: &str,
    now: i64,
) -> Option<bool> {
    let verifier = Verifier::with(config, secrets);
    let headers: HeaderMap = said
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
        })
        .collect();
    let presented = verifier.presented(&headers)?;
    let now = Timestamp::from_second(now).unwrap();
    Some(verifier.holds(&presented, body.as_bytes(), now))
}

#[test]
fn what_others_published_is_believed_in_every_writing() {
    let base64 = BASE64.encode(candidate(DIGEST).unwrap());
    for said in [
        DIGEST.to_owned(),
        DIGEST.to_uppercase(),
        format!("sha256={DIGEST}"),
        base64.clone(),
        base64.trim_end_matches('=').to_owned(),
    ] {
        let said = [("x-signature", said.as_str())];
        let check = |key, body| check((&plain(), &[key]), &said, body, 0);
        assert_eq!(check(KEY, "Hello, World!"), Some(true), "{said:?}");
        assert_eq!(check(KEY, "Hello, World?"), Some(false));
        assert_eq!(check("another secret of it", "Hello, World!"), Some(false));
    }
    let check = |said: &[(&'static str, &str)]| {
        check((&standard(), &[STANDARD_KEY]), said, STANDARD_BODY, THEN)
    };
    assert_eq!(check(&STANDARD), Some(true));
    for at in 0..STANDARD.len() {
        let mut other = STANDARD;
        other[at].1 = "1614265331";
        assert_eq!(check(&other), Some(false), "{other:?}");
    }
    assert_eq!(check(&STANDARD[..2]), None, "nothing is signed");
}

#[test]
fn one_of_several_signatures_and_either_secret_is_enough() {
    let mut said = STANDARD;
    let several = format!("v1a,AAAA v1,AAAA {} v2,x", STANDARD[2].1);
    said[2].1 = &several;
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let config = standard();
    for (secrets, believed) in [
        (&[STANDARD_KEY, other][..], true),
        (&[other, STANDARD_KEY], true),
        (&[other], false),
        (&[], false),
    ] {
        let found = check((&config, secrets), &said, STANDARD_BODY, THEN);
        assert_eq!(found, Some(believed), "{secrets:?}");
    }
}

#[test]
fn what_is_no_signature_is_not_believed() {
    let doubled = format!("{DIGEST}{DIGEST}");
    let signs = "+7".repeat(32);
    for said in [
        "",
        "sha256=",
        "x",
        DIGEST.trim_start_matches('7'),
        &doubled,
        &signs,
        "é",
        "=",
        "v1,",
    ] {
        let found = check((&plain(), &[KEY]), &[("x-signature", said)], "", 0);
        assert_eq!(found, Some(false), "{said}");
    }
    assert_eq!(check((&plain(), &[KEY]), &[("x-time", "0")], "", 0), None);
}

#[test]
fn an_instant_that_is_signed_is_of_the_last_minutes() {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(b"1614265330.body");
    let signature = BASE64.encode(mac.finalize().into_bytes());
    let check = |seconds: &str, now: i64| {
        let said = [("x-signature", signature.as_str()), ("x-time", seconds)];
        check((&timed(), &[KEY]), &said, "body", now)
    };
    let minutes = TOLERANCE.as_secs();
    for (now, believed) in [
        (THEN, true),
        (THEN + minutes, true),
        (THEN - minutes, true),
        (THEN + minutes + 1, false),
        (THEN - minutes - 1, false),
        (i64::from(u32::MAX), false),
    ] {
        assert_eq!(check("1614265330", now), Some(believed), "{now}");
    }
    for seconds in [
        "",
        "-1",
        "+1614265330",
        "1614265330.0",
        "99999999999999999999",
        "x",
    ] {
        assert_eq!(check(seconds, THEN), Some(false), "{seconds}");
    }
}

#[test]
fn a_configuration_that_cannot_be_meant_is_refused() {
    let refused = |scheme: &str, more: &str| {
        let text = format!("scheme = \"{scheme}\"\n{more}");
        let config: Result<SignatureConfig, _> = toml::from_str(&text);
        config.map_or_else(|_| Err("unread".to_owned()), |config| config.check())
    };
    let secret = "it must be env:NAME, an environment variable with the secret";
    let (hmac, standard) = ("hmac-sha256", "standard-webhooks");
    for (scheme, more, reason) in [
        (
            hmac,
            "secret = \"hunter2\"",
            &*format!("signature.secret: {secret}"),
        ),
        (
            standard,
            "secret = \"env:\"",
            &*format!("signature.secret: {secret}"),
        ),
        (
            standard,
            "secret = \"env:A\"\nformer_secret = \"hunter2\"",
            &*format!("signature.former_secret: {secret}"),
        ),
        (
            hmac,
            "secret = \"env:A\"",
            "signature.header: hmac-sha256 needs the header with the signature",
        ),
        (
            hmac,
            "secret = \"env:A\"\nheader = \"a b\"",
            "signature.header = \"a b\": it must be the name of a header, such as X-Signature",
        ),
        (
            hmac,
            "secret = \"env:A\"\nheader = \"x\"\ntimestamp_header = \"Cookie\"",
            "signature.timestamp_header = \"Cookie\": that header carries other credentials",
        ),
        (
            hmac,
            "secret = \"env:A\"\nheader = \"x\"\ntimestamp_header = \"X\"",
            "signature.timestamp_header: it is the header with the signature already",
        ),
        (
            standard,
            "secret = \"env:A\"\nheader = \"x\"",
            "signature: standard-webhooks has headers of its own",
        ),
        ("md5", "secret = \"env:A\"", "unread"),
        (standard, "secret = \"env:A\"\nkey = 1", "unread"),
    ] {
        assert_eq!(refused(scheme, more), Err(reason.to_owned()));
    }
    assert_eq!(refused(standard, "secret = \"env:A\""), Ok(()));
}

#[test]
fn secrets_that_can_be_guessed_are_none_and_none_is_printed() {
    let found = |scheme, secret| keyed(scheme, secret).map(|_| ()).unwrap_err();
    assert_eq!(
        found(Scheme::HmacSha256, "hunter2"),
        "a secret of 7 bytes, and 16 are the least"
    );
    assert_eq!(
        found(Scheme::StandardWebhooks, "whsec_not base64 at all"),
        "no secret of Standard Webhooks, which is whsec_ and base64"
    );
    let printed = format!("{:?}", Verifier::with(&plain(), &[KEY]));
    assert!(!printed.contains("Secret to"), "{printed}");
    let mut config = plain();
    config.secret = "env:ATALAYA_NO_SUCH_VARIABLE".into();
    let troubles = |config: &SignatureConfig| config.troubles().collect::<Vec<_>>();
    let not_set = "the environment variable ATALAYA_NO_SUCH_VARIABLE is not set";
    assert_eq!(
        troubles(&config),
        [format!("takes no signature: {not_set}")]
    );
    Verifier::configured(&config).unwrap_err();

    // Cargo sets this one. The present secret holds whatever has become of the former.
    config.former_secret = Some(std::mem::replace(
        &mut config.secret,
        "env:CARGO_MANIFEST_DIR".into(),
    ));
    let former = format!("takes no signature by the former secret: {not_set}");
    assert_eq!(troubles(&config), [former]);
    assert_eq!(Verifier::configured(&config).unwrap().secrets.len(), 1);
}
