//! What was typed in step 2 → the change to send, and errors back to their fields.

use leptos::prelude::*;
use mailferry_shared::{
    discovery::Proposal,
    order::{OrderChange, ProviderChoice},
    provider::Provider,
};

use super::{destination_texts, source_texts};
use crate::{
    api::ApiError,
    forms,
    state::{order::OrderContext, providers::KnownProviders, typed::ProviderFields},
    t,
};

/// Whether the link that the order was made by fixes the current and the new provider.
pub(super) fn fixed(context: OrderContext) -> (bool, bool) {
    let link = context.order.with_untracked(|order| order.link.clone());
    link.map_or((false, false), |link| (link.fixes_source, link.fixes_destination))
}

/// The change to send; `None` with the errors beside their fields.
pub(super) fn read(
    context: OrderContext,
    known: KnownProviders,
    notify_error: RwSignal<Option<String>>,
) -> Option<OrderChange> {
    let (source_fixed, destination_fixed) = fixed(context);
    let side = |is_fixed: bool, fields, missing| {
        if is_fixed { Some(None) } else { read_side(fields, known, missing).map(Some) }
    };
    let source = side(source_fixed, context.typed().source, source_texts().missing);
    let destination = side(destination_fixed, context.typed().destination, destination_texts().missing);
    let typed = context.typed().notify.get_untracked();
    let notify = match (typed.trim().is_empty(), context.order.with_untracked(|order| order.notify_address.is_some())) {
        (true, true) => Err(t!("providers.notify_stays")),
        (true, false) => Ok(None),
        (false, _) => forms::address(&typed).map(Some),
    };
    notify_error.set(notify.as_ref().err().map(|error| (*error).to_owned()));
    Some(OrderChange {
        language: Some(context.typed().language.get_untracked()),
        source: source?,
        destination: destination?,
        notify_address: notify.ok()?,
        options: None,
        reference: None,
    })
}

/// The change of address and language of status mails alone, as the order has them if nothing is typed; `None` with the
/// error beside it. Of what has been started nothing else can be changed here.
pub(super) fn notify_only(context: OrderContext, error: RwSignal<Option<String>>) -> Option<OrderChange> {
    let typed = context.typed().notify.get_untracked();
    let language = Some(context.typed().language.get_untracked());
    let had_one = context.order.with_untracked(|order| order.notify_address.is_some());
    if typed.trim().is_empty() && !had_one {
        return Some(OrderChange { language, ..OrderChange::default() });
    }
    let address = if typed.trim().is_empty() { Err(t!("providers.notify_stays")) } else { forms::address(&typed) };
    error.set(address.as_ref().err().map(|error| (*error).to_owned()));
    Some(OrderChange { language, notify_address: Some(address.ok()?), ..OrderChange::default() })
}

fn read_side(fields: ProviderFields, known: KnownProviders, missing: &str) -> Option<ProviderChoice> {
    fields.error.set(None);
    if fields.by_hand.get_untracked() {
        return Some(ProviderChoice { provider: None, endpoint: fields.server.read()? });
    }
    let provider = fields.provider.get_untracked().and_then(|id| untrack(|| known.find(&id)));
    match provider {
        Some(Provider { id, endpoint: Some(endpoint), .. }) => Some(ProviderChoice { provider: Some(id), endpoint }),
        Some(Provider { id, .. }) => Some(ProviderChoice { provider: Some(id), endpoint: fields.server.read()? }),
        None => {
            if let Some(Proposal { provider, endpoint, .. }) = fields.found.get_untracked() {
                return Some(ProviderChoice { provider, endpoint });
            }
            let is_looking = fields.looking.get_untracked();
            fields.error.set(Some(if is_looking { t!("providers.still_looking") } else { missing }.to_owned()));
            None
        }
    }
}

/// Shows what was taken of what was found as what is chosen, for whoever comes back to this step.
pub(super) fn settle(context: OrderContext) {
    for fields in [context.typed().source, context.typed().destination] {
        let nothing_else = !fields.by_hand.get_untracked() && fields.provider.with_untracked(Option::is_none);
        if let (true, Some(found)) = (nothing_else, fields.found.get_untracked()) {
            fields.take(&found);
        }
    }
}

/// Puts the service's errors beside the fields they name, and the rest above the buttons.
pub(super) fn show(
    context: OrderContext,
    error: ApiError,
    notify_error: RwSignal<Option<String>>,
    failure: RwSignal<Option<ApiError>>,
) {
    let fields = [
        (context.typed().source.error, error.field("/source")),
        (context.typed().destination.error, error.field("/destination")),
        (notify_error, error.field("/notify_address")),
    ];
    let placed = fields.iter().any(|(_, message)| message.is_some());
    for (field, message) in fields {
        field.try_set(message);
    }
    if !placed {
        failure.try_set(Some(error));
    }
}
