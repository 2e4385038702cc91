//! The page of Mailferry: five steps and a status page, in WebAssembly.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`brand`], [`format`], [`forms`], [`i18n`], [`json`], [`legal`], [`route`], [`throughput`], [`window`], [`wish`] | pure: they build and are tested natively |
//! | `api` | the service's operations, one function each |
//! | `state` | what outlives a step: the order, its accounts, what was typed, theme, announcements |
//! | `components` | buttons, fields, combobox, dialog, table parts: no knowledge of orders |
//! | `pages` | one module per step, and the status page with its protocol |
//! | `request` | asking the operator to do it, and what became of that |
//! | `console` | what resellers and operators work in, one module per noun |
//! | `browser` | the few calls into the browser that leptos does not cover: `Intl`, clipboard, storage |
//!
//! A step reads and changes the order through [`mailferry_shared`]'s types alone; what can be done with the order is
//! what its `actions` say. Everything foreign (account names, folder names) is only ever set as text.
#![cfg_attr(
    target_arch = "wasm32",
    expect(unreachable_pub, reason = "leptos's component macro makes the properties' builders public")
)]

pub mod brand;
pub mod format;
pub mod forms;
pub mod i18n;
pub mod json;
pub mod legal;
pub mod route;
pub mod throughput;
pub mod window;
pub mod wish;

#[cfg(target_arch = "wasm32")]
mod api;
#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod console;
#[cfg(target_arch = "wasm32")]
mod pages;
#[cfg(target_arch = "wasm32")]
mod request;
#[cfg(target_arch = "wasm32")]
mod state;
#[cfg(target_arch = "wasm32")]
mod styleguide;

#[cfg(target_arch = "wasm32")]
pub use app::{
    start_administration, start_console, start_request, start_start, start_status, start_styleguide, start_wizard,
};
