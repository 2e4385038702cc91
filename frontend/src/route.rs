//! Addresses of the page, and which step an order is at.

use mailferry_shared::{
    ids::{OrderId, RequestId},
    order::{Order, OrderState},
    request::RequestState,
};

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

/// What of the console an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Console {
    /// The list of migrations.
    Migrations,
    /// One of them, by its order.
    Migration(OrderId),
    /// A new migration, by file.
    New,
    /// Vouchers.
    Vouchers,
    /// Pre-configured links.
    Links,
    /// Members.
    Members,
    /// API keys.
    Keys,
    /// Webhooks with their deliveries.
    Webhooks,
    /// Requested migrations: the operator's queue, or those of a tenant.
    Requests,
    /// One of the operator's queue.
    Request(RequestId),
    /// Tenants, for operators.
    Tenants,
    /// Who is signed in.
    Profile,
    /// Setting a password by a link that was sent.
    Password,
}

impl Console {
    /// Every list, with its segment.
    const LISTS: [(Self, &'static str); 11] = [
        (Self::Migrations, "migrations"),
        (Self::New, "new"),
        (Self::Vouchers, "vouchers"),
        (Self::Links, "links"),
        (Self::Members, "members"),
        (Self::Keys, "keys"),
        (Self::Webhooks, "webhooks"),
        (Self::Requests, "requests"),
        (Self::Tenants, "tenants"),
        (Self::Profile, "profile"),
        (Self::Password, "password"),
    ];

    fn of_segments(place: Option<&str>, id: Option<&str>) -> Option<Self> {
        match (place, id) {
            (None, _) => Some(Self::Migrations),
            (Some("migrations"), Some(id)) => id.parse().ok().map(Self::Migration),
            (Some("requests"), Some(id)) => id.parse().ok().map(Self::Request),
            (Some(place), None) => Self::LISTS.iter().find(|(_, segment)| *segment == place).map(|(list, _)| *list),
            _ => None,
        }
    }

    /// The part of the console that it belongs to.
    #[must_use]
    pub fn part(self) -> Self {
        match self {
            Self::Request(_) => Self::Requests,
            Self::Migration(_) => Self::Migrations,
            part => part,
        }
    }

    /// True for what sets things up, and has a module of its own.
    #[must_use]
    pub fn is_setup(self) -> bool {
        use Console::{Keys, Links, Members, Password, Profile, Tenants, Webhooks};
        matches!(self, Links | Webhooks | Members | Keys | Tenants | Profile | Password)
    }

    /// Its address.
    pub fn path(self) -> String {
        match self {
            Self::Request(id) => return format!("/console/requests/{id}"),
            Self::Migration(id) => return format!("/console/migrations/{id}"),
            _ => {}
        }
        let segment = Self::LISTS.iter().find(|(known, _)| *known == self).map_or("", |(_, segment)| segment);
        format!("/console/{segment}")
    }
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
pub(crate) mod tests {
    use super::*;

    pub(crate) fn order(state: &str, pairs: u32, providers: bool) -> Order {
        let choice = serde_json::json!({"endpoint": {"host": "imap.example.org", "port": 993, "tls": "implicit"}});
        let choice = if providers { choice } else { serde_json::Value::Null };
        serde_json::from_value(serde_json::json!({
            "id": "00000000-0000-0000-0000-000000000001", "state": state, "language": "en", "options": {},
            "source": choice, "destination": choice,
            "payment": {"pairs_covered": 0, "pairs_needed": pairs},
            "totals": {"pairs": pairs, "pairs_ticked": pairs, "pairs_checked": 0, "messages": 0, "size_bytes": 0,
                       "survey_complete": false},
            "accepted_terms": "1", "accepted_terms_at": "2026-11-22T00:00:00Z", "created_at": "2026-11-22T00:00:00Z",
            "actions": []
        }))
        .expect("a valid order")
    }

    #[test]
    fn a_link_leads_to_the_first_step_that_lacks_something() {
        assert_eq!(resume_at(&order("draft", 0, false)), Step::Providers);
        assert_eq!(resume_at(&order("draft", 0, true)), Step::Accounts);
        assert_eq!(resume_at(&order("awaiting_payment", 2, true)), Step::Confirm);
        assert_eq!(resume_at(&order("active", 2, true)), Step::Status);
        assert_eq!(resume_at(&order("cancelled", 2, true)), Step::Status);
    }

    #[test]
    fn while_the_operator_was_asked_and_has_not_begun_the_requests_page_is_shown() {
        let asked = |state: Option<RequestState>| is_asked_for(&Order { request: state, ..order("draft", 1, true) });
        let shown: Vec<_> = RequestState::ALL.into_iter().filter(|state| asked(Some(*state))).collect();
        let (requested, accepted) = (RequestState::Requested, RequestState::Accepted);
        let off = [RequestState::Declined, RequestState::Cancelled, RequestState::Expired];
        assert_eq!(shown, [&[requested, accepted], off.as_slice()].concat());
        assert!(!asked(None));
    }

    #[test]
    fn each_address_has_its_module() {
        let id: OrderId = "00000000-0000-0000-0000-000000000001".parse().expect("a UUID");
        assert_eq!(Place::of_path("/").module(), Module::Start);
        assert_eq!(Place::of_path(&Step::Confirm.path(id)).module(), Module::Wizard);
        assert_eq!(Place::of_path(&Step::Status.path(id)).module(), Module::Status);
        assert_eq!(Place::of_path(&format!("/orders/{id}")).module(), Module::Status);
        assert_eq!(Place::of_path("/console/keys").module(), Module::Administration);
        assert_eq!(Place::of_path("/console").module(), Module::Console);
        assert_eq!(Place::of_path("/console/migrations").module(), Module::Console);
        assert_eq!(Place::of_path(&Console::Migration(id).path()).module(), Module::Status);
        assert_eq!(Place::of_path(ASK).module(), Module::Request);
        assert_eq!(Place::of_path(&asked_path(id)), Place::Asked(id));
        assert_eq!(Place::Asked(id).module(), Module::Request);
    }

    #[test]
    fn addresses_and_steps_belong_together() {
        let id: OrderId = "00000000-0000-0000-0000-000000000001".parse().expect("a UUID");
        for step in Step::ALL {
            assert_eq!(Place::of_path(&step.path(id)), Place::Order(id, Some(step)));
        }
        for (list, _) in Console::LISTS {
            assert_eq!(Place::of_path(&list.path()), Place::Console(list));
        }
        for one in [Console::Request(RequestId(id.0)), Console::Migration(id)] {
            assert_eq!(Place::of_path(&one.path()), Place::Console(one));
        }
        assert_eq!(Place::of_path("/console/migrations/17"), Place::Nowhere);
        assert_eq!(Place::of_path("/console/requests/17"), Place::Nowhere);
        assert_eq!(Place::of_path("/request/more"), Place::Nowhere);
        assert_eq!(Place::of_path("/orders/17/request"), Place::NoOrder);
        assert_eq!(Place::of_path("/console"), Place::Console(Console::Migrations));
        assert_eq!(Place::of_path("/console/nothing"), Place::Nowhere);
        for document in Document::ALL {
            assert_eq!(Place::of_path(document.path()), Place::Legal(document));
        }
        assert_eq!(Place::of_path("/"), Place::Start);
        assert_eq!(Place::of_path(&format!("/orders/{id}")), Place::Order(id, None));
        assert_eq!(Place::of_path("/orders/17/status"), Place::NoOrder);
        assert_eq!(Place::of_path(&format!("/orders/{id}/nothing")), Place::Nowhere);
        assert_eq!(Place::of_path(&format!("/orders/{id}/status/more")), Place::Nowhere);
        assert_eq!(Place::of_path("/elsewhere/x/status"), Place::Nowhere);
    }
}
