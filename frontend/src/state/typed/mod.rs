//! What was typed in a step and not sent yet: it survives going to another step and back. Passwords are here only
//! while they are typed, never in the browser's storage.

mod import;
mod options;
mod server;
mod sides;

use leptos::prelude::*;
use mailferry_shared::order::{Language, Order, OrderStart};

pub(crate) use self::{
    import::ImportFields,
    options::{OptionFields, RuleFields, SecondPhase, StartFields},
    server::ServerFields,
    sides::{ProviderFields, SideFields},
};
use super::kept;
use crate::browser::intl;

/// Everything typed in the steps of an order.
#[derive(Clone, Copy)]
pub(crate) struct Typed {
    pub(crate) source: ProviderFields,
    pub(crate) destination: ProviderFields,
    pub(crate) notify: RwSignal<String>,
    /// Of the mails.
    pub(crate) language: RwSignal<Language>,
    pub(crate) add_source: SideFields,
    pub(crate) add_destination: SideFields,
    pub(crate) import: ImportFields,
    pub(crate) options: OptionFields,
    pub(crate) start: StartFields,
}

/// How the service was asked to start the order. A time that has passed by now was as good as none.
pub(crate) fn asked(order: &Order) -> OrderStart {
    OrderStart {
        kind: order.kind.unwrap_or_default(),
        earliest_start: order.earliest_start.filter(|at| *at > intl::now()),
        delta_schedule: order.delta_schedule,
    }
}

impl Typed {
    /// What the order says already, and what was chosen in this tab before.
    pub(crate) fn of(order: &Order) -> Self {
        let (start, options) = kept::of(order).unwrap_or_else(|| (asked(order), None));
        Self {
            source: ProviderFields::of(order.source.as_ref()),
            destination: ProviderFields::of(order.destination.as_ref()),
            notify: RwSignal::new(order.notify_address.as_ref().map(ToString::to_string).unwrap_or_default()),
            language: RwSignal::new(order.language),
            add_source: SideFields::empty(),
            add_destination: SideFields::empty(),
            import: ImportFields::empty(),
            options: OptionFields::of(options.as_ref().unwrap_or(&order.options)),
            start: StartFields::of(&start),
        }
    }
}
