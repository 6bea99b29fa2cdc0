use super::*;
use crate::import::Positions;

/// A shapefile made by hand: one row of one text column, one point.
fn files(folder: &Path, deletion_flag: u8) -> std::path::PathBuf {
    let mut dbf = vec![3, 126, 1, 1];
    dbf.extend(1_u32.to_le_bytes());
    dbf.extend(65_u16.to_le_bytes());
    dbf.extend(5_u16.to_le_bytes());
    dbf.extend([0; 20]);
    dbf.extend(*b"TYPE\0\0\0\0\0\0\0C\0\0\0\0\x04\0");
    dbf.extend([0; 14]);
    dbf.push(0x0d);
    dbf.push(deletion_flag);
    dbf.extend(*b"Fire\x1a");
    let mut shp = 9994_i32.to_be_bytes().to_vec();
    shp.extend([0; 20]);
    shp.extend(64_i32.to_be_bytes());
    shp.extend(1000_i32.to_le_bytes());
    shp.extend(1_i32.to_le_bytes());
    shp.extend([0; 64]);
    shp.extend(1_i32.to_be_bytes());
    shp.extend(10_i32.to_be_bytes());
    shp.extend(1_i32.to_le_bytes());
    shp.extend(993_000.0_f64.to_le_bytes());
    shp.extend(445_000.0_f64.to_le_bytes());
    let path = folder.join("calls.shp");
    std::fs::write(&path, shp).unwrap();
    std::fs::write(folder.join("calls.dbf"), dbf).unwrap();
    path
}

#[test]
fn a_shapefile_made_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let path = files(folder.path(), b' ');
    let source = open(&path, Some(Crs::epsg(2223).unwrap())).unwrap();
    assert_eq!(
        (source.count, source.columns),
        (Some(1), Some(vec!["TYPE".to_owned()]))
    );
    let drafts: Vec<Draft> = source.records.map(Result::unwrap).collect();
    assert_eq!(drafts.len(), 1);
    assert_eq!(drafts[0].properties["TYPE"], "Fire");
    assert_eq!(
        drafts[0].geometry["coordinates"],
        serde_json::json!([993_000.0, 445_000.0])
    );
}

#[test]
fn rows_marked_as_deleted_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = files(folder.path(), b'*');
    let refused = open(&path, Some(Crs::wgs84())).err().unwrap().to_string();
    assert!(refused.contains("row 0 is marked as deleted"), "{refused}");
}

#[test]
fn a_shape_that_breaks_off_ends_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = files(folder.path(), b' ');
    let shp = std::fs::read(&path).unwrap();
    std::fs::write(&path, &shp[..shp.len() - 4]).unwrap();
    let said =
        |path: &Path| match crate::import::open(path, Some(Crs::wgs84()), Positions::default()) {
            Err(refused) => refused.to_string(),
            Ok(source) => format!("{:?}", source.records.collect::<Vec<_>>()),
        };
    let whole = said(&path);
    assert!(
        whole.ends_with("says that it has 128 bytes, and it has 124"),
        "{whole}"
    );
    let mut short = shp[..shp.len() - 4].to_vec();
    short[24..28].copy_from_slice(&62_i32.to_be_bytes());
    std::fs::write(&path, short).unwrap();
    let shape = "[Err(Rest(\"a shape says that it has 20 bytes, and 16 are left\"))]";
    assert_eq!(said(&path), shape);
}

#[test]
fn what_a_file_says_wrongly_of_itself_is_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = files(folder.path(), b' ');
    let dbf = path.with_extension("dbf");
    // An index that says it has two thousand million entries, which nobody asks.
    let mut shx = std::fs::read(&path).unwrap();
    shx[24..28].copy_from_slice(&i32::MAX.to_be_bytes());
    std::fs::write(path.with_extension("shx"), shx).unwrap();
    let said = || match crate::import::open(&path, Some(Crs::wgs84()), Positions::default()) {
        Err(refused) => refused.to_string(),
        Ok(source) => format!("{:?}", source.records.collect::<Vec<_>>()),
    };
    assert!(said().starts_with("[Ok("), "{}", said());
    let wrongly = |file: &Path, at: usize, bytes: &[u8], reason: &str| {
        let good = std::fs::read(file).unwrap();
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        std::fs::write(file, bad).unwrap();
        let said = said();
        assert!(said.contains(reason), "{at} {bytes:?}: {said}");
        std::fs::write(file, good).unwrap();
    };
    for words in [0, -1, i32::MAX] {
        wrongly(
            &path,
            24,
            &words.to_be_bytes(),
            "its header says that it has",
        );
    }
    for words in [0, -5, 0x3fff_ffff, i32::MAX] {
        wrongly(&path, 104, &words.to_be_bytes(), "a shape says that it has");
    }
    wrongly(&path, 108, &5_i32.to_le_bytes(), "Err(Rest(");
    wrongly(&path, 108, &99_i32.to_le_bytes(), "Err(Rest(");
    for bytes in [0_u16, 32] {
        wrongly(&dbf, 8, &bytes.to_le_bytes(), "the shortest has 33");
    }
    wrongly(&dbf, 8, &u16::MAX.to_le_bytes(), "failed to fill");
    wrongly(&dbf, 4, &u32::MAX.to_le_bytes(), "failed to fill");
    // Visual FoxPro: with a header that its reader panics over.
    wrongly(&dbf, 0, &[0x30], "calls.shp: it contradicts itself");
    wrongly(&dbf, 43, b"?", "calls.shp: ");
}

#[test]
fn files_that_are_spoilt_anywhere_are_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = files(folder.path(), b' ');
    for file in [path.clone(), path.with_extension("dbf")] {
        let good = std::fs::read(&file).unwrap();
        for at in 0..good.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] = byte;
                std::fs::write(&file, bad).unwrap();
                let opened = crate::import::open(&path, Some(Crs::wgs84()), Positions::default());
                if let Ok(source) = opened {
                    assert!(source.records.count() <= 2, "{at} {byte}");
                }
            }
        }
        std::fs::write(&file, good).unwrap();
    }
}
