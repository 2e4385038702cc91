//! Taking the request back.

use leptos::{prelude::*, task::spawn_local};

use super::Page;
use crate::{
    api::{self, ApiError},
    components::{Dialog, DialogSize, Glyph, failed, icon},
    state::Load,
    t,
};

/// Asks before the request is cancelled.
#[component]
pub(super) fn CancelDialog(page: Page, open: RwSignal<bool>) -> impl IntoView {
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
            {failed(failure)}
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
