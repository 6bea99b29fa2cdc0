use crate::config::Config;

/// The complaint about a configuration; empty if there is none.
fn complaint(toml: &str) -> String {
    let config: Config = toml::from_str(toml).unwrap();
    let checked = config.check();
    checked.map_or_else(|bad| bad.to_string(), |()| String::new())
}

fn check(toml: &str, expected: &str) {
    let found = complaint(toml);
    assert!(
        found.contains(expected) && !expected.is_empty(),
        "{toml}: {found}"
    );
}

const LAYER: &str = "kind = \"state\"\ngeometry = [\"point\"]\n";

#[test]
fn values_out_of_bounds_are_named_with_their_bounds() {
    check("listen = \"nope\"", "listen = nope");
    check("admin_listen = \"127.0.0.1\"", "admin_listen = 127.0.0.1");
    check(
        "[live]\ntick_ms = 4000",
        "live.tick_ms = 4000: it must be 50 to 3000",
    );
    check("[live]\nrecheck_s = 0", "live.recheck_s = 0");
    check("[live]\nstall_s = 0", "live.stall_s = 0");
    check(
        "[live]\ntopic_resolution = 16",
        "live.topic_resolution = 16",
    );
    check("[limits]\nbody_bytes = 0", "limits.body_bytes = 0");
    check("[limits]\ntile_bytes = 0", "limits.tile_bytes = 0");
    check("[limits]\npage = 0", "limits.page = 0");
    check("[limits]\nqueue_requests = 0", "limits.queue_requests = 0");
    check("[limits]\nstream_fetches = 0", "limits.stream_fetches = 0");
    check("[store]\nhistory_days = 0", "store.history_days = 0");
    check(
        "[site]\ntime_zone = \"Arizona\"",
        "site.time_zone = Arizona",
    );
    assert_eq!(complaint(""), "");
}

#[test]
fn an_origin_is_written_as_browsers_send_it() {
    let listed = |origin: &str| format!("[site]\norigins = [\"https://a.example\", \"{origin}\"]");
    for good in [
        "https://wall.example",
        "https://10.0.0.5:8443",
        "https://[::2]",
    ] {
        assert_eq!(complaint(&listed(good)), "");
    }
    for bad in [
        "",
        "wall.example",
        "http://wall.example",
        "https://wall.example/",
        "https://wall.example/map",
        "https://wall.example:443",
        "https://Wall.example",
        "https://user@wall.example",
        "https://*.example",
        "https://wall.example?x",
    ] {
        check(&listed(bad), &format!("site.origins = {bad}: each must be"));
    }
}

#[test]
fn names_are_given_once() {
    let feed = "[[feeds]]\nname = \"calls\"\nadaptor = \"geojson\"\nlayer = \"incidents\"\n";
    assert_eq!(complaint(feed), "");
    check(&format!("{feed}{feed}"), "two feeds of this name");
    check(
        &format!("[[layers]]\nname = \"basemap\"\n{LAYER}"),
        "static tileset",
    );
    check("[tilesets]\nunits = [\"incidents\"]", "would hide it");
    check("[tilesets]\nnight = [\"nonesuch\"]", "nonesuch");
    assert_eq!(
        complaint("[tilesets]\nnight = [\"units\", \"basemap\"]"),
        ""
    );
}

#[test]
fn a_replaced_layer_keeps_its_clearances() {
    let hits = |plate: &str| {
        format!("[[layers]]\nname = \"alpr_hits\"\n{LAYER}[layers.fields]\nplate = {plate}\n")
    };
    check(&hits("\"text\""), "plate has clearance cji");
    assert_eq!(
        complaint(&hits("{ type = \"text\", clearance = \"cji\" }")),
        ""
    );
    let reads = "[[layers]]\nname = \"alpr_reads\"\nkind = \"sighting\"\ngeometry = [\"point\"]\n";
    check(reads, "the built-in layer has a clearance");
}

