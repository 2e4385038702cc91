//! One request of the operator's queue: what was asked, with its accounts and files, and what the operator does with it.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    account::{AccountPair, LoginState, Side},
    ids::{OrderId, RequestId},
    order::OrderState,
    request::{MigrationRequest, RequestAction, RequestAttachment},
};

use super::{request_answers::Answers, requests::state_view};
use crate::{
    api::{self, Polled},
    browser::intl,
    components::{Failure, Glyph, Notice, PageHead, Skeleton, Tone, icon},
    i18n,
    pages::parts,
    route::Console as Place,
    state::{
        Load,
        poll::{self, Kick},
    },
    t, tn,
};

/// How often the request is asked for, milliseconds.
const AGAIN_MS: u32 = 5000;

/// The request that is shown.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    pub(super) id: RequestId,
    pub(super) request: RwSignal<Load<MigrationRequest>>,
    accounts: RwSignal<Load<Vec<AccountPair>>>,
}

impl Shown {
    /// True once every account has been seen to let us in, on both sides.
    pub(super) fn is_checked(self) -> bool {
        let passed = |side: &Side| side.login == LoginState::Passed;
        self.accounts.with(|accounts| {
            let pairs = accounts.ready().map(Vec::as_slice).unwrap_or_default();
            !pairs.is_empty() && pairs.iter().all(|pair| passed(&pair.source) && passed(&pair.destination))
        })
    }

    /// The order that is to be checked.
    pub(super) fn order(self) -> Option<OrderId> {
        self.request.with(|request| request.ready().map(|request| request.order_id))
    }

    /// How to write to the customer: the number in the subject tells which request an answer is to.
    pub(super) fn write_to(self) -> Option<String> {
        self.request.with(|request| {
            let request = request.ready()?;
            Some(format!("mailto:{}?subject={}", request.contact_address.as_ref()?, request.order_id))
        })
    }

    /// True if the operator can do this now.
    pub(super) fn allows(self, action: RequestAction) -> bool {
        self.request.with(|request| request.ready().is_some_and(|request| request.actions.contains(&action)))
    }
}

/// The page of one request.
#[component]
pub(super) fn Request(id: RequestId) -> impl IntoView {
    let shown = Shown { id, request: RwSignal::new(Load::Loading), accounts: RwSignal::new(Load::Loading) };
    let kick = Kick::new();
    let etag = StoredValue::new(None::<String>);
    poll::poll(kick, move || async move {
        match api::poll_request(id, etag.try_get_value()?.as_deref()).await {
            Ok(Polled::Same) => {}
            Ok(Polled::New(request, tag)) => {
                etag.try_set_value(tag);
                load_accounts(shown, &request);
                shown.request.try_set(Load::Ready(request));
            }
            Err(error) => {
                if shown.request.try_with_untracked(|request| request.ready().is_none())? {
                    shown.request.try_set(Load::Failed(error));
                }
            }
        }
        Some(AGAIN_MS)
    });
    let retry = Callback::new(move |()| kick.now());
    // Made once; its parts follow the request.
    let shape = Memo::new(move |_| {
        shown.request.with(|request| match request {
            Load::Loading => Load::Loading,
            Load::Failed(error) => Load::Failed(error.clone()),
            Load::Ready(_) => Load::Ready(()),
        })
    });
    view! {
        {move || match shape.get() {
            Load::Loading => view! { <Skeleton /> }.into_any(),
            Load::Failed(error) => view! { <Failure error=error retry=retry /> }.into_any(),
            Load::Ready(()) => view! { <Sheet shown=shown /> }.into_any(),
        }}
    }
}

fn load_accounts(shown: Shown, request: &MigrationRequest) {
    let order = request.order_id;
    spawn_local(async move {
        match api::poll_accounts(order, None).await {
            Ok(Polled::New(list, _)) => {
                shown.accounts.try_set(Load::Ready(list.items));
            }
            Ok(Polled::Same) => {}
            Err(error) => {
                if shown.accounts.try_with_untracked(|accounts| accounts.ready().is_none()) == Some(true) {
                    shown.accounts.try_set(Load::Failed(error));
                }
            }
        }
    });
}

#[component]
fn Sheet(shown: Shown) -> impl IntoView {
    let title = Signal::derive(move || {
        shown.request.with(|request| {
            let request = request.ready();
            let customer = request.and_then(|request| request.contact_address.as_ref()).map(ToString::to_string);
            customer.map_or_else(|| t!("queue.request").to_owned(), |from| t!("queue.request_of", customer = from))
        })
    });
    view! {
        <a class="button button-quiet button-flush button-small" href=Place::Requests.path()>
            {icon(Glyph::ArrowLeft)}
            {t!("console.requests")}
        </a>
        <div class="row-between">
            <PageHead title=title />
            {move || shown.request.with(|request| request.ready().map(|request| state_view(request.state)))}
        </div>
        <Answers shown=shown />
        {move || shown.request.with(|request| request.ready().map(facts))}
        <Accounts shown=shown />
        {move || shown.request.with(|request| request.ready().map(|request| files(request.id, &request.attachments)))}
    }
}

