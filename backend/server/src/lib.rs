//! # The map of the house
//!
//! Mailferry moves mailboxes. Its crates import in one direction only: `shared` (the words of the API) ← `domain` (pure
//! rules) ← `engine` (list, plan, execute) ← `connectors` (IMAP) and `store` (the database) ← this one, `server`, the
//! binary `mailferry`. Beside them, over `domain`, stands `sandbox`, a small IMAP server for test hosts. The page,
//! `frontend`, knows `shared` alone.
//!
//! A request never waits for a foreign server: [`api`] writes to the store, [`jobs`] takes what is queued there.
//!
//! | you want to … | go to |
//! | --- | --- |
//! | change or add an operation of the API | [`api`]: one file an operation, `api/<noun>/<verb>.rs` |
//! | know who may do what | [`api::auth`]: the extractors `Viewing` and `Managing` for an order, `Acting` for a tenant |
//! | see how the operator does what a customer asks for | `api/requests/mod.rs`, over `domain::request` |
//! | page, filter or search a list | [`api::page`], [`api::query`], `api/orders/list.rs` |
//! | see how an error is answered | [`api::problem`] |
//! | see who accepts a certificate that does not verify | `api/certificates/accept.rs`; the verifier is `mailferry_connectors::net` (its `pinned`) |
//! | change a rule about starting | [`readiness`] |
//! | see what orders of sandbox keys meet | [`sandbox`]; the server is the crate `sandbox` |
//! | see what runs in the background | [`jobs`]: `dispatch`, `life`, `sweeper`, and a file a kind |
//! | change a status mail | [`mail`], and its texts in `locales/` |
//! | see how access tokens are fetched and renewed | [`oauth`], used by `jobs/login.rs`, over `domain::oauth` |
//! | see how payments are settled | [`pay`], `jobs/payment.rs`, `api/payments/` |
//! | see when a delta starts by itself | `jobs/cut_over.rs`, over `domain::mx` |
//! | know how long a look at a mailbox may take | `jobs/bound.rs` |
//! | see how tenants share the workers | `jobs/slice.rs`, over `mailferry_store::jobs` (its `fair`) |
//! | see what is told of SPF and DKIM | `jobs/sending.rs`, over `domain::sending` |
//! | add a setting | [`settings`] |
//! | add a provider, or a limit of one | `data/providers.json`, read by [`providers`]; runs use them in `jobs/provider.rs` |
//! | see how the page is served | [`assets`] |
//! | see the copy on the command line | [`copy`] |
//! | see how the command line compares with a manifest | [`verify`] |
//! | see `mailferry admin` | `admin.rs` |
//! | see how a process starts and stops | [`app`]; the commands are in [`cli`] |
//! | know what holds for every operation | [`api::conventions`], [`api::idempotency`], [`api::page`], [`api::document`] |
//! | limit how fast one may ask | [`limits`] |
//! | count something for Prometheus | [`metrics`] |
//! | see what is logged | [`telemetry`], and of a panic [`crash`] |
//! | see what links and sessions are signed with | [`keys`] |
//!
//! # One migration, from the first click to the last mail
//!
//! 1. The page creates an order (`api/orders/create.rs`). The answer sets a session cookie (`api/auth/session.rs`) and
//!    holds the manage link (`api/auth/link.rs`).
//! 2. Account pairs are added one by one (`api/accounts/create.rs`) or from a file (`api/accounts/import.rs`, which
//!    parses with `domain::account_file`). The store seals every password on its way in.
//! 3. A check (`api/checks/start.rs`) queues a job; a worker logs in to each side, then counts what is there. The page
//!    polls `api/checks/read.rs`.
//! 4. The start (`api/orders/start.rs`) asks `readiness.rs` whether every ticked pair can be started. The store
//!    schedules the order: one queued run a pair, and a job for each, in one transaction. Without enough vouchers the
//!    order waits for payment, and `api/orders/redeem.rs` schedules it.
//! 5. At the earliest start a worker takes the jobs (`jobs/dispatch.rs`). `jobs/life.rs` makes the order active and
//!    queues the mail; the engine lists, plans and executes over the IMAP connectors, with every intent in the ledger
//!    before its effect.
//! 6. The page polls `api/progress/read.rs`. Pause, resume and cancel change the order's state, which running workers
//!    watch.
//! 7. When the last run has ended, `jobs/life.rs` completes the order and queues the mail with the advice on the MX
//!    record (`mail/compose.rs`, sent by `jobs/send_mail.rs`).
//! 8. After the MX switch a delta (`api/deltas/start.rs`) does 5 to 7 once more, for what has arrived since. What was
//!    not simply copied is in the protocol (`api/runs/protocol.rs`, `api/runs/download.rs`).
//!    A delta that was asked for at the start begins by itself: `jobs/cut_over.rs` watches the MX records.
//! 9. Before the link expires a mail says so. When it expires, `jobs/sweeper.rs` closes the order and its passwords are
//!    erased; later it deletes its personal data.

mod admin;
pub mod api;
pub mod app;
pub mod assets;
pub mod cli;
pub mod copy;
pub mod crash;
pub mod jobs;
pub mod keys;
pub mod limits;
pub mod mail;
pub mod metrics;
pub mod oauth;
pub mod pay;
pub mod providers;
pub mod readiness;
pub mod sandbox;
pub mod settings;
pub mod telemetry;
pub mod verify;

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    const MAP: &str = include_str!("lib.rs");

    fn words(line: &str) -> impl Iterator<Item = &str> {
        line.split('`').skip(1).step_by(2)
    }

    #[test]
    fn every_file_that_the_map_names_exists() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let named: BTreeSet<&str> = MAP.lines().filter(|line| line.starts_with("//!")).flat_map(words).collect();
        let files: Vec<&&str> = named
            .iter()
            .filter(|word| matches!(word.rsplit_once('.'), Some((_, "rs"))) && !word.contains('<'))
            .collect();
        assert!(files.len() > 15, "{files:?}");
        for file in files {
            assert!(source.join(file).is_file(), "the map names {file}, which is not there");
        }
    }

    #[test]
    fn every_module_is_on_the_map() {
        let map: String = MAP.lines().filter(|line| line.starts_with("//! |")).collect();
        for module in MAP.lines().filter_map(|line| line.strip_prefix("pub mod ")) {
            let module = module.trim_end_matches(';');
            assert!(map.contains(&format!("[`{module}`]")) || map.contains(&format!("[`{module}::")), "{module}");
        }
    }
}
