//! A small line over time.

use leptos::prelude::*;

use crate::throughput::{Rate, points};

const WIDTH: u16 = 320;
const HEIGHT: u16 = 56;

/// The line through `rates`; `label` says in words what it shows.
#[component]
pub(crate) fn Chart(#[prop(into)] rates: Signal<Vec<Rate>>, #[prop(into)] label: Signal<String>) -> impl IntoView {
    let line = Memo::new(move |_| rates.with(|rates| points(rates, f64::from(WIDTH), f64::from(HEIGHT))));
    let area = move || format!("0,{HEIGHT} {} {WIDTH},{HEIGHT}", line.get());
    view! {
        <svg
            class="chart"
            viewBox=format!("0 -2 {WIDTH} {}", HEIGHT + 4)
            preserveAspectRatio="none"
            role="img"
            aria-label=label
        >
            <polygon class="chart-area" points=area />
            <polyline class="chart-line" points=line vector-effect="non-scaling-stroke" />
        </svg>
    }
}
