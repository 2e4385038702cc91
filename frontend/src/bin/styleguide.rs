//! Starts the style guide.

#[cfg(target_arch = "wasm32")]
fn main() {
    mailferry_frontend::start_styleguide();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The page runs in the browser: build it with the crate mailferry-bundle.");
}
