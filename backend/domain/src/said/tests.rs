use proptest::prelude::*;

use super::*;
use crate::print::body_offset;

fn same(one: &str, other: &str) -> bool {
    parts(one.replace('\n', "\r\n").as_bytes()) == parts(other.as_bytes())
}

const PLAIN: &str = "Subject: x\n\nGr\u{fc}\u{df}e aus K\u{f6}ln,\nAnna_B\n";

#[test]
fn how_a_header_is_spelt_makes_no_difference() {
    let once = fields(b"Subject:Gr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln\r\nTo: a@example.org, b@example.org\r\n\r\n");
    for respelt in [
        &b"Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus?=\r\n =?utf-8?B?IEvDtmxu?=\r\nTO: a@example.org,\r\n\tb@example.org\r\n\r\n"[..],
        b"subject: =?iso-8859-1?Q?Gr=FC=DFe?= aus =?UTF-8?B?S8M=?=\r\n =?UTF-8?B?tmxu?=\nTo:   a@example.org, b@example.org\n\n",
        b"MIME-Version: 1.0\r\nSubject: Gr\xfc\xdfe aus K\xf6ln\r\nTo: a@example.org, b@example.org\r\n\r\nTo: body",
    ] {
        assert_eq!(fields(&respelt[..body_offset(respelt)]), once, "{}", String::from_utf8_lossy(respelt));
    }
    for other in
        ["Subject: Gr\u{fc}\u{df}e aus Bonn", "Subjects: Gr\u{fc}\u{df}e aus K\u{f6}ln", "Subject: =?koi8-r?Q?a=C3?="]
    {
        assert_ne!(fields(other.as_bytes())[0], once[0], "{other}");
    }
    assert_ne!(fields(b"Subject: =?koi8-r?Q?=C1?=\r\n"), fields(b"Subject: =?koi8-r?Q?=C2?=\r\n"));
}

#[test]
fn a_subject_is_what_is_read_or_nobody_knows() {
    let said = |head: &str| subject(head.as_bytes());
    assert_eq!(said("Subject: one two\r\n"), said("SUBJECT:one\r\n =?utf-8?Q?_tw=6F?=\r\n"));
    assert!(said("Subject: one\r\n") != said("Subject: [list] one\r\n") && said("Subject: one\r\n").is_some());
    assert_eq!(said("To: x\r\n\r\nSubject: body"), said("Subject: \r\n"));
    assert_eq!(said("Subject: \u{fc}\r\n"), None);
}

#[test]
fn how_a_text_is_encoded_makes_no_difference() {
    for other in [
        "Subject: y\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nR3LDvMOfZSBhdXMgS8O2bG4sCkFubmFfQgo=\n",
        "Content-Type: text/plain; charset=\"ISO-8859-1\"\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\nGr=FC=DFe aus =\r\nK=F6ln, Anna_B",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\r\nGr\u{fc}\u{df}e aus K\u{f6}ln, Anna_B\r\n--b--\r\nend",
    ] {
        assert!(same(PLAIN, other), "{other}");
    }
    for other in ["\nGr\u{fc}\u{df}e aus Bonn,\nAnna_B\n", "\nGr\u{fc}\u{df}e aus K\u{f6}ln,\nAnna B\n", "\n", ""] {
        assert!(!same(PLAIN, other), "{other}");
    }
}

#[test]
fn parts_are_what_they_hold_whatever_holds_them() {
    let nested = |boundary: &str, file: &str| {
        format!(
            "Content-Type: multipart/mixed; boundary=\"{boundary}\"\n\n--{boundary}\n\
             Content-Type: multipart/alternative; boundary={boundary}2\n\n--{boundary}2\n\ntext\n\
             --{boundary}2\nContent-Type: text/html\n\n<p>text\n--{boundary}2--\n--{boundary}\n\
             Content-Type: application/pdf; name=x\nContent-Transfer-Encoding: base64\n\n{file}\n--{boundary}--\n"
        )
    };
    assert!(same(&nested("a", "AAEC"), &nested("b", "AA\nEC")));
    assert!(!same(&nested("a", "AAEC"), &nested("a", "AAED")));
    let passed_on = |subject: &str| format!("Content-Type: message/rfc822\n\nSubject: {subject}\n\ntext\n");
    assert!(same(&passed_on("one"), &passed_on(" one")) && !same(&passed_on("one"), &passed_on("two")));
    let unended = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo";
    assert!(!same(unended, &unended.replace("two", "three")) && same(unended, &format!("{unended}\r\n--b--")));
}

#[test]
fn what_is_put_together_wrongly_counts_as_it_is_written() {
    let no_parts = "Content-Type: multipart/mixed; boundary=b\n\nonly this\n--b--\n";
    assert!(!same(no_parts, &no_parts.replace("this", "that")), "a multipart without parts");
    let no_base64 = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nSubject: x\n\nonly this!\n";
    assert!(!same(no_base64, &no_base64.replace("this", "that")), "a message that is not encoded though it says so");
}

/// A message of several kinds of parts, in lines that are cut because they are too long, or in short ones.
fn mixed(is_folded: bool) -> Vec<u8> {
    let fold = |unit: &str, end: &str, times| format!("{unit}{}", if is_folded { end } else { "" }).repeat(times);
    let text = fold("word \u{e4}\u{20ac} ", "\r\n", 2_000);
    [
        "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nbefore\r\n".to_owned(),
        format!("--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"),
        "--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n".to_owned(),
        fold("=C3=A4=E2=82=AC", "=\r\n", 1_000),
        "\r\n--b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_owned(),
        fold("QUJD", "\r\n", 3_000),
        format!("\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\n{text}\r\n--b--\r\nbehind"),
    ]
    .concat()
    .into_bytes()
}

#[test]
fn in_whatever_pieces_and_lines_a_message_comes_its_parts_are_the_same() {
    let whole = parts(&mixed(true));
    for message in [mixed(false), mixed(true)] {
        for size in [1, 2, 3, 5, 1_000, 4_095, 4_096, 4_097, 65_536] {
            let mut pieces = Parts::default();
            message.chunks(size).for_each(|piece| pieces.push(piece));
            assert_eq!(pieces.finish(), whole, "pieces of {size} of {} bytes", message.len());
        }
    }
    let other = String::from_utf8(mixed(true)).expect("UTF-8").replacen("QUJD", "QUJE", 1);
    assert_ne!(parts(other.as_bytes()), whole);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        message in prop::collection::vec(prop::sample::select(b"\r\n-b:=?UQ \tContent".to_vec()), 0..200),
    ) {
        let (plain, head) = (message.clone(), b"Content-Type: multipart/x; boundary=b\n\n--b\n");
        let _ = (parts(&plain), fields(&plain), parts(&[&head[..], &message].concat()));
    }

    #[test]
    fn letters_that_differ_are_other_parts(one in "[a-z\u{e4}\u{20ac}]{1,40}", other in "[a-z\u{e4}\u{20ac}]{1,40}") {
        let text = |letters: &str| parts(format!("Subject: x\r\n\r\n{letters}").as_bytes());
        prop_assert_eq!(text(&one) == text(&other), one == other);
    }
}
