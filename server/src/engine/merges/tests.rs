use super::*;
use crate::config::Config;
use atalaya_tiles::{Event, Observation, Record, RingLimits, Seq, Viewer};
use geo_types::Point;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// Enough reads for eight segments of the smallest size, which become one.
const READS: u32 = 8 * 4_096;

fn read(catalog: &atalaya_tiles::Catalog, number: u32) -> Record {
    let east = f64::from(number % 181) * 1e-3;
    Record {
        seq: Seq(u64::from(number) + 1),
        received_at: Timestamp::UNIX_EPOCH + SignedDuration::from_millis(i64::from(number)),
        event: Event::Observed(Observation {
            layer: catalog.layer("alpr_reads").unwrap(),
            feature: format!("r{number:05}").as_str().into(),
            feed: "test".into(),
            observed_at: None,
            stale_at: None,
            expires_at: None,
            geometry: Some(Point::new(-110.97 + east, 32.22).into()),
            properties: atalaya_tiles::Properties::default(),
        }),
    }
}

#[test]
fn what_is_due_is_merged_beside_the_writer_and_nothing_is_missing() {
    let catalog = Arc::new(Config::default().catalog().unwrap());
    let mut picture = Picture::new(Arc::clone(&catalog), RingLimits::default());
    let log: Vec<Record> = (0..READS).map(|number| read(&catalog, number)).collect();
    picture.apply(&log);
    assert!(picture.next_merge().is_some());
    let mut merges = Merges::start().unwrap();
    while picture.next_merge().is_some() {
        merges.turn(&mut picture);
        std::thread::yield_now();
    }
    let view = picture.view();
    let reads = view.open(&Viewer::EVERYTHING, "alpr_reads").unwrap();
    let page = reads.page(Some(&"r32000".into()), usize::MAX);
    assert_eq!(reads.count(), READS as usize);
    assert_eq!(page.len(), READS as usize - 32_001);
}
