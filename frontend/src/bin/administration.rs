//! Starts the part of the console that sets things up: links, webhooks, members, keys, tenants.

#[cfg(target_arch = "wasm32")]
fn main() {
    mailferry_frontend::start_administration();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The page runs in the browser: build it with the crate mailferry-bundle.");
}
