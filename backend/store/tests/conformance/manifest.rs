use mailferry_domain::{
    folder::FolderPath,
    item::Flags,
    ledger::{Cursor, Outcome},
    manifest::{FORMAT, ManifestEntry, ManifestHead, ManifestOutcome, VERSION},
    uid::{Uid, UidValidity},
};
use mailferry_engine::port::{Entry, FolderBinding, FolderStart, Ledger};
use mailferry_shared::finding::{Finding, FindingCode, FindingDetail};
use mailferry_store::RunLedger;

use crate::{
    ledger::{LedgerSteps, binding, intent, key, listed, settlement, stored, two_runs},
    world::World,
};

on_both! {
    the_manifest_names_every_message_also_where_a_run_opened_nothing;
    what_is_at_the_source_no_more_is_named_only_if_it_was_copied;
    what_was_not_copied_is_told_as_no_part_of_the_proof;
    after_another_source_uidvalidity_the_new_uids_are_named;
}

fn head() -> ManifestHead {
    ManifestHead {
        format: FORMAT.to_owned(),
        version: VERSION,
        created_at: chrono::DateTime::UNIX_EPOCH,
        source: "a".to_owned(),
        destination: "b".to_owned(),
        messages: 0,
        left_out: Vec::new(),
        not_proven: Vec::new(),
    }
}

async fn manifest(ledger: &RunLedger) -> Vec<ManifestEntry> {
    let mut text = Vec::new();
    let messages = ledger.write_manifest(head(), &mut text).await.expect("written");
    let text = String::from_utf8(text).expect("UTF-8");
    let mut lines = text.lines();
    let head: ManifestHead = serde_json::from_str(lines.next().expect("a head")).expect("a head");
    let entries: Vec<ManifestEntry> = lines.map(|line| serde_json::from_str(line).expect("an entry")).collect();
    assert_eq!((head.messages, messages), (entries.len() as u64, entries.len() as u64));
    entries
}

fn outcomes(entries: &[ManifestEntry]) -> Vec<(&str, u32, ManifestOutcome, Option<FindingCode>)> {
    entries.iter().map(|entry| (entry.source.folder.as_str(), entry.source.uid, entry.outcome, entry.code)).collect()
}

async fn the_manifest_names_every_message_also_where_a_run_opened_nothing(world: World) {
    let (first, second) = two_runs(&world).await;
    let (inbox, _) = first.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    let (old, _) = first.open_folder(&binding("Old", "Archive/Old")).await.expect("opens");
    first.start_folder(inbox, listed(4)).await.expect("starts");
    first.intend(inbox, 77, &[intent(1), intent(2)]).await.expect("intends");
    let skipped = settlement(3, Outcome::Skipped(FindingCode::MessageTooLarge));
    let present = settlement(4, Outcome::Present(Some(Uid(9))));
    first.settle(inbox, &[stored(1..=2), vec![skipped, present]].concat()).await.expect("settles");
    first.start_folder(old, listed(2)).await.expect("starts");
    first.settle(old, &stored(1..=2)).await.expect("settles");
    let told = manifest(&first).await;
    let (stored, skipped, present) = (ManifestOutcome::Stored, ManifestOutcome::Skipped, ManifestOutcome::Present);
    let large = Some(FindingCode::MessageTooLarge);
    let expected = [
        ("Old", 1, stored, None),
        ("Old", 2, stored, None),
        ("INBOX", 1, stored, None),
        ("INBOX", 2, stored, None),
        ("INBOX", 3, skipped, large),
        ("INBOX", 4, present, None),
    ];
    assert_eq!(outcomes(&told), expected, "by destination");
    let one = &told[2];
    assert_eq!((one.key(), one.destination.uid, one.destination.uid_validity), (Some(key(1)), Some(101), 1));
    assert_eq!((&one.flags, one.message_id.as_deref()), (&Some(Flags::new(["\\Seen"])), Some("<1@example.org>")));
    assert_eq!(one.internal_date, intent(1).internal_date);
    assert_eq!(one.fingerprint, Some(intent(1).traits.print));
    assert_eq!((told[4].key(), &told[4].flags, told[4].size_bytes), (None, &None, 30), "it was never read");
    // A run that finds nothing changed: it opens no folder.
    let cursor = Cursor {
        source_modseq: None,
        source_uid_validity: UidValidity(1),
        source_uid_next: 5,
        messages: 4,
        size_bytes: 100,
        destination_uid_validity: UidValidity(1),
    };
    let second = second().await;
    second.write(vec![Entry::Unchanged(old, cursor)]).await.expect("written");
    assert_eq!(manifest(&second).await, told);
}

