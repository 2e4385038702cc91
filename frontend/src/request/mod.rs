//! *Have it done for you*: the form by which the operator is asked, and where the request stands.

mod ask;
mod asked;
mod files;
mod rows;
mod send;
mod typed;
mod when;

pub(crate) use ask::Ask;
pub(crate) use asked::Asked;
