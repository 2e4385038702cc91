//! What was asked: when and by whom, the accounts, and the files that were sent along.

use leptos::prelude::*;
use mailferry_shared::{
    account::{AccountPair, Side},
    ids::RequestId,
    order::OrderState,
    request::{MigrationRequest, RequestAttachment},
};

use super::{order_state::state_name, request::Shown};
use crate::{
    api,
    browser::intl,
    components::{Failure, Glyph, Notice, Skeleton, Tone, fact, icon},
    i18n,
    pages::parts,
    route::Console as Place,
    state::Load,
    t, tn,
};

/// What was sent, with the times, and how it stands with its order.
pub(super) fn facts(request: &MigrationRequest) -> impl IntoView + use<> {
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
    let contact = request.contact_address.as_ref().map(|address| fact(t!("queue.customer"), address.to_string()));
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
    let state = state_name(request.order_state).to_owned();
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

/// The accounts, and how their check went.
#[component]
pub(super) fn Accounts(shown: Shown) -> impl IntoView {
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
pub(super) fn files(id: RequestId, files: &[RequestAttachment]) -> Option<impl IntoView + use<>> {
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
