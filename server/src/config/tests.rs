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
