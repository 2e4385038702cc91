//! Addresses of the page, and which step an order is at.

mod console;

use mailferry_shared::{
    ids::OrderId,
    order::{Order, OrderState},
    request::RequestState,
};

pub use self::console::Console;
use crate::legal::Document;

/// The five steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// What will be moved; terms.
    Introduction,
    /// Old and new provider.
    Providers,
    /// Account pairs.
    Accounts,
    /// Summary, options, payment, start.
    Confirm,
    /// Progress.
    Status,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 5] = [Self::Introduction, Self::Providers, Self::Accounts, Self::Confirm, Self::Status];

    /// The last part of the step's address.
    pub fn segment(self) -> &'static str {
        match self {
            Self::Introduction => "introduction",
            Self::Providers => "providers",
            Self::Accounts => "accounts",
            Self::Confirm => "confirm",
            Self::Status => "status",
        }
    }

    /// 1 to 5.
    pub fn number(self) -> usize {
        1 + Self::ALL.iter().position(|step| *step == self).unwrap_or_default()
    }

    /// The step's address for an order.
    pub fn path(self, order: OrderId) -> String {
        format!("/orders/{order}/{}", self.segment())
    }

    fn of_segment(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.segment() == segment)
    }
}

/// What an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The start page.
    Start,
    /// Terms of service or privacy statement.
    Legal(Document),
    /// An order; without a step its owner goes on where they were.
    Order(OrderId, Option<Step>),
    /// Below the orders, but not the number of one.
    NoOrder,
    /// The form by which the operator is asked to do it.
    Ask,
    /// Where such a request stands; it is found by its order.
    Asked(OrderId),
    /// The console, and what of it is named.
    Console(Console),
    /// The style guide.
    StyleGuide,
    /// Nothing.
    Nowhere,
}

/// A module of the page: what is loaded at once. The service chooses the shell by the same rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Module {
    /// The start page, and what is shown where there is nothing.
    Start,
    /// The steps of an order until it is started.
    Wizard,
    /// The status page, also within the console, and the bare address of an order.
    Status,
    /// Asking the operator to do it, and what became of that.
    Request,
    /// The console: migrations, requests, vouchers.
    Console,
    /// What of the console sets things up: links, webhooks, members, keys, tenants, one's own password.
    Administration,
    /// The style guide, which only development builds of the service have.
    StyleGuide,
}

impl Place {
    /// Reads the path of an address.
    pub fn of_path(path: &str) -> Self {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        match (segments.next(), segments.next(), segments.next(), segments.next()) {
            (None, ..) => Self::Start,
            (Some("request"), None, ..) => Self::Ask,
            (Some("orders"), Some(id), Some("request"), None) => id.parse().map_or(Self::NoOrder, Self::Asked),
            (Some("orders"), Some(id), segment, None) => match (id.parse(), segment.map(Step::of_segment)) {
                (Err(_), _) => Self::NoOrder,
                (Ok(_), Some(None)) => Self::Nowhere,
                (Ok(id), step) => Self::Order(id, step.flatten()),
            },
            (Some("terms"), None, ..) => Self::Legal(Document::Terms),
            (Some("privacy"), None, ..) => Self::Legal(Document::Privacy),
            (Some("styleguide"), None, ..) => Self::StyleGuide,
            (Some("console"), place, id, None) => Console::of_segments(place, id).map_or(Self::Nowhere, Self::Console),
            _ => Self::Nowhere,
        }
    }

    /// The module that shows it.
    pub fn module(self) -> Module {
        match self {
            Self::Order(_, None | Some(Step::Status)) | Self::Console(Console::Migration(_)) => Module::Status,
            Self::Ask | Self::Asked(_) => Module::Request,
            Self::Console(console) if console.is_setup() => Module::Administration,
            Self::Console(_) => Module::Console,
            Self::StyleGuide => Module::StyleGuide,
            Self::Order(..) => Module::Wizard,
            Self::Start | Self::Legal(_) | Self::NoOrder | Self::Nowhere => Module::Start,
        }
    }

    /// The step it belongs to.
    pub fn step(self) -> Option<Step> {
        match self {
            Self::Start => Some(Step::Introduction),
            Self::Order(_, step) => step,
            Self::Console(Console::Migration(_)) => Some(Step::Status),
            Self::Legal(_)
            | Self::NoOrder
            | Self::Ask
            | Self::Asked(_)
            | Self::Console(_)
            | Self::StyleGuide
            | Self::Nowhere => None,
        }
    }
}

/// The form by which the operator is asked to do it.
pub const ASK: &str = "/request";

/// The address where the request for an order stands.
pub fn asked_path(order: OrderId) -> String {
    format!("/orders/{order}/request")
}

/// Whether an order's own pages come later: the operator was asked to do it and has not begun, or will not.
pub fn is_asked_for(order: &Order) -> bool {
    order.request.is_some_and(|state| !matches!(state, RequestState::Running | RequestState::Done))
}

/// Where someone who opens the order's link goes on.
pub fn resume_at(order: &Order) -> Step {
    match order.state {
        OrderState::Draft | OrderState::AwaitingPayment => furthest_open(order),
        _ => Step::Status,
    }
}

/// The furthest step that can be opened with what has been entered so far.
pub fn furthest_open(order: &Order) -> Step {
    if !matches!(order.state, OrderState::Draft | OrderState::AwaitingPayment) {
        Step::Status
    } else if order.source.is_none() || order.destination.is_none() {
        Step::Providers
    } else if order.totals.pairs == 0 {
        Step::Accounts
    } else {
        Step::Confirm
    }
}

#[cfg(test)]
pub(crate) mod tests;
