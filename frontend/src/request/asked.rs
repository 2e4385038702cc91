//! Where a request stands: each change of its state, what was sent, and what can still be done.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    address::MailAddress,
    ids::OrderId,
    order::{Order, OrderState, SessionCreate},
    request::{MigrationRequest, RequestAction, RequestState},
    secret::Secret,
};

use crate::{
    api::{self, ApiError, Polled},
    browser::{self, intl},
    components::{
        CopyLine, Dialog, DialogSize, Failure, Glyph, Notice, PageFailure, PageHead, Skeleton, StaleNotice, Tone, icon,
    },
    i18n,
    pages::{LAST_ORDER, Locked, take_token},
    route::{ASK, Step},
    state::{
        Load,
        announce::Announcer,
        language::PageLanguage,
        offer::Offer,
        poll::{self, Heard, Kick},
        service::Service,
    },
    t, tn,
};

/// How often the state is asked for, milliseconds.
const AGAIN_MS: u32 = 5000;

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Page {
    order_id: OrderId,
    request: RwSignal<Load<MigrationRequest>>,
    /// Its order, once it is here: the link, and whose page this is.
    order: RwSignal<Option<Order>>,
    kick: Kick,
    heard: Heard,
}

/// The page of the request for the order `id`.
#[component]
pub(crate) fn Asked(id: OrderId) -> impl IntoView {
    let token = take_token();
    let by_link = token.is_some();
    let page = Page {
        order_id: id,
        request: RwSignal::new(Load::Loading),
        order: RwSignal::new(None),
        kick: Kick::new(),
        heard: Heard::new(),
    };
    let (language, offer) = (PageLanguage::get(), Offer::get());
    spawn_local(async move {
        match open(id, token).await {
            Ok(order) => {
                browser::store(LAST_ORDER, Some(&order.id.to_string()));
                language.prefer(order.language.tag());
                if let Some(link) = &order.link {
                    offer.wear(&link.brand);
                }
                page.order.try_set(Some(order));
            }
            Err(error) => {
                page.request.try_set(Load::Failed(error));
            }
        }
    });
    follow(page);
    // The link's token may not be spent yet: all of it is done again.
    let retry = Callback::new(move |()| {
        let _ = window().location().reload();
    });
    // The page is made once; its parts follow the request.
    let shape = Memo::new(move |_| {
        page.request.with(|request| match request {
            Load::Loading => Load::Loading,
            Load::Failed(error) => Load::Failed(error.clone()),
            Load::Ready(_) => Load::Ready(()),
        })
    });
    view! {
        <main class="page" id="main" tabindex="-1">
            {move || match shape.get() {
                Load::Loading => view! { <Skeleton /> }.into_any(),
                Load::Failed(error) if error.is_locked_out() => view! { <Locked by_link=by_link /> }.into_any(),
                Load::Failed(error) => view! { <PageFailure error=error retry=retry /> }.into_any(),
                Load::Ready(()) => view! { <Standing page=page /> }.into_any(),
            }}
        </main>
    }
}

async fn open(id: OrderId, token: Option<Secret>) -> Result<Order, ApiError> {
    if let Some(token) = token {
        api::open_session(&SessionCreate { order_id: id, token }).await?;
    }
    api::read_order(id).await
}

/// Keeps the request fresh; a failure leaves what was known.
fn follow(page: Page) {
    let etag = StoredValue::new(None::<String>);
    let announcer = expect_context::<Announcer>();
    poll::poll(page.kick, move || async move {
        // First the link's token is spent.
        if page.order.try_with_untracked(Option::is_none)? {
            return page.request.try_with_untracked(|request| !matches!(request, Load::Failed(_)))?.then_some(200);
        }
        match api::poll_order_request(page.order_id, etag.try_get_value()?.as_deref()).await {
            Ok(Polled::Same) => page.heard.answered(),
            Ok(Polled::New(request, tag)) => {
                page.heard.answered();
                etag.try_set_value(tag);
                let before = page.request.try_with_untracked(|known| known.ready().map(|known| known.state))?;
                if before.is_some_and(|before| before != request.state) {
                    announcer.say(title(request.state, request.attention > 0));
                }
                page.request.try_set(Load::Ready(request));
            }
            Err(error) => {
                let pause = page.heard.failed(&error)?;
                let is_new = page.request.try_with_untracked(|request| request.ready().is_none())?;
                // Who may not see it any more is told so, in the place of what was known.
                if is_new || error.is_locked_out() {
                    page.request.try_set(Load::Failed(error));
                }
                return Some(pause);
            }
        }
        Some(AGAIN_MS)
    });
}

