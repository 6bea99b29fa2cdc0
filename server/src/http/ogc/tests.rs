//! What the documents under `/ogc` promise, and how ids travel.

use super::crs::Crs;
use super::{api, escaped};
use serde_json::Value;

#[test]
fn ids_travel_in_one_part_of_a_path() {
    assert_eq!(escaped("wzdx/a b+c%2F"), "wzdx%2Fa%20b%2Bc%252F");
    assert_eq!(escaped("é"), "%C3%A9");
    assert_eq!(escaped("plain-1_.~"), "plain-1_.~");
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(target) if name == "$ref" => found.push(target.to_owned()),
                    _ => references(member, found),
                }
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| references(part, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_api_document_refers_to_what_it_has() {
    let document = api::described("http://localhost", &["cameras"], 1_000).unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for target in found {
        let pointer = target.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{target}");
    }
    let limit = &document["components"]["parameters"]["limit"]["schema"];
    assert_eq!(
        (&limit["maximum"], &limit["default"]),
        (&1_000.into(), &100.into())
    );
}

#[test]
fn the_api_document_names_the_systems_that_are_served() {
    let document = api::described("http://localhost", &[], 1_000).unwrap();
    for name in ["crs", "bbox-crs"] {
        let schema = &document["components"]["parameters"][name]["schema"];
        assert_eq!(schema["enum"], serde_json::json!(Crs::ALL.map(Crs::uri)));
    }
}

#[test]
fn the_api_document_names_every_parameter_of_items() {
    let document = api::described("http://localhost", &[], 1_000).unwrap();
    let listed = document["paths"]["/ogc/collections/{collectionId}/items"]["get"]["parameters"]
        .as_array()
        .unwrap();
    for name in super::query::PARAMETERS {
        let target = format!("#/components/parameters/{name}");
        assert!(listed.iter().any(|one| one["$ref"] == target), "{name}");
    }
}
