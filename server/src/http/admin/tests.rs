use super::*;

#[test]
fn the_resident_set_is_read_from_the_status() {
    let status = "Name:\tatalaya\nVmHWM:\t  120000 kB\nVmRSS:\t   98304 kB\nThreads:\t12\n";
    assert_eq!(resident_kib(status), Some(98_304));
    assert_eq!(resident_kib("Name:\tatalaya\n"), None);
    assert!(resident_kib(&std::fs::read_to_string("/proc/self/status").unwrap()) > Some(1_000));
}
