//! Sessions: a manage link's token for a cookie.

pub mod open;
