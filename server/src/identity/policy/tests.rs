use super::super::grant::{Authority, Grant};
use super::*;
use atalaya_tiles::LayerSpec;

/// Cameras for all, `alpr_hits` with a plate for `cji`, `hazards` with notes for `medical`.
pub(crate) fn catalog() -> Catalog {
    let layer = |name: &str, fields: serde_json::Value| -> LayerSpec {
        serde_json::from_value(serde_json::json!({
            "name": name, "kind": "state", "geometry": ["point"], "fields": fields,
        }))
        .unwrap()
    };
    let restricted = |by: &str| serde_json::json!({ "type": "text", "clearance": by });
    Catalog::new(
        vec![
            layer("cameras", serde_json::json!({ "name": "text" })),
            layer(
                "alpr_hits",
                serde_json::json!({ "plate": restricted("cji") }),
            ),
            layer(
                "hazards",
                serde_json::json!({ "notes": restricted("medical") }),
            ),
        ],
        6,
    )
    .unwrap()
}

fn principal(authority: Authority) -> Principal {
    Principal {
        id: "1".into(),
        name: "somebody".into(),
        authority,
        grants: Vec::new(),
        layers: None,
        ends_at: None,
    }
}

fn permitted(role: Role) -> String {
    use Permission::{
        Administer, Attend, Audit, Draw, Export, Import, Read, SearchPlates, SeeMetrics,
    };
    let all = [
        Read,
        Import,
        Export,
        Draw,
        Attend,
        SearchPlates,
        Audit,
        SeeMetrics,
        Administer,
    ];
    let somebody = principal(Authority::Role(role));
    let names: Vec<String> = all
        .into_iter()
        .filter(|permission| may(&somebody, Action::Do(*permission)))
        .map(|permission| format!("{permission:?}"))
        .collect();
    names.join(" ")
}

#[test]
fn the_matrix_of_roles() {
    let found: Vec<String> = Role::all()
        .map(|role| format!("{role}: {}", permitted(role)))
        .collect();
    let expected = [
        "public: ",
        "wall: Read",
        "operator: Read Import Export Draw Attend SearchPlates",
        "dispatcher: Read Draw Attend SearchPlates",
        "planner: Read Export Draw",
        "responder: Read Attend",
        "analyst: Read Export SearchPlates",
        "oversight: Read Audit",
        "admin: Read Import Export Draw Attend Audit SeeMetrics Administer",
    ];
    assert_eq!(found, expected);
}

#[test]
fn no_role_carries_a_clearance() {
    let catalog = catalog();
    for role in Role::all() {
        let seen = viewer(&principal(Authority::Role(role)), &catalog, Timestamp::MIN);
        assert_eq!(seen.clearances, Clearances::NONE, "{role}");
        let expected = if role == Role::Public {
            "|"
        } else {
            "cameras,alpr_hits,hazards|"
        };
        assert_eq!(seen.class(&catalog), expected, "{role}");
    }
}

#[test]
fn grants_and_bounds_narrow_what_is_seen() {
    let catalog = catalog();
    let mut medic = principal(Authority::Role(Role::Responder));
    medic.grants = Grant::list("medical", None, &catalog).unwrap();
    medic.layers = Some(vec!["hazards".into(), "gone".into()]);
    let seen = viewer(&medic, &catalog, Timestamp::MIN);
    assert_eq!(seen.class(&catalog), "hazards|medical");
}

#[test]
fn a_feed_writes_to_itself_and_reads_nothing() {
    let feed = principal(Authority::Feed("incidents".into()));
    assert!(may(&feed, Action::Ingest("incidents")));
    assert!(!may(&feed, Action::Ingest("alpr_hits")));
    assert!(!may(&feed, Action::Do(Permission::Read)));
    assert_eq!(viewer(&feed, &catalog(), Timestamp::MIN), Viewer::NOBODY);
    let feeds = |role| {
        may(
            &principal(Authority::Role(role)),
            Action::Ingest("incidents"),
        )
    };
    let feeding: Vec<&str> = Role::all()
        .filter(|role| feeds(*role))
        .map(Role::name)
        .collect();
    assert_eq!(feeding, ["operator", "admin"]);
}

#[test]
fn roles_are_read_as_they_are_written() {
    for role in Role::all() {
        assert_eq!(role.name().parse(), Ok(role));
        assert_eq!(serde_json::to_value(role).unwrap(), role.name());
    }
    assert_eq!(
        "root".parse::<Role>().unwrap_err().to_string(),
        "there is no role \"root\"; roles are public, wall, operator, dispatcher, planner, \
         responder, analyst, oversight, admin"
    );
}
