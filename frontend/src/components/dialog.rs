//! A modal dialog: the browser's own, with its focus trap, Escape and backdrop.

use leptos::{html, prelude::*};

use super::icon::{Glyph, icon};
use crate::t;

/// How wide a dialog is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DialogSize {
    Small,
    Medium,
    Wide,
}

impl DialogSize {
    fn class(self) -> &'static str {
        match self {
            Self::Small => "dialog dialog-small",
            Self::Medium => "dialog",
            Self::Wide => "dialog dialog-wide",
        }
    }
}

/// Shows its children while `open`; closing by Escape, the button or the caller sets `open` to false.
#[component]
pub(crate) fn Dialog(
    id: &'static str,
    #[prop(into)] title: Signal<String>,
    open: RwSignal<bool>,
    #[prop(default = DialogSize::Medium)] size: DialogSize,
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    let title_id = format!("{id}-title");
    let labelled = title_id.clone();
    Effect::new(move || {
        let wanted = open.get();
        if let Some(dialog) = element.get() {
            if wanted && !dialog.open() {
                let _ = dialog.show_modal();
            } else if !wanted && dialog.open() {
                dialog.close();
            }
        }
    });
    view! {
        <dialog class=size.class() id=id aria-labelledby=labelled node_ref=element on:close=move |_| open.set(false)>
            <Show when=move || open.get()>
                <div class="dialog-body">
                    <div class="dialog-head">
                        <h2 id=title_id.clone()>{move || title.get()}</h2>
                        <button
                            type="button"
                            class="button button-quiet button-icon button-small"
                            aria-label=t!("action.close")
                            on:click=move |_| open.set(false)
                        >
                            {icon(Glyph::Close)}
                        </button>
                    </div>
                    {children()}
                </div>
            </Show>
        </dialog>
    }
}