fn facts(request: &MigrationRequest) -> impl IntoView + use<> {
    let fact = |name: &'static str, value: String| {
        view! {
            <div class="fact">
                <dt>{name}</dt>
                <dd data-data="">{value}</dd>
            </div>
        }
    };
    let note = (!request.note.is_empty()).then(|| {
        view! {
            <h3>{t!("request.note_label")}</h3>
            <p class="as-written" data-data="">{request.note.clone()}</p>
        }
    });
    let reason = request.reason.clone().map(|reason| {
        view! {
            <Notice tone=Tone::Warning title=t!("request.reason")>
                <p class="as-written" data-data="">{reason}</p>
            </Notice>
        }
    });
    let contact = request.contact_address.as_ref().map(|address| {
        view! {
            <div class="fact fact-wide">
                <dt>{t!("queue.customer")}</dt>
                <dd data-data="">{address.to_string()}</dd>
            </div>
        }
    });
    let waived = request.payment_waived.then(|| view! { <span class="tagged">{t!("queue.waived")}</span> });
    // Before it is started there is nothing to watch.
    let is_set_up = matches!(request.order_state, OrderState::Draft | OrderState::AwaitingPayment);
    let status = (!is_set_up).then(|| {
        view! {
            <a class="button button-small" href=Place::Migration(request.order_id).path()>
                {icon(Glyph::Eye)}
                {t!("queue.supervise")}
            </a>
        }
    });
    let state = super::order_state::state_name(request.order_state).to_owned();
    view! {
        <section class="card" aria-labelledby="asked-title">
            <div class="row-between">
                <h2 id="asked-title">{t!("request.what_was_sent")}</h2>
                <div class="row">{waived} {status}</div>
            </div>
            {reason}
            <dl class="facts facts-small">
                {contact}
                {fact(t!("request.fact_wished"), intl::appointment(request.wished_start))}
                {request.earliest_start.map(|at| fact(t!("request.fact_start"), intl::appointment(at)))}
                {request.tenant.as_ref().map(|tenant| fact(t!("queue.tenant"), tenant.name.clone()))}
                {fact(t!("queue.order_state"), state)}
                {fact(t!("request.fact_sent"), intl::date_time(request.created_at))}
                {fact(t!("request.fact_changed"), intl::date_time(request.changed_at))}
            </dl>
            {note}
        </section>
    }
}

#[component]
fn Accounts(shown: Shown) -> impl IntoView {
    view! {
        <section class="stack" aria-labelledby="queue-accounts">
            <h2 id="queue-accounts">{t!("status.accounts")}</h2>
            <div class="card card-flush">
                {move || shown.accounts.with(|accounts| match accounts {
                    Load::Loading => view! { <div class="empty"><Skeleton /></div> }.into_any(),
                    Load::Failed(error) => view! { <Failure error=error.clone() /> }.into_any(),
                    Load::Ready(pairs) => account_table(pairs).into_any(),
                })}
            </div>
        </section>
    }
}

fn account_table(pairs: &[AccountPair]) -> impl IntoView + use<> {
    let side = |side: &Side| {
        let host = side.endpoint.as_ref().map(|endpoint| endpoint.host.to_string());
        view! {
            <div class="row-between">
                <div>
                    <p class="account-name">{parts::mailbox(side).to_owned()}</p>
                    <p class="account-meta">{host}</p>
                </div>
                {parts::login_view(side)}
            </div>
            {side.findings.iter().map(parts::finding_view).collect_view()}
            {side.survey.as_ref().map(|survey| view! { <p class="small soft">{parts::survey_text(survey)}</p> })}
        }
    };
    let rows = pairs
        .iter()
        .map(|pair| {
            view! {
                <tr>
                    <td data-label=t!("import.rows_source")>{side(&pair.source)}</td>
                    <td data-label=t!("import.rows_destination")>{side(&pair.destination)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="table table-cards">
            <caption class="visually-hidden">{t!("status.accounts")}</caption>
            <thead>
                <tr>
                    <th scope="col">{t!("import.rows_source")}</th>
                    <th scope="col">{t!("import.rows_destination")}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// The files that were sent along, to be downloaded.
fn files(id: RequestId, files: &[RequestAttachment]) -> Option<impl IntoView + use<>> {
    if files.is_empty() {
        return None;
    }
    let rows = files
        .iter()
        .map(|file| {
            let entries = tn!("request.entries", u64::from(file.entries));
            view! {
                <li class="proposal">
                    <div>
                        <p class="account-name">{file.name.clone()}</p>
                        <p class="small soft">{format!("{} · {entries}", intl::size(file.size_bytes))}</p>
                    </div>
                    <a
                        class="button button-small"
                        href=api::attachment_url(id, file.id)
                        download=file.name.clone()
                        rel="external"
                        aria-label=t!("queue.download_what", name = file.name)
                    >
                        {icon(Glyph::Download)}
                        {t!("console.download")}
                    </a>
                </li>
            }
        })
        .collect_view();
    let count = i18n::number(u64::try_from(files.len()).unwrap_or_default());
    Some(view! {
        <section class="stack" aria-labelledby="queue-files">
            <h2 id="queue-files">{t!("request.files_title")} " " <span class="tab-count">{count}</span></h2>
            <ul role="list" class="stack-s">{rows}</ul>
        </section>
    })
}
