use super::{MAX_DEPTH, MAX_NAMESPACE_BYTES, MAX_NAMESPACES, read};
use crate::adaptor::Input;

fn text_of(body: &[u8], content_type: Option<&str>) -> String {
    match read(&Input { body, content_type }) {
        Ok(root) => root.text,
        Err(unreadable) => unreadable.to_string(),
    }
}

fn check(body: &str) -> String {
    text_of(body.as_bytes(), None)
}

#[test]
fn elements_have_local_names_and_namespaces() {
    let body = b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- c --><p:a xmlns:p='urn:n'> <b>1</b><p:b> 2 </p:b></p:a>";
    let root = read(&Input {
        body,
        content_type: None,
    })
    .unwrap();
    assert_eq!(
        (root.name.as_str(), root.namespace.as_str()),
        ("a", "urn:n")
    );
    assert_eq!(root.text_at(&["b"]), Some("1"));
    assert_eq!(
        root.all("b")
            .map(|b| b.namespace.as_str())
            .collect::<Vec<_>>(),
        ["", "urn:n"]
    );
}

#[test]
fn text_is_put_together_from_its_pieces() {
    assert_eq!(
        check("<a>x &amp; y<![CDATA[ <z> ]]>&#x41;&#66;&lt;</a>"),
        "x & y <z> AB<"
    );
}

#[test]
fn declarations_of_type_and_unknown_entities_are_refused() {
    let bomb = "<!DOCTYPE a [<!ENTITY e \"boom\">]><a>&e;</a>";
    assert!(check(bomb).ends_with("a document type declaration, which is refused"));
    assert!(check("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>").ends_with("which is refused"));
    assert!(check("<a>&nbsp;</a>").ends_with("an entity that XML does not know"));
}

#[test]
fn latin_1_is_read_where_it_is_declared() {
    let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>Ni\xf1o \x96</a>";
    assert_eq!(text_of(latin, None), "Niño –");
    assert_eq!(
        text_of(b"<a>Ni\xf1o</a>", Some("text/xml; charset=\"latin1\"")),
        "Niño"
    );
    assert_eq!(text_of(b"<a>Ni\xf1o</a>", None), "not UTF-8 at byte 5");
    assert!(text_of(b"<?xml version='1.0' encoding='UTF-16'?><a/>", None).contains("utf-16"));
}

#[test]
fn what_is_malformed_or_too_deep_is_refused() {
    for bad in [
        "", "  ", "<a>", "<a></b>", "<a/><b/>", "words", "<a><a", "</a>",
    ] {
        assert!(
            check(bad).starts_with("not readable as XML at byte"),
            "{bad}"
        );
    }
    let deep = format!(
        "{}{}",
        "<a>".repeat(MAX_DEPTH + 1),
        "</a>".repeat(MAX_DEPTH + 1)
    );
    assert!(check(&deep).ends_with("elements nested deeper than 32"));
    let wide = format!("<a>{}</a>", "<b/>".repeat(200_000));
    assert!(check(&wide).ends_with("more than 200000 elements"));
}

#[test]
fn a_namespace_is_not_repeated_without_bound() {
    let of = |bytes: usize| check(&format!("<a xmlns='{}'>x<b/></a>", "n".repeat(bytes)));
    assert_eq!(of(MAX_NAMESPACE_BYTES), "x");
    let refused = of(MAX_NAMESPACE_BYTES + 1);
    assert!(
        refused.ends_with("a namespace of 257 bytes, and 256 is the most"),
        "{refused}"
    );
}

#[test]
fn namespaces_are_declared_in_bounds_and_refused_in_our_words() {
    let of = |count: usize| {
        let declared: Vec<String> = (0..count).map(|at| format!("xmlns:n{at}='u'")).collect();
        check(&format!("<a {}>x</a>", declared.join(" ")))
    };
    assert_eq!(of(MAX_NAMESPACES), "x");
    let refused = of(MAX_NAMESPACES + 1);
    assert!(
        refused.ends_with("more than 128 namespaces declared around one element"),
        "{refused}"
    );
}