/// `partly`: not every account has arrived.
fn title(state: RequestState, partly: bool) -> &'static str {
    match state {
        RequestState::Done if partly => t!("request.done_partly_title"),
        RequestState::Requested => t!("request.sent_title"),
        RequestState::Accepted => t!("request.accepted_title"),
        RequestState::Running => t!("request.running_title"),
        RequestState::Done => t!("request.done_title"),
        RequestState::Declined => t!("request.declined_title"),
        RequestState::Cancelled => t!("request.cancelled_title"),
        RequestState::Expired => t!("request.expired_title"),
    }
}

fn lead(state: RequestState, partly: bool) -> &'static str {
    match state {
        RequestState::Done if partly => t!("request.done_partly_lead"),
        RequestState::Requested => t!("request.sent_lead"),
        RequestState::Accepted => t!("request.accepted_lead"),
        RequestState::Running => t!("request.running_lead"),
        RequestState::Done => t!("request.done_lead"),
        RequestState::Declined => t!("request.declined_lead"),
        RequestState::Cancelled => t!("request.cancelled_lead"),
        RequestState::Expired => t!("request.expired_lead"),
    }
}

#[component]
fn Standing(page: Page) -> impl IntoView {
    let with = move |read: fn(&MigrationRequest) -> RequestState| {
        page.request.with(|request| request.ready().map(read)).unwrap_or(RequestState::Requested)
    };
    let state = Memo::new(move |_| with(|request| request.state));
    let partly =
        Memo::new(move |_| page.request.with(|request| request.ready().is_some_and(|request| request.attention > 0)));
    let (dialog, service) = (RwSignal::new(false), Service::get());
    let may_cancel = move || {
        page.request
            .with(|request| request.ready().is_some_and(|request| request.actions.contains(&RequestAction::Cancel)))
    };
    let goes_on = move || matches!(state.get(), RequestState::Running | RequestState::Done);
    view! {
        <div class="stack-s">
            <PageHead title=Signal::derive(move || title(state.get(), partly.get()).to_owned()) />
            <p class="lead">{move || lead(state.get(), partly.get())}</p>
        </div>
        <StaleNotice heard=page.heard />
        <Course state=state />
        <Pay page=page />
        <Reason page=page />
        // What came to nothing can be asked for again, or done by oneself.
        <Show when=move || state.get().is_off()>
            <div class="row">
                <a class="button button-primary" href=ASK>
                    {t!("request.again")}
                    {icon(Glyph::ArrowRight)}
                </a>
                <a class="button" href="/">
                    {t!("request.myself")}
                </a>
            </div>
        </Show>
        <Show when=goes_on>
            <p>
                <a class="button button-primary" href=Step::Status.path(page.order_id)>
                    {t!("request.to_status")}
                    {icon(Glyph::ArrowRight)}
                </a>
            </p>
        </Show>
        <div class="with-aside">
            {move || page.request.with(|request| request.ready().map(|request| sent(request, payment(page, service, request))))}
            // Of what came to nothing there is nothing to look after.
            <Show when=move || !state.get().is_off()>
                <Keep page=page />
            </Show>
        </div>
        <Show when=may_cancel>
            <p>
                <button type="button" class="button button-danger is-aside" on:click=move |_| dialog.set(true)>
                    {icon(Glyph::Cross)}
                    {t!("request.cancel")}
                </button>
            </p>
        </Show>
        <CancelDialog page=page open=dialog />
    }
}

