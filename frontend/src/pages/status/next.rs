//! What to do after the mail has arrived.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mailferry_shared::{
    endpoint::{Endpoint, TlsMode},
    order::{Order, ProviderChoice},
    progress::Progress,
    run::RunKind,
    schedule::{MxReport, MxState, MxWatch},
};

use super::{Page, pairs::is_odd, passwords};
use crate::{
    browser::intl,
    components::{Notice, Tone},
    pages::parts::Help,
    state::providers::KnownProviders,
    t, tn,
};

/// Where mail is read, and where it is handed in, if that is known.
type Servers = (Endpoint, Option<Endpoint>);

/// The list, with the new provider's servers in it; a delta that starts by itself is not asked for.
#[component]
pub(super) fn Next(page: Page) -> impl IntoView {
    let known = KnownProviders::get();
    let servers = Memo::new(move |_| servers(page, known));
    let step = |title: &'static str, text: String| {
        view! {
            <li>
                <div>
                    <strong>{title}</strong>
                    <span class="soft">{text}</span>
                </div>
            </li>
        }
    };
    let programs = move || {
        let list = servers.get().into_iter().map(servers_view).collect_view();
        if list.is_empty() {
            return view! { <span class="soft">{t!("status.next_3_unnamed")}</span> }.into_any();
        }
        view! {
            <span class="soft">{t!("status.next_3_text")}</span>
            {list}
        }
        .into_any()
    };
    let delta = Memo::new(move |_| page.progress.with(|progress| progress.ready().and_then(delta_ended)));
    let lacking = Memo::new(move |_| passwords::lacking(page) > 0);
    let switch = Memo::new(move |_| page.mx.with(|report| report.as_ref().and_then(switched)));
    let late = move || {
        let settled = switch.with(|switch| match switch {
            Some(Switch::Under(_, at)) => Some(*at),
            _ => None,
        });
        let text =
            page.context.order.with(|order| when_late(order, order.delta_at.or(settled), delta.get(), lacking.get()));
        step(t!("status.next_4"), text)
    };
    let mx = move || match switch.get() {
        Some(Switch::Done(domains)) => {
            done_step(t!("status.next_2_switched"), t!("status.next_2_done", domains = domains))
        }
        Some(Switch::Under(domains, at)) => {
            let text = t!("status.next_2_under", domains = domains, time = intl::date_time(at));
            done_step(t!("status.next_2_switched"), text)
        }
        None => step(t!("status.next_2"), t!("status.next_2_text").to_owned()).into_any(),
    };
    let odd = Memo::new(move |_| page.progress.with(|progress| progress.ready().map_or(0, odd)));
    let first = move || {
        (odd.get() > 0).then(|| {
            view! {
                <Notice tone=Tone::Warning>
                    <p>{tn!("status.next_first", odd.get())}</p>
                </Notice>
            }
        })
    };
    view! {
        <section class="card" aria-labelledby="next-title">
            <h2 id="next-title">{t!("status.next_title")}</h2>
            {first}
            <ol class="next-steps" role="list">
                {step(t!("status.next_1"), t!("status.next_1_text").to_owned())}
                {mx}
                <li>
                    <div>
                        <strong>{t!("status.next_3")}</strong>
                        {programs}
                    </div>
                </li>
                {late}
                {step(t!("status.next_5"), t!("status.next_5_text").to_owned())}
            </ol>
            <p class="soft">
                <Help />
            </p>
        </section>
    }
}

/// What DNS says of the switch.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Switch {
    /// These domains have been switched, and everybody knows it.
    Done(String),
    /// All have been, and of these everybody knows it by this time.
    Under(String, DateTime<Utc>),
}

/// Whether every watched domain has been switched; none while one has not.
pub(super) fn switched(report: &MxReport) -> Option<Switch> {
    let is_seen = |watch: &MxWatch| matches!(watch.state, MxState::Changing | MxState::Changed);
    if report.items.is_empty() || !report.items.iter().all(is_seen) {
        return None;
    }
    let names = |watches: &mut dyn Iterator<Item = &MxWatch>| {
        watches.map(|watch| watch.domain.as_str()).collect::<Vec<_>>().join(", ")
    };
    let pending = || report.items.iter().filter(|watch| watch.state == MxState::Changing);
    Some(match pending().filter_map(|watch| watch.settled_at).max() {
        Some(at) => Switch::Under(names(&mut pending()), at),
        None => Switch::Done(names(&mut report.items.iter())),
    })
}

