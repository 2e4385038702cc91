use proptest::prelude::*;

use super::*;

fn all(message: &[u8]) -> String {
    String::from_utf8(repaired(message, Repair::LongLines)).expect("ASCII, or what was UTF-8 before")
}

#[test]
fn each_repair_changes_what_it_names_and_nothing_else() {
    for (last, message, expected) in [
        (Repair::LineEnds, b"A: b\nC: d\r\r\n\ne\rf\r\ng".as_slice(), "A: b\r\nC: d\r\n\r\ne\r\nf\r\ng"),
        (Repair::LineEnds, b"A: b\rc\r\n\r\n", "A: b c\r\n\r\n"),
        (Repair::FinalLineEnd, b"A: b\r\n\r\nx", "A: b\r\n\r\nx\r\n"),
        (Repair::FinalLineEnd, b"A: b", "A: b\r\n"),
        (Repair::NulBytes, b"A: \0b\r\n\r\nx\0y\r\n", "A: b\r\n\r\nxy\r\n"),
        (Repair::NulBytes, b"A: b\r\0\n\r\n", "A: b\r\n\r\n"),
        (Repair::Header, b"A: b", "A: b\r\n\r\n"),
        (Repair::Header, b"", "\r\n"),
        (Repair::Header, b"no header\r\n\r\nx\r\n", "\r\nno header\r\n\r\nx\r\n"),
        (
            Repair::Header,
            b"From x y\r\nA: b\r\nc\r\nD: e\r\n\r\nx\r\n",
            "X-Broken-Line: From x y\r\nA: b\r\n c\r\nD: e\r\n\r\nx\r\n",
        ),
        (Repair::Header, b"A: b\r\nHello\r\nyou: x y\r\nworld\r\n", "A: b\r\n Hello\r\nyou: x y\r\n\r\nworld\r\n"),
        (Repair::Header, b"A: b\r\n c\r\nHello\r\n\r\nx\r\n", "A: b\r\n c\r\n\r\nHello\r\n\r\nx\r\n"),
    ] {
        assert_eq!(String::from_utf8_lossy(&repaired(message, last)), expected, "{last:?}");
    }
}

#[test]
fn letters_in_a_header_become_encoded_words_that_read_the_same() {
    for (header, expected) in [
        ("Subject: Grüße  aus Köln".as_bytes(), "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=  aus =?UTF-8?Q?K=C3=B6ln?="),
        (b"Subject: Gr\xfc\xdfe", "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?="),
        ("Subject: Öl\r\n für x".as_bytes(), "Subject: =?UTF-8?Q?=C3=96l_f=C3=BCr?= x"),
        ("From: \"Müller, J\\\"ö\" <j@x.org>".as_bytes(), "From: =?UTF-8?Q?M=C3=BCller=2C_J=22=C3=B6?= <j@x.org>"),
        ("To: a@b (Jörg), \"x\" <c@d>".as_bytes(), "To: a@b (=?UTF-8?Q?J=C3=B6rg?=), \"x\" <c@d>"),
        (
            "Content-Type: text/plain; name=\"Größe.txt\"".as_bytes(),
            "Content-Type: text/plain; name=\"=?UTF-8?Q?Gr=C3=B6=C3=9Fe=2Etxt?=\"",
        ),
    ] {
        let message = [header, b"\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"].concat();
        assert_eq!(all(&message), format!("{expected}\r\n\r\nGrüße\r\n"));
    }
    let long = all(format!("Subject: {}\r\n\r\n", "ü".repeat(60)).as_bytes());
    assert!(long.lines().all(|line| line.len() <= 90), "{long}");
}

#[test]
fn a_long_line_is_broken_where_it_does_least_harm() {
    let words = "word ".repeat(400);
    let broken = all(format!("A: b\r\n\r\n{words}\r\n").as_bytes());
    assert_eq!(broken.replace("\r\n", ""), format!("A: b{words}"));
    assert!(broken.lines().all(|line| line.len() <= 998 && !line.starts_with(' ')));
    let quoted =
        all(format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{}\r\n", "=C3=BC".repeat(400)).as_bytes());
    assert_eq!(quoted.replace("=\r\n", "").lines().last(), Some("=C3=BC".repeat(400).as_str()));
    let part = all(format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n{}\r\n--b\r\n\r\n{}\r\n",
        "x".repeat(1500), "ü".repeat(800)
    ).as_bytes());
    assert_eq!(part.matches("x=\r\nx").count(), 1);
    assert_eq!(part.matches("ü\r\nü").count(), 1);
    let header =
        all(format!("Subject: {}\r\nReferences: {}\r\n\r\n", "s".repeat(3000), "<a@b> ".repeat(400)).as_bytes());
    assert!(header.lines().all(|line| line.len() <= 998));
    assert!(header.contains("<a@b>\r\n <a@b>"));
}

