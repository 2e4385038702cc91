//! How fast one may ask, and how much there may be.

use clap::Args;
use mailferry_shared::order::DEFAULT_MAX_MESSAGE_BYTES;

/// How much there may be, unless a tenant has limits of its own.
#[derive(Debug, Clone, Args)]
pub struct LimitArgs {
    /// Account pairs in an order, and rows in a file. A tenant may have a limit of its own.
    #[arg(
        long,
        env = "MAILFERRY_PAIRS_PER_ORDER",
        value_name = "NUMBER",
        default_value = "500",
        value_parser = clap::value_parser!(u32).range(1..=5000)
    )]
    pub pairs_per_order: u32,
    /// Megabytes of the largest message that an order may copy; larger ones are skipped and listed. A tenant may have a
    /// limit of its own.
    #[arg(
        long,
        env = "MAILFERRY_MAX_MESSAGE_MB",
        value_name = "NUMBER",
        default_value = "50",
        value_parser = clap::value_parser!(u32).range(1..=2000)
    )]
    pub max_message_mb: u32,
}

/// How fast one address may ask, and how much there may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// New orders: at once, then one every so many seconds.
    pub orders: Pace,
    /// Tries to open a link.
    pub sessions: Pace,
    /// Tries to redeem a voucher.
    pub vouchers: Pace,
    /// Checks started.
    pub checks: Pace,
    /// Multiplies the paces.
    pub factor: u32,
    /// Requests of any kind a minute, by address; a session may do twice, an API key ten times as much.
    pub requests_per_minute: u32,
    /// How long the answer to a request with an `Idempotency-Key` is kept.
    pub answers_hours: u32,
    /// Notifications of the payment provider.
    pub payment_events: Pace,
    /// Searches for the settings of mail services.
    pub discoveries: Pace,
    /// Tries to sign in, for each address and for each account.
    pub sign_ins: Pace,
    /// Account pairs in an order, and rows in a file, unless the tenant has a limit of its own.
    pub max_pairs: u32,
    /// The largest message that an order may copy, bytes, unless the tenant has a limit of its own.
    pub max_message_bytes: u64,
}

/// So many at once, then one every `every_seconds`.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// At once.
    pub burst: u32,
    /// Then one in this time, seconds.
    pub every_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            orders: Pace { burst: 30, every_seconds: 20 },
            sessions: Pace { burst: 30, every_seconds: 2 },
            vouchers: Pace { burst: 20, every_seconds: 5 },
            checks: Pace { burst: 60, every_seconds: 2 },
            factor: 1,
            requests_per_minute: 600,
            answers_hours: 24,
            payment_events: Pace { burst: 120, every_seconds: 1 },
            discoveries: Pace { burst: 20, every_seconds: 5 },
            sign_ins: Pace { burst: 10, every_seconds: 30 },
            max_pairs: 500,
            max_message_bytes: DEFAULT_MAX_MESSAGE_BYTES,
        }
    }
}

impl From<&LimitArgs> for Limits {
    fn from(args: &LimitArgs) -> Self {
        let max_message_bytes = u64::from(args.max_message_mb) * 1_000_000;
        Self { max_pairs: args.pairs_per_order, max_message_bytes, ..Self::default() }
    }
}
