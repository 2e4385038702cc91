//! Parts that know nothing of orders.

mod chart;
mod combobox;
mod copy;
mod dialog;
mod fact;
mod field;
mod icon;
mod language;
mod notice;
mod page_head;
mod provider_pick;
mod select;
mod server_fields;
mod tabs;
mod tick;
mod virtual_rows;

pub(crate) use chart::Chart;
pub(crate) use combobox::{Choice, Combobox};
pub(crate) use copy::CopyLine;
pub(crate) use dialog::{Dialog, DialogSize};
pub(crate) use fact::fact;
pub(crate) use field::{FieldError, PasswordField, TextArea, TextField, TimeField};
pub(crate) use icon::{Glyph, adrift, brand_mark, busy_icon, ferry, icon};
pub(crate) use language::LanguageMenu;
pub(crate) use notice::{Failure, Notice, PageFailure, Skeleton, StaleNotice, Tone, failed};
pub(crate) use page_head::{PageHead, focus_the_first, the_next_stays};
pub(crate) use provider_pick::{PickedProvider, ProviderPick};
pub(crate) use select::Select;
pub(crate) use server_fields::ServerFieldset;
pub(crate) use tabs::{TabItem, TabPanel, Tabs};
pub(crate) use tick::{RadioCard, Tick};
pub(crate) use virtual_rows::VirtualRows;
