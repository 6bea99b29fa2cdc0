use super::parts;
use crate::adaptor::Input;

fn check(content_type: &str, body: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let input = Input {
        body,
        content_type: Some(content_type),
    };
    let parts = parts(&input).map_err(|unreadable| unreadable.to_string())?;
    Ok(parts
        .into_iter()
        .map(|part| (part.name, part.body.to_vec()))
        .collect())
}

const TYPE: &str = "multipart/form-data; boundary=\"xYz\"";

#[test]
fn parts_are_told_apart_by_name() {
    let body = b"preamble\r\n--xYz\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{\"a\": 1}\r\n\
        --xYz\r\ncontent-disposition: form-data; name=upload; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n\
        \xff\xd8\r\n\r\n--nope\r\n--xYz--\r\n";
    let parts = check(TYPE, body).unwrap();
    assert_eq!(parts[0], ("json".to_owned(), b"{\"a\": 1}".to_vec()));
    assert_eq!(
        parts[1],
        ("upload".to_owned(), b"\xff\xd8\r\n\r\n--nope".to_vec())
    );
}

#[test]
fn bare_line_feeds_and_a_missing_end_are_tolerated() {
    let body = b"--xYz\nContent-Disposition: form-data; name=json\n\n{}";
    assert_eq!(
        check(TYPE, body),
        Ok(vec![("json".to_owned(), b"{}".to_vec())])
    );
}

#[test]
fn what_is_no_form_is_refused() {
    assert!(
        check("multipart/form-data", b"--x")
            .unwrap_err()
            .ends_with("there is no boundary")
    );
    assert!(
        check(TYPE, b"--abc")
            .unwrap_err()
            .ends_with("the boundary does not occur")
    );
    assert!(
        check(TYPE, b"--xYz\r\nname: x")
            .unwrap_err()
            .ends_with("the headers of a part do not end")
    );
    let many = "--xYz\r\na: b\r\n\r\n\r\n".repeat(33);
    assert!(
        check(TYPE, many.as_bytes())
            .unwrap_err()
            .ends_with("more than 32 parts")
    );
}
