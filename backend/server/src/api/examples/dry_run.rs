//! Examples of dry runs.

use mailferry_shared::{
    dry_run::{DryRun, DryRunCounts, DryRunFolder, DryRunLeftOut, DryRunSkip, DryRunState, LeftOutReason, PairDryRun},
    finding::FindingCode,
    ids::{DryRunId, OrderId, PairId},
    order::StartKind,
};

use super::{at, id};

fn pair(state: DryRunState) -> PairDryRun {
    PairDryRun {
        pair_id: PairId(id(2)),
        source: "anna@old.example".to_owned(),
        destination: "anna@new.example".to_owned(),
        state,
        findings: Vec::new(),
        counts: DryRunCounts::default(),
        folders: Vec::new(),
        left_out: Vec::new(),
        finished_at: None,
    }
}

/// Just begun.
pub fn begun() -> DryRun {
    DryRun {
        id: DryRunId(id(8)),
        order_id: OrderId(id(1)),
        kind: StartKind::Main,
        created_at: at(0),
        finished: false,
        counts: DryRunCounts::default(),
        pairs: vec![pair(DryRunState::Queued)],
    }
}

/// One folder that is mapped to the destination's own, and the trash, which is left out.
pub fn finished() -> DryRun {
    let counts = DryRunCounts {
        listed: 214,
        listed_bytes: 15_000_000,
        copy: 213,
        copy_bytes: 14_000_000,
        skipped: 1,
        skipped_bytes: 1_000_000,
        ..DryRunCounts::default()
    };
    let folder = DryRunFolder {
        source: "Gesendete Objekte".to_owned(),
        destination: "Sent".to_owned(),
        create: false,
        renamed: false,
        counts,
        skipped: vec![DryRunSkip { code: FindingCode::MessageTooLarge, messages: 1, size_bytes: 1_000_000 }],
    };
    let left_out = DryRunLeftOut { folder: "Papierkorb".to_owned(), reason: LeftOutReason::Trash, messages: Some(20) };
    let pair = PairDryRun {
        counts,
        folders: vec![folder],
        left_out: vec![left_out],
        finished_at: Some(at(1)),
        ..pair(DryRunState::Finished)
    };
    DryRun { finished: true, counts, pairs: vec![pair], ..begun() }
}