/// The four states of a request that goes well, with the one it is in; or how it ended.
#[component]
fn Course(state: Memo<RequestState>) -> impl IntoView {
    let steps = [
        (RequestState::Requested, t!("request.state_requested")),
        (RequestState::Accepted, t!("request.state_accepted")),
        (RequestState::Running, t!("request.state_running")),
        (RequestState::Done, t!("request.state_done")),
    ];
    let at = move || steps.iter().position(|(step, _)| *step == state.get());
    let items = steps
        .iter()
        .enumerate()
        .map(|(place, (_, name))| {
            let (name, is_last) = (*name, place + 1 == steps.len());
            let is_current = move || at() == Some(place);
            let is_past = move || at().is_some_and(|at| place < at || is_last && at == place);
            view! {
                <li
                    class="course-step"
                    class:is-current=is_current
                    class:is-past=is_past
                    aria-current=move || is_current().then_some("step")
                >
                    <span class="step-stop">{move || is_past().then(|| icon(Glyph::Check))}</span>
                    <span>{name}</span>
                </li>
            }
        })
        .collect_view();
    let over = move || state.get().is_off();
    view! {
        <ol class="course-steps card" role="list" aria-label=t!("request.course_title") hidden=over>
            {items}
        </ol>
    }
}

/// An accepted request whose order waits for payment.
#[component]
fn Pay(page: Page) -> impl IntoView {
    let wanted = move || {
        page.request.with(|request| {
            request.ready().is_some_and(|request| {
                request.state == RequestState::Accepted && request.order_state == OrderState::AwaitingPayment
            })
        })
    };
    view! {
        <Show when=wanted>
            <Notice tone=Tone::Warning title=t!("request.pay_title")>
                <p>{t!("request.pay_text")}</p>
                <a class="button button-small" href=Step::Confirm.path(page.order_id)>
                    {icon(Glyph::Ticket)}
                    {t!("request.pay")}
                </a>
            </Notice>
        </Show>
    }
}

/// Why it was declined.
#[component]
fn Reason(page: Page) -> impl IntoView {
    let reason = move || page.request.with(|request| request.ready().and_then(|request| request.reason.clone()));
    let help = Offer::get().help();
    // The number in the subject tells which request the question is about.
    let write_to = move |address: &MailAddress| format!("mailto:{address}?subject={}", page.order_id);
    view! {
        {move || {
            reason()
                .map(|reason| {
                    view! {
                        <Notice tone=Tone::Warning title=t!("request.reason")>
                            <p class="as-written" data-data="">{reason}</p>
                            {help.get().map(|address| view! {
                                <p class="small">
                                    {t!("app.help")} " " <a href=write_to(&address)>{address.to_string()}</a>
                                </p>
                            })}
                        </Notice>
                    }
                })
        }}
    }
}

/// How it stands with the money: not charged, paid, or what each account costs; nothing where that is not known here.
fn payment(page: Page, service: Service, request: &MigrationRequest) -> Option<String> {
    if request.payment_waived {
        return Some(t!("queue.waived").to_owned());
    }
    page.order.with(|order| {
        let order = order.as_ref().filter(|_| !request.state.is_off())?;
        let (covered, needed) = (order.payment.pairs_covered, order.payment.pairs_needed);
        if covered > 0 && covered >= needed {
            return Some(t!("console.pay_paid").to_owned());
        }
        // By a link, its reseller pays or names the price.
        let info = service.info();
        let price = info.ready()?.price.as_ref().filter(|_| order.link.is_none())?;
        let each = intl::money(price.total_minor, price.price.currency);
        Some(format!("{} × {each}", i18n::number(u64::from(needed.saturating_sub(covered)))))
    })
}