#[test]
fn a_key_that_its_field_has_no_use_for_is_named() {
    let lamp = |field: &str| {
        format!("[[layers]]\nname = \"lamps\"\n{LAYER}[layers.fields]\nlamp = {field}\n")
    };
    for kind in ["text", "integer", "number", "time", "list"] {
        check(
            &lamp(&format!("{{ type = \"{kind}\", always = true }}")),
            &format!(
                "layer lamps, field lamp: always is for fields of type boolean, and this is {kind}"
            ),
        );
    }
    check(
        &lamp("{ type = \"list\", one_of = [\"on\"] }"),
        "layer lamps, field lamp: one_of is for fields of type text, and this is list",
    );
    check(
        &lamp("{ type = \"time\", range = [0, 1] }"),
        "layer lamps, field lamp: range is for fields of type integer and number, and this is time",
    );
    for good in [
        "{ type = \"boolean\", always = false }",
        "{ type = \"text\", one_of = [\"on\"] }",
        "{ type = \"integer\", range = [0, 1] }",
        "{ type = \"number\", range = [0, 1] }",
    ] {
        assert_eq!(complaint(&lamp(good)), "", "{good}");
    }
}

#[test]
fn a_field_that_cannot_be_read_is_refused_by_what_is_wrong() {
    for (field, wrong) in [
        (
            "\"txt\"",
            "unknown variant `txt`, expected one of `text`, `integer`",
        ),
        ("{ type = \"txt\" }", "unknown variant `txt`"),
        ("{ clearance = \"cji\" }", "missing field `type`"),
        (
            "{ type = \"text\", unit = \"m\" }",
            "unknown field `unit`, expected one of `type`, `clearance`",
        ),
        (
            "{ type = \"boolean\", always = \"yes\" }",
            "invalid type: string \"yes\", expected a boolean",
        ),
        (
            "7",
            "expected a type such as \"text\", or a table with a type",
        ),
    ] {
        let text = format!("[[layers]]\nname = \"lamps\"\n{LAYER}fields = {{ lamp = {field} }}\n");
        let error = toml::from_str::<Config>(&text).unwrap_err().to_string();
        assert!(error.contains(wrong), "{field}: {error}");
    }
}

#[test]
fn proxies_are_addresses_or_nets_and_go_with_origins() {
    let with =
        |proxies: &str| format!("[site]\norigins = [\"https://a.example\"]\nproxies = [{proxies}]");
    assert_eq!(
        complaint(&with("\"10.20.0.5\", \"10.20.1.0/24\", \"2001:db8::/32\"")),
        ""
    );
    for bad in ["proxy.example", "10.20.0.5/24", "0.0.0.0/0", "10.20.0.0/40"] {
        check(
            &with(&format!("\"10.20.0.5\", \"{bad}\"")),
            &format!("site.proxies = {bad}: each must be"),
        );
    }
    check(
        "[site]\nproxies = [\"10.20.0.5\"]",
        "site.proxies = 10.20.0.5: they end TLS for site.origins",
    );
}

#[test]
fn what_is_hardly_meant_is_warned_of() {
    let files = "[tls]\ncertificate = \"c\"\nprivate_key = \"k\"\n";
    let origins = "[site]\norigins = [\"https://a.example\"]\n";
    for (toml, warned) in [
        (String::new(), None),
        ("listen = \"[::1]:0\"".into(), None),
        (files.into(), None),
        (
            "listen = \"0.0.0.0:80\"".into(),
            Some("nobody can sign in from another machine"),
        ),
        (
            format!("listen = \"0.0.0.0:443\"\n{files}"),
            Some("[tls] without site.origins"),
        ),
        (format!("listen = \"0.0.0.0:443\"\n{files}{origins}"), None),
        (format!("listen = \"0.0.0.0:80\"\n{origins}"), None),
        (
            "[limits]\nfeed_kib_per_s = 64".into(),
            Some("for up to 128 s after it; 137 would keep it"),
        ),
        ("[limits]\nfeed_kib_per_s = 137".into(), None),
    ] {
        let config: Config = toml::from_str(&toml).unwrap();
        let warnings = config.warnings();
        assert_eq!(
            warnings.len(),
            usize::from(warned.is_some()),
            "{toml}: {warnings:?}"
        );
        assert!(
            warned.is_none_or(|said| warnings[0].contains(said)),
            "{toml}: {warnings:?}"
        );
    }
}
