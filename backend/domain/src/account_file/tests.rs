use proptest::prelude::*;

use mailferry_shared::{delegation::DelegationForm, endpoint::TlsMode};

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
    assert_eq!(file.rows[0].source.endpoint, Some(Endpoint::imaps("imap.a.example".parse().expect("host"))));
    assert_eq!(file.rows[0].destination.user, "anna@a.example");
    assert_eq!(file.rows[1].source.password, Some(Secret::new("se;cr\"et")));
    assert_eq!(file.rows[1].source.endpoint, None);
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
fn an_admin_that_is_not_spelt_as_the_export_spells_it_is_a_name_that_no_server_lets_in() {
    let admin = |text: &str| {
        let file = read(&format!("imap.a\tanna\tx\timap.b\tanna\ty\t{text}\t\n"));
        let side = &file.rows[0].source;
        (side.user.clone(), side.delegation.as_ref().map(|told| told.form), side.act_for.clone())
    };
    let anna = Some("anna".to_owned());
    for wrong in [
        "{root_folder:INBOX}root",
        "{master_user:ab}root",
        "{master_user:\u{e4}}root",
        "{exchange}",
        "{root_folder:{mailbox}}",
    ] {
        assert_eq!(admin(wrong), (wrong.to_owned(), None, anna.clone()));
    }
    let root = "{root_folder:user.{mailbox}}root";
    assert_eq!(admin(root), ("root".to_owned(), Some(DelegationForm::RootFolder), anna.clone()));
    let brace = "{root_folder:user.{mailbox}}ro}ot";
    assert_eq!(admin(brace), ("ro}ot".to_owned(), Some(DelegationForm::RootFolder), anna.clone()));
    assert_eq!(admin("{}{exchange}root"), ("{exchange}root".to_owned(), None, anna));
}

#[test]
fn an_admin_has_320_characters_beside_the_way_to_log_in() {
    let file = |admin: &str| read(&format!("imap.a\tanna\tx\timap.b\tanna\ty\t{{exchange}}{admin}\t\n"));
    assert_eq!(file(&"a".repeat(320)).rows[0].source.user.len(), 320);
    assert_eq!(codes(&file(&"a".repeat(321))), [(1, 7, "too_long")]);
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
    assert_eq!(file.errors[2].fields, Some(FieldCount { found: 2, least: 3, most: 3 }), "for words in every language");
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
    assert_eq!(parse(b"PK\x03\x04\xff\xfe"), Err(FileError::Spreadsheet));
    assert_eq!(parse(b"\xd0\xcf\x11\xe0\xa1\xb1"), Err(FileError::Spreadsheet));
    assert_eq!(parse(b"anna\0;x;y.z"), Err(FileError::NotText));
    assert_eq!(parse(b"\xff\xfea"), Err(FileError::NotText));
    assert_eq!(parse(b"dear sir or madam\n"), Err(FileError::UnknownLayout(1)));
    assert_eq!(parse(b"a;b;c;d;e;f;g;h;i\n"), Err(FileError::UnknownLayout(9)));
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
    "['=+@\\-]{0,2}[a-zäöß0-9;,\"'=+@._ -]{0,18}[0-9]@[a-z]{1,9}\\.example".prop_map(|text| text.trim().to_owned())
}

fn side() -> impl Strategy<Value = RowSide> {
    let password = proptest::option::of("[ -~äß€]{1,24}".prop_map(Secret::new));
    let host = "[a-z]{1,9}\\.example".prop_map(|text| text.parse().expect("a host name"));
    let address = "192\\.0\\.2\\.[1-9]".prop_map(|text| text.parse().expect("an address"));
    let place = prop_oneof![host.clone(), address];
    let port = (
        proptest::sample::select(&[993, 143, 1993][..]),
        proptest::sample::select(&[TlsMode::Implicit, TlsMode::Starttls, TlsMode::Plaintext][..]),
    );
    let endpoint = (place, port, proptest::option::of(host)).prop_map(|(place, (port, tls), certificate_host)| {
        Endpoint { certificate_host, ..Endpoint::new(place, port, tls) }
    });
    let endpoint = proptest::option::of(endpoint);
    (admin_text(), proptest::option::of((user_text(), delegation())), password, endpoint).prop_map(
        |(user, acting, password, endpoint)| {
            let (act_for, delegation) =
                acting.map_or((None, None), |(act_for, delegation)| (Some(act_for), delegation));
            RowSide { user, act_for, password, delegation, endpoint }
        },
    )
}

/// Names that look like the ways to log in, or their ends: nobody keeps an admin from being called so.
fn admin_text() -> impl Strategy<Value = String> {
    const WORDS: [&str; 12] =
        ["{}", "{", "}", "{mailbox}", "{exchange}", "{master_user:+}", "{root_folder:", ":", "%7D", "%25", "%", "a"];
    let odd = proptest::collection::vec(proptest::sample::select(&WORDS[..]), 1..6).prop_map(|words| words.concat());
    prop_oneof![user_text(), odd, "[!-~äß]{1,12}"]
}

