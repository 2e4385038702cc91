//! Catches what a test's process logs, so that it can be searched.

use std::{
    io,
    sync::{Arc, Mutex},
};

use mailferry_server::{settings::LogFormat, telemetry};
use tracing_subscriber::fmt::MakeWriter;

/// The log of this process.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Catches everything that the service logs from now on, down to the lowest level, as it would be written.
    ///
    /// # Panics
    /// If somebody else catches it already: whoever searches would find nothing, and be content.
    pub(crate) fn catch() -> Self {
        let log = Self::default();
        let ours = telemetry::start_into("trace", LogFormat::Text, false, log.clone()).expect("a level");
        assert!(ours, "somebody else takes this process's log");
        log
    }

    /// What was logged so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("whole lines").clone()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("whole lines").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
