//! What is known of something, as one of a list: `<dl class="facts">`.

use leptos::prelude::*;

/// One fact, of which the value is data.
pub(crate) fn fact(name: &'static str, value: String) -> impl IntoView {
    // An address needs the room of two.
    let is_wide = value.contains('@');
    view! {
        <div class="fact" class:fact-wide=is_wide>
            <dt>{name}</dt>
            <dd data-data="">{value}</dd>
        </div>
    }
}
