//! Lists of the console: read page by page when shown, read again after a change.

use std::{future::Future, pin::Pin};

use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{ApiError, PAGE, Paged},
    browser,
    components::{Failure, Glyph, Skeleton, icon},
    state::{
        Load,
        poll::{self, Kick},
    },
    t,
};

/// Milliseconds until a list that is kept fresh is read again.
const FRESH_MS: u32 = 15_000;

/// A page of a list on its way.
type Reading<T> = Pin<Box<dyn Future<Output = Result<Paged<T>, ApiError>>>>;

/// A list and how to read it again.
pub(super) struct Listed<T: Send + Sync + 'static> {
    pub(super) items: RwSignal<Load<Vec<T>>>,
    /// Where the next page begins, if there is one.
    next: RwSignal<Option<String>>,
    /// Why the next page could not be had.
    more_error: RwSignal<Option<ApiError>>,
    read: Callback<Option<String>, Reading<T>>,
    /// How often it was asked for: an answer that was overtaken is dropped.
    asked: StoredValue<u32>,
    /// The next page is on its way.
    is_turning: RwSignal<bool>,
}

impl<T: Send + Sync + 'static> Clone for Listed<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Listed<T> {}

impl<T: Send + Sync + 'static> Listed<T> {
    /// Reads the list now, and whenever it is asked to; `read` gets the cursor of the page that is wanted.
    pub(super) fn of<F>(read: impl Fn(Option<String>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Paged<T>, ApiError>> + 'static,
    {
        let listed = Self {
            items: RwSignal::new(Load::Loading),
            next: RwSignal::new(None),
            more_error: RwSignal::new(None),
            read: Callback::new(move |cursor| Box::pin(read(cursor)) as Reading<T>),
            asked: StoredValue::new(0),
            is_turning: RwSignal::new(false),
        };
        listed.again();
        listed
    }

    /// True if more of it can be had.
    pub(super) fn has_more(self) -> bool {
        self.next.with(Option::is_some)
    }

    /// Counts that it is asked for once more; a page that was on its way comes too late.
    fn ask(self) -> u32 {
        self.asked.update_value(|asked| *asked += 1);
        self.is_turning.set(false);
        self.more_error.set(None);
        self.asked.get_value()
    }

    /// Reads it again, from its first page on.
    pub(super) fn again(self) {
        let asked = self.ask();
        let reading = self.read.run(None);
        spawn_local(async move {
            let read = reading.await;
            if self.asked.try_get_value() != Some(asked) {
                return;
            }
            match read {
                Ok(Paged { items, next_cursor }) => {
                    self.next.try_set(next_cursor);
                    self.items.try_set(Load::Ready(items));
                    if asked > 1 {
                        // The row that was acted on may be gone, and the focus with it.
                        browser::keep_focus_within();
                    }
                }
                Err(error) => {
                    self.next.try_set(None);
                    self.items.try_set(Load::Failed(error));
                }
            }
        });
    }

    /// Reads it again every so often, as long as nobody has turned over a page: states change by themselves.
    pub(super) fn kept_fresh(self)
    where
        T: PartialEq,
    {
        poll::poll(Kick::new(), move || async move {
            let is_first =
                self.items.try_with_untracked(|items| items.ready().is_some_and(|items| items.len() <= PAGE))?;
            if is_first {
                let asked = self.asked.try_get_value()?;
                let page = self.read.run(None).await;
                // What was asked for meanwhile is newer than this answer.
                if let (Ok(page), true) = (page, self.asked.try_get_value()? == asked) {
                    let known = self.items.try_with_untracked(|items| items.ready() == Some(&page.items))?;
                    if !known {
                        self.next.try_set(page.next_cursor);
                        self.items.try_set(Load::Ready(page.items));
                    }
                }
            }
            Some(FRESH_MS)
        });
    }

    /// Reads it again, for what is asked now: what was shown goes at once.
    pub(super) fn anew(self) {
        self.next.set(None);
        self.items.set(Load::Loading);
        self.again();
    }

    /// Adds the page that begins at `cursor`.
    fn more(self, cursor: String) {
        if self.is_turning.get_untracked() {
            return;
        }
        let asked = self.ask();
        self.is_turning.set(true);
        let reading = self.read.run(Some(cursor));
        spawn_local(async move {
            let read = reading.await;
            // What was asked for meanwhile begins anew.
            if self.asked.try_get_value() != Some(asked) {
                return;
            }
            self.is_turning.try_set(false);
            match read {
                Ok(page) => {
                    self.items.try_update(|items| {
                        if let Load::Ready(known) = items {
                            known.extend(page.items);
                        }
                    });
                    self.next.try_set(page.next_cursor);
                }
                Err(error) => {
                    self.more_error.try_set(Some(error));
                }
            }
        });
    }
}

/// The rows of a list, each with a number that it keeps while it says the same: what did not change stays where the
/// pointer or the focus is.
fn numbered<T: Clone + PartialEq + Send + Sync + 'static>(listed: Listed<T>) -> Memo<Vec<(u32, T)>> {
    let serial = StoredValue::new(0_u32);
    Memo::new(move |before: Option<&Vec<(u32, T)>>| {
        let mut left: Vec<&(u32, T)> = before.into_iter().flatten().collect();
        listed.items.with(|items| {
            let items = items.ready().map(Vec::as_slice).unwrap_or_default();
            let rows = items.iter().map(|item| {
                let known = left.iter().position(|(_, known)| known == item).map(|at| left.remove(at).0);
                let number = known.unwrap_or_else(|| {
                    serial.update_value(|serial| *serial += 1);
                    serial.get_value()
                });
                (number, item.clone())
            });
            rows.collect()
        })
    })
}

