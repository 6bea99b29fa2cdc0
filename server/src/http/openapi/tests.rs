//! The document is held to the table of routes and to itself.

use super::{described, members, push_page};
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
/// What the sign-in mounts by itself, and what has a document of its own.
const MOUNTED: [(&str, &str); 4] = [
    ("post", "/sign-in"),
    ("post", "/sign-out"),
    ("get", "/session"),
    ("get", "/ogc"),
];

/// The routes that the table of the parent module names.
fn table() -> BTreeSet<(String, String)> {
    let source = include_str!("../../http.rs");
    let named = source.split(".service(").skip(1).map(|entry| {
        let path = entry.split('"').nth(1).unwrap();
        let method = if entry.trim_start().starts_with("get(") {
            "get"
        } else {
            let route = entry.split("web::").nth(2).unwrap();
            route.split('(').next().unwrap()
        };
        (method.to_owned(), path.to_owned())
    });
    let named = named.filter(|(method, path)| method != "get" || !PAGES.contains(&path.as_str()));
    let mounted = MOUNTED.map(|(method, path)| (method.to_owned(), path.to_owned()));
    named.chain(mounted).collect()
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document = described().unwrap();
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
    let document = described().unwrap();
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
    let document = described().unwrap();
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
    let document = described().unwrap();
    let mut page = String::new();
    push_page(&mut page, &document).unwrap();
    for (path, _) in members(&document["paths"]) {
        assert!(page.contains(&format!(" {path}</code>")), "{path}");
    }
    for foreign in ["<script", "src=", "http://", "https://"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}
