use chrono::DateTime;
use mailferry_domain::ledger::Outcome;
use mailferry_shared::finding::FindingCode;
use proptest::prelude::*;

use super::*;
use crate::{job::settlement, port::Body, present::Face};

const SECOND: i64 = 1_500_000_000;

fn looks(text: &str) -> Looks {
    let date = DateTime::from_timestamp(SECOND, 0).map(|date| date.fixed_offset());
    let body = Body::from_bytes(text.replace('\n', "\r\n").into_bytes().into());
    let face = Face::of(date, &body).expect("a date");
    Looks::of(Marks::of(face, &body).expect("in memory"), &body).expect("in memory")
}

fn item(uid: u32) -> ItemMeta {
    let internal_date = DateTime::from_timestamp(SECOND, 0).map(|date| date.fixed_offset());
    ItemMeta { uid: Uid(uid), size_bytes: 1, internal_date }
}

fn held(uid: u32, text: &str) -> Held {
    let settlement = settlement(&item(uid), None, Outcome::Failed(FindingCode::Internal));
    Held { item: item(uid), looks: looks(text), odd: Repairs::default(), settlement }
}

/// Who of these is there, by UID at the source and at the destination, and who is not.
fn decided(there: &[&str], here: &[&str], taken: &[u32]) -> (Vec<(u32, u32)>, Vec<u32>) {
    decided_where(&Kept::default(), there, here, taken)
}

/// The same at a destination of which so much is known.
fn decided_where(kept: &Kept, there: &[&str], here: &[&str], taken: &[u32]) -> (Vec<(u32, u32)>, Vec<u32>) {
    let (pairs, absent, doubtful) = all_decided_where(kept, there, here, taken);
    (pairs, [absent, doubtful].concat())
}

/// And for whom it would have to be known.
fn all_decided_where(
    kept: &Kept,
    there: &[impl AsRef<str>],
    here: &[impl AsRef<str>],
    taken: &[u32],
) -> (Vec<(u32, u32)>, Vec<u32>, Vec<u32>) {
    let mut lookalikes = Lookalikes::default();
    for (uid, text) in (11..).zip(there) {
        lookalikes.add(Uid(uid), looks(text.as_ref()));
    }
    for (uid, text) in (1..).zip(here) {
        lookalikes.hold(held(uid, text.as_ref()));
    }
    let Decided { mut there, absent, doubtful } =
        lookalikes.decide(SECOND, &taken.iter().copied().map(Uid).collect(), kept);
    there.sort_by_key(|(held, _)| held.item.uid);
    let pairs = there.iter().map(|(held, uid)| (held.item.uid.0, uid.0)).collect();
    let uids = |held: &[Held]| held.iter().map(|held| held.item.uid.0).collect();
    (pairs, uids(&absent), uids(&doubtful))
}

fn keeping_bytes() -> Kept {
    let mut kept = Kept::default();
    kept.insert(Repairs::default());
    kept
}

fn showing_parts(changed: bool) -> Kept {
    let mut kept = Kept::default();
    kept.has_shown_parts(changed);
    kept
}

const M: &str = "Message-ID: <m@x>\nSubject: Gr\u{fc}\u{df}e\n\nbody\n";
/// As Cyrus stores it: an X for each 8-bit byte.
const M_REWRITTEN: &str = "Message-ID: <m@x>\nSubject: GrXXXXe\n\nbody\n";

#[test]
fn each_one_there_stands_for_one_here() {
    assert_eq!(decided(&[M_REWRITTEN], &[M, M], &[]), (vec![(1, 11)], vec![2]));
    assert_eq!(decided(&[M_REWRITTEN, M_REWRITTEN], &[M, M], &[]), (vec![(1, 11), (2, 12)], vec![]));
    assert_eq!(decided(&[M_REWRITTEN, M_REWRITTEN], &[M, M], &[11]), (vec![(1, 12)], vec![2]));
    let many = vec![M; 300];
    assert_eq!(decided(&vec![M_REWRITTEN; 299], &many, &[]).1, [300]);
}

#[test]
fn the_most_alike_belong_together() {
    let list = "Message-ID: <m@x>\nList-Id: l\nSubject: Gr\u{fc}\u{df}e\n\nbody\n";
    let list_rewritten = "Message-ID: <m@x>\nList-Id: l\nSubject: GrXXXXe\n\nbody\n";
    let footer = "Message-ID: <m@x>\nSubject: Gr\u{fc}\u{df}e\n\nbody\nfooter\n";
    assert_eq!(decided(&[list_rewritten], &[M, list], &[]), (vec![(2, 11)], vec![1]));
    assert_eq!(decided(&[list_rewritten, M_REWRITTEN], &[M, list], &[]), (vec![(1, 12), (2, 11)], vec![]));
    assert_eq!(decided(&[M_REWRITTEN], &[footer, M], &[]), (vec![(2, 11)], vec![1]));
}

#[test]
fn where_bytes_are_kept_only_lines_that_were_added_make_another_message_the_same() {
    let added = "X-TUID: 0123456789ab\nMessage-ID: <m@x>\nSubject: Gr\u{fc}\u{df}e\n\nbody\n";
    let footer = "X-TUID: 0123456789ab\nMessage-ID: <m@x>\nSubject: Gr\u{fc}\u{df}e\n\nbody\nfooter\n";
    let keeps = keeping_bytes();
    for kept in [&Kept::default(), &keeps] {
        assert_eq!(decided_where(kept, &[added], &[M, M], &[]), (vec![(1, 11)], vec![2]), "{kept:?}");
        assert_eq!(decided_where(kept, &[M_REWRITTEN, added], &[M], &[]), (vec![(1, 12)], vec![]), "{kept:?}");
    }
    assert_eq!(decided_where(&keeps, &[M_REWRITTEN, footer], &[M], &[]), (vec![], vec![1]));
    assert_eq!(decided_where(&keeps, &[M], &[added], &[]), (vec![], vec![1]), "lines are missing there");
    let respelt = "SUBJECT: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\nX-TUID: 1\nMessage-Id: <m@x>\n\nbody\n";
    assert_eq!(decided_where(&keeps, &[M_REWRITTEN, respelt], &[M], &[]), (vec![(1, 12)], vec![]));
}

