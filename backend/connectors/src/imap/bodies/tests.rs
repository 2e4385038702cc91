//! What is kept from the parser, and where, stated.

use std::io::Read;

use super::*;

/// What `data` stands for, if it is a body in memory.
fn taken(bodies: &mut Bodies, data: &[u8]) -> Option<Bytes> {
    if let Taken::Body(came) = bodies.take(data) { came.in_memory() } else { None }
}

#[test]
fn a_body_is_taken_by_its_stand_in_and_what_nobody_took_goes() {
    let (mut bodies, mut output) = (Bodies::default(), BytesMut::new());
    for body in [&b"one"[..], b"", b"three"] {
        bodies.begin(body.len() as u64, BodyPart::Whole, &mut output);
        if !body.is_empty() {
            assert!(bodies.push(body));
            bodies.end();
        }
    }
    assert_eq!(&output[..24], b"{18}\r\n\r\n0000000000000000");
    assert_eq!(taken(&mut bodies, b"\r\n0000000000000001"), Some(Bytes::new()));
    assert!(matches!(bodies.take(b"\r\n0000000000000000"), Taken::Unknown), "it went with the one before");
    assert_eq!(taken(&mut bodies, b"\r\n0000000000000002"), Some(Bytes::from_static(b"three")));
    assert!(matches!(bodies.take(b"\r\n0000000000000003"), Taken::Unknown));
    assert!(matches!(bodies.take(b"0000000000000003"), Taken::NoStandIn));
    assert!(!bodies.exceeds(0), "nothing waits any more");
}

#[test]
fn a_large_message_is_spooled_as_it_comes_and_a_part_of_one_is_not() {
    let message: Vec<u8> = (0..3u32 << 20).map(|n| (n % 251) as u8).collect();
    let mut bodies = Bodies::default();
    for part in [BodyPart::Whole, BodyPart::FromOffset] {
        bodies.begin(message.len() as u64, part, &mut BytesMut::new());
        assert_eq!(bodies.is_kept_in_memory(), part == BodyPart::FromOffset);
        assert_eq!(bodies.open().is_some(), part == BodyPart::FromOffset);
        assert!(message.chunks(70_000).all(|piece| bodies.push(piece)));
        bodies.end();
    }
    assert!(bodies.exceeds(5 << 20), "files count as well: a disk can be filled");
    let Taken::Body(came) = bodies.take(b"\r\n0000000000000000") else { panic!("it has come") };
    assert_eq!(came.size_bytes(), message.len() as u64);
    let body = came.body().expect("spools");
    assert_eq!(body.memory_bytes(), 0);
    assert_eq!(body.key(), Body::from_bytes(message.clone().into()).key());
    let mut read = Vec::new();
    body.reader().expect("opens").read_to_end(&mut read).expect("reads");
    assert_eq!(read, message);
    assert_eq!(taken(&mut bodies, b"\r\n0000000000000001"), Some(message.into()));
}

#[test]
fn only_whole_messages_and_slices_of_them_are_kept_from_the_parser() {
    for (line, part) in [
        ("* 1 FETCH (UID 7 BODY[] {5}\r\n", BodyPart::Whole),
        ("* 1 FETCH (BODY[]<0> {5}\r\n", BodyPart::FromOffset),
        (" body[]<1048576> {5}\r\n", BodyPart::FromOffset),
    ] {
        assert_eq!(body_literal(line.as_bytes()), line.find('{').map(|brace| (brace, part)), "{line}");
    }
    for line in ["* 1 FETCH (BODY[1] {5}\r\n", "RFC822 {5}\r\n", "BODY[]{5}\r\n", "BODY[]> {5}\r\n", "{5}\r\n", ""] {
        assert_eq!(body_literal(line.as_bytes()), None, "{line}");
    }
}
