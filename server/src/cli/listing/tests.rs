use super::*;
use crate::identity::Role;

fn listed(name: &str) -> Listed {
    Listed {
        id: "0195-1".into(),
        name: name.into(),
        prefix: None,
        role: None,
        feed: None,
        clearances: Vec::new(),
        layers: None,
        created_at: "2026-03-01T12:00:00.123Z".parse().unwrap(),
        seen_at: None,
        ends_at: None,
        state: State::InForce,
    }
}

#[test]
fn a_table_has_columns() {
    let feed = Listed {
        prefix: Some("0a1b2c".into()),
        feed: Some("incidents".into()),
        ..listed("cad")
    };
    let until = "2026-04-01T00:00:00Z".parse().unwrap();
    let analyst = Listed {
        prefix: Some("ff".into()),
        role: Some(Role::Analyst),
        clearances: vec![Grant {
            clearance: "cji".into(),
            until: Some(until),
        }],
        layers: Some(vec!["cameras".into(), "units".into()]),
        ends_at: Some(until),
        state: State::Revoked,
        ..listed("señal")
    };
    let lines = table(Kind::Keys, &[feed, analyst]);
    let wanted = [
        "ID      TOKEN       NAME   FOR             CLEARANCES                      LAYERS         MADE                  ENDS                  STATE",
        "0195-1  atl_0a1b2c  cad    feed incidents  -                               -              2026-03-01T12:00:00Z  -                     in force",
        "0195-1  atl_ff      señal  analyst         cji until 2026-04-01T00:00:00Z  cameras,units  2026-03-01T12:00:00Z  2026-04-01T00:00:00Z  revoked",
    ];
    assert_eq!(lines, wanted);
}

#[test]
fn sessions_show_when_they_were_seen() {
    let wall = Listed {
        role: Some(Role::Wall),
        seen_at: Some("2026-03-01T13:00:00Z".parse().unwrap()),
        ..listed("lobby")
    };
    let lines = table(Kind::Sessions, &[wall]);
    assert!(lines[0].starts_with("ID      SEEN "), "{}", lines[0]);
    assert!(
        lines[1].contains("  2026-03-01T13:00:00Z  lobby  wall "),
        "{}",
        lines[1]
    );
}
