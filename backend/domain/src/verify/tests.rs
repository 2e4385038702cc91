//! Grading, stated.

use std::collections::HashMap;

use mailferry_shared::verification::{Difference, DifferenceKind};
use proptest::prelude::*;

use super::*;
use crate::{
    item::ContentHash,
    manifest::{DestinationRef, SentRepaired, SourceRef},
    print::Fingerprint,
    repair::{Repair, Repairs},
};

fn key(content: u8) -> ContentKey {
    ContentKey { size_bytes: u64::from(content), hash: ContentHash([content; 32]) }
}

/// An entry of a body and a header, at a place; both together are its content.
fn entry(uid: Option<u32>, body: u8, head: u8) -> ManifestEntry {
    let content = key(body * 16 + head);
    ManifestEntry {
        sha256: Some(content.hash),
        size_bytes: content.size_bytes,
        flags: Some(Flags::new(["\\Seen"])),
        internal_date: None,
        message_id: Some(format!("<{body}@example.org>")),
        source: SourceRef { folder: "INBOX".to_owned(), uid_validity: 1, uid: 1 },
        destination: DestinationRef { folder: "INBOX".to_owned(), uid_validity: 1, uid },
        outcome: ManifestOutcome::Stored,
        code: None,
        sent: None,
        fingerprint: Some(Fingerprint { body: [body; BODY_HASH_BYTES], fields: vec![u16::from(head)] }),
    }
}

fn found(uid: u32, body: u8, head: u8) -> Found {
    Found {
        seen: Seen { uid: Uid(uid), flags: Flags::new(["\\Seen"]), internal_date: None },
        key: key(body * 16 + head),
        message_id: Some(format!("<{body}@example.org>")),
        body: [body; BODY_HASH_BYTES],
        fields: vec![Field { name: "Subject".to_owned(), hash: u16::from(head) }],
    }
}

fn grades(entries: Vec<ManifestEntry>, there: Vec<Found>) -> Vec<Grade> {
    let mut matching = Matching::default();
    let wanted = entries.len();
    for entry in entries {
        matching.want(entry);
    }
    for found in there {
        matching.keep(found);
    }
    let verdicts = matching.finish();
    assert_eq!(verdicts.len(), wanted, "every entry has one verdict");
    let mut grades: Vec<Grade> = verdicts.into_iter().map(|(_, verdict)| verdict.grade).collect();
    grades.sort_unstable();
    grades
}

#[test]
fn a_message_that_was_sent_repaired_is_judged_by_what_was_sent() {
    let sent =
        SentRepaired { sha256: Some(key(50).hash), size_bytes: 50, repaired: Repairs::default().and(Repair::LineEnds) };
    let entry = ManifestEntry { sent: Some(sent), ..entry(Some(5), 1, 1) };
    let repaired = Change::Repaired(Repairs::default().and(Repair::LineEnds));
    let there = same_bytes(&entry, &found(5, 1, 1).seen);
    assert_eq!((there.grade, there.changes.as_slice()), (Grade::Repaired, &[repaired.clone()][..]));
    assert!(!there.is_perfect(), "it is named");
    let mut matching = Matching::default();
    matching.want(entry.clone());
    assert!(matching.wants(&key(50)) && !matching.wants(&key(17)));
    let (_, moved) = matching.take(&key(50), found(9, 1, 1).seen).expect("its bytes");
    assert_eq!(moved.grade, Grade::Repaired);
    let changed = other_bytes(&entry, &Found { body: [9; BODY_HASH_BYTES], ..found(5, 1, 1) });
    assert_eq!((changed.grade, changed.changes.as_slice()), (Grade::Different, &[Change::Body, repaired][..]));
    let mut counts = VerificationCounts::default();
    there.count(&mut counts);
    assert_eq!((counts.identical, counts.repaired, counts.arrived(), counts.is_perfect()), (0, 1, 1, true));
}

#[test]
fn a_changed_header_is_a_rewritten_message_and_the_header_is_named() {
    let verdict = other_bytes(&entry(Some(5), 1, 1), &found(5, 1, 2));
    assert_eq!((verdict.grade, verdict.changes), (Grade::Rewritten, vec![Change::Header("Subject".to_owned())]));
}

