//! Which message a line breaks at: a damaged one makes some servers hang up, again and again, and must not keep all that
//! lie behind it from being copied.
//!
//! A message is suspected when the line broke twice at it though it was asked for alone. It is left out then, and tried
//! once more when all others have come: if the line breaks again, it has failed. Where one suspect follows another and
//! nothing comes in between, a fresh line is asked for messages that it should bring: if it brings one, the suspects are
//! to blame, and each that follows is left out at its first break; if it brings none, or has never brought anything, it was
//! no message, and nothing is held against any.
//!
//! A source may also refuse one message after the other, each asked for alone, until the session is given up. Those that
//! it refused twice so are left out together, and tried once more at the end like the others.

use std::collections::BTreeSet;

use mailferry_domain::uid::Uid;

use crate::port::FolderFetch;

/// Breaks at one message, asked for alone, before it is left out.
const TWICE: u32 = 2;
/// Messages left out without anything coming, before the line has to prove itself.
const IN_VAIN: usize = 3;

/// What is known of the breaks in one folder.
#[derive(Debug, Default)]
pub(crate) struct Suspect {
    /// The first message that had not come when the line broke, until it is judged.
    stuck: Option<Uid>,
    /// Messages that were refused, one after the other, in the last attempt, until they are judged.
    refused: BTreeSet<Uid>,
    refused_before: BTreeSet<Uid>,
    one_by_one: bool,
    /// The message that the line broke at last, and how often in a row.
    at: Option<(Uid, u32)>,
    left_out: BTreeSet<Uid>,
    /// How many of them since anything came.
    in_vain: usize,
    line_is_bad: bool,
    /// Set once a fresh line has brought another message: single breaks are no chance any more.
    line_is_good: bool,
    /// What a good line should bring, the surest first.
    proofs: Vec<FolderFetch>,
    /// All others have come, and those that were left out are tried once more: for good, if lines do bring messages.
    last_try: Option<bool>,
}

/// What follows from a break.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Nothing yet.
    Open,
    /// These messages are to be left out.
    LeaveOut(BTreeSet<Uid>),
    /// A fresh line has to prove itself: [`Suspect::proved`].
    Prove,
}

impl Suspect {
    /// True if messages are to be asked for one at a time.
    pub(crate) fn one_by_one(&self) -> bool {
        self.one_by_one
    }

    /// The line broke while messages were read, and this one was the first that had not come. A good line should bring
    /// one of `proofs`.
    pub(crate) fn stuck_at(&mut self, uid: Uid, proofs: Vec<FolderFetch>) {
        self.stuck = Some(uid);
        self.proofs = proofs;
    }

    /// True if fresh lines brought nothing.
    pub(crate) fn line_is_bad(&self) -> bool {
        self.line_is_bad
    }

    /// What a good line should bring, the surest first.
    pub(crate) fn proofs(&mut self) -> Vec<FolderFetch> {
        std::mem::take(&mut self.proofs)
    }

    /// A fresh line has brought another message, or has not; what is to be tried again.
    pub(crate) fn proved(&mut self, line_is_good: bool) -> BTreeSet<Uid> {
        self.in_vain = 0;
        if line_is_good {
            self.line_is_good = true;
            return BTreeSet::new();
        }
        (self.line_is_bad, self.one_by_one) = (true, false);
        std::mem::take(&mut self.left_out)
    }

    /// The source refused these, one after the other.
    pub(crate) fn refused(&mut self, uids: impl IntoIterator<Item = Uid>) {
        self.refused = uids.into_iter().collect();
    }

    /// What follows from messages that were refused in a row.
    fn judge_refused(&mut self) -> Judgement {
        let refused = std::mem::take(&mut self.refused);
        if self.last_try.is_some() {
            return Judgement::LeaveOut(refused);
        }
        let twice: BTreeSet<Uid> = refused.intersection(&self.refused_before).copied().collect();
        self.refused_before = refused;
        if twice.is_empty() {
            return Judgement::Open;
        }
        self.left_out.extend(&twice);
        Judgement::LeaveOut(twice)
    }

    /// An attempt has ended with a broken line; `moved` tells whether it brought anything.
    pub(crate) fn judge(&mut self, moved: bool) -> Judgement {
        let stuck = self.stuck.take();
        if !self.refused.is_empty() {
            return self.judge_refused();
        }
        if moved {
            self.in_vain = 0;
        }
        if let Some(for_good) = self.last_try {
            return stuck.filter(|_| for_good).map_or(Judgement::Open, |uid| Judgement::LeaveOut([uid].into()));
        }
        let Some(uid) = stuck.filter(|_| !self.line_is_bad) else { return Judgement::Open };
        if self.in_vain == IN_VAIN {
            return Judgement::Prove;
        }
        if !self.one_by_one {
            self.one_by_one = !moved;
            return Judgement::Open;
        }
        let times = self.at.filter(|(before, _)| *before == uid).map_or(1, |(_, times)| times + 1);
        self.at = Some((uid, times));
        if times < if self.line_is_good { 1 } else { TWICE } {
            return Judgement::Open;
        }
        self.left_out.insert(uid);
        self.in_vain += 1;
        Judgement::LeaveOut([uid].into())
    }

