//! Hostile and broken servers: whatever one sends, the session ends with an answer or an error. It never panics, never
//! waits for ever, and never takes what it was not asked for.

mod cases;
mod client;
mod fuzz;
mod halfway;
mod server;