#[test]
fn a_changed_body_is_a_different_message_even_under_the_same_message_id() {
    let changed = Found { body: [9; BODY_HASH_BYTES], ..found(5, 1, 1) };
    let verdict = other_bytes(&entry(Some(5), 1, 1), &changed);
    assert_eq!((verdict.grade, &verdict.changes), (Grade::Different, &vec![Change::Body]));
    let item = verdict.item(entry(Some(5), 1, 1));
    assert_eq!((item.size_bytes, item.destination_size_bytes), (17, Some(17)));
    assert_eq!(item.differences, [Difference::new(DifferenceKind::Body)]);
}

#[test]
fn another_message_in_its_place_is_named_by_its_message_id() {
    let other = Found { message_id: Some("<2@example.org>".to_owned()), ..found(5, 1, 2) };
    let verdict = other_bytes(&entry(Some(5), 1, 1), &other);
    assert_eq!(verdict.grade, Grade::Different);
    let new = Difference::new;
    let header = Difference { header: Some("Subject".to_owned()), ..new(DifferenceKind::Header) };
    let id = Difference { found: Some("<2@example.org>".to_owned()), ..new(DifferenceKind::MessageId) };
    assert_eq!(verdict.item(entry(Some(5), 1, 1)).differences, [header, id]);
}

#[test]
fn every_change_is_told_with_its_values() {
    let repairs = Repairs::default().and(Repair::LineEnds).and(Repair::Date);
    let told: Vec<String> = [
        Change::Header("Subject".to_owned()),
        Change::HeadersGone(2),
        Change::HeaderOrder,
        Change::LineEnds,
        Change::MessageId(None),
        Change::Body,
        Change::Bytes,
        Change::Repaired(repairs),
    ]
    .into_iter()
    .map(|change| Difference::from(change).to_string())
    .collect();
    assert_eq!(
        told,
        [
            "header Subject",
            "2 header fields are gone",
            "order of the header fields",
            "line ends",
            "Message-ID",
            "body",
            "bytes",
            "repaired before it was sent: line ends, date",
        ]
    );
}

#[test]
fn without_a_fingerprint_other_bytes_are_never_called_rewritten() {
    let old = ManifestEntry { fingerprint: None, ..entry(Some(5), 1, 1) };
    assert_eq!(other_bytes(&old, &found(5, 1, 2)).grade, Grade::Different);
}

#[test]
fn flags_and_dates_are_compared_where_we_have_set_them() {
    let date = |text: &str| DateTime::parse_from_rfc3339(text).expect("a date");
    let dated = ManifestEntry { internal_date: Some(date("2020-01-01T10:00:00+01:00")), ..entry(Some(1), 1, 1) };
    let seen = |text: &str| Seen { uid: Uid(1), flags: Flags::new(["\\Flagged"]), internal_date: Some(date(text)) };
    let verdict = same_bytes(&dated, &seen("2020-01-01T09:00:00+00:00"));
    assert_eq!((verdict.flags_missing.join(" "), verdict.flags_added.join(" ")), ("\\Seen".into(), "\\Flagged".into()));
    assert_eq!(verdict.dates, None, "the same instant in another zone");
    assert!(same_bytes(&dated, &seen("2020-01-01T09:00:01+00:00")).dates.is_some());
    let present = ManifestEntry { outcome: ManifestOutcome::Present, ..dated };
    assert!(same_bytes(&present, &seen("2021-01-01T09:00:00+00:00")).is_perfect());
}

#[test]
fn uids_that_the_server_told_the_wrong_way_round_are_no_difference() {
    let entries = vec![entry(Some(1), 1, 0), entry(Some(2), 2, 0)];
    assert_eq!(grades(entries, vec![found(1, 2, 0), found(2, 1, 0)]), [Grade::Identical, Grade::Identical]);
}