fn root_text() -> impl Strategy<Value = String> {
    let part = "[a-z#./%{}:]{0,5}|%7D|\\{mailbox|\\{mailbox\\}";
    (part, part).prop_map(|(before, behind)| format!("{before}{{mailbox}}{behind}"))
}

fn delegation() -> impl Strategy<Value = Option<Delegation>> {
    let form = proptest::sample::select(&DelegationForm::ALL[..]);
    let form = (form, proptest::option::of("[!-~]"), proptest::option::of(root_text()));
    proptest::option::of(form.prop_map(|(form, separator, root)| Delegation {
        form,
        separator: separator.and_then(|text| text.chars().next()).filter(|_| form == DelegationForm::MasterUser),
        root: root.filter(|_| form == DelegationForm::RootFolder),
    }))
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

#[test]
fn a_master_user_opens_the_accounts_of_its_file() {
    let file = read("anna@new.example;imap.old.example;anna@old.example;geheim;master\n");
    assert_eq!((file.layout, file.errors.len()), (Layout::MasterUser, 0));
    let source = &file.rows[0].source;
    assert_eq!((source.user.as_str(), source.act_for.as_deref()), ("master", Some("anna@old.example")));
    assert_eq!(
        source.delegation.as_ref().map(|one| one.form),
        Some(mailferry_shared::delegation::DelegationForm::MasterUser)
    );
    assert_eq!(file.rows[0].destination.user, "anna@new.example");
}

#[test]
fn pairs_have_logins_on_both_sides_and_mailboxes_to_act_for() {
    let file = read(
        "anna@old.example,,anna@old.example,anna@new.example,new,\n\
         root,bert@old.example,bert@old.example,boss,admin,bert@new.example\n\
         ,,carl@old.example,carl@new.example,new,\n\
         ,,,dora@new.example,new,\n",
    );
    assert_eq!((file.layout, codes(&file)), (Layout::Pairs, vec![(4, 1, "missing")]));
    let sides: Vec<_> = file.rows.iter().map(|row| (row.source.user.as_str(), row.source.act_for.as_deref())).collect();
    assert_eq!(sides, [("anna@old.example", None), ("root", Some("bert@old.example")), ("carl@old.example", None)]);
    let destination = &file.rows[1].destination;
    assert_eq!((destination.user.as_str(), destination.act_for.as_deref()), ("boss", Some("bert@new.example")));
}

#[test]
fn six_fields_with_servers_are_the_full_layout_without_admins() {
    let file = read("imap.a.example;anna;x;imap.b.example;anna;y\n");
    assert_eq!((file.layout, file.rows.len()), (Layout::Full, 1));
}

#[test]
fn microsofts_own_layout_is_recognised_by_its_header() {
    let file = read(
        "EmailAddress,UserName,Password,UserRoot\nanna@new.example,OLD/admin/anna,geheim,\nbert@new.example,bert,x,user/bert\n",
    );
    assert_eq!((file.layout, file.has_header, file.errors.len()), (Layout::Microsoft, true, 0));
    assert_eq!((file.rows[0].source.user.as_str(), file.rows[0].source.act_for.as_deref()), ("OLD/admin/anna", None));
    let below = &file.rows[1].source;
    assert_eq!(below.act_for.as_deref(), Some("user/bert"));
    assert_eq!(below.delegation.as_ref().map(|one| one.root_of("user/bert")).as_deref(), Some("user/bert"));
    let three = read("EmailAddress,UserName,Password\nanna@new.example,anna,geheim\n");
    assert_eq!((three.layout, three.rows.len()), (Layout::Microsoft, 1));
}

#[test]
fn a_host_may_have_a_port_and_an_address_the_name_of_its_certificate() {
    let file = read(
        "a@a.example;x;imap.a.example:143\nb@a.example;x;192.0.2.7/imap.a.example\nc@a.example;x;[2001:db8::1]:1993\n\
         d@a.example;x;imap.a.example:0\ne@a.example;x;192.0.2.7/no host\n",
    );
    let places: Vec<_> = file
        .rows
        .iter()
        .filter_map(|row| row.source.endpoint.as_ref())
        .map(|one| format!("{one} {:?} {}", one.tls, one.certificate_name()))
        .collect();
    assert_eq!(
        places,
        [
            "imap.a.example:143 Starttls imap.a.example",
            "192.0.2.7:993 Implicit imap.a.example",
            "[2001:db8::1]:1993 Implicit 2001:db8::1"
        ]
    );
    assert_eq!(codes(&file), [(4, 3, "bad_host"), (5, 3, "bad_host")]);
}

#[test]
fn files_as_spreadsheets_encode_them_are_read() {
    let text = "müller@a.example;€-Grüße;imap.a.example\r\n";
    let utf16 = |order: fn(u16) -> [u8; 2], mark: &[u8]| {
        let units = text.encode_utf16().flat_map(order);
        mark.iter().copied().chain(units).collect::<Vec<u8>>()
    };
    let windows: Vec<u8> = text
        .chars()
        .map(|c| if c == '€' { 0x80 } else { u8::try_from(u32::from(c)).expect("in Windows-1252") })
        .collect();
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), Encoding::Utf8),
        (["\u{feff}".as_bytes(), text.as_bytes()].concat(), Encoding::Utf8),
        (utf16(u16::to_le_bytes, &[0xff, 0xfe]), Encoding::Utf16),
        (utf16(u16::to_be_bytes, &[0xfe, 0xff]), Encoding::Utf16),
        (windows, Encoding::Windows1252),
    ] {
        let file = parse(&bytes, None, MAX_ROWS).expect("readable");
        assert_eq!((file.encoding, file.rows[0].source.user.as_str()), (encoding, "müller@a.example"));
        assert_eq!(file.rows[0].source.password, Some(Secret::new("€-Grüße")), "{encoding:?}");
    }
    let plain = "anna@a.example;x;imap.a.example\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    assert_eq!(parse(&plain, None, MAX_ROWS).expect("readable").encoding, Encoding::Utf16);
}

