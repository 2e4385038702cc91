//! What a pre-configured link offers to whoever has it.

pub mod read;