/// What was sent, and what is known of its payment.
fn sent(request: &MigrationRequest, payment: Option<String>) -> impl IntoView + use<> {
    let fact = |name: &'static str, value: String| {
        // An address needs the room of two times.
        let is_wide = value.contains('@');
        view! {
            <div class="fact" class:fact-wide=is_wide>
                <dt>{name}</dt>
                <dd data-data="">{value}</dd>
            </div>
        }
    };
    let start = request
        .earliest_start
        .filter(|_| !request.state.is_off())
        .map(|at| fact(t!("request.fact_start"), intl::appointment(at)));
    // Once a start is agreed, that is the one to know.
    let wished = start.is_none().then(|| fact(t!("request.fact_wished"), intl::appointment(request.wished_start)));
    let contact = request.contact_address.as_ref().map(|to| fact(t!("request.fact_contact"), to.to_string()));
    let note = (!request.note.is_empty()).then(|| {
        view! {
            <h3>{t!("request.note_label")}</h3>
            <p class="as-written soft" data-data="">{request.note.clone()}</p>
        }
    });
    let files = request.attachments.iter().map(|file| {
        let entries = tn!("request.entries", u64::from(file.entries));
        view! {
            <li>
                {icon(Glyph::File)}
                <span>
                    <span class="account-name">{file.name.clone()}</span>
                    <span class="account-meta">{format!(" {} · {entries}", intl::size(file.size_bytes))}</span>
                </span>
            </li>
        }
    });
    let files = (!request.attachments.is_empty()).then(|| {
        view! {
            <h3>{t!("request.files_title")}</h3>
            <ul class="bullets" role="list">{files.collect_view()}</ul>
        }
    });
    view! {
        <section class="card" aria-labelledby="sent-title">
            <h2 id="sent-title">{t!("request.what_was_sent")}</h2>
            <dl class="facts facts-small">
                {fact(t!("request.fact_sent"), intl::date_time(request.created_at))}
                {wished}
                {start}
                {fact(t!("status.accounts"), i18n::number(u64::from(request.pairs)))}
                {payment.map(|payment| fact(t!("pay.title"), payment))}
                {contact}
                {fact(t!("request.fact_changed"), intl::date_time(request.changed_at))}
            </dl>
            {note}
            {files}
        </section>
    }
}

/// What to keep: the number and the link.
#[component]
fn Keep(page: Page) -> impl IntoView {
    let link = move || page.order.with(|order| order.as_ref().and_then(|order| order.manage_url.clone()));
    view! {
        <section class="card" aria-labelledby="keep-title">
            <h2 id="keep-title">{t!("status.keep_title")}</h2>
            <div class="stack-s">
                <h3 class="field-label">{t!("status.order_number")}</h3>
                <CopyLine label=t!("status.order_number") text=page.order_id.to_string() />
            </div>
            {move || {
                link()
                    .map(|link| {
                        view! {
                            <div class="stack-s">
                                <h3 class="field-label">{t!("status.manage_link")}</h3>
                                <CopyLine label=t!("status.manage_link") text=link is_long=true />
                                <p class="field-hint">{t!("status.manage_hint")}</p>
                            </div>
                        }
                    })
            }}
        </section>
    }
}

#[component]
fn CancelDialog(page: Page, open: RwSignal<bool>) -> impl IntoView {
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None::<ApiError>));
    let cancel = move |_| {
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let cancelled = api::cancel_request(page.order_id).await;
            busy.try_set(false);
            match cancelled {
                Ok(request) => {
                    open.try_set(false);
                    page.request.try_set(Load::Ready(request));
                    page.kick.now();
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <Dialog
            id="cancel-request"
            title=Signal::derive(|| t!("request.cancel_title").to_owned())
            open=open
            size=DialogSize::Small
        >
            <p>{t!("request.cancel_text")}</p>
            {move || failure.get().map(|error| view! { <Failure error=error /> })}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    {t!("request.keep")}
                </button>
                <button
                    type="button"
                    class="button button-danger"
                    disabled=move || busy.get()
                    on:click=cancel
                >
                    {icon(Glyph::Stop)}
                    {t!("request.cancel")}
                </button>
            </div>
        </Dialog>
    }
}