/// What is said where a list has nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Empty(pub(super) Glyph, pub(super) &'static str);

/// The rows of a list as a table with these column heads. Where it has no room a row becomes a card: each cell names
/// itself by `data-label`.
#[component]
pub(super) fn ListTable<T: Clone + PartialEq + Send + Sync + 'static>(
    listed: Listed<T>,
    name: &'static str,
    heads: Vec<&'static str>,
    #[prop(into)] empty: Signal<Empty>,
    /// What one can do about there being none.
    #[prop(optional, into)]
    way_out: Option<Callback<(), AnyView>>,
    row: fn(&T, Listed<T>) -> AnyView,
) -> impl IntoView {
    let retry = Callback::new(move |()| listed.again());
    let rows = numbered(listed);
    let table = move || {
        let heads = heads.iter().map(|head| view! { <th scope="col">{*head}</th> }).collect_view();
        view! {
            <table class="table">
                <caption class="visually-hidden">{name}</caption>
                <thead>
                    <tr>{heads}</tr>
                </thead>
                <tbody>
                    <For
                        each=move || rows.get()
                        key=|(serial, _)| *serial
                        children=move |(_, item)| row(&item, listed)
                    />
                </tbody>
            </table>
        }
    };
    // Whether there are rows: the table stays while only they change.
    let phase = Memo::new(move |_| {
        listed.items.with(|items| match items {
            Load::Loading => Load::Loading,
            Load::Failed(error) => Load::Failed(error.clone()),
            Load::Ready(items) => Load::Ready(!items.is_empty()),
        })
    });
    let none = move || {
        let Empty(glyph, text) = empty.get();
        view! {
            <div class="empty">
                {icon(glyph)}
                <p>{text}</p>
                {way_out.map(|way_out| way_out.run(()))}
            </div>
        }
    };
    view! {
        <div class="card card-flush list">
            {move || match phase.get() {
                Load::Loading => view! { <div class="empty"><Skeleton /></div> }.into_any(),
                Load::Failed(error) => view! { <Failure error=error retry=retry /> }.into_any(),
                Load::Ready(false) => none().into_any(),
                Load::Ready(true) => table().into_any(),
            }}
        </div>
        {move || {
            listed
                .next
                .get()
                .map(|cursor| {
                    view! {
                        <button
                            type="button"
                            class="button list-more"
                            class:is-busy=move || listed.is_turning.get()
                            aria-disabled=move || listed.is_turning.get().to_string()
                            on:click=move |_| listed.more(cursor.clone())
                        >
                            {t!("console.more")}
                        </button>
                    }
                })
        }}
        {move || listed.more_error.get().map(|error| view! { <Failure error=error /> })}
    }
}
