//! Changes of flags that a delta carries over: only where the destination's flags are still as we left them.

use crate::item::Flags;

/// What to do about the flags of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlagStep {
    /// Nothing has changed at the source.
    Same,
    /// The destination has the source's flags already; only the ledger does not know it.
    There,
    /// To be carried over.
    Carry {
        /// Set at the source since.
        add: Flags,
        /// No longer set at the source.
        remove: Flags,
    },
    /// The owner has changed them at the destination: they are the owner's now.
    Leave,
}

/// Decides by the flags as they were `copied`, and as they are at `source` and `destination` now. `kept` tells which of
/// some flags the destination keeps at all.
pub fn flag_step(copied: &Flags, source: &Flags, destination: &Flags, kept: impl Fn(&Flags) -> Flags) -> FlagStep {
    if source == copied {
        return FlagStep::Same;
    }
    let (before, now) = (kept(copied), kept(source));
    if *destination == now {
        FlagStep::There
    } else if *destination == before {
        FlagStep::Carry { add: now.without(&before), remove: before.without(&now) }
    } else {
        FlagStep::Leave
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn flags(text: &str) -> Flags {
        Flags::new(text.split(' '))
    }

    #[test]
    fn flags_are_carried_only_where_the_owner_left_them() {
        let (seen, flagged, none) = (flags("\\Seen"), flags("\\Flagged"), flags(""));
        let step = |copied, source, destination| flag_step(copied, source, destination, Flags::clone);
        assert_eq!(step(&none, &none, &seen), FlagStep::Same, "what the owner does there is none of ours");
        assert_eq!(step(&none, &seen, &none), FlagStep::Carry { add: seen.clone(), remove: none.clone() });
        assert_eq!(step(&seen, &flagged, &seen), FlagStep::Carry { add: flagged.clone(), remove: seen.clone() });
        assert_eq!(step(&none, &seen, &seen), FlagStep::There);
        assert_eq!(step(&none, &seen, &flagged), FlagStep::Leave);
    }

    #[test]
    fn a_keyword_that_the_destination_does_not_keep_is_no_change_of_the_owners() {
        let kept = |flags: &Flags| flags.permitted(|flag| flag.starts_with('\\')).0;
        let step = flag_step(&flags("Projekt"), &flags("Projekt \\Seen"), &flags(""), kept);
        assert_eq!(step, FlagStep::Carry { add: flags("\\Seen"), remove: flags("") });
    }

    proptest! {
        #[test]
        fn what_was_carried_is_there(copied in "[a-c]( [a-c]){0,2}", source in "[a-c]( [a-c]){0,2}") {
            let (copied, source) = (flags(&copied), flags(&source));
            if let FlagStep::Carry { add, remove } = flag_step(&copied, &source, &copied, Flags::clone) {
                let left = copied.without(&remove);
                let now = Flags::new(left.iter().chain(add.iter()));
                prop_assert_eq!(flag_step(&copied, &source, &now, Flags::clone), FlagStep::There);
            } else {
                prop_assert_eq!(copied, source);
            }
        }
    }
}
