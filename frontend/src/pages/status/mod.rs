use leptos::prelude::*;
#[component] pub(crate) fn Status() -> impl IntoView {}
