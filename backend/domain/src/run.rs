//! A run's states: Queued → Running ⇄ Paused → Succeeded | Partial | Failed | Cancelled.

use mailferry_shared::run::{Counts, RunState};

/// The run cannot go from `from` to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a run cannot go from {from:?} to {to:?}")]
pub struct RunTransitionError {
    /// Where it stands.
    pub from: RunState,
    /// Where it was to go.
    pub to: RunState,
}

/// Checks one step.
///
/// # Errors
/// [`RunTransitionError`] naming both states, if the step is not in the diagram. A state may always be repeated,
/// since a worker may be restarted between the effect and its record.
pub fn transition(from: RunState, to: RunState) -> Result<RunState, RunTransitionError> {
    use RunState::{Cancelled, Failed, Partial, Paused, Queued, Running, Succeeded};
    let allowed = match from {
        Queued => matches!(to, Running | Paused | Cancelled | Failed),
        Running => matches!(to, Queued | Paused | Succeeded | Partial | Failed | Cancelled),
        Paused => matches!(to, Queued | Running | Cancelled | Failed),
        Succeeded | Partial | Failed | Cancelled => false,
    };
    if allowed || from == to { Ok(to) } else { Err(RunTransitionError { from, to }) }
}

/// How a run that came to its end is graded.
pub fn grade(counts: &Counts, folder_failures: usize) -> RunState {
    if counts.failed == 0 && counts.uncertain == 0 && folder_failures == 0 {
        RunState::Succeeded
    } else {
        RunState::Partial
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [RunState; 7] = [
        RunState::Queued,
        RunState::Running,
        RunState::Paused,
        RunState::Succeeded,
        RunState::Partial,
        RunState::Failed,
        RunState::Cancelled,
    ];

    #[test]
    fn a_run_that_has_ended_stays_ended() {
        for from in ALL.into_iter().filter(|state| state.is_final()) {
            for to in ALL.into_iter().filter(|&to| to != from) {
                assert_eq!(transition(from, to), Err(RunTransitionError { from, to }));
            }
        }
    }

    #[test]
    fn every_state_can_be_reached_from_queued() {
        let mut reached = vec![RunState::Queued];
        let mut n = 0;
        while n < reached.len() {
            for to in ALL {
                if transition(reached[n], to).is_ok() && !reached.contains(&to) {
                    reached.push(to);
                }
            }
            n += 1;
        }
        assert_eq!(reached.len(), ALL.len());
    }

    #[test]
    fn a_failed_message_makes_a_run_partial() {
        assert_eq!(grade(&Counts::default(), 0), RunState::Succeeded);
        assert_eq!(grade(&Counts { failed: 1, ..Counts::default() }, 0), RunState::Partial);
        assert_eq!(grade(&Counts::default(), 1), RunState::Partial);
    }
}