/// A step that DNS says is done: a tick in the place of its number.
fn done_step(title: &'static str, text: String) -> AnyView {
    view! {
        <li class="is-done">
            <div>
                <strong>{title}</strong>
                <span class="soft">{text}</span>
            </div>
        </li>
    }
    .into_any()
}

/// How long a delta that is due may take to begin before a word is due.
const SOON: TimeDelta = TimeDelta::minutes(5);

/// How many accounts have not arrived whole.
fn odd(progress: &Progress) -> u64 {
    u64::try_from(progress.pairs.iter().filter(|pair| is_odd(pair)).count()).unwrap_or_default()
}

/// When the latest delta has ended, if there was one and none is under way.
fn delta_ended(progress: &Progress) -> Option<DateTime<Utc>> {
    let runs = progress.pairs.iter().filter_map(|pair| pair.run.as_ref());
    runs.filter(|run| run.kind == RunKind::Delta).map(|run| run.finished_at).max().flatten()
}

/// How what came in late is fetched: by hand, or by itself `at` a time, or once there is room for it; or when it was.
fn when_late(order: &Order, at: Option<DateTime<Utc>>, ended: Option<DateTime<Utc>>, lacks_passwords: bool) -> String {
    match (order.delta_pending, at, ended) {
        (true, Some(at), _) if lacks_passwords && at <= intl::now() => t!("status.next_4_locked").to_owned(),
        (true, Some(at), _) if at > intl::now() => t!("status.next_4_at", time = intl::date_time(at)),
        (true, Some(at), _) if at > intl::now() - SOON => t!("status.next_4_soon").to_owned(),
        (true, Some(at), _) => t!("status.next_4_waits", time = intl::date_time(at)),
        (true, None, _) => t!("status.next_4_set").to_owned(),
        (false, _, Some(ended)) => t!("status.next_4_done", time = intl::date_time(ended)),
        (false, _, None) => t!("status.next_4_text").to_owned(),
    }
}

/// The servers of the new accounts: each account's own, and the order's for those that have none. Each once.
fn servers(page: Page, known: KnownProviders) -> Vec<Servers> {
    let usual = page.context.order.with(|order| order.destination.clone());
    let own = page.context.accounts.with(|accounts| {
        let pairs = accounts.ready().map(Vec::as_slice).unwrap_or_default();
        pairs.iter().filter(|pair| pair.ticked).map(|pair| pair.destination.endpoint.clone()).collect::<Vec<_>>()
    });
    let of_server = |endpoint| ProviderChoice { provider: None, endpoint };
    let mut found = Vec::<Servers>::new();
    for choice in own.into_iter().filter_map(|endpoint| endpoint.map(of_server).or_else(|| usual.clone())) {
        if found.iter().all(|(endpoint, _)| *endpoint != choice.endpoint) {
            let submission = known.of(&choice).and_then(|provider| provider.submission);
            found.push((choice.endpoint, submission));
        }
    }
    found
}

fn servers_view((reading, sending): Servers) -> impl IntoView {
    let line = |endpoint: &Endpoint| {
        let tls = match endpoint.tls {
            TlsMode::Implicit => "TLS",
            TlsMode::Starttls => "STARTTLS",
            TlsMode::Plaintext => t!("status.server_no_tls"),
        };
        t!("status.server_line", host = endpoint.host, port = endpoint.port, tls = tls)
    };
    let sending = sending.as_ref().map_or_else(|| t!("status.server_unnamed").to_owned(), line);
    view! {
        <dl class="servers">
            <dt>{t!("status.server_reading")}</dt>
            <dd>{line(&reading)}</dd>
            <dt>{t!("status.server_sending")}</dt>
            <dd>{sending}</dd>
        </dl>
    }
}
