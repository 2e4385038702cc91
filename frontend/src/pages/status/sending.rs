//! Who may send in a domain's name: its SPF record and its DKIM keys, beside what the new provider wants.

use leptos::prelude::*;
use mailferry_shared::schedule::{SendingRecords, SpfState, WantedRecords};

use crate::{
    components::{Glyph, icon},
    t,
};

/// The lines of one domain.
pub(super) fn lines(sending: &SendingRecords, wanted: Option<&WantedRecords>) -> impl IntoView + use<> {
    let term = wanted.and_then(|wanted| wanted.spf.as_deref());
    let records = sending.spf_records.iter().map(|record| view! { <code class="mx-record">{record.clone()}</code> });
    view! {
        <div class="mx-line">
            {spf(sending.spf, term)}
            {records.collect_view()}
        </div>
        <div class="mx-line">{dkim(sending, wanted)}</div>
    }
}

fn spf(state: SpfState, term: Option<&str>) -> impl IntoView + use<> {
    let text = match state {
        SpfState::Unknown => t!("mx.spf_unknown"),
        SpfState::Absent => t!("mx.spf_absent"),
        SpfState::Several => t!("mx.spf_several"),
        SpfState::Present => t!("mx.spf_present"),
        SpfState::Lacking => t!("mx.spf_lacking"),
        SpfState::Complete => t!("mx.spf_complete"),
    };
    let wanted = term.filter(|_| state != SpfState::Complete).map(|term| t!("mx.spf_wanted", term = term));
    let tone = match state {
        SpfState::Absent | SpfState::Several | SpfState::Lacking => Tone::Lacks,
        SpfState::Unknown | SpfState::Present => Tone::Open,
        SpfState::Complete => Tone::Good,
    };
    line(tone, [Some(text.to_owned()), wanted].into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn dkim(sending: &SendingRecords, wanted: Option<&WantedRecords>) -> impl IntoView + use<> {
    if !sending.dkim.is_empty() {
        return line(Tone::Good, t!("mx.dkim_found", names = sending.dkim.join(", ")));
    }
    if sending.dkim_looked_at.is_empty() {
        return line(Tone::Open, t!("mx.dkim_unanswered").to_owned());
    }
    match wanted {
        Some(_) => line(Tone::Lacks, t!("mx.dkim_none", names = sending.dkim_looked_at.join(", "))),
        None => line(Tone::Open, t!("mx.dkim_unknown").to_owned()),
    }
}

#[derive(Clone, Copy)]
enum Tone {
    Good,
    /// Something is to be done.
    Lacks,
    /// The provider must be asked.
    Open,
}

fn line(tone: Tone, text: String) -> impl IntoView + use<> {
    let (class, glyph) = match tone {
        Tone::Good => ("status status-good", Glyph::Check),
        Tone::Lacks => ("status status-warn", Glyph::Warning),
        Tone::Open => ("status status-idle", Glyph::Info),
    };
    view! { <p class=class>{icon(glyph)}<span>{text}</span></p> }
}