#[test]
fn a_file_has_at_most_10_mb() {
    assert_eq!(MAX_BYTES, 10_000_000);
    let row = "anna@a.example;x;imap.a.example\n";
    let mut file = row.repeat(2).into_bytes();
    file.resize(MAX_BYTES, b'\n');
    assert!(super::parse(&file, None, MAX_ROWS).is_ok());
    file.push(b'\n');
    assert_eq!(super::parse(&file, None, MAX_ROWS), Err(FileError::TooLarge));
    assert!(FileError::TooLarge.to_string().contains("10 MB"));
}

#[test]
fn a_separator_that_the_file_announces_is_believed() {
    let file = read("sep=,\r\nanna@a.example,a;b;c,imap.a.example\r\n");
    assert_eq!((file.separator, file.rows[0].row), (Separator::Comma, 2));
    assert_eq!(file.rows[0].source.password, Some(Secret::new("a;b;c")));
}

#[test]
fn a_bad_row_is_shown_without_its_password_and_corrected_in_place() {
    let text = "anna@a.example;x;imap.a.example\nbert@a.example;canary;not a host\n\"carl;canary;x\ndora;canary\n";
    let file = read(text);
    let cells = |at: usize| file.errors[at].cells.iter().map(Option::as_deref).collect::<Vec<_>>();
    assert_eq!(cells(0), [Some("bert@a.example"), None, Some("not a host")]);
    assert!(!format!("{:?}", file.errors).contains("canary"), "{:?}", file.errors);
    let secret = |text: &str| Some(Secret::new(text));
    let corrections = [
        (2, vec![None, None, secret("imap.b.example")]),
        (3, vec![secret("carl@a.example"), secret("p;\"q"), secret("imap.c.example")]),
    ];
    let reading = Reading { layout: None, max_rows: MAX_ROWS, corrections: corrections.into_iter().collect() };
    let file = super::read(text.as_bytes(), &reading).expect("readable");
    assert_eq!(file.rows.iter().map(|row| row.row).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(file.rows[1].source.password, Some(Secret::new("canary")));
    assert_eq!(file.rows[2].source.password, Some(Secret::new("p;\"q")));
    assert_eq!(codes(&file), [(4, 0, "field_count")]);
}

#[test]
fn every_example_is_a_file_of_its_layout() {
    for layout in Layout::ALL {
        let text = example(layout);
        let file = parse(text.as_bytes(), None, MAX_ROWS).expect("readable");
        assert_eq!((file.layout, file.has_header, file.rows.len(), file.errors.len()), (layout, true, 2, 0), "{text}");
    }
}

#[test]
fn a_cell_that_would_be_run_as_a_formula_is_written_harmless_and_read_again() {
    let side =
        |user: &str| RowSide { user: user.to_owned(), act_for: None, password: None, delegation: None, endpoint: None };
    let users = ["=HYPERLINK(1)@a.example", "+1@a.example", "-1@a.example", "@a.example", "'=x@a.example"];
    let rows: Vec<Row> = (2u32..)
        .zip(users)
        .map(|(row, user)| Row { row, source: side(user), destination: side("b@b.example") })
        .collect();
    let text = write(&rows, Layout::Full, Separator::Comma);
    for line in text.lines().skip(1) {
        assert!(line.split(',').all(|cell| !cell.trim_matches('"').starts_with(['=', '+', '-', '@'])), "{line}");
    }
    assert_eq!(parse(text.as_bytes(), Some(Layout::Full), MAX_ROWS).expect("readable").rows, rows);
}
