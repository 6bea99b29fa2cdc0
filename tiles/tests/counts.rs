//! The guard over the instructions of the hot paths: what it reads, what it passes and what it does not.

#[path = "../benches/counts/compare.rs"]
mod compare;

use compare::{Counts, compare, read, read_profile, renew, report, write};

fn counts(pairs: &[(&str, u64)]) -> Counts {
    let pairs = pairs.iter();
    pairs
        .map(|(path, count)| ((*path).to_owned(), *count))
        .collect()
}

/// What is wrong when one path has been kept with 1,000 and is now this.
fn faults_at(now: u64) -> Vec<String> {
    let rows = compare(&counts(&[("tile", 1_000)]), &counts(&[("tile", now)]));
    rows.iter().filter_map(compare::Row::fault).collect()
}

fn advice_at(now: u64) -> Vec<String> {
    let rows = compare(&counts(&[("tile", 1_000)]), &counts(&[("tile", now)]));
    rows.iter().filter_map(compare::Row::advice).collect()
}

#[test]
fn what_is_written_is_read_again() {
    let all = counts(&[
        ("fences", 3),
        ("movement", 36_077),
        ("tile_z12", 17_777_737),
    ]);
    assert_eq!(read(&write(&all)), Ok(all.clone()));
    let lines = write(&all);
    assert!(
        lines.contains("\nmovement                 36,077\n"),
        "{lines}"
    );
    let mut names: Vec<&str> = lines
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(names.len(), 3, "a line for each path");
    names.sort_unstable();
    assert!(
        lines.ends_with(&(names.join("\n") + "\n")),
        "in order of path"
    );
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    let said = |text: &str| read(text).map_err(|error| error.to_string());
    assert_eq!(
        said("# why\n\ntile 1,200\n"),
        Ok(counts(&[("tile", 1_200)]))
    );
    for (text, expected) in [
        ("# why\n\ntile\n", "line 3: \"tile\" is not a path"),
        ("tile 1 2\n", "line 1: \"tile 1 2\" is not a path"),
        ("near 9\ntile many\n", "line 2: \"tile many\" has no number"),
        ("tile -4\n", "line 1: \"tile -4\" has no number"),
        ("tile 0\n", "line 1: \"tile 0\" has no number"),
        (
            "tile 1\ntile 2\n",
            "line 2: \"tile 2\" names a path for the second",
        ),
    ] {
        let error = said(text).expect_err("it cannot be read");
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn ten_percent_more_passes_and_eleven_do_not() {
    assert_eq!(faults_at(1_000), [""; 0]);
    assert_eq!(faults_at(1_100), [""; 0]);
    let grown = "tile grew from 1,000 to 1,101: the limit is 10 % more";
    assert_eq!(faults_at(1_101), [grown]);
    let grown = "tile grew from 1,000 to 1,110: the limit is 10 % more";
    assert_eq!(faults_at(1_110), [grown]);
    assert_eq!(faults_at(u64::MAX).len(), 1);
}

#[test]
fn a_path_that_shrank_passes_and_is_worth_keeping() {
    assert_eq!(faults_at(500), [""; 0]);
    assert_eq!(advice_at(900), [""; 0]);
    let shrank = "tile shrank from 1,000 to 899: keep the new count";
    assert_eq!(advice_at(899), [shrank]);
    assert_eq!(advice_at(1_200), [""; 0]);
}

#[test]
fn a_path_that_is_missing_or_new_does_not_pass() {
    let rows = compare(&counts(&[("near", 1_234)]), &counts(&[("tile", 5_678)]));
    let faults: Vec<String> = rows.iter().filter_map(compare::Row::fault).collect();
    let expected = [
        "near is missing: 1,234 are kept of it",
        "tile is new: nothing is kept of its 5,678",
    ];
    assert_eq!(faults, expected);
    assert!(rows.iter().all(|row| row.advice().is_none()));
}

#[test]
fn what_has_hardly_changed_stays_as_it_was_kept() {
    let kept = counts(&[
        ("gone", 7),
        ("near", 1_000),
        ("seen", 1_000),
        ("tile", 1_000),
    ]);
    let now = counts(&[("near", 1_009), ("new", 5), ("seen", 1_010), ("tile", 991)]);
    let expected = counts(&[
        ("near", 1_000),
        ("new", 5),
        ("seen", 1_010),
        ("tile", 1_000),
    ]);
    assert_eq!(renew(&kept, &now), expected);
    assert_eq!(renew(&Counts::new(), &now), now);
}

#[test]
fn the_report_has_a_line_for_each_path_and_for_each_fault() {
    let kept = counts(&[("gone", 7), ("near", 2_000), ("same", 10), ("tile", 1_000)]);
    let now = counts(&[("near", 1_000), ("same", 10), ("tile", 1_234)]);
    let expected = "\
path                       kept            now    change
gone                          7              -
near                      2,000          1,000   -50.0 %
same                         10             10     0.0 %
tile                      1,000          1,234   +23.4 %
near shrank from 2,000 to 1,000: keep the new count
gone is missing: 7 are kept of it
tile grew from 1,000 to 1,234: the limit is 10 % more
";
    assert_eq!(report(&compare(&kept, &now)), expected);
}

/// As callgrind 3.19 writes it, shortened.
const PROFILE: &str = "\
# callgrind format
version: 1
creator: callgrind-3.19.0
positions: line
events: Ir
summary: 5000

ob=counts
fl=???
fn=(below main)
0 900

fl=???
fn=counts::paths::path_tile
0 11
cfi=???
cfn=counts::paths::path_tile::{{closure}}
calls=2 0
0 200
cob=libc.so.6
cfi=malloc.c
cfn=free
calls=1 0 
0 30

fl=???
fn=counts::paths::path_tile::{{closure}}
0 150
cfn=counts::paths::path_near
calls=1 0
0 50

fn=counts::paths::path_near (.llvm.815)
3
0 44
fi=slice.rs
0 6

totals: 5000
";

#[test]
fn a_profile_is_read_by_path_with_all_that_it_called() {
    let expected = counts(&[("near", 50), ("tile", 241)]);
    assert_eq!(read_profile(PROFILE), Ok(expected));
    let hashed = PROFILE.replace("counts::paths::path_tile\n", "<counts::City>::path_tile\n");
    let read = read_profile(&hashed).expect("it can be read");
    assert_eq!(read["tile"], 241);
    assert_eq!(read_profile("fn=main\n0 17\n"), Ok(Counts::new()));
}

#[test]
fn a_profile_of_something_else_is_refused_by_its_line() {
    let said = |text: &str| read_profile(text).expect_err("no such profile").to_string();
    let of_caches = PROFILE.replace("events: Ir", "events: Ir Dr Dw");
    let expected = "line 5: \"events: Ir Dr Dw\" does not count instructions alone";
    assert_eq!(said(&of_caches), expected);
    let torn = PROFILE.replace("0 11", "0 1x");
    assert_eq!(said(&torn), "line 15: \"0 1x\" has a cost that is none");
}
