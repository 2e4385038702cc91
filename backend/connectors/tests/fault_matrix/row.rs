//! One row of the matrix: points tried, and what was lost and doubled.

use std::fmt::Write as _;

use futures::{StreamExt, stream};
use mailferry_engine::port::Step;
use mailferry_lab::matrix;

use crate::{ground::Ground, point::Point};

/// Points that are tried at once: most of the time each waits.
const AT_ONCE: usize = 6;

/// How many points of a conversation a sweep tries.
pub(crate) fn points() -> usize {
    std::env::var("MATRIX_POINTS").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

/// `count` numbers from 0 to `last`, evenly.
pub(crate) fn spread(last: u64, count: usize) -> Vec<u64> {
    let gaps = (count.max(2) - 1) as u64;
    let mut all: Vec<u64> = (0..=gaps).map(|n| last * n / gaps).collect();
    all.dedup();
    all
}

/// What became of the destination at one point.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    /// Whatever else is not as it must be, in words.
    pub(crate) wrong: Vec<String>,
}

/// How a row is tried.
pub(crate) struct Sweep<'g> {
    row: &'g str,
    ground: &'g Ground,
    at_once: usize,
    own_source: bool,
}

impl<'g> Sweep<'g> {
    pub(crate) fn of(row: &'g str, ground: &'g Ground) -> Self {
        Self { row, ground, at_once: AT_ONCE, own_source: false }
    }

    /// One point after the other: each does something to a whole server.
    pub(crate) fn in_turn(self) -> Self {
        Self { at_once: 1, ..self }
    }

    /// Every point has a source of its own, that may be changed.
    pub(crate) fn with_own_sources(self) -> Self {
        Self { own_source: true, ..self }
    }

    /// Tries every one of `cases` at a point of its own, and fails unless nothing at all went wrong.
    pub(crate) async fn over<T: std::fmt::Debug>(
        self,
        cases: impl IntoIterator<Item = T>,
        each: impl AsyncFn(&Point<'g>, T),
    ) {
        let Self { row, ground, at_once, own_source } = self;
        let each = &each;
        let verdicts: Vec<(String, Verdict)> = stream::iter(cases)
            .map(|case| async move {
                let name = format!("{case:?}");
                let point = if own_source { ground.point_with_source() } else { ground.point() };
                each(&point, case).await;
                (name, point.verdict().await)
            })
            .buffer_unordered(at_once)
            .collect()
            .await;
        conclude(row, &verdicts, ground.source_is_untouched());
    }
}

/// Tries every one of `cases` at a point of its own, and fails unless nothing at all went wrong.
pub(crate) async fn sweep<'g, T: std::fmt::Debug>(
    row: &'g str,
    ground: &'g Ground,
    cases: impl IntoIterator<Item = T>,
    each: impl AsyncFn(&Point<'g>, T),
) {
    Sweep::of(row, ground).over(cases, each).await;
}

pub(crate) fn conclude(row: &str, verdicts: &[(String, Verdict)], untouched: bool) {
    let lost: u64 = verdicts.iter().map(|(_, verdict)| verdict.lost).sum();
    let doubled: u64 = verdicts.iter().map(|(_, verdict)| verdict.doubled).sum();
    let mut wrong = String::new();
    for (name, verdict) in verdicts {
        if verdict.lost + verdict.doubled > 0 || !verdict.wrong.is_empty() {
            let _ = writeln!(wrong, "{name}: {verdict:?}");
        }
    }
    matrix::record(row, verdicts.len(), lost, doubled);
    assert!(!verdicts.is_empty(), "{row}: no point was tried");
    assert!(wrong.is_empty(), "{row}:\n{wrong}");
    assert!(untouched, "{row}: the source was changed");
}

/// At most `count` of the steps of an undisturbed run, evenly.
pub(crate) fn steps(ground: &Ground, count: usize) -> impl Iterator<Item = usize> {
    up_to(ground.clean.steps.len() - 1, count)
}

/// Steps after which the source is needed, whoever is faster: the kind, and the how manieth of it.
pub(crate) fn needing_source(ground: &Ground) -> impl Iterator<Item = (Step, usize)> {
    // A portion of folders has not been listed; of the first one nothing has been read.
    openings(ground).chain([(Step::Planned, 0)])
}

/// The same of the destination.
pub(crate) fn needing_destination(ground: &Ground) -> impl Iterator<Item = (Step, usize)> {
    openings(ground).chain([Step::Planned, Step::BeforeIntent, Step::AfterIntent].map(|step| (step, 0)))
}

fn openings(ground: &Ground) -> impl Iterator<Item = (Step, usize)> {
    let portions = ground.clean.steps.iter().filter(|step| **step == Step::CreateFolder).count();
    (0..portions).map(|nth| (Step::CreateFolder, nth))
}

fn up_to(last: usize, count: usize) -> impl Iterator<Item = usize> {
    spread(last as u64, count).into_iter().filter_map(|step| usize::try_from(step).ok())
}
