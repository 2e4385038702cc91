use proptest::prelude::*;

use super::*;

fn read(text: &str) -> AccountFile {
    parse(text.as_bytes(), None, MAX_ROWS).expect("readable")
}

fn codes(file: &AccountFile) -> Vec<(u32, u32, &str)> {
    file.errors.iter().map(|error| (error.row, error.column, error.code.as_str())).collect()
}

#[test]
fn request_has_three_fields_and_the_same_address_on_both_sides() {
    let file = read("\u{feff}anna@a.example;geheim;imap.a.example\r\nbert@a.example;\"se;cr\"\"et\";\r\n");
    assert_eq!((file.layout, file.separator, file.has_header), (Layout::Request, Separator::Semicolon, false));
    assert_eq!(file.errors, []);
    assert_eq!(file.rows[0].source.host, Some("imap.a.example".parse().expect("host")));
    assert_eq!(file.rows[0].destination.user, "anna@a.example");
    assert_eq!(file.rows[1].source.password, Some(Secret::new("se;cr\"et")));
    assert_eq!(file.rows[1].source.host, None);
}

#[test]
fn standard_has_four_fields_a_header_and_commas() {
    let file = read(
        "Destination account,Source IMAP host or IP,Source account,Source password\n\
                     anna@new.example,192.0.2.7,anna@old.example,geheim\n",
    );
    assert_eq!((file.layout, file.separator, file.has_header), (Layout::Standard, Separator::Comma, true));
    assert_eq!(file.rows[0].row, 2);
    assert_eq!(file.rows[0].destination.user, "anna@new.example");
    assert_eq!(file.rows[0].source.user, "anna@old.example");
}

#[test]
fn full_names_admins_who_act_for_the_accounts() {
    let file =
        read("imap.a\tanna\tgeheim\timap.b\tanna@b\tnew\troot\t\nimap.a.example\tbert\tx\timap.b.example\tbert\ty\n");
    assert_eq!((file.layout, file.separator), (Layout::Full, Separator::Tab));
    assert_eq!((file.rows[0].source.user.as_str(), file.rows[0].source.act_for.as_deref()), ("root", Some("anna")));
    assert_eq!(file.rows[0].destination.act_for, None);
    assert_eq!(file.rows.len(), 2, "the last two fields may be absent");
}

#[test]
fn every_bad_row_is_named_and_the_good_ones_are_kept() {
    let file = read(
        "anna@a.example;x;imap.a.example\n\
         ;x;imap.a.example\n\
         bert@a.example;x;not a host\n\
         carl@a.example;x\n\
         \n\
         ANNA@a.example;y;imap.a.example\n\
         \"dora@a.example;x;imap.a.example\n\
         emil@a.example;x;imap.a.example\n",
    );
    assert_eq!(file.rows.iter().map(|row| row.row).collect::<Vec<_>>(), [1, 8]);
    assert_eq!(
        codes(&file),
        [(2, 1, "missing"), (3, 3, "bad_host"), (4, 0, "field_count"), (6, 0, "duplicate_row"), (7, 0, "quote")]
    );
    assert_eq!(file.errors[3].message, "the same accounts as in row 1");
}

#[test]
fn what_is_too_long_is_refused_by_row_and_column() {
    let file = read(&format!("{};x;h.example\nb;{};h.example\nc;x;h.example\n", "a".repeat(321), "p".repeat(1025)));
    assert_eq!(codes(&file), [(1, 1, "too_long"), (2, 2, "too_long")]);
}

#[test]
fn a_file_that_is_no_list_of_accounts_is_refused_as_a_whole() {
    let parse = |bytes: &[u8]| parse(bytes, None, 2);
    assert_eq!(parse(b""), Err(FileError::Empty));
    assert_eq!(parse(b"\r\n ;;\n"), Err(FileError::Empty));
    assert_eq!(parse(b"source account;source password;source host\n"), Err(FileError::Empty));
    assert_eq!(parse(b"PK\x03\x04\xff\xfe"), Err(FileError::NotText));
    assert_eq!(parse(b"a\0n\0n\0a\0"), Err(FileError::NotText));
    assert_eq!(parse(b"dear sir or madam\n"), Err(FileError::UnknownLayout(1)));
    assert_eq!(parse(b"a;b;c;d;e\n"), Err(FileError::UnknownLayout(5)));
    assert_eq!(parse(b"a;b;c.d\nb;b;c.d\nc;b;c.d\n"), Err(FileError::TooManyRows(2)));
    assert_eq!(super::parse(&vec![b'a'; MAX_BYTES + 1], None, 2), Err(FileError::TooLarge));
}

#[test]
fn five_hundred_rows_below_a_header_are_taken_and_no_more() {
    let rows = |count: usize| {
        let lines = (0..count).map(|n| format!("user{n}@a.example;x;imap.a.example"));
        std::iter::once("address;password;host".to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(read(&rows(500)).rows.len(), 500);
    assert_eq!(parse(rows(501).as_bytes(), None, MAX_ROWS), Err(FileError::TooManyRows(500)));
}

#[test]
fn a_layout_that_was_chosen_is_used_and_other_rows_are_errors() {
    let file = parse(b"anna;x;imap.a.example\n", Some(Layout::Standard), MAX_ROWS).expect("readable");
    assert_eq!((file.layout, codes(&file)), (Layout::Standard, vec![(1, 0, "field_count")]));
}

#[test]
fn no_password_is_shown_by_debug() {
    assert!(!format!("{:?}", read("anna@a.example;canary-7;imap.a.example\n")).contains("canary-7"));
}

fn user_text() -> impl Strategy<Value = String> {
    "[a-zäöß0-9;,\"'=+@._ -]{0,20}[0-9]@[a-z]{1,9}\\.example".prop_map(|text| text.trim().to_owned())
}

fn side() -> impl Strategy<Value = RowSide> {
    let password = proptest::option::of("[ -~äß€]{1,24}".prop_map(Secret::new));
    let host = proptest::option::of("[a-z]{1,9}\\.example".prop_map(|text| text.parse().expect("a host name")));
    (user_text(), proptest::option::of(user_text()), password, host)
        .prop_map(|(user, act_for, password, host)| RowSide { user, act_for, password, host })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        sides in proptest::collection::vec((side(), side()), 1..20),
        separator in proptest::sample::select(&Separator::ALL[..]),
    ) {
        let mut rows: Vec<Row> = Vec::new();
        for (row, (source, destination)) in (2u32..).zip(sides) {
            rows.push(Row { row, source, destination });
        }
        let mut seen = std::collections::HashSet::new();
        rows.retain(|row| seen.insert(identity(row)));
        for (row, number) in rows.iter_mut().zip(2u32..) {
            row.row = number;
        }
        let text = write(&rows, Layout::Full, separator);
        let file = parse(text.as_bytes(), Some(Layout::Full), MAX_ROWS).expect("readable");
        prop_assert_eq!(&file.rows, &rows);
        prop_assert_eq!((file.has_header, file.separator, file.errors.len()), (true, separator, 0));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes, None, MAX_ROWS);
    }

    #[test]
    fn no_text_makes_it_panic_and_every_line_is_a_row_or_an_error(text in "[a-c;,\"\t\n@.é ]{0,80}") {
        if let Ok(file) = parse(text.as_bytes(), Some(Layout::Request), MAX_ROWS) {
            let mut lines: Vec<u32> = file.rows.iter().map(|row| row.row).collect();
            lines.extend(file.errors.iter().map(|error| error.row));
            prop_assert!(!lines.is_empty());
        }
    }
}
