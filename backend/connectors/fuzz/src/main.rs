//! libFuzzer around one of the functions in `mailferry_connectors::fuzz`; `FUZZ_TARGET` names it.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use mailferry_connectors::fuzz::{TARGETS, Target};

fn target() -> Target {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let names = || TARGETS.map(|(name, _)| name).join(", ");
    *TARGETS.iter().find(|(other, _)| *other == name).unwrap_or_else(|| panic!("FUZZ_TARGET is one of {}", names()))
}

fuzz_target!(|data: &[u8]| {
    static TARGET: OnceLock<Target> = OnceLock::new();
    let (_, feed) = TARGET.get_or_init(target);
    feed(data);
});
