//! What stands in which column.

use mailferry_shared::import::Layout;

use super::{
    Row, RowSide,
    cell::{harmless, spelt, spelt_admin},
};

/// The meaning of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    SourceAccount,
    SourcePassword,
    SourceHost,
    SourceAdmin,
    /// Who logs in, be it the account or an admin.
    SourceLogin,
    SourceActFor,
    /// The account, where somebody else may log in; may be empty.
    SourceName,
    /// The folder that is the mailbox.
    SourceRoot,
    DestinationAccount,
    DestinationPassword,
    DestinationHost,
    DestinationAdmin,
    DestinationLogin,
    DestinationActFor,
}

/// The columns of a layout, in order.
pub(super) fn of(layout: Layout) -> &'static [Column] {
    use Column::{
        DestinationAccount, DestinationActFor, DestinationAdmin, DestinationHost, DestinationLogin,
        DestinationPassword, SourceAccount, SourceActFor, SourceAdmin, SourceHost, SourceLogin, SourceName,
        SourcePassword, SourceRoot,
    };
    match layout {
        Layout::Request => &[SourceAccount, SourcePassword, SourceHost],
        Layout::Standard => &[DestinationAccount, SourceHost, SourceAccount, SourcePassword],
        Layout::MasterUser => &[DestinationAccount, SourceHost, SourceAccount, SourcePassword, SourceAdmin],
        Layout::Pairs => {
            &[SourceLogin, SourceActFor, SourceName, DestinationLogin, DestinationPassword, DestinationActFor]
        }
        Layout::Microsoft => &[DestinationAccount, SourceLogin, SourcePassword, SourceRoot],
        Layout::Full => &[
            SourceHost,
            SourceAccount,
            SourcePassword,
            DestinationHost,
            DestinationAccount,
            DestinationPassword,
            SourceAdmin,
            DestinationAdmin,
        ],
    }
}

/// Fewest and most fields of a row.
pub(super) fn field_counts(layout: Layout) -> (usize, usize) {
    match layout {
        Layout::Request => (3, 3),
        Layout::Standard => (4, 4),
        Layout::MasterUser => (5, 5),
        Layout::Pairs => (6, 6),
        Layout::Full => (6, 8),
        Layout::Microsoft => (3, 4),
    }
}

/// The layout that rows of such fields have. Six of them are two pairs of logins, or both servers and no admins: what
/// stands where the servers would decides.
pub(super) fn layout_of(fields: &[String]) -> Option<Layout> {
    match fields.len() {
        3 => Some(Layout::Request),
        4 => Some(Layout::Standard),
        5 => Some(Layout::MasterUser),
        6 if !(is_server(&fields[0]) && is_server(&fields[3])) => Some(Layout::Pairs),
        6..=8 => Some(Layout::Full),
        _ => None,
    }
}

fn is_server(text: &str) -> bool {
    !text.contains('@') && (text.contains('.') || text.contains(':'))
}

/// Where the login name of a side stands.
pub(super) fn login_column(layout: Layout, source: bool) -> u32 {
    let is_login = |column: &Column| {
        column.is_source() == source
            && matches!(
                column,
                Column::SourceLogin | Column::SourceAccount | Column::DestinationLogin | Column::DestinationAccount
            )
    };
    (1u32..).zip(of(layout)).find(|(_, column)| is_login(column)).map_or(0, |(at, _)| at)
}

/// The header of a column in this layout.
pub(super) fn title(layout: Layout, column: Column) -> String {
    let title = match (layout, column) {
        (Layout::Microsoft, Column::DestinationAccount) => "EmailAddress",
        (Layout::Microsoft, Column::SourceLogin) => "UserName",
        (Layout::Microsoft, Column::SourcePassword) => "Password",
        (Layout::Microsoft, Column::SourceRoot) => "UserRoot",
        (Layout::MasterUser, Column::SourcePassword) => "master password",
        (Layout::MasterUser, Column::SourceAdmin) => "master user",
        (_, column) => column.title(),
    };
    title.to_owned()
}

impl Column {
    pub(super) fn is_source(self) -> bool {
        matches!(
            self,
            Self::SourceAccount
                | Self::SourcePassword
                | Self::SourceHost
                | Self::SourceAdmin
                | Self::SourceLogin
                | Self::SourceActFor
                | Self::SourceName
                | Self::SourceRoot
        )
    }

    pub(super) fn is_password(self) -> bool {
        matches!(self, Self::SourcePassword | Self::DestinationPassword)
    }

    /// Its header.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::SourceAccount => "source account",
            Self::SourcePassword => "source password",
            Self::SourceHost => "source host",
            Self::SourceAdmin => "source admin",
            Self::DestinationAccount => "destination account",
            Self::DestinationPassword => "destination password",
            Self::DestinationHost => "destination host",
            Self::DestinationAdmin => "destination admin",
            Self::SourceLogin => "source login",
            Self::SourceActFor => "source mailbox to act for",
            Self::SourceName => "source account",
            Self::SourceRoot => "source root",
            Self::DestinationLogin => "destination login",
            Self::DestinationActFor => "destination mailbox to act for",
        }
    }

    /// What `row` has in it, harmless to spreadsheets; a password as it is.
    pub(super) fn cell(self, row: &Row) -> String {
        let side = if self.is_source() { &row.source } else { &row.destination };
        match self {
            Self::SourcePassword | Self::DestinationPassword => {
                side.password.as_ref().map_or_else(String::new, |password| password.expose().to_owned())
            }
            Self::SourceHost | Self::DestinationHost => side.endpoint.as_ref().map(spelt).unwrap_or_default(),
            Self::SourceAccount | Self::DestinationAccount | Self::SourceName => harmless(account(side)),
            Self::SourceAdmin | Self::DestinationAdmin => {
                side.act_for.as_ref().map(|_| harmless(&spelt_admin(side))).unwrap_or_default()
            }
            Self::SourceLogin | Self::DestinationLogin => harmless(&side.user),
            Self::SourceActFor | Self::DestinationActFor | Self::SourceRoot => {
                harmless(side.act_for.as_deref().unwrap_or_default())
            }
        }
    }
}

fn account(side: &RowSide) -> &str {
    side.act_for.as_deref().unwrap_or(&side.user)
}
