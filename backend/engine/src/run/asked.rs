//! What a run is asked for.

use std::{sync::Arc, time::Duration};

use mailferry_domain::{mapping::MappingOptions, plan::ItemFilter};

use crate::{
    allowance::Allowances,
    port::{Control, Fault, ProgressSink},
};

/// What to copy and how.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Which folders go where.
    pub mapping: MappingOptions,
    /// Which messages.
    pub filter: ItemFilter,
    /// The newest messages of each folder first.
    pub newest_first: bool,
    /// Connections a side at most; at least 1.
    pub connections: usize,
    /// How long a server may still work on an APPEND after its client is gone: before a message that may have been
    /// sent is sent again, two looks at least this long apart must agree. Where an answer was waited for longer than
    /// this, they are as long apart as that.
    pub append_timeout: Duration,
    /// Whoever stood still for longer than this while a batch was on its way does not go on sending it: another worker
    /// may have taken over meanwhile. Must be shorter than the lease.
    pub standstill: Duration,
    /// What a source has delivered is stored when it says nothing for this long, though more is to come: one that is slow
    /// must not keep it.
    pub send_after: Duration,
    /// Waits between attempts: this long first, then doubled, up to 64 times as long.
    pub retry_base: Duration,
    /// Whoever is told to wait for longer than this stops instead, and goes on by itself later.
    pub longest_wait: Duration,
    /// Attempts without any progress in between before a folder, or the run, is given up.
    pub attempts: u32,
    /// What the providers still let these accounts move today.
    pub allowances: Allowances,
    /// Carry over changes of flags of messages that earlier runs copied, where the destination's are still as we left
    /// them.
    pub carry_flags: bool,
    /// Keep the subjects of messages that are not simply stored, for the protocol.
    pub show_subjects: bool,
    /// Only tell what would be done; the destination is not changed.
    pub dry_run: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            mapping: MappingOptions::default(),
            filter: ItemFilter::default(),
            newest_first: false,
            connections: 2,
            append_timeout: Duration::from_secs(10),
            standstill: Duration::from_secs(10),
            send_after: Duration::from_secs(1),
            retry_base: Duration::from_secs(1),
            longest_wait: Duration::from_secs(3600),
            attempts: 6,
            allowances: Allowances::default(),
            carry_flags: false,
            show_subjects: false,
            dry_run: false,
        }
    }
}

/// Everything a run needs.
pub struct Job<C, L> {
    /// Opens sessions at both sides.
    pub connector: Arc<C>,
    /// The pair's ledger, bound to this run.
    pub ledger: L,
    /// What to copy and how.
    pub options: RunOptions,
    /// How the run is told to stop.
    pub control: Control,
    /// Who watches.
    pub progress: Arc<dyn ProgressSink>,
    /// Where tests interrupt it.
    pub fault: Arc<dyn Fault>,
}
