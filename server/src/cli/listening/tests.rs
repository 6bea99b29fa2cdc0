use super::*;
use std::net::TcpStream;

const STALL: Duration = Duration::from_secs(7);

#[cfg(target_os = "linux")]
#[test]
fn connections_inherit_the_time_limit() {
    let listeners = listen("127.0.0.1:0", STALL).unwrap();
    let [listener] = &listeners[..] else {
        panic!("one address: {listeners:?}");
    };
    let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    let limit = socket2::SockRef::from(&accepted)
        .tcp_user_timeout()
        .unwrap();
    assert_eq!(limit, Some(STALL));
}

#[test]
fn a_name_is_listened_on_wherever_that_is_possible_and_what_is_taken_is_said() {
    assert!(!listen("localhost:0", STALL).unwrap().is_empty());
    let taken = listen("127.0.0.1:0", STALL).unwrap();
    let address = taken[0].local_addr().unwrap().to_string();
    let refused = listen(&address, STALL).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    assert!(listen("no address", STALL).is_err());
}
