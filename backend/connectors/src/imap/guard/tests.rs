//! What the guard lets through, stated.

use proptest::prelude::*;

use super::*;

fn sift(bytes: &[u8], piece: usize) -> Result<(String, Vec<String>), SieveError> {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    super::sift(bytes, piece).map(|sifted| (text(&sifted.passed), sifted.diverted.iter().map(text).collect()))
}

#[test]
fn what_the_parser_cannot_take_is_diverted_whole() {
    let bytes =
        b"* STATUS {5}\r\na\r\nb* (SIZE 5)\r\n* 3 EXISTS\r\n* NAMESPACE ((\"\" \"/\")) NIL NIL\r\nA1 OK done\r\n";
    for piece in [1, 3, 7, 1000] {
        let (passed, diverted) = sift(bytes, piece).expect("within limits");
        assert_eq!(passed, "* 3 EXISTS\r\nA1 OK done\r\n");
        assert_eq!(diverted, ["* STATUS {5}\r\na\r\nb* (SIZE 5)\r\n", "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"]);
    }
}

#[test]
fn a_literal_is_passed_byte_for_byte_whatever_it_looks_like() {
    let body = "* BYE {9}\r\nINTERNALDATE NIL\r\nA1 OK\r\n";
    let bytes = format!("* 1 FETCH (UID 7 INTERNALDATE NIL BODY[] {{{}}}\r\n{body} FLAGS ())\r\n", body.len());
    let whole = bytes.replace("BODY[]", "BODY[1]");
    let (passed, diverted) = sift(whole.as_bytes(), 5).expect("within limits");
    assert_eq!(passed, whole.replacen("INTERNALDATE NIL", "INTERNALDATE \"\"", 1));
    assert!(diverted.is_empty());
}

#[test]
fn a_message_goes_past_the_parser_byte_for_byte() {
    let body = "* BYE {9}\r\nINTERNALDATE NIL\r\nA1 OK\r\n";
    let bytes = format!("* 1 FETCH (UID 7 INTERNALDATE NIL BODY[] {{{}}}\r\n{body} FLAGS ())\r\nA1 OK\r\n", body.len());
    for piece in [1, 5, 1000] {
        let sifted = super::sift(bytes.as_bytes(), piece).expect("within limits");
        let seen = "* 1 FETCH (UID 7 INTERNALDATE \"\" BODY[] {18}\r\n\r\n0000000000000000 FLAGS ())\r\nA1 OK -\r\n";
        assert_eq!(String::from_utf8_lossy(&sifted.passed), seen);
        assert_eq!(sifted.bodies, [body.as_bytes()]);
    }
}

#[test]
fn a_response_that_does_not_end_is_given_up() {
    let mut sieve = Sieve::default();
    let line = format!("{} BODY[1] {{9000}}\r\n{}", "x".repeat(60_000), "y".repeat(9_000));
    sieve.input.extend_from_slice(b"* 1 FETCH (");
    let given_up = (0..2_000).find_map(|_| {
        sieve.input.extend_from_slice(line.as_bytes());
        sieve.sift().err()
    });
    assert_eq!(given_up, Some(SieveError::ResponseTooLong));
    let mut sieve = Sieve::default();
    sieve.input.extend_from_slice(b"* 1 FETCH (");
    let given_up = (0..20_000).find_map(|_| {
        sieve.input.extend_from_slice(b"BODY[] {0}\r\n ");
        sieve.sift().err()
    });
    assert_eq!(given_up, Some(SieveError::ResponseTooLong));
}

#[test]
fn status_text_is_made_harmless() {
    let (passed, _) = sift("* OK [ALERT]\u{e4} {5}\r\n+\r\nA1 OK\r\n".as_bytes(), 100).expect("within limits");
    assert_eq!(passed, "* OK [ALERT]?? {5}\r\n+ \r\nA1 OK -\r\n");
}

#[test]
fn limits_hold() {
    assert_eq!(sift(&vec![b'x'; LINE_LIMIT + 2], 1000), Err(SieveError::LineTooLong));
    assert_eq!(sift(b"* 1 FETCH (BODY[] {99999999999}\r\n", 10), Err(SieveError::LiteralTooLarge(99_999_999_999)));
    let flood = b"* SEARCH 1 2 3 4 5 6 7 8 9 10\r\n".repeat(DIVERTED_LIMIT / 30);
    assert_eq!(sift(&flood, 60_000), Err(SieveError::TooMuchDiverted));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_pieces_do_not_matter(bytes in prop::collection::vec(any::<u8>(), 0..400), piece in 1usize..50) {
        prop_assert_eq!(super::sift(&bytes, piece), super::sift(&bytes, 1000));
    }
}