#[test]
fn of_two_messages_of_the_same_bytes_each_is_compared_with_its_own_flags() {
    let flagged = |uid, flag: &str| ManifestEntry { flags: Some(Flags::new([flag])), ..entry(Some(uid), 1, 0) };
    let mut matching = Matching::default();
    matching.want(flagged(1, "\\Seen"));
    matching.want(flagged(2, "\\Flagged"));
    let seen = |uid, flag: &str| Seen { uid: Uid(uid), flags: Flags::new([flag]), internal_date: None };
    assert_eq!(matching.take(&key(16), seen(7, "\\Draft")), None, "it may be either");
    let (taken, verdict) = matching.take(&key(16), seen(8, "\\Seen")).expect("the first");
    assert!(verdict.is_perfect() && taken.destination.uid == Some(1));
    let left: Vec<_> = matching.finish().into_iter().map(|(_, verdict)| (verdict.grade, verdict.flags_added)).collect();
    assert_eq!(left, [(Grade::Identical, vec!["\\Draft".to_owned()])]);
}

#[test]
fn messages_of_the_same_bytes_that_have_changed_places_are_no_difference() {
    let flagged = |uid, flag: &str| ManifestEntry { flags: Some(Flags::new([flag])), ..entry(Some(uid), 1, 0) };
    let seen = |uid, flag: &str| Seen { uid: Uid(uid), flags: Flags::new([flag]), internal_date: None };
    let mut matching = Matching::default();
    matching.want_better(flagged(1, "\\Seen"), seen(1, "\\Flagged"));
    matching.want_better(flagged(2, "\\Flagged"), seen(2, "\\Seen"));
    assert!(!matching.lacks());
    assert!(matching.finish().iter().all(|(_, verdict)| verdict.is_perfect()));
}

#[test]
fn a_message_replaced_by_an_altered_one_is_different_and_a_deleted_one_is_absent() {
    let altered = Found { body: [9; BODY_HASH_BYTES], key: key(200), ..found(8, 1, 0) };
    assert_eq!(
        grades(vec![entry(Some(1), 1, 0), entry(Some(2), 2, 0)], vec![altered]),
        [Grade::Different, Grade::Absent]
    );
}

proptest! {
    /// Whatever lies there, under whatever UIDs: content is a multiset, and nothing is called identical twice.
    #[test]
    fn as_many_are_identical_as_both_sides_have_of_a_content(
        wanted in prop::collection::vec((prop::option::of(1u32..30), 0u8..4, 0u8..3), 0..20),
        there in prop::collection::vec((0u8..4, 0u8..3), 0..20),
    ) {
        let mut left: HashMap<_, usize> = HashMap::new();
        for content in &there {
            *left.entry(*content).or_default() += 1;
        }
        let mut identical = 0;
        for (_, body, head) in &wanted {
            if let Some(left) = left.get_mut(&(*body, *head)).filter(|left| **left > 0) {
                *left -= 1;
                identical += 1;
            }
        }
        let entries = wanted.iter().map(|(uid, body, head)| entry(*uid, *body, *head)).collect();
        let found = there.iter().zip(1..).map(|((body, head), uid)| found(uid, *body, *head)).collect();
        let grades = grades(entries, found);
        prop_assert_eq!(grades.iter().filter(|grade| **grade == Grade::Identical).count(), identical);
        let arrived = grades.iter().filter(|grade| **grade != Grade::Absent).count();
        prop_assert!(arrived <= there.len(), "each message stands for one entry");
    }
}

#[test]
fn a_message_that_the_destination_keeps_for_two_alike_stands_for_both_and_for_no_third() {
    let merged = |uid| ManifestEntry { outcome: ManifestOutcome::Present, ..entry(uid, 1, 1) };
    let mut matching = Matching::default();
    // Sent, and told to lie where another one does; the same from another server's words; never told; another's place.
    for entry in [merged(Some(5)), entry(Some(5), 1, 1), merged(None), merged(Some(6))] {
        matching.want(entry);
    }
    assert_eq!(matching.shared_places(1).to_string(), "5:6");
    assert!(matching.shared_places(2).is_empty(), "renumbered since");
    let taken = matching.take_shared(&key(17), &found(5, 1, 1).seen);
    let grades: Vec<_> = taken.iter().map(|(entry, verdict)| (entry.outcome, verdict.grade, verdict.uid)).collect();
    assert_eq!(grades, [(ManifestOutcome::Present, Grade::Identical, Some(Uid(5)))]);
    assert!(matching.take_shared(&key(18), &found(6, 1, 2).seen).is_empty(), "other bytes");
    let left: Vec<Grade> = matching.finish().into_iter().map(|(_, verdict)| verdict.grade).collect();
    assert_eq!(left, [Grade::Absent; 3]);
}
