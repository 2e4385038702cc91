//! What is left of a process that goes wrong: where, and never what it held. The words of a panic may repeat a password
//! or a message (an `expect` prints what it got), and an image of the memory holds them all.

use std::{
    io::{self, Write},
    panic::{self, PanicHookInfo},
};

use rustix::process::{Resource, Rlimit, setrlimit};

/// From now on a panic is told by its place alone, and no image of this process's memory is written to disk.
pub fn keep_secrets() {
    panic::set_hook(Box::new(tell));
    // Where it cannot be lowered it is what the operator's system says.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

fn tell(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    if tracing::dispatcher::has_been_set() {
        tracing::error!(place, "panicked");
    } else {
        // Nobody is left to tell if standard error is gone.
        let _ = writeln!(io::stderr(), "mailferry: panicked at {place}");
    }
}
