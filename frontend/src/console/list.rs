//! Lists of the console: read when shown, read again after a change.

use std::future::Future;

use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::ApiError,
    components::{Failure, Glyph, PageHead, Skeleton, icon},
    state::Load,
};

/// A list and how to read it again.
pub(super) struct Listed<T: Send + Sync + 'static> {
    pub(super) items: RwSignal<Load<Vec<T>>>,
    reads: RwSignal<u32>,
}

impl<T: Send + Sync + 'static> Clone for Listed<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Listed<T> {}

impl<T: Send + Sync + 'static> Listed<T> {
    /// Reads the list now, and whenever it is asked to.
    pub(super) fn of<F>(read: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<Vec<T>, ApiError>> + 'static,
    {
        let listed = Self { items: RwSignal::new(Load::Loading), reads: RwSignal::new(0) };
        Effect::new(move || {
            listed.reads.track();
            let reading = read();
            spawn_local(async move {
                listed.items.try_set(reading.await.into());
            });
        });
        listed
    }

    /// Reads it again.
    pub(super) fn again(self) {
        self.reads.update(|reads| *reads = reads.wrapping_add(1));
    }
}

/// The heading of a list, with the button that makes one more.
#[component]
pub(super) fn ListHead(
    title: &'static str,
    lead: &'static str,
    /// What the button says; absent: there is none.
    #[prop(optional)]
    create: Option<&'static str>,
    #[prop(optional, into)] on_create: Option<Callback<()>>,
) -> impl IntoView {
    let button = create.zip(on_create).map(|(text, on_create)| {
        view! {
            <button type="button" class="button button-primary" on:click=move |_| on_create.run(())>
                {icon(Glyph::Plus)}
                {text}
            </button>
        }
    });
    view! {
        <div class="row-between">
            <PageHead title=title lead=lead />
            {button}
        </div>
    }
}

/// The rows of a list as a table with these column heads; `empty` is said where there are none.
#[component]
pub(super) fn ListTable<T: Send + Sync + 'static>(
    listed: Listed<T>,
    name: &'static str,
    heads: Vec<&'static str>,
    empty: &'static str,
    row: fn(&T, Listed<T>) -> AnyView,
) -> impl IntoView {
    let retry = Callback::new(move |()| listed.again());
    let table = move |items: &[T]| {
        let heads = heads.iter().map(|head| view! { <th scope="col">{*head}</th> }).collect_view();
        let rows = items.iter().map(|item| row(item, listed)).collect_view();
        view! {
            <div class="table-scroll" tabindex="0" role="region" aria-label=name>
                <table class="table">
                    <caption class="visually-hidden">{name}</caption>
                    <thead>
                        <tr>{heads}</tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
    };
    view! {
        <div class="card card-flush">
            {move || listed.items.with(|items| match items {
                Load::Loading => view! { <div class="empty"><Skeleton /></div> }.into_any(),
                Load::Failed(error) => view! { <Failure error=error.clone() retry=retry /> }.into_any(),
                Load::Ready(items) if items.is_empty() => view! { <p class="empty soft">{empty}</p> }.into_any(),
                Load::Ready(items) => table(items).into_any(),
            })}
        </div>
    }
}
