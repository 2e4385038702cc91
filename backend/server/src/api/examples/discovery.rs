//! Examples of searches for a mail service's settings.

use mailferry_shared::{
    discovery::{Discovery, DiscoveryStep, Origin, Proof, Proposal, StepState},
    endpoint::Endpoint,
    ids::DiscoveryId,
    provider::LoginForm,
};

use super::{at, id};

/// Just begun.
pub fn begun() -> Discovery {
    Discovery {
        id: DiscoveryId(id(7)),
        domain: Some("old.example".to_owned()),
        host: None,
        created_at: at(0),
        finished: false,
        proposals: Vec::new(),
        steps: Vec::new(),
    }
}

/// Found in an autoconfig file, and met.
pub fn found() -> Discovery {
    let proposal = |host: &str| {
        Some(Proposal {
            origin: Origin::Autoconfig,
            endpoint: Endpoint::imaps(host.parse().ok()?),
            login: LoginForm::Address,
            provider: None,
            name: Some("Old Mail".to_owned()),
            advice: Vec::new(),
            proof: Proof::Passed,
            finding: None,
        })
    };
    let step = |origin, state| DiscoveryStep { origin, state, finding: None };
    Discovery {
        finished: true,
        proposals: proposal("imap.old.example").into_iter().collect(),
        steps: vec![
            step(Origin::Autoconfig, StepState::Found),
            step(Origin::WellKnown, StepState::Nothing),
            step(Origin::ProviderList, StepState::Nothing),
            step(Origin::MailExchanger, StepState::Nothing),
            step(Origin::ServiceRecord, StepState::Nothing),
        ],
        ..begun()
    }
}
