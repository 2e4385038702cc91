//! Starts the wizard: the steps of an order until it is started.

#[cfg(target_arch = "wasm32")]
fn main() {
    mailferry_frontend::start_wizard();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The page runs in the browser: build it with the crate mailferry-bundle.");
}
