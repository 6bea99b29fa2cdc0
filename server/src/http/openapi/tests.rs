//! The document is held to the table of routes and to itself.

use super::{DESCRIBED, document_of, members, push_page};
use crate::http::SOURCES;
use serde_json::Value;
use std::collections::BTreeSet;

/// Pages and their files: nothing for programs.
const PAGES: [&str; 6] = [
    "/",
    "/wall",
    "/wall/{name}",
    "/sign-in",
    "/assets/sign-in/{file}",
    "/assets/app/{file}",
];
/// The endpoint whose paths are in a document of its own, whose root alone is in this one.
const OWN_DOCUMENT: &str = "ogc";

/// The routes that a source mounts.
fn mounted(source: &str) -> impl Iterator<Item = (String, String)> {
    source.split(".service(").skip(1).flat_map(|entry| {
        let path = entry.split('"').nth(1).unwrap().to_owned();
        let routes = entry.split(".route(").skip(1);
        let routes = routes.map(|route| route.trim_start().strip_prefix("web::").unwrap());
        let mut methods: Vec<&str> = routes
            .map(|route| route.split('(').next().unwrap())
            .collect();
        if entry.trim_start().starts_with("get(") {
            methods.push("get");
        }
        assert!(!methods.is_empty(), "{path} has no method");
        methods
            .into_iter()
            .map(move |method| (method.to_owned(), path.clone()))
            .collect::<Vec<_>>()
    })
}

/// The routes that the endpoints mount.
fn table() -> BTreeSet<(String, String)> {
    let own = SOURCES.iter().filter(|(name, _)| *name != OWN_DOCUMENT);
    let named = own.flat_map(|(_, source)| mounted(source));
    let named = named.filter(|(method, path)| method != "get" || !PAGES.contains(&path.as_str()));
    named.chain([("get".into(), "/ogc".into())]).collect()
}

#[test]
fn every_endpoint_mounts_what_is_looked_at() {
    for (name, source) in SOURCES {
        let mut mounts = mounted(source);
        assert!(
            *name == OWN_DOCUMENT || mounts.next().is_some(),
            "no route is found in {name}"
        );
    }
    assert!(table().contains(&("post".into(), "/sign-out".into())));
}

#[test]
fn no_path_is_described_twice() {
    let paths = DESCRIBED.iter().flat_map(|own| {
        let own: Value = serde_json::from_str(own).unwrap();
        members(&own)
            .map(|(path, _)| path.to_owned())
            .collect::<Vec<_>>()
    });
    let mut seen = BTreeSet::new();
    for path in paths {
        assert!(seen.insert(path.clone()), "{path}");
    }
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document = document_of(DESCRIBED).unwrap();
    let listed: BTreeSet<(String, String)> = members(&document["paths"])
        .flat_map(|(path, operations)| {
            members(operations).map(move |(method, _)| (method.to_owned(), path.to_owned()))
        })
        .collect();
    let table = table();
    assert!(table.len() > 15, "{table:?}");
    assert_eq!(listed, table);
}

fn references(value: &Value, found: &mut Vec<String>) {
    for (name, member) in members(value) {
        match member.as_str() {
            Some(target) if name == "$ref" => found.push(target.to_owned()),
            _ => references(member, found),
        }
    }
    for part in super::parts(value) {
        references(part, found);
    }
}

#[test]
fn the_document_refers_to_what_it_has() {
    let document = document_of(DESCRIBED).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 40);
    for target in found {
        assert!(
            document.pointer(target.trim_start_matches('#')).is_some(),
            "{target}"
        );
    }
}

#[test]
fn every_part_of_a_path_is_a_parameter() {
    let document = document_of(DESCRIBED).unwrap();
    for (path, operations) in members(&document["paths"]) {
        for (_, operation) in members(operations) {
            let given: BTreeSet<&str> = super::parts(&operation["parameters"])
                .iter()
                .map(|parameter| super::resolved(&document, parameter))
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            let named = path.split('{').skip(1);
            let named: BTreeSet<&str> = named.map(|part| part.split('}').next().unwrap()).collect();
            assert_eq!(given, named, "{path}");
        }
    }
}

#[test]
fn the_page_lists_every_path_and_loads_nothing() {
    let document = document_of(DESCRIBED).unwrap();
    let mut page = String::new();
    push_page(&mut page, &document).unwrap();
    for (path, _) in members(&document["paths"]) {
        assert!(page.contains(&format!(" {path}</code>")), "{path}");
    }
    for foreign in ["<script", "src=", "http://", "https://"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}
