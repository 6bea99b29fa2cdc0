use super::*;

fn table(rows: &[i64]) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch("CREATE TABLE hot (layer INTEGER)")
        .unwrap();
    for row in rows {
        connection
            .execute("INSERT INTO hot (rowid, layer) VALUES (?, 1)", [row])
            .unwrap();
    }
    connection
}

#[test]
fn every_row_is_in_one_stretch_whatever_gaps_there_are() {
    let dense: Vec<i64> = (1..=3 * STRETCH + 1).collect();
    let sparse: Vec<i64> = (0..2 * STRETCH).map(|at| 5 + at * at * 1_000).collect();
    let ends = [i64::MIN, -1, 0, 1, i64::MAX];
    for rows in [&[][..], &[7], &ends, &dense, &sparse] {
        let cut = stretches(&table(rows)).unwrap();
        let mut at = 0;
        for Stretch { from, to } in &cut {
            let inside = rows[at..]
                .iter()
                .take_while(|row| (from..=to).contains(row));
            at += inside.count();
        }
        assert_eq!(at, rows.len(), "{cut:?}");
        // All row ids there can be are more than one number counts.
        let bounded = rows.len() / usize::try_from(STRETCH).unwrap() + 3;
        assert!(cut.len() <= bounded, "{} stretches", cut.len());
    }
}