#[test]
fn what_says_something_else_is_the_same_only_where_what_is_said_is_changed() {
    let footer = "Message-ID: <m@x>\nSubject: Gr\u{fc}\u{df}e\n\nbody\nfooter\n";
    let (plain, list) = ("Message-ID: <m@x>\nSubject: x\n\nbody\n", "Message-ID: <m@x>\nSubject: [l] x\n\nbody\n");
    let of = |kept: &Kept, there: &str, here: &str| all_decided_where(kept, &[there], &[here], &[]);
    for (there, here) in [(footer, M), (M, footer), (plain, list), (list, plain)] {
        assert_eq!(of(&Kept::default(), there, here), (vec![], vec![], vec![1]), "{there}");
        assert_eq!(of(&showing_parts(true), there, here), (vec![(1, 11)], vec![], vec![]), "{there}");
        assert_eq!(of(&showing_parts(false), there, here), (vec![], vec![1], vec![]), "{there}");
        assert_eq!(of(&keeping_bytes(), there, here), (vec![], vec![1], vec![]), "{there}");
    }
    assert_eq!(all_decided_where(&Kept::default(), &[footer, M_REWRITTEN], &[M], &[]).0, [(1, 12)]);
    assert_eq!(of(&Kept::default(), M_REWRITTEN, M).0, [(1, 11)]);
}

#[test]
fn without_a_message_id_only_the_header_may_differ() {
    let (here, there) = ("Subject: \u{fc}\n\nbody\n", "Subject: XX\n\nbody\n");
    assert_eq!(decided(&[there], &[here], &[]), (vec![(1, 11)], vec![]));
    assert_eq!(decided(&["Subject: XX\n\nBody\n"], &[here], &[]), (vec![], vec![1]));
    assert_eq!(decided(&[there], &["Message-ID: <m@x>\n\nbody\n"], &[]), (vec![], vec![1]));
}

#[test]
fn nothing_is_decided_before_all_of_a_second_have_come() {
    let mut lookalikes = Lookalikes::default();
    lookalikes.add(Uid(11), looks(M_REWRITTEN));
    lookalikes.expect(&[item(1), item(2)]);
    assert!(lookalikes.may_be_there(&looks(M).marks, &UidSet::new()));
    assert!(!lookalikes.may_be_there(&looks(M).marks, &[Uid(11)].into_iter().collect()), "it is somebody's");
    assert!(!lookalikes.may_be_there(&looks("Message-ID: <n@x>\n\nbody\n").marks, &UidSet::new()));
    assert_eq!([lookalikes.came(SECOND), lookalikes.came(SECOND), lookalikes.came(SECOND)], [false, true, false]);
}

fn message() -> impl Strategy<Value = String> {
    let line = |lines: &'static [&'static str]| prop::sample::select(lines);
    let ids = line(&["Message-ID: <m@x>\n", "Message-ID: <n@x>\n", ""]);
    let subjects = line(&["Subject: x\n", "SUBJECT:  x\n", "Subject: [l] x\n", "Subject: \u{fc}\n", "Subject: XX\n"]);
    let added = line(&["", "X-TUID: 1\n", "Delivered-To: a\n"]);
    let bodies = line(&["\nbody\n", "\nbody \n", "\nbody\nfooter\n", "\n"]);
    (ids, subjects, added, bodies).prop_map(|(id, subject, added, body)| format!("{added}{id}{subject}{body}"))
}

proptest! {
    /// Whatever lies there: each stands for one here at most, each here has one fate, and nothing that says something else is
    /// taken for the same unless the destination changes what is said.
    #[test]
    fn nobody_is_lost_among_lookalikes(
        there in prop::collection::vec(message(), 0..6),
        here in prop::collection::vec(message(), 0..6),
        (keeps, changed) in (any::<bool>(), any::<Option<bool>>()),
        is_crowded: bool,
    ) {
        let mut kept = if keeps { keeping_bytes() } else { Kept::default() };
        if let Some(changed) = changed {
            kept.has_shown_parts(changed);
        }
        // More than are compared one by one.
        let times = if is_crowded { 65 } else { 1 };
        let many = |texts: &[String]| -> Vec<String> { (0..times).flat_map(|_| texts.to_vec()).collect() };
        let (there, here) = (many(&there), many(&here));
        let (pairs, absent, doubtful) = all_decided_where(&kept, &there, &here, &[]);
        let mut here_again: Vec<u32> = pairs.iter().map(|(here, _)| *here).chain(absent).chain(doubtful.clone()).collect();
        here_again.sort_unstable();
        prop_assert_eq!(here_again, (1..).take(here.len()).collect::<Vec<u32>>());
        let taken: HashSet<u32> = pairs.iter().map(|(_, there)| *there).collect();
        prop_assert_eq!(taken.len(), pairs.len());
        for (mine, other) in pairs {
            let (mine, other) = (looks(&here[mine as usize - 1]), looks(&there[other as usize - 11]));
            prop_assert!(mine.marks.may_be(&other.marks));
            prop_assert!(mine.says_the_same(&other) || changed == Some(true));
            prop_assert!(!keeps || mine.is_within(&other));
        }
        prop_assert!(doubtful.is_empty() || (!keeps && changed.is_none()));
    }
}
