use super::*;
use std::net::TcpStream;

const STALL: Duration = Duration::from_secs(7);

#[cfg(target_os = "linux")]
#[test]
fn connections_inherit_the_time_limit() {
    let listeners = take("127.0.0.1:0", STALL).unwrap().listen().unwrap();
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
    let somewhere = take("localhost:0", STALL).unwrap();
    assert!(!somewhere.listen().unwrap().is_empty());
    let taken = take("127.0.0.1:0", STALL).unwrap().listen().unwrap();
    let address = taken[0].local_addr().unwrap().to_string();
    let refused = take(&address, STALL).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    assert!(take("no address", STALL).is_err());
}

#[test]
fn nobody_connects_before_it_is_listened_on_and_of_two_one_listens() {
    let first = take("127.0.0.1:0", STALL).unwrap();
    let address = first.0[0].local_addr().unwrap().as_socket().unwrap();
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    let second = take(&address.to_string(), STALL);
    let _listening = first.listen().unwrap();
    TcpStream::connect(address).unwrap();
    let second = second.and_then(Taken::listen).unwrap_err();
    assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
}
