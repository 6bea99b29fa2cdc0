use super::*;

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
    let found: Vec<_> = open(&path, Some(Crs::wgs84())).unwrap().records.collect();
    assert!(
        matches!(found.as_slice(), [Err(Unread::Rest(_))]),
        "{found:?}"
    );
}
