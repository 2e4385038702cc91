//! The live progress line on a terminal.

use std::{
    collections::HashMap,
    io::{IsTerminal, Write, stderr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use mailferry_engine::port::{ProgressEvent, ProgressSink};
use mailferry_shared::run::Counts;

use super::report::{megabytes, thousands};

/// Adds up what the engine tells, and shows it a few times a second if standard error is a terminal.
pub(super) struct LiveLine {
    shown: bool,
    started: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    folders: usize,
    folders_done: usize,
    /// By source folder, since a folder that is taken up again is listed again.
    counts: HashMap<String, Counts>,
    waiting: bool,
}

impl LiveLine {
    pub(super) fn new(wanted: bool) -> Self {
        Self { shown: wanted && stderr().is_terminal(), started: Instant::now(), state: Mutex::default() }
    }

    /// Shows the line until the task is aborted.
    pub(super) fn tick(self: Arc<Self>) -> tokio::task::JoinHandle<()> {
        tokio::spawn(async move {
            if !self.shown {
                return;
            }
            loop {
                tokio::time::sleep(Duration::from_millis(200)).await;
                self.show();
            }
        })
    }

    fn show(&self) {
        let line = self.line();
        // A terminal that went away is no reason to stop.
        let _ = write!(stderr().lock(), "\r\x1b[K{line}");
        let _ = stderr().flush();
    }

    pub(super) fn clear(&self) {
        if self.shown {
            let _ = write!(stderr().lock(), "\r\x1b[K");
        }
    }

    fn line(&self) -> String {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sum = Counts::default();
        for counts in state.counts.values() {
            sum.add(counts);
        }
        let seconds = self.started.elapsed().as_secs().max(1);
        // Until every folder has been listed, nobody knows the whole.
        let whole = if state.counts.len() >= state.folders {
            format!(" of {} ({})", thousands(sum.listed), megabytes(sum.listed_bytes))
        } else {
            String::new()
        };
        format!(
            "{} messages, {}{whole} · {}/s · {} of {} folders{}",
            thousands(sum.done()),
            megabytes(sum.done_bytes()),
            thousands(sum.stored / seconds),
            state.folders_done,
            state.folders,
            if state.waiting { " · waiting for the server" } else { "" }
        )
    }
}

impl ProgressSink for LiveLine {
    fn event(&self, event: ProgressEvent<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting = matches!(event, ProgressEvent::Waiting(_));
        match event {
            ProgressEvent::Folders(folders) => state.folders = folders,
            ProgressEvent::Listed(path, counts) => {
                state.counts.insert(path.to_string(), *counts);
            }
            ProgressEvent::Settled(path, counts) => state.counts.entry(path.to_string()).or_default().add(counts),
            ProgressEvent::FolderDone(_) => state.folders_done += 1,
            ProgressEvent::Waiting(_) | ProgressEvent::Note(_) => {}
        }
    }
}
