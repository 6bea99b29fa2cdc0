use super::*;
use crate::adaptor::testing::{catalog, feed};
use crate::adaptor::{Adaptor, Decoded, Input, MAX_RECORDS, Unreadable, decode};

fn decoded(body: &str) -> Result<Decoded, Unreadable> {
    let catalog = catalog();
    let feed = feed(&catalog, "incidents", "incidents", Adaptor::Geojson);
    let input = Input {
        body: body.as_bytes(),
        content_type: None,
    };
    decode(&feed, &catalog, &input)
}

fn collection(record: &str, count: usize) -> String {
    let records = vec![record; count].join(",");
    format!(r#"{{"type":"FeatureCollection","features":[{records}]}}"#)
}

#[test]
fn all_are_counted_and_the_first_are_kept() {
    let all = 5 * KEPT;
    let decoded = decoded(&collection("{}", all)).unwrap();
    assert_eq!(decoded.rejects.len(), all);
    assert_eq!(decoded.rejects.iter().count(), KEPT);
    assert_eq!(decoded.rejects.last().map(|it| it.index), Some(KEPT - 1));
    let doubt = decoded.whole().doubt.unwrap().to_string();
    assert!(doubt.contains(&format!("({all})")), "{doubt}");
    // Room for what is kept, and for nothing else.
    assert!(decoded.rejects.kept.capacity() <= 2 * KEPT);
    assert_eq!(decoded.rejects.named.capacity(), 0);
}

#[test]
fn who_the_others_are_about_is_still_known() {
    let bad =
        |id: usize| format!(r#"{{"type":"Feature","id":"{id}","geometry":{{"type":"Blob"}}}}"#);
    let records: Vec<String> = (0..3 * KEPT).map(bad).collect();
    let body = format!(
        r#"{{"type":"FeatureCollection","features":[{}]}}"#,
        records.join(",")
    );
    let whole = decoded(&body).unwrap().whole();
    assert_eq!(whole.doubt, None);
    assert_eq!(whole.named.len(), 3 * KEPT);
}

#[test]
fn more_names_than_are_kept_leave_a_doubt() {
    let mut decoded = Decoded::default();
    for index in 0..=KEPT + NAMED {
        let reject = Reject {
            index,
            reason: String::new(),
            pointer: String::new(),
            feature: Some(index.to_string().into()),
        };
        decoded.rejects.push(reject, false);
        let more = decoded.rejects.has_more_names();
        assert_eq!(more, index == KEPT + NAMED, "at {index}");
    }
    let doubt = decoded.whole().doubt.unwrap().to_string();
    assert!(doubt.contains("too many"), "{doubt}");
}

#[test]
fn a_body_of_more_records_than_are_read_is_refused_with_the_limit() {
    let refused = decoded(&collection("{}", MAX_RECORDS + 1)).unwrap_err();
    assert!(
        refused.to_string().contains(&MAX_RECORDS.to_string()),
        "{refused}"
    );
}
