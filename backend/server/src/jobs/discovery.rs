//! Discovery: where a domain's mail service may tell its settings is asked, everything at once; what is told is proved by
//! meeting a server there. Each answer is saved as it comes.

use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, FuturesUnordered},
};
use mailferry_connectors::{
    imap::greet,
    net::http::{HttpError, HttpRequest},
};
use mailferry_domain::{autoconfig, discovery as rules, discovery::Ports};
use mailferry_shared::{
    discovery::{DiscoveryStep, Origin, Proof, Proposal, StepState},
    endpoint::{Endpoint, HostName, TlsMode},
    finding::{Finding, FindingCode},
    ids::DiscoveryId,
    provider::{LoginForm, Provider},
};
use mailferry_store::{Sought, StoreError, jobs::JobOutcome};
use tokio_util::sync::CancellationToken;

use super::{JobContext, JobError};

/// Servers met at once.
const PARALLEL: usize = 4;

/// What a place told: settings, or why it could not be asked.
type Told = Result<Vec<Proposal>, FindingCode>;

/// Searches to the end, from the beginning if it was interrupted.
///
/// # Errors
/// [`JobError`] if the store is not available.
pub(super) async fn perform(
    context: &JobContext,
    id: DiscoveryId,
    stop: &CancellationToken,
) -> Result<JobOutcome, JobError> {
    let sought = match context.store.discovery_work(id).await {
        // It is done, or was forgotten.
        Ok(None) | Err(StoreError::NotFound) => return Ok(JobOutcome::Done),
        Ok(Some(sought)) => sought,
        Err(error) => return Err(error.into()),
    };
    let search = Search { context, id, proposals: Vec::new(), steps: Vec::new() };
    tokio::select! {
        ended = search.run(sought) => match ended {
            Ok(()) | Err(StoreError::NotFound) => Ok(JobOutcome::Done),
            Err(error) => Err(error.into()),
        },
        () = stop.cancelled() => Ok(JobOutcome::Waits(context.store.now())),
    }
}

struct Search<'a> {
    context: &'a JobContext,
    id: DiscoveryId,
    proposals: Vec<Proposal>,
    steps: Vec<DiscoveryStep>,
}

impl Search<'_> {
    async fn run(mut self, sought: Sought) -> Result<(), StoreError> {
        match sought {
            Sought::Domain(domain) => self.by_domain(&domain).await?,
            Sought::Host { host, port, tls } => {
                let trials = rules::trials(&host, port, tls, self.ports());
                self.try_out(Origin::Named, trials).await?;
            }
        }
        self.save(true).await
    }

    fn ports(&self) -> Ports {
        self.context.settings.outgoing.discovery_ports
    }

    async fn save(&self, finished: bool) -> Result<(), StoreError> {
        self.context.store.save_discovery(self.id, &rules::ranked(&self.proposals), &self.steps, finished).await
    }

    async fn by_domain(&mut self, domain: &str) -> Result<(), StoreError> {
        let context = self.context;
        let [autoconfig, well_known] = rules::autoconfig_urls(domain, self.ports());
        let places: [BoxFuture<'_, (Origin, Told)>; 5] = [
            file(context, Origin::Autoconfig, autoconfig, domain).boxed(),
            file(context, Origin::WellKnown, well_known, domain).boxed(),
            async { (Origin::ProviderList, Ok(listed(context, Origin::ProviderList, domain).into_iter().collect())) }
                .boxed(),
            mail_exchanger(context, domain).boxed(),
            service_records(context, domain).boxed(),
        ];
        let mut answers: FuturesUnordered<_> = places.into_iter().collect();
        while let Some((origin, told)) = answers.next().await {
            self.take(origin, told);
            self.save(false).await?;
        }
        self.prove().await?;
        // What a place tells may be out of date.
        if !self.has_met_one() {
            self.try_out(Origin::Guess, rules::guesses(domain, self.ports())).await?;
        }
        Ok(())
    }

    fn has_met_one(&self) -> bool {
        self.proposals.iter().any(|one| one.proof == Proof::Passed)
    }

    fn take(&mut self, origin: Origin, told: Told) {
        let (state, finding) = match &told {
            Ok(proposals) if proposals.is_empty() => (StepState::Nothing, None),
            Ok(_) => (StepState::Found, None),
            Err(code) => (StepState::Failed, Some(Finding::new(*code))),
        };
        rules::add_step(&mut self.steps, DiscoveryStep { origin, state, finding });
        rules::add(&mut self.proposals, told.unwrap_or_default());
    }

    /// Meets every proposed server that was not tried before.
    async fn prove(&mut self) -> Result<(), StoreError> {
        let context = self.context;
        let open = self.proposals.iter().filter(|one| one.proof == Proof::Open);
        let endpoints: Vec<Endpoint> = open.map(|one| one.endpoint.clone()).collect();
        let mut met = stream::iter(endpoints).map(|endpoint| meet(context, endpoint)).buffer_unordered(PARALLEL);
        while let Some((endpoint, result)) = met.next().await {
            if result == Ok(false) {
                self.advise(&endpoint, FindingCode::OauthNeeded);
            }
            rules::prove(&mut self.proposals, &endpoint, result.map(drop));
            self.save(false).await?;
        }
        Ok(())
    }

    fn advise(&mut self, endpoint: &Endpoint, code: FindingCode) {
        for one in self.proposals.iter_mut().filter(|one| one.endpoint == *endpoint && !one.advice.contains(&code)) {
            one.advice.push(code);
        }
    }

    /// Proposes those servers that are really met. Of a host that somebody has named, and of what a place has told, it is
    /// shown why it is not; of a guess nothing.
    async fn try_out(&mut self, origin: Origin, endpoints: Vec<Endpoint>) -> Result<(), StoreError> {
        let proposals = endpoints.into_iter().map(|endpoint| proposal(self.context, origin, endpoint, None)).collect();
        rules::add(&mut self.proposals, proposals);
        self.prove().await?;
        let met = self.has_met_one();
        if met || origin == Origin::Guess {
            self.proposals.retain(|one| one.proof == Proof::Passed || one.origin != origin);
        }
        let state = if met { StepState::Found } else { StepState::Nothing };
        rules::add_step(&mut self.steps, DiscoveryStep { origin, state, finding: None });
        Ok(())
    }
}

