//! Buttons of which one is pressed: what a list is narrowed to.

use leptos::prelude::*;

use crate::t;

/// A button for each of `choices`, which are values with their names.
#[component]
pub(super) fn Chips<T: Copy + PartialEq + Send + Sync + 'static>(
    choices: Vec<(T, &'static str)>,
    chosen: RwSignal<T>,
    /// Told after one was pressed.
    #[prop(into)]
    on_choose: Callback<()>,
) -> impl IntoView {
    let chip = move |(value, name): (T, &'static str)| {
        view! {
            <button
                type="button"
                class="chip"
                aria-pressed=move || (chosen.get() == value).to_string()
                on:click=move |_| {
                    chosen.set(value);
                    on_choose.run(());
                }
            >
                {name}
            </button>
        }
    };
    view! {
        <div class="chips" role="group" aria-label=t!("status.col_state")>
            {choices.into_iter().map(chip).collect_view()}
        </div>
    }
}
