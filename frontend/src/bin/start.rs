//! Starts the start page.

#[cfg(target_arch = "wasm32")]
fn main() {
    mailferry_frontend::start_start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The page runs in the browser: build it with the crate mailferry-bundle.");
}
