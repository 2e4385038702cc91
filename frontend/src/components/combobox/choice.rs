//! The entries of a list, and which of them match what is typed.

use leptos::prelude::*;
use mailferry_shared::provider::Provider;

use crate::{browser, t};

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// What it stands for.
    pub(crate) value: String,
    /// Its name.
    pub(crate) name: String,
    /// What is shown beside it.
    pub(crate) note: String,
    /// What a search looks at, lower case.
    pub(crate) search: String,
}

impl Choice {
    /// A known provider, found by its name and its domains.
    pub(crate) fn of_provider(provider: Provider) -> Self {
        let domains = provider.domains.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        // A product that runs at many places.
        let needs_host = provider.endpoint.is_none();
        Self {
            search: browser::lower_case(&format!("{} {}", provider.name, provider.domains.join(" "))),
            note: if needs_host { t!("providers.host_needed_short").to_owned() } else { domains },
            value: provider.id,
            name: provider.name,
        }
    }
}

/// The entries that match `typed`: those whose name begins with it first.
pub(super) fn matching(choices: &[Choice], typed: &str) -> Vec<Choice> {
    let typed = browser::lower_case(typed.trim());
    // Somebody may type the whole mail address: the domain tells the provider.
    let wanted = typed.rsplit_once('@').map_or(typed.as_str(), |(_, domain)| domain);
    let found = choices.iter().filter(|choice| choice.search.contains(wanted));
    let (first, rest): (Vec<_>, Vec<_>) =
        found.partition(|choice| browser::lower_case(&choice.name).starts_with(wanted));
    first.into_iter().chain(rest).cloned().collect()
}

/// `name` with the part in bold that was typed.
pub(super) fn marked(name: &str, typed: &str) -> AnyView {
    let typed = typed.trim().to_ascii_lowercase();
    let found = name.to_ascii_lowercase().find(&typed).filter(|_| !typed.is_empty());
    let Some((before, rest)) = found.map(|at| name.split_at(at)) else { return name.to_owned().into_any() };
    let (part, after) = rest.split_at(typed.len());
    view! { {before.to_owned()} <strong>{part.to_owned()}</strong> {after.to_owned()} }.into_any()
}
