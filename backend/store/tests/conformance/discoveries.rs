use chrono::Duration;
use mailferry_shared::{
    discovery::{DiscoveryStep, Origin, Proof, Proposal, StepState},
    endpoint::{Endpoint, TlsMode},
    ids::DiscoveryId,
    provider::LoginForm,
};
use mailferry_store::{JobKind, JobQueue, Sought, StoreError};
use uuid::Uuid;

use crate::world::World;

on_both! {
    a_search_is_kept_with_what_was_found_so_far;
    a_host_is_searched_for_with_what_was_named_of_it;
    a_search_is_forgotten_when_it_is_old;
}

fn proposal() -> Proposal {
    Proposal {
        origin: Origin::Autoconfig,
        endpoint: Endpoint::imaps("imap.old.example".parse().expect("a host")),
        login: LoginForm::LocalPart,
        provider: None,
        name: Some("Old".to_owned()),
        advice: Vec::new(),
        proof: Proof::Passed,
        finding: None,
    }
}

async fn a_search_is_kept_with_what_was_found_so_far(world: World) {
    let store = &world.store;
    let sought = Sought::Domain("old.example".to_owned());
    let begun = store.create_discovery(&sought).await.expect("begun");
    assert!(!begun.finished && begun.proposals.is_empty());
    assert_eq!(begun.domain.as_deref(), Some("old.example"));
    assert_eq!(store.discovery_work(begun.id).await.expect("work"), Some(sought));
    let jobs = store.take("w", JobKind::Discovery, 9, std::time::Duration::from_secs(60)).await.expect("jobs");
    assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [begun.id.0]);
    let steps = [DiscoveryStep { origin: Origin::Autoconfig, state: StepState::Found, finding: None }];
    store.save_discovery(begun.id, &[proposal()], &steps, true).await.expect("saved");
    let found = store.discovery(begun.id).await.expect("found");
    assert_eq!((found.finished, found.proposals, found.steps), (true, vec![proposal()], steps.to_vec()));
    assert_eq!(store.discovery_work(begun.id).await.expect("no work"), None);
    let unknown = store.discovery(DiscoveryId(Uuid::nil())).await;
    assert!(matches!(unknown, Err(StoreError::NotFound)));
}

async fn a_host_is_searched_for_with_what_was_named_of_it(world: World) {
    let host = "imap.old.example".parse().expect("a host");
    for (port, tls) in [(None, None), (Some(65_535), Some(TlsMode::Starttls))] {
        let sought = Sought::Host { host: std::clone::Clone::clone(&host), port, tls };
        let begun = world.store.create_discovery(&sought).await.expect("begun");
        assert_eq!((begun.domain, begun.host.as_ref()), (None, Some(&host)));
        assert_eq!(world.store.discovery_work(begun.id).await.expect("work"), Some(sought));
    }
}

async fn a_search_is_forgotten_when_it_is_old(world: World) {
    let store = &world.store;
    let old = store.create_discovery(&Sought::Domain("old.example".to_owned())).await.expect("begun");
    world.clock.advance(Duration::minutes(61));
    let new = store.create_discovery(&Sought::Domain("new.example".to_owned())).await.expect("begun");
    assert_eq!(store.forget_discoveries(new.created_at - Duration::hours(1)).await.expect("forgotten"), 1);
    assert!(matches!(store.discovery(old.id).await, Err(StoreError::NotFound)));
    assert!(matches!(store.save_discovery(old.id, &[], &[], true).await, Err(StoreError::NotFound)));
    assert!(store.discovery(new.id).await.is_ok());
}