    /// An attempt has brought all that it asked for; what is to be tried once more. `delivers` tells whether the source
    /// has delivered anything at all.
    pub(crate) fn all_others_came(&mut self, delivers: bool) -> BTreeSet<Uid> {
        (self.last_try, self.one_by_one) = (Some(delivers), true);
        std::mem::take(&mut self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What follows from breaks at these messages, each with whether anything had come before.
    fn judged(breaks: &[(Option<u32>, bool)]) -> Vec<Judgement> {
        let mut suspect = Suspect::default();
        breaks
            .iter()
            .map(|(uid, moved)| {
                if let Some(uid) = uid {
                    suspect.stuck_at(Uid(*uid), Vec::new());
                }
                suspect.judge(*moved)
            })
            .collect()
    }

    fn leave_out(uid: u32) -> Judgement {
        Judgement::LeaveOut([Uid(uid)].into())
    }

    #[test]
    fn a_message_at_which_the_line_breaks_again_and_again_is_left_out_and_so_is_the_next_one() {
        let breaks = [(Some(5), true), (Some(5), false), (Some(5), false), (Some(5), false)];
        let open = || Judgement::Open;
        assert_eq!(judged(&breaks), [open(), open(), open(), leave_out(5)]);
        for moved in [false, true] {
            let more = [breaks.as_slice(), &[(Some(9), moved), (Some(9), false)]].concat();
            assert_eq!(judged(&more)[4..], [open(), leave_out(9)]);
        }
    }

    /// Three have been left out one after the other, and the line broke at a fourth.
    fn in_vain() -> Suspect {
        let mut suspect = Suspect::default();
        let mut judged = Vec::new();
        for uid in [5, 5, 5, 6, 6, 7, 7, 8] {
            suspect.stuck_at(Uid(uid), Vec::new());
            judged.push(suspect.judge(false));
        }
        assert_eq!([&judged[2], &judged[4], &judged[6]], [&leave_out(5), &leave_out(6), &leave_out(7)]);
        assert_eq!(judged[7], Judgement::Prove);
        suspect
    }

    #[test]
    fn a_line_that_brings_nothing_else_either_is_held_against_no_message() {
        let mut suspect = in_vain();
        assert_eq!(suspect.proved(false), [5, 6, 7].map(Uid).into());
        for uid in [5, 5, 5, 5] {
            suspect.stuck_at(Uid(uid), Vec::new());
            assert_eq!(suspect.judge(false), Judgement::Open);
        }
        assert!(suspect.all_others_came(true).is_empty());
    }

    #[test]
    fn behind_a_line_that_brings_others_however_many_in_a_row_are_left_out() {
        let mut suspect = in_vain();
        let mut left_out = vec![5, 6, 7];
        for uid in 8..40 {
            suspect.stuck_at(Uid(uid), Vec::new());
            match suspect.judge(false) {
                Judgement::Prove => assert_eq!(suspect.proved(true), BTreeSet::new()),
                judgement => {
                    assert_eq!(judgement, leave_out(uid));
                    left_out.push(uid);
                }
            }
            if left_out.last() != Some(&uid) {
                suspect.stuck_at(Uid(uid), Vec::new());
                assert_eq!(suspect.judge(false), leave_out(uid));
                left_out.push(uid);
            }
        }
        assert_eq!(suspect.all_others_came(true), left_out.into_iter().map(Uid).collect());
    }

    #[test]
    fn what_was_left_out_is_tried_once_more_and_one_break_is_enough_then() {
        for (delivers, judgement) in [(true, leave_out(5)), (false, Judgement::Open)] {
            let mut suspect = Suspect::default();
            for _ in 0..3 {
                suspect.stuck_at(Uid(5), Vec::new());
                suspect.judge(false);
            }
            assert_eq!(suspect.all_others_came(delivers), [Uid(5)].into());
            assert!(suspect.one_by_one());
            suspect.stuck_at(Uid(5), Vec::new());
            assert_eq!(suspect.judge(false), judgement);
            assert!(suspect.all_others_came(delivers).is_empty(), "that was the last time");
        }
    }

    #[test]
    fn messages_that_are_refused_twice_in_a_row_are_left_out_together_and_tried_once_more() {
        let row = |from: u32| (from..from + 9).map(Uid);
        let mut suspect = Suspect::default();
        let judged = |suspect: &mut Suspect, from| {
            suspect.refused(row(from));
            suspect.judge(false)
        };
        for from in [5, 14] {
            assert_eq!(judged(&mut suspect, from), Judgement::Open);
            assert_eq!(judged(&mut suspect, from), Judgement::LeaveOut(row(from).collect()));
        }
        assert_eq!(suspect.all_others_came(true), row(5).chain(row(14)).collect());
        assert_eq!(judged(&mut suspect, 5), Judgement::LeaveOut(row(5).collect()), "that was the last time");
        assert!(suspect.all_others_came(true).is_empty());
    }

    #[test]
    fn breaks_while_nothing_is_read_tell_nothing_of_messages() {
        assert!(judged(&[(None, false); 9]).iter().all(|judgement| *judgement == Judgement::Open));
    }
}
