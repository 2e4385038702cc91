//! The console of resellers and operators.

use leptos::prelude::*;

use crate::route::Console as Place;

/// The console at `place`.
#[component]
pub(crate) fn Console(place: Place) -> impl IntoView {
    view! { <main class="page" id="main" tabindex="-1">{place.path()}</main> }
}
