use super::*;
use crate::city::{field, layer, specs};

fn check_catalog(change: impl FnOnce(&mut Vec<LayerSpec>), expected: &str) {
    let mut specs = specs();
    change(&mut specs);
    let error = Catalog::new(specs, 6).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

fn plain(name: &str) -> LayerSpec {
    layer(name, LayerKind::State, &[GeometryKind::Point], &[])
}

#[test]
fn a_name_that_paths_cannot_carry_is_refused() {
    let long = "a".repeat(49);
    let bad = [
        "",
        "Cameras",
        "1st",
        "a-b",
        "a b",
        "_a",
        "ä",
        "units_cells",
        "a/b",
        long.as_str(),
    ];
    for name in bad {
        let error = Catalog::new(vec![plain(name)], 6).unwrap_err();
        assert_eq!(error, BadCatalog::Name(name.into()));
        assert!(
            error
                .to_string()
                .starts_with(&format!("layer name \"{name}\""))
        );
    }
    assert!(
        Catalog::new(
            vec![plain(&"a".repeat(48)), plain("a_1"), plain("cells")],
            6
        )
        .is_ok()
    );
}

#[test]
fn a_catalog_that_cannot_be_says_what_is_wrong() {
    check_catalog(
        |specs| specs.push(plain("units")),
        "layer units is configured twice",
    );
    check_catalog(
        |specs| specs[5].stale_after_s = 60,
        "layer alpr_reads: stale_after_s = 60, and a sighting layer takes 0 only; retain_days ends sightings",
    );
    check_catalog(
        |specs| specs[5].expire_after_s = 90,
        "layer alpr_reads: expire_after_s = 90, and a sighting layer takes 0 only; retain_days ends sightings",
    );
    check_catalog(
        |specs| specs[2].zooms = [9, 8],
        "layer units: zooms 9 to 8 are not within 0 and 22",
    );
    check_catalog(
        |specs| specs[2].zooms = [0, 23],
        "layer units: zooms 0 to 23 are not within 0 and 22",
    );
    check_catalog(
        |specs| specs[1].derived_from = Some("camera".into()),
        "layer coverage is derived from camera, which is no state layer before it",
    );
    check_catalog(
        |specs| specs.swap(0, 1),
        "layer coverage is derived from cameras, which is no state layer before it",
    );
    check_catalog(
        |specs| {
            specs.push(
                LayerSpec {
                    derived_from: Some("coverage".into()),
                    ..specs[1].clone()
                }
                .named("more"),
            );
        },
        "layer more is derived from coverage, which is no state layer before it",
    );
    check_catalog(
        |specs| specs[5].counted_resolution = 13,
        "layer alpr_reads: counted_resolution 13 is above 12",
    );
    check_catalog(
        |specs| specs[5].geometry.push(GeometryKind::None),
        "layer alpr_reads: a sighting layer takes points only",
    );
}

impl LayerSpec {
    fn named(self, name: &str) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }
}

#[test]
fn a_catalog_has_bounds() {
    let many = |count: usize| {
        (0..count)
            .map(|n| plain(&format!("layer{n}")))
            .collect::<Vec<_>>()
    };
    assert!(Catalog::new(many(MAX_LAYERS), 6).is_ok());
    let error = Catalog::new(many(MAX_LAYERS + 1), 6).unwrap_err();
    assert_eq!(error.to_string(), "129 layers where 128 is the most");

    let with_fields = |count: usize, clearance: bool| {
        let mut spec = plain("wide");
        let fields = (0..count).map(|n| {
            let clearance = clearance.then(|| format!("c{n}"));
            (
                format!("f{n}"),
                field(FieldType::Text, clearance.as_deref()),
            )
        });
        spec.fields = fields.collect();
        Catalog::new(vec![spec], 6)
    };
    assert!(with_fields(MAX_FIELDS, false).is_ok());
    let error = with_fields(MAX_FIELDS + 1, false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "65 fields of layer wide where 64 is the most"
    );
    assert!(with_fields(MAX_CLEARANCES, true).is_ok());
    let error = with_fields(MAX_CLEARANCES + 1, true).unwrap_err();
    assert_eq!(error.to_string(), "63 clearances where 62 is the most");
}

#[test]
fn layers_fields_and_clearances_are_found_by_name_and_position() {
    let catalog = Catalog::new(specs(), 6).unwrap();
    let clearances: Vec<&str> = catalog.clearances().map(|(_, name)| name).collect();
    assert_eq!(clearances, ["cji", "medical"]);
    assert_eq!(catalog.clearance("secret"), None);
    assert_eq!(catalog.layer("nothing"), None);
    for (layer, spec) in catalog.layers() {
        assert_eq!(catalog.layer(&spec.name), Some(layer));
        for (at, field) in spec.fields_at() {
            let (name, same) = spec.field_at(at).unwrap();
            assert_eq!((spec.field(name), same), (Some(at), field));
        }
    }
    assert_eq!(catalog.len(), specs().len());
    assert!(!catalog.is_empty());
}

#[test]
fn what_is_live_has_current_features_and_what_is_searched_is_text_for_everybody() {
    let live = OnWall {
        live: true,
        ..OnWall::default()
    };
    for (at, layer) in [(1, "coverage"), (5, "alpr_reads")] {
        check_catalog(
            |specs| specs[at].wall = Some(live.clone()),
            &format!("layer {layer}: only a state layer is live on a wall"),
        );
    }
    let by = |name: &str| Search {
        fields: vec![name.into()],
        by_id: true,
        kind: None,
        title: None,
        subtitle: Vec::new(),
    };
    let lamps = |search: Search| LayerSpec {
        fields: [
            ("lamp", FieldType::Text, None),
            ("watts", FieldType::Number, None),
            ("owner", FieldType::Text, Some("cji")),
        ]
        .map(|(name, kind, clearance)| (name.into(), field(kind, clearance)))
        .into(),
        wall: Some(live.clone()),
        search: Some(search),
        ..plain("lamps")
    };
    assert!(Catalog::new(vec![lamps(by("lamp"))], 6).is_ok());
    let named = |title: &str| Search {
        title: Some(title.into()),
        ..by("lamp")
    };
    for (search, wrong) in [
        (by("height"), "height, which is not there"),
        (by("watts"), "watts, which is no text"),
        (named("owner"), "owner, which is restricted"),
    ] {
        let error = Catalog::new(vec![lamps(search)], 6).unwrap_err();
        let expected = format!("layer lamps: search names the field {wrong}");
        assert_eq!(error.to_string(), expected);
    }
    let bare = LayerSpec {
        title: "Other lamps".into(),
        ..plain("lamps")
    };
    let replaced = bare.replacing(&lamps(named("lamp")));
    assert!(replaced.on_wall().live, "as before");
    let left = replaced.search.expect("ids are searched");
    assert!(left.fields.is_empty() && left.title.is_none() && left.by_id);
}
