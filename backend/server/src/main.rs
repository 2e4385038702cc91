//! The binary `mailferry`; everything is in the library.

fn main() -> std::process::ExitCode {
    mailferry_server::cli::main()
}
