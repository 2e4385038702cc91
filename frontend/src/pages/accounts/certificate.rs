//! A certificate that does not verify: what the server showed, the way to accept it, and the way back.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    account::{Side, SideName},
    certificate::{CertificateAcceptance, CertificateFingerprint, ServerCertificate},
    finding::{Finding, FindingCode},
};

use crate::{
    api,
    browser::{self, intl},
    components::Tick,
    pages::parts,
    state::{checking, order::OrderContext},
    t,
};

/// The part of the page with the table.
const OVERVIEW: &str = "accounts-panel-overview";

/// What is known of the certificate of a side's server, where it does not verify; and whether it is accepted, which can be
/// changed.
pub(super) fn certificate_view(
    context: OrderContext,
    name: SideName,
    side: &Side,
    disabled: Signal<bool>,
) -> Option<AnyView> {
    let (certificate, is_accepted) = side.findings.iter().find_map(known)?;
    let endpoint = side.endpoint.clone().or_else(|| Some(untrack(|| context.choice(name))?.endpoint))?;
    let fingerprint = certificate.fingerprint;
    let place = CertificateAcceptance { side: name, host: endpoint.host, port: endpoint.port };
    let change = move |_| change(context, fingerprint, (!is_accepted).then(|| place.clone()));
    let compared = RwSignal::new(is_accepted);
    let label = if is_accepted { t!("certificate.forget") } else { t!("certificate.accept") };
    let [named, what] = [label, t!("certificate.what")].map(|label| format!("{label}: {}", parts::mailbox(side)));
    let tick = (!is_accepted).then(|| {
        view! { <Tick label=t!("certificate.compared") checked=compared on_change=move |on| compared.set(on) /> }
    });
    Some(
        view! {
            <details class="disclosure">
                <summary aria-label=what>{t!("certificate.what")}</summary>
                <div class="disclosure-body stack">
                    <p>{t!("certificate.warning")}</p>
                    // By itself: nothing that stands in the rest can be taken for it.
                    <p>"SHA-256 " <code data-data="">{fingerprint.grouped()}</code></p>
                    <p class="as-written" data-data="">{facts(&certificate)}</p>
                    {tick}
                    <button
                        type="button"
                        class="button button-small"
                        aria-label=named
                        disabled=move || disabled.get() || !compared.get()
                        on:click=change
                    >
                        {label}
                    </button>
                </div>
            </details>
        }
        .into_any(),
    )
}

/// The certificate that a finding is about, and whether it is accepted.
fn known(finding: &Finding) -> Option<(ServerCertificate, bool)> {
    let certificate = finding.detail.as_ref()?.certificate.clone()?;
    Some((certificate, finding.code == FindingCode::CertificatePinned))
}

/// What the certificate says of itself: text, whatever stands in it.
fn facts(certificate: &ServerCertificate) -> String {
    let mut text = String::new();
    let mut fact = |label: &str, value: &str| {
        if !value.is_empty() {
            for part in [label, ": ", value, "\n"] {
                text.push_str(part);
            }
        }
    };
    let time = |time: Option<_>| time.map(intl::date_time).unwrap_or_default();
    fact(t!("certificate.names"), &certificate.names.join(", "));
    fact(t!("certificate.issuer"), certificate.issuer.as_deref().unwrap_or_default());
    fact(t!("certificate.valid"), &time(certificate.not_before));
    fact(t!("certificate.until"), &time(certificate.not_after));
    fact(t!("certificate.accepted"), &time(certificate.accepted_at));
    text
}

/// Accepts the certificate there, or nowhere any more, and checks again whoever it concerns.
fn change(context: OrderContext, fingerprint: CertificateFingerprint, place: Option<CertificateAcceptance>) {
    spawn_local(async move {
        if let Err(error) = api::set_certificate(context.id, fingerprint, place).await {
            context.checking.error.try_set(Some(error));
            return;
        }
        // The button goes away: whoever pressed it goes on where the answer appears.
        browser::focus(OVERVIEW);
        let is_its =
            |finding: &Finding| known(finding).is_some_and(|(certificate, _)| certificate.fingerprint == fingerprint);
        let concerned = context
            .pairs()
            .into_iter()
            .filter(|pair| pair.source.findings.iter().chain(&pair.destination.findings).any(is_its));
        checking::check(context, concerned.map(|pair| pair.id).collect());
    });
}
