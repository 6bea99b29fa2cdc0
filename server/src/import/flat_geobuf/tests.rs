use super::*;
use crate::import::{Positions, Records};
use flatgeobuf::{ColumnType, FgbWriter, FgbWriterOptions, GeometryType};
use geo_types::{Geometry, LineString, MultiLineString};

/// Two features, of two lines each and with a text.
fn file() -> Vec<u8> {
    let options = FgbWriterOptions {
        write_index: false,
        ..FgbWriterOptions::default()
    };
    let kind = GeometryType::MultiLineString;
    let mut writer = FgbWriter::create_with_options("lines", kind, options).unwrap();
    writer.add_column("type", ColumnType::String, |_, _| {});
    let line = |at: f64| LineString::from(vec![(at, 32.0), (at + 1.0, 32.0), (at, 33.0)]);
    for text in ["Fire", "Call"] {
        let lines = MultiLineString(vec![line(-111.0), line(-110.0)]);
        writer
            .add_feature_geom(Geometry::MultiLineString(lines), |feature| {
                let value = ColumnValue::String(text);
                feature.property(0, "type", &value).unwrap();
            })
            .unwrap();
    }
    let mut bytes = Vec::new();
    writer.write(&mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Result<Records, BadFile> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.fgb");
    std::fs::write(&path, bytes).unwrap();
    let source = crate::import::open(&path, None, Positions::default());
    source.map(|source| source.records)
}

/// Where the features begin.
fn features_at(bytes: &[u8]) -> usize {
    let [a, b, c, d] = bytes[8..12] else {
        unreachable!()
    };
    12 + usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap()
}

/// Where bytes stand.
fn found(bytes: &[u8], wanted: &[u8]) -> usize {
    let mut windows = bytes.windows(wanted.len());
    windows.position(|window| window == wanted).unwrap()
}

#[test]
fn a_feature_that_reaches_beyond_the_file_ends_it() {
    let good = file();
    let drafts: Vec<_> = read(&good).unwrap().collect();
    assert_eq!(drafts.len(), 2);
    assert_eq!(drafts[1].as_ref().unwrap().properties["type"], "Call");
    let at = features_at(&good);
    let length = u32::from_le_bytes(good[at..at + 4].try_into().unwrap());
    let second = at + 4 + usize::try_from(length).unwrap();
    for (at, before) in [(at, 0), (second, 1)] {
        let mut bad = good.clone();
        bad[at..at + 4].copy_from_slice(&0x9999_9999_u32.to_le_bytes());
        let drafts: Vec<_> = read(&bad).unwrap().collect();
        assert_eq!(drafts.len(), before + 1);
        let Err(Unread::Rest(reason)) = &drafts[before] else {
            unreachable!("{drafts:?}")
        };
        assert!(
            reason.starts_with("a feature says that it has 2576980377 bytes"),
            "{reason}"
        );
    }
}

#[test]
fn parts_and_properties_that_reach_beyond_their_feature_are_rejects() {
    let good = file();
    let ends = [3_u32.to_le_bytes(), 6_u32.to_le_bytes()].concat();
    let (ends, text) = (found(&good, &ends), found(&good, b"Fire"));
    for (at, value, said) in [
        (
            ends,
            7_u32,
            "a part of it ends at 7, and it has 6 positions",
        ),
        (ends, u32::MAX, "a part of it ends at 4294967295"),
        (ends + 4, 0, "a part of it ends at 0"),
        (text - 4, u32::MAX, "it contradicts itself"),
    ] {
        let mut bad = good.clone();
        bad[at..at + 4].copy_from_slice(&value.to_le_bytes());
        let drafts: Vec<_> = read(&bad).unwrap().collect();
        let Err(Unread::Record(reason)) = &drafts[0] else {
            unreachable!("{drafts:?}")
        };
        assert!(reason.starts_with(said), "{reason}");
        assert!(drafts[1].is_ok(), "it costs only itself");
    }
}

#[test]
fn files_that_are_spoilt_anywhere_are_read_or_refused() {
    let good = file();
    for at in 0..good.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] = byte;
            if let Ok(records) = read(&bad) {
                assert!(records.count() <= 3, "{at} {byte}");
            }
        }
    }
}
