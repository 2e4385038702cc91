//! The binary `mailferry`; everything is in the library.

/// A sixth of the processor time of a copy went into the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    mailferry_server::cli::main()
}
