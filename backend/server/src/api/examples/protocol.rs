//! Examples of protocols beyond the whole one.

use mailferry_shared::protocol::ProtocolItemPage;

/// A page of a protocol's messages.
pub fn item_page() -> ProtocolItemPage {
    ProtocolItemPage { items: super::protocol().items, next_cursor: None }
}
