//! What the list of migrations is narrowed to. It stands in the address, so that going back finds it again.

use chrono::TimeDelta;
use leptos::prelude::*;

use crate::{
    browser::{self, intl},
    route::Console as Place,
};

/// Where this tab remembers what was asked for last, so that a migration leads back to it.
const LAST: &str = "mailferry.migrations";

/// Stands among the states for those that somebody must look at, whatever their state.
pub(super) const ATTENTION: &str = "attention";

/// Stands there for those that were asked for, to be done for their owners.
pub(super) const REQUESTED: &str = "requested";

/// The filter as typed.
#[derive(Clone, Copy)]
pub(super) struct Filter {
    pub(super) state: RwSignal<&'static str>,
    pub(super) text: RwSignal<String>,
    pub(super) domain: RwSignal<String>,
    /// First and last day of creation, as date fields have them.
    pub(super) from: RwSignal<String>,
    pub(super) until: RwSignal<String>,
    /// The member who asked; empty: anybody.
    pub(super) member: RwSignal<String>,
}

impl Filter {
    /// As the address says; of states only what `known` has.
    pub(super) fn of_address(known: &[&'static str]) -> Self {
        let query = window().location().search().unwrap_or_default();
        let value = |name: &str| {
            let parts = query.trim_start_matches('?').split('&').filter_map(|part| part.split_once('='));
            let found = parts.into_iter().find(|(known, _)| *known == name).map(|(_, value)| browser::unescaped(value));
            found.unwrap_or_default()
        };
        let state = value("state");
        Self {
            state: RwSignal::new(known.iter().find(|known| **known == state).copied().unwrap_or_default()),
            text: RwSignal::new(value("q")),
            domain: RwSignal::new(value("domain")),
            from: RwSignal::new(value("from")),
            until: RwSignal::new(value("until")),
            member: RwSignal::new(value("member_id")),
        }
    }

    fn fields(self) -> [(&'static str, RwSignal<String>); 5] {
        [
            ("q", self.text),
            ("domain", self.domain),
            ("from", self.from),
            ("until", self.until),
            ("member_id", self.member),
        ]
    }

    /// True if everything is listed.
    pub(super) fn is_empty(self) -> bool {
        self.state.get().is_empty() && self.fields().iter().all(|(_, field)| field.with(|text| text.trim().is_empty()))
    }

    /// True if something is asked for that has its place behind a click.
    pub(super) fn has_more(self) -> bool {
        [self.from, self.until, self.member].iter().any(|field| field.with_untracked(|text| !text.is_empty()))
    }

    pub(super) fn clear(self) {
        self.state.set("");
        for (_, field) in self.fields() {
            field.set(String::new());
        }
    }

    /// Puts it into the address, and gives the query of the API.
    pub(super) fn ask(self) -> String {
        let typed = |field: RwSignal<String>| field.with_untracked(|text| text.trim().to_owned());
        let state = [("state", self.state.get_untracked().to_owned())];
        let shown = query(state.into_iter().chain(self.fields().map(|(name, field)| (name, typed(field)))));
        browser::set_query(&shown);
        browser::keep(LAST, &shown);
        let state = match self.state.get_untracked() {
            ATTENTION => [("attention", "true".to_owned())],
            REQUESTED => [("requested", "true".to_owned())],
            state => [("state", state.to_owned())],
        };
        query(state.into_iter().chain(self.fields().map(|(name, field)| match name {
            "from" => (name, day(&typed(field), 0)),
            "until" => (name, day(&typed(field), 1)),
            _ => (name, typed(field)),
        })))
    }
}

/// The address of the list as it was looked at last.
pub(super) fn last_list() -> String {
    let query = browser::kept(LAST).filter(|query| !query.is_empty());
    Place::Migrations.path() + &query.map(|query| format!("?{query}")).unwrap_or_default()
}

/// `name=value&…` of what is not empty.
fn query(parameters: impl Iterator<Item = (&'static str, String)>) -> String {
    let parts: Vec<_> = parameters
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", browser::escaped(&value)))
        .collect();
    parts.join("&")
}

/// The beginning of a day in the browser's time zone, or of the one so many days later.
fn day(typed: &str, later: i64) -> String {
    let begin = intl::parse_local(&format!("{typed}T00:00"));
    begin.map(|begin| (begin + TimeDelta::days(later)).to_rfc3339()).unwrap_or_default()
}
