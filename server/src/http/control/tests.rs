use super::*;

#[test]
fn the_socket_is_private_and_replaces_a_stale_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = socket_path(folder.path());
    drop(bind(&path).unwrap());
    assert!(
        path.exists(),
        "a listener that dies leaves its socket behind"
    );
    let _again = bind(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    remove(&path);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