async fn what_is_at_the_source_no_more_is_named_only_if_it_was_copied(world: World) {
    let (first, second) = two_runs(&world).await;
    let (inbox, _) = first.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    first.start_folder(inbox, listed(2)).await.expect("starts");
    let failed = settlement(2, Outcome::Failed(FindingCode::MessageRefused));
    first.settle(inbox, &[stored(1..=1), vec![failed]].concat()).await.expect("settles");
    assert_eq!(manifest(&first).await.len(), 2);
    // Both were deleted at the source.
    let second = second().await;
    second.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    second.start_folder(inbox, listed(0)).await.expect("starts");
    assert_eq!(outcomes(&manifest(&second).await), [("INBOX", 1, ManifestOutcome::Stored, None)]);
}

async fn after_another_source_uidvalidity_the_new_uids_are_named(world: World) {
    let (first, second) = two_runs(&world).await;
    let (inbox, _) = first.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    first.start_folder(inbox, listed(1)).await.expect("starts");
    first.settle(inbox, &stored(1..=1)).await.expect("settles");
    let second = second().await;
    let renumbered = FolderBinding { source_uid_validity: UidValidity(2), ..binding("INBOX", "INBOX") };
    second.open_folder(&renumbered).await.expect("opens");
    second.start_folder(inbox, listed(1)).await.expect("starts");
    let again = settlement(7, Outcome::Present(Some(Uid(101))));
    second.settle(inbox, &[again]).await.expect("settles");
    let told = manifest(&second).await;
    assert_eq!(outcomes(&told), [("INBOX", 7, ManifestOutcome::Present, None)]);
    assert_eq!(told[0].source.uid_validity, 2);
}

async fn what_was_not_copied_is_told_as_no_part_of_the_proof(world: World) {
    let (first, second) = two_runs(&world).await;
    let not_proven = async |ledger: &RunLedger| {
        let mut text = Vec::new();
        ledger.write_manifest(head(), &mut text).await.expect("written");
        let line = text.split(|byte| *byte == b'\n').next().expect("a head");
        let head: ManifestHead = serde_json::from_slice(line).expect("a head");
        head.not_proven.into_iter().map(|finding| (finding.code, finding.topic())).collect::<Vec<_>>()
    };
    let (inbox, _) = first.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    first.start_folder(inbox, listed(5)).await.expect("starts");
    // The last one may have been sent, so that it is looked for.
    first.intend(inbox, 77, &[intent(1), intent(2), intent(3)]).await.expect("intends");
    first.settle(inbox, &stored(1..=2)).await.expect("settles");
    let twelve = FindingDetail { messages: Some(12), ..FindingDetail::default() };
    let note = Finding::new(FindingCode::FolderUnreadable).about("Locked").with(twelve);
    let awaited = ["INBOX", "Locked", "Never begun"].map(|text| FolderPath::parse(text).expect("a path"));
    first
        .write(vec![
            Entry::Awaited(awaited.to_vec()),
            Entry::Awaited(awaited[2..].to_vec()),
            Entry::Note(note),
            Entry::Note(Finding::new(FindingCode::DateMissing).about("INBOX UID 1")),
        ])
        .await
        .expect("notes");
    let told = |subject: &str| (FindingCode::NotProven, Some(subject.to_owned()));
    let expected = [told("INBOX (2 messages)"), told("Locked (12 messages)"), told("Never begun")];
    assert_eq!(not_proven(&first).await, expected);
    // A later run that is stopped before it knows its folders hides nothing of that.
    let second = second().await;
    second.note(&Finding::new(FindingCode::FolderRenamed).about("a → b")).await.expect("noted");
    assert_eq!(not_proven(&second).await, expected);
    // One that can read everything, and is to leave one folder out.
    let (inbox, _) = second.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    let start = FolderStart { present_earlier: 2, ..listed(5) };
    second.start_folder(inbox, start).await.expect("starts");
    second.intend(inbox, 80, &[intent(3), intent(4), intent(5)]).await.expect("intends");
    second.settle(inbox, &stored(3..=5)).await.expect("settles");
    assert_eq!(not_proven(&second).await, []);
}
