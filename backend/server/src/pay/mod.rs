//! Payments. The state of one follows from what the payment provider says when it is asked, never from a browser or
//! from the words of a notification; every step may be repeated.

pub mod paypal;
mod wire;

pub use paypal::{PayError, PayPal, Remote};