#[test]
fn what_was_repaired_is_told_in_words() {
    let repairs = Repairs::default().and(Repair::NulBytes).and(Repair::LineEnds);
    assert_eq!(repairs.to_string(), "line ends, NUL bytes");
    assert_eq!(Repairs::from_bits(repairs.bits()), repairs);
    assert_eq!(Repairs::from_words("line ends, something newer, NUL bytes"), repairs);
    for bits in 0..1 << Repair::all().count() {
        let repairs = Repairs::from_bits(bits);
        assert_eq!(Repairs::from_words(&repairs.to_string()), repairs);
    }
}

/// Bytes that mean something here, and long runs of one that does not.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec![
            "\r", "\n", "\r\n", "\r\n\r\n", "\0", ":", " ", "\t", "a", "A: b", "ü", "\"", "(", "--", "=", "=C3",
            "Content-Type: multipart/x", "Content-Transfer-Encoding: quoted-printable", "From x",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
        1 => (900usize..2100).prop_map(|length| vec![b'x'; length]),
        1 => (400usize..900).prop_map(|length| "ü".repeat(length).into_bytes()),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Every byte in ASCII, so that a failure can be read.
fn shown(message: &[u8]) -> String {
    message.escape_ascii().to_string()
}

fn repairs() -> impl Strategy<Value = Repair> {
    prop::sample::select(Repair::OF_BYTES.to_vec())
}

/// Nothing is wrong with it that `last` or a repair before it is for.
fn is_acceptable(message: &[u8], last: Repair) -> Result<(), String> {
    let bare = |at: usize| match message[at] {
        b'\n' => at == 0 || message[at - 1] != b'\r',
        b'\r' => message.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    let must = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    must(!(0..message.len()).any(bare), "bare line end")?;
    let finished = message.is_empty() || message.ends_with(b"\r\n");
    must(last < Repair::FinalLineEnd || finished, "no final line end")?;
    must(last < Repair::NulBytes || !message.contains(&0), "NUL")?;
    let text: Vec<u8> = [b"\r\n", message].concat();
    let end = text.windows(4).position(|four| four == b"\r\n\r\n");
    let header = &text[2.min(text.len())..end.map_or(text.len(), |end| end.max(2))];
    must(last < Repair::Header || end.is_some(), "no end of the header")?;
    let lines = || header.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let good = |(n, line): (usize, &[u8])| {
        header::is_field(line) || (n > 0 && (line.starts_with(b" ") || line.starts_with(b"\t")))
    };
    must(last < Repair::Header || lines().enumerate().all(good), "a line that is no field")?;
    must(last < Repair::HeaderEncoding || header.is_ascii(), "8-bit letters in the header")?;
    let long = message.split(|&byte| byte == b'\n').any(|line| line.len() > LINE_LIMIT + 1);
    must(last < Repair::LongLines || !long, "a long line")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_repaired_is_acceptable_and_stays_as_it_is(message in messages(), last in repairs()) {
        let once = repaired(&message, last);
        prop_assert_eq!(is_acceptable(&once, last), Ok(()), "{:?}", String::from_utf8_lossy(&once));
        prop_assert_eq!(shown(&repaired(&once, last)), shown(&once));
    }

    #[test]
    fn a_message_with_nothing_wrong_stays_as_it_is(message in messages(), last in repairs()) {
        if is_acceptable(&message, last).is_ok() {
            prop_assert_eq!(shown(&repaired(&message, last)), shown(&message));
        }
    }

    #[test]
    fn it_does_not_matter_how_a_message_is_cut_into_pieces(message in messages(), last in repairs(), width in 1usize..40) {
        let mut out = Vec::new();
        let mut repairer = Repairer::new(last);
        message.chunks(width).for_each(|piece| repairer.push(piece, &mut out));
        repairer.finish(&mut out);
        prop_assert_eq!(out, repaired(&message, last));
    }
}
