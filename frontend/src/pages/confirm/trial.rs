//! What a free trial would copy. The survey counts all mail, so a dry run of the trial's kind counts anew, whenever
//! ticks or options have changed.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    dry_run::{DryRun, DryRunState},
    ids::PairId,
    order::{OrderOptions, OrderTotals, StartKind},
};

use super::dry_run;
use crate::{api::ApiError, format, state::order::OrderContext};

/// What was counted so far for the trial.
#[derive(Clone, Copy)]
pub(super) struct TrialCount {
    pub(super) result: RwSignal<Option<DryRun>>,
    pub(super) failure: RwSignal<Option<ApiError>>,
}

/// What the count depends on.
#[derive(Clone, PartialEq)]
struct Wanted {
    ticked: Vec<PairId>,
    options: OrderOptions,
}

fn wanted(context: OrderContext) -> Option<Wanted> {
    if context.typed().start.kind.get() != StartKind::Trial {
        return None;
    }
    let ticked: Vec<_> = context.pairs().into_iter().filter(|pair| pair.ticked).map(|pair| pair.id).collect();
    (!ticked.is_empty()).then(|| Wanted { ticked, options: context.order.with(|order| order.options.clone()) })
}

impl TrialCount {
    /// Counts as long as the step is shown.
    pub(super) fn follow(context: OrderContext) -> Self {
        let count = Self { result: RwSignal::new(None), failure: RwSignal::new(None) };
        let wanted = Memo::new(move |_| wanted(context));
        Effect::new(move || {
            let Some(asked) = wanted.get() else { return };
            count.result.set(None);
            count.failure.set(None);
            spawn_local(async move {
                let is_current = || wanted.try_get_untracked().flatten().as_ref() == Some(&asked);
                let told = |result: DryRun| {
                    if is_current() {
                        count.result.try_set(Some(result));
                    }
                };
                let ended = dry_run::run(context, StartKind::Trial, told, is_current).await;
                if let (Err(error), true) = (ended, is_current()) {
                    count.failure.try_set(Some(error));
                }
            });
        });
        count
    }

    /// True if all was counted, and there is no mail so young.
    pub(super) fn is_nothing(self) -> bool {
        self.result.with(|result| {
            result.as_ref().is_some_and(|result| {
                let all_counted = result.pairs.iter().all(|pair| pair.state == DryRunState::Finished);
                result.finished && all_counted && result.counts.copy == 0 && result.counts.present == 0
            })
        })
    }

    /// The order's sums for the trial alone; `None` where they are not counted.
    pub(super) fn totals(self, all: OrderTotals) -> Option<OrderTotals> {
        self.result.with(|result| {
            let result = result.as_ref()?;
            let (messages, size_bytes) = (result.counts.copy, result.counts.copy_bytes);
            let estimated_seconds = all
                .estimated_seconds
                .map(|seconds| format::share_of(seconds, (messages, size_bytes), (all.messages, all.size_bytes)));
            Some(OrderTotals { messages, size_bytes, survey_complete: result.finished, estimated_seconds, ..all })
        })
    }
}
