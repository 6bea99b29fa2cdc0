//! Assembly as a client sends them, cut anywhere, and those that are refused.

use super::*;
use crate::live::streams::Dismissal;

/// A client's frame, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    head(&mut plain, first & 0x0f, first & 0x80 != 0, payload.len());
    plain[0] = first;
    plain[1] |= 0x80;
    let mask = [0x12, 0x00, 0xff, 0x7a];
    let masked = payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b);
    plain.into_iter().chain(mask).chain(masked).collect()
}

/// What is heard when the bytes come in pieces of this length.
fn heard(bytes: &[u8], piece: usize) -> Result<Vec<Heard>, Closing> {
    let (mut frames, mut heard) = (Assembly::default(), Vec::new());
    for piece in bytes.chunks(piece) {
        frames.buffer.extend_from_slice(piece);
        while let Some(next) = frames.next()? {
            heard.push(next);
        }
    }
    Ok(heard)
}

fn text(text: &'static str) -> Heard {
    Heard::Text(Bytes::from_static(text.as_bytes()))
}

#[test]
fn messages_are_heard_whole_however_their_bytes_arrive() {
    let long = "x".repeat(LARGEST);
    let bytes = [
        frame(0x81, b"one"),
        frame(0x01, "tw\u{f6}".as_bytes().split_last().expect("bytes").1),
        frame(0x89, b"?"),
        frame(0x8a, b"!"),
        frame(0x80, "\u{f6}".as_bytes().split_first().expect("bytes").1),
        frame(0x81, b""),
        frame(0x81, long.as_bytes()),
        frame(0x88, &[3, 232]),
    ]
    .concat();
    let expected = [
        text("one"),
        Heard::Ping(Bytes::from_static(b"?")),
        text("tw\u{f6}"),
        text(""),
        Heard::Text(long.into()),
        Heard::Close,
    ];
    for piece in [1, 7, 4_096, bytes.len()] {
        assert_eq!(heard(&bytes, piece).expect("no fault"), expected, "{piece}");
    }
}

#[test]
fn a_frame_is_refused_by_its_header_before_its_payload_is_there() {
    let masked_text = |length: &[u8]| [&[0x81_u8], length].concat();
    let table = [
        (
            [&masked_text(&[0xff]), &(1_u64 << 62).to_be_bytes()[..]].concat(),
            Closing::TooLarge,
        ),
        (
            [&masked_text(&[0xff]), &u64::MAX.to_be_bytes()[..]].concat(),
            Closing::TooLarge,
        ),
        (
            [
                &masked_text(&[0xff]),
                &(LARGEST as u64 + 1).to_be_bytes()[..],
            ]
            .concat(),
            Closing::TooLarge,
        ),
        (vec![0x81, 0x01], Closing::ProtocolError),
        (vec![0xc1, 0x81], Closing::ProtocolError),
        (vec![0x83, 0x81], Closing::ProtocolError),
        (vec![0x09, 0x81], Closing::ProtocolError),
        (vec![0x89, 0xfe], Closing::ProtocolError),
        (frame(0x80, b"no beginning"), Closing::ProtocolError),
        (
            [frame(0x01, b"a"), frame(0x81, b"b")].concat(),
            Closing::ProtocolError,
        ),
        (frame(0x82, b"binary"), Closing::Unsupported),
        (frame(0x81, b"\xff"), Closing::NotUtf8),
        (
            [frame(0x01, &vec![b'x'; LARGEST]), frame(0x80, b"y")].concat(),
            Closing::TooLarge,
        ),
    ];
    for (bytes, expected) in table {
        let head: Vec<u8> = bytes.iter().copied().take(12).collect();
        assert_eq!(heard(&bytes, 1_000).err(), Some(expected), "{head:x?}");
    }
}

#[test]
fn lengths_are_written_in_the_shortest_form() {
    for (length, begins) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
        let mut written = Vec::new();
        head(&mut written, TEXT, true, length);
        assert_eq!(written.len(), begins);
        written[1] |= 0x80;
        written.extend([0; 4]);
        let header = Header::read(&written);
        if length <= LARGEST {
            let header = header.expect("no fault").expect("whole");
            assert_eq!((header.begins, header.length), (begins + 4, length));
        }
    }
}

#[test]
fn a_close_frame_says_why_in_no_more_than_a_control_frame_holds() {
    assert_eq!(&close(Closing::TooLarge, "")[..], [0x88, 2, 0x03, 0xf1]);
    let why = close(Closing::Policy, "no");
    assert_eq!(&why[..], [0x88, 4, 0x03, 0xf0, b'n', b'o']);
    for why in [Dismissal::NoLongerHolds, Dismissal::SeesOtherwise] {
        let frame = close(Closing::Policy, why.detail());
        assert!(frame[1] <= 125 && frame.len() == 2 + usize::from(frame[1]));
    }
}
