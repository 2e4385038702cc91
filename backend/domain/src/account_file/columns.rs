//! What stands in which column.

use mailferry_shared::{endpoint::HostName, import::Layout, secret::Secret};

use super::{Row, RowSide};

/// The meaning of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    SourceAccount,
    SourcePassword,
    SourceHost,
    SourceAdmin,
    DestinationAccount,
    DestinationPassword,
    DestinationHost,
    DestinationAdmin,
}

/// The columns of a layout, in order.
pub(super) fn of(layout: Layout) -> &'static [Column] {
    use Column::{
        DestinationAccount, DestinationAdmin, DestinationHost, DestinationPassword, SourceAccount, SourceAdmin,
        SourceHost, SourcePassword,
    };
    match layout {
        Layout::Request => &[SourceAccount, SourcePassword, SourceHost],
        Layout::Standard => &[DestinationAccount, SourceHost, SourceAccount, SourcePassword],
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
        Layout::Full => (6, 8),
    }
}

/// The layout that has rows of `fields` fields.
pub(super) fn layout_of(fields: usize) -> Option<Layout> {
    [Layout::Request, Layout::Standard, Layout::Full].into_iter().find(|&layout| {
        let (least, most) = field_counts(layout);
        (least..=most).contains(&fields)
    })
}

impl Column {
    pub(super) fn is_source(self) -> bool {
        matches!(self, Self::SourceAccount | Self::SourcePassword | Self::SourceHost | Self::SourceAdmin)
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
        }
    }

    /// What `row` has in it.
    pub(super) fn cell(self, row: &Row) -> &str {
        let side = if self.is_source() { &row.source } else { &row.destination };
        match self {
            Self::SourceAccount | Self::DestinationAccount => account(side),
            Self::SourcePassword | Self::DestinationPassword => side.password.as_ref().map_or("", Secret::expose),
            Self::SourceHost | Self::DestinationHost => side.host.as_ref().map_or("", HostName::as_str),
            Self::SourceAdmin | Self::DestinationAdmin => side.act_for.as_ref().map_or("", |_| &side.user),
        }
    }
}

fn account(side: &RowSide) -> &str {
    side.act_for.as_deref().unwrap_or(&side.user)
}
