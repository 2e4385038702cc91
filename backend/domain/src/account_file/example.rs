//! An example file for each layout.

use mailferry_shared::import::Layout;

use super::{columns, shape, shape::Separator};

/// A file of two accounts in this layout, UTF-8 with a byte order mark, so that spreadsheets open it as it is.
pub fn example(layout: Layout) -> String {
    let separator = match layout {
        Layout::Pairs | Layout::Microsoft => Separator::Comma,
        Layout::Request | Layout::Standard | Layout::MasterUser | Layout::Full => Separator::Semicolon,
    };
    let rows: [&[&str]; 2] = match layout {
        Layout::Request => [
            &["anna@example.org", "password of anna", "imap.old.example"],
            &["bert@example.org", "password of bert", "imap.old.example"],
        ],
        Layout::Standard => [
            &["anna@new.example", "imap.old.example", "anna@old.example", "password of anna"],
            &["bert@new.example", "192.0.2.7/imap.old.example", "bert@old.example", "password of bert"],
        ],
        Layout::MasterUser => [
            &["anna@new.example", "imap.old.example", "anna@old.example", "master password", "master"],
            &["bert@new.example", "imap.old.example", "bert@old.example", "master password", "master"],
        ],
        Layout::Pairs => [
            &["anna@old.example", "", "anna@old.example", "anna@new.example", "new password of anna", ""],
            &[
                "admin@old.example",
                "bert@old.example",
                "bert@old.example",
                "admin@new.example",
                "admin password",
                "bert@new.example",
            ],
        ],
        Layout::Full => [
            &[
                "imap.old.example",
                "anna@old.example",
                "password of anna",
                "imap.new.example",
                "anna@new.example",
                "new password of anna",
                "",
                "",
            ],
            &[
                "imap.old.example",
                "bert@old.example",
                "admin password",
                "imap.new.example",
                "bert@new.example",
                "new password of bert",
                "admin@old.example",
                "",
            ],
        ],
        Layout::Microsoft => [
            &["anna@new.example", "anna@old.example", "password of anna", ""],
            &["bert@new.example", "bert@old.example", "password of bert", ""],
        ],
    };
    let mut text = String::from("\u{feff}");
    text.push_str(&shape::join(columns::of(layout).iter().map(|column| columns::title(layout, *column)), separator));
    for row in rows {
        text.push_str(&shape::join(row.iter().map(|cell| (*cell).to_owned()), separator));
    }
    text
}
