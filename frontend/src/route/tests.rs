//! Which address is which place, and where an order goes on.

use mailferry_shared::ids::RequestId;

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
