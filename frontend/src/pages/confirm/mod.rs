use leptos::prelude::*;
#[component] pub(crate) fn Confirm() -> impl IntoView {}