/// Whether an IMAP server answers there, and whether it takes passwords.
async fn meet(context: &JobContext, endpoint: Endpoint) -> (Endpoint, Result<bool, FindingCode>) {
    let met = greet(&context.network, &endpoint, context.settings.outgoing.plaintext).await;
    let result = met.map(|greeted| greeted.takes_passwords).map_err(|error| {
        tracing::debug!(code = %error.code, cause = ?error.source, "no server was met where one was proposed");
        error.code
    });
    (endpoint, result)
}

/// Fills in what is known of a server's provider.
fn proposal(context: &JobContext, origin: Origin, endpoint: Endpoint, name: Option<String>) -> Proposal {
    let known = context.providers.by_host(&endpoint.host);
    Proposal {
        origin,
        login: known.map_or(LoginForm::Address, |provider| provider.login),
        provider: known.map(|provider| provider.id.clone()),
        name: name.or(known.map(|provider| provider.name.clone())),
        advice: known.map(|provider| provider.advice.clone()).unwrap_or_default(),
        proof: Proof::Open,
        finding: None,
        endpoint,
    }
}

/// The known provider of a domain.
fn listed(context: &JobContext, origin: Origin, domain: &str) -> Option<Proposal> {
    let Provider { endpoint: Some(endpoint), .. } = context.providers.by_domain(domain)? else { return None };
    Some(proposal(context, origin, endpoint.clone(), None))
}

async fn file(context: &JobContext, origin: Origin, url: String, domain: &str) -> (Origin, Told) {
    (origin, read_file(context, origin, &url, domain).await)
}

async fn read_file(context: &JobContext, origin: Origin, url: &str, domain: &str) -> Told {
    let Ok(url) = url.parse() else { return Ok(Vec::new()) };
    let request = HttpRequest { most_bytes: autoconfig::MAX_BYTES, ..HttpRequest::get(url) };
    let answer = match context.http.send(request).await {
        Ok(answer) if answer.status == 200 => answer,
        // No such file, or somewhere else: redirects are not followed.
        Ok(_) | Err(HttpError::UnknownHost) => return Ok(Vec::new()),
        Err(error) => return Err(error.code()),
    };
    let Ok(servers) = autoconfig::parse(&answer.body, domain) else { return Ok(Vec::new()) };
    let proposals = servers.into_iter().map(|told| {
        let mut proposal = proposal(context, origin, told.endpoint, told.name);
        proposal.login = told.login;
        if told.oauth_only && !proposal.advice.contains(&FindingCode::OauthNeeded) {
            proposal.advice.push(FindingCode::OauthNeeded);
        }
        proposal
    });
    Ok(proposals.collect())
}

/// Who takes the domain's mail usually keeps it too.
async fn mail_exchanger(context: &JobContext, domain: &str) -> (Origin, Told) {
    let origin = Origin::MailExchanger;
    let Ok(hosts) = context.network.resolver().mail_exchangers(domain).await else {
        return (origin, Err(FindingCode::NameServerSilent));
    };
    let known = hosts.iter().find_map(|mx| rules::parents(&mx.host).find_map(|parent| listed(context, origin, parent)));
    (origin, Ok(known.into_iter().collect()))
}

/// RFC 6186: TLS from the first byte before STARTTLS; a target of `.` says that there is none.
async fn service_records(context: &JobContext, domain: &str) -> (Origin, Told) {
    let origin = Origin::ServiceRecord;
    let mut proposals = Vec::new();
    for (name, tls) in [("_imaps", TlsMode::Implicit), ("_imap", TlsMode::Starttls)] {
        let Ok(services) = context.network.resolver().services(&format!("{name}._tcp.{domain}")).await else {
            return (origin, Err(FindingCode::NameServerSilent));
        };
        let hosts = services.into_iter().filter(|service| service.port > 0);
        proposals.extend(hosts.filter_map(|service| {
            let host: HostName = service.host.parse().ok()?;
            Some(proposal(context, origin, Endpoint::new(host, service.port, tls), None))
        }));
    }
    (origin, Ok(proposals))
}
