use super::*;

#[test]
fn the_defaults_are_a_working_configuration() {
    let config = Config::default();
    config.check().unwrap();
    let catalog = config.catalog().unwrap();
    let feeds = config.feeds(&catalog).unwrap();
    assert!(feeds.iter().any(|(feed, _)| feed.name == "incidents"));
    assert!(
        feeds
            .iter()
            .all(|(feed, _)| feed.name != "perimeters" && feed.name != "coverage")
    );
}

#[test]
fn the_example_is_a_working_configuration() {
    let config: Config = toml::from_str(EXAMPLE).unwrap();
    config.check().unwrap();
    assert!(config.catalog().unwrap().layer("street_lights").is_some());
}

#[test]
fn an_unknown_key_is_named() {
    let error = toml::from_str::<Config>("[live]\ntick = 3").unwrap_err();
    assert!(
        error.to_string().contains("unknown field `tick`"),
        "{error}"
    );
}

#[test]
fn the_effective_configuration_can_be_read_back() {
    let printed = toml::to_string(&Config::default()).unwrap();
    toml::from_str::<Config>(&printed).unwrap().check().unwrap();
}

#[test]
fn a_feed_that_cannot_be_is_refused_with_its_name_and_why() {
    let refused = |more: &str, adaptor: &str, layer: &str| {
        let text = format!(
            "[[feeds]]\nname = \"f\"\nadaptor = \"{adaptor}\"\nlayer = \"{layer}\"\n{more}"
        );
        let config: Config = toml::from_str(&text).unwrap();
        config.check().map_err(|bad| bad.to_string())
    };
    for (more, adaptor, layer, reason) in [
        (
            "every_s = 0",
            "wzdx",
            "closures",
            "every_s = 0: it must be 1 to 86400",
        ),
        (
            "withdraw_at_most = 1.5",
            "wzdx",
            "closures",
            "withdraw_at_most = 1.5: it must be 0 to 1",
        ),
        (
            "snapshot = true",
            "cap",
            "warnings",
            "snapshot = true: cap sends what happened, never all that there is",
        ),
        (
            "snapshot = true",
            "geojson",
            "alpr_reads",
            "snapshot = true: what a sighting layer holds does not end",
        ),
        (
            "url = \"ftp://u:secret@x/?key=secret\"",
            "wzdx",
            "closures",
            "url: it must begin with http://, https:// or env:",
        ),
    ] {
        let expected = format!("feed \"f\": {reason}");
        assert_eq!(refused(more, adaptor, layer), Err(expected));
    }
    assert_eq!(refused("every_s = 1", "wzdx", "closures"), Ok(()));
}

#[test]
fn what_a_body_may_withdraw_follows_the_adaptor_and_the_configuration() {
    let may = |adaptor: &str, more: &str| {
        let text = format!("name = \"f\"\nadaptor = \"{adaptor}\"\nlayer = \"sites\"\n{more}");
        let feed: FeedConfig = toml::from_str(&text).unwrap();
        (feed.fetched_may_withdraw(), feed.posted_may_withdraw())
    };
    assert_eq!(may("wzdx", ""), (Some(0.5), None));
    assert_eq!(may("geojson", ""), (None, None));
    assert_eq!(may("wzdx", "snapshot = false"), (None, None));
    let all = "snapshot = true\nwithdraw_at_most = 1.0";
    assert_eq!(may("geojson", all), (Some(1.0), Some(1.0)));
}

#[test]
fn the_effective_configuration_shows_no_key_of_an_address() {
    for (url, shown) in [
        ("https://u:k@x.org/a?key=k#k", "https://x.org/a?..."),
        ("http://x.org:81/a", "http://x.org:81/a"),
        ("env:ROADS", "env:ROADS"),
    ] {
        let text = format!("name = \"f\"\nadaptor = \"wzdx\"\nlayer = \"sites\"\nurl = \"{url}\"");
        let feed: FeedConfig = toml::from_str(&text).unwrap();
        let printed = toml::to_string(&feed).unwrap();
        assert!(
            printed.contains(&format!("url = \"{shown}\"\n")),
            "{printed}"
        );
        let config = Config {
            streams: [("c".to_owned(), url.to_owned())].into(),
            ..Config::default()
        };
        let printed = toml::to_string(&config).unwrap();
        assert!(printed.contains(&format!("c = \"{shown}\"\n")), "{printed}");
    }
}
