//! POSTs that are done once, however often they are sent.

use std::cell::RefCell;

use crate::browser;

thread_local! {
    /// POSTs that nobody has answered yet.
    static UNANSWERED: RefCell<Vec<Attempt>> = const { RefCell::new(Vec::new()) };
}

/// A POST with its `Idempotency-Key`. Whoever presses again after an answer that was lost sends the same key, so that it
/// is done once; whoever presses again after an answer means a second one.
#[derive(Clone)]
pub(super) struct Attempt {
    /// What is asked: path and body.
    asked: String,
    /// What goes into the header.
    pub(super) key: String,
}

impl Attempt {
    /// The attempt under way for the same path and body, else a new one.
    pub(super) fn of(path: &str, body: Option<&str>) -> Self {
        let asked = match body {
            Some(text) => format!("{path}\n{text}"),
            None => path.to_owned(),
        };
        UNANSWERED.with_borrow_mut(|unanswered| {
            if let Some(known) = unanswered.iter().find(|known| known.asked == asked) {
                return known.clone();
            }
            let attempt = Self { asked, key: browser::random_name() };
            unanswered.push(attempt.clone());
            attempt
        })
    }

    /// There is an answer, whatever it says.
    pub(super) fn answered(&self) {
        UNANSWERED.with_borrow_mut(|unanswered| unanswered.retain(|known| known.key != self.key));
    }
}
