//! Asking before something is done, and doing it.

use leptos::{prelude::*, task::spawn_local};

use super::{Page, question::Question};
use crate::{
    api::{self, Act, ApiError},
    browser,
    components::{Dialog, DialogSize, Notice, busy_icon, failed},
    pages::order::LAST_ORDER,
    route::Step,
    state::router::Router,
};

/// The id of the part with the buttons of what can be done.
pub(super) const ACTIONS: &str = "actions";

/// Does what was asked for, and asks for fresh progress.
async fn perform(page: Page, question: Question) -> Result<(), ApiError> {
    let id = page.context.id;
    match question {
        Question::Cancel => {
            page.context.order.try_set(api::act_on_order(id, Act::Cancel).await?);
        }
        Question::Delta => {
            api::start_delta(id).await?;
            page.context.refresh();
        }
        Question::Pause => {
            page.context.order.try_set(api::act_on_order(id, Act::Pause).await?);
        }
        Question::Resume => {
            page.context.order.try_set(api::act_on_order(id, Act::Resume).await?);
        }
        Question::Retry => {
            page.context.order.try_set(api::act_on_order(id, Act::Retry).await?);
        }
        Question::Forget => {
            page.context.order.try_set(api::act_on_order(id, Act::ForgetPasswords).await?);
            page.context.load_accounts().await;
        }
        Question::Unschedule => {
            page.context.order.try_set(api::act_on_order(id, Act::Unschedule).await?);
        }
        Question::Renew => {
            page.context.order.try_set(api::renew_links(id).await?);
        }
        Question::Verify => {
            page.proof.try_set(Some(api::start_verification(id).await?));
            page.proof_kick.now();
        }
        Question::Delete => {
            api::delete_order(id).await?;
            browser::store(LAST_ORDER, None);
            page.context.deleted.try_set(true);
            return Ok(());
        }
    }
    page.kick.now();
    Ok(())
}

/// The dialog that asks.
#[component]
pub(super) fn Ask(page: Page) -> impl IntoView {
    let question = page.question;
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    Effect::new(move || open.set(question.get().is_some()));
    Effect::new(move || {
        if !open.get() && question.get_untracked().is_some() {
            question.set(None);
            failure.set(None);
            // Where one came from may have gone while one was asked. What goes later passes the focus on itself.
            browser::keep_focus_at(ACTIONS);
        }
    });
    let router = Router::get();
    let in_console = untrack(|| router.is_in_console());
    let confirm = move |what: Question| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let result = perform(page, what).await;
            busy.try_set(false);
            match result {
                Ok(()) => {
                    open.try_set(false);
                    // Where it can be changed; the console has no such page.
                    if what == Question::Unschedule && !in_console {
                        router.go(&Step::Confirm.path(page.context.id));
                    }
                }
                Err(error) => {
                    failure.try_set(Some(error));
                    // What cannot be done was overtaken by something that is not shown yet.
                    page.kick.now();
                }
            }
        });
    };
    let body = move |what: Question| {
        let is_final = matches!(what, Question::Cancel | Question::Delete | Question::Forget);
        let class = if is_final { "button button-danger" } else { "button button-primary" };
        view! {
            // As it is when one asks: what is read must not change under the focus.
            <p>{untrack(|| what.text(page))}</p>
            {untrack(|| what.advice(page))
                .map(|(tone, text)| {
                    view! {
                        <Notice tone=tone>
                            <p>{text}</p>
                        </Notice>
                    }
                })}
            {failed(failure)}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    {what.keep()}
                </button>
                <button
                    type="button"
                    class=class
                    class:is-busy=move || busy.get()
                    // Disabled it would lose the focus, and whoever has to try again would begin at the top.
                    aria-disabled=move || busy.get().to_string()
                    on:click=move |_| confirm(what)
                >
                    {busy_icon(busy, what.glyph())}
                    {what.confirm()}
                </button>
            </div>
        }
    };
    let title = Signal::derive(move || question.get().map(Question::title).unwrap_or_default().to_owned());
    view! {
        <Dialog id="ask" title=title open=open size=DialogSize::Small>
            {move || question.get().map(body)}
        </Dialog>
    }
}
