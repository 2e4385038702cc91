//! Starts what asks the operator to do it: the form, and what became of the request.

#[cfg(target_arch = "wasm32")]
fn main() {
    mailferry_frontend::start_request();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The page runs in the browser: build it with the crate mailferry-bundle.");
}
