//! Host, port and TLS mode of a server named by hand.

use leptos::prelude::*;
use mailferry_shared::endpoint::TlsMode;

use super::field::TextField;
use crate::{forms, state::service::Service, state::typed::ServerFields, t};

/// The three fields; `id` makes their ids unique.
#[expect(clippy::needless_pass_by_value, reason = "the views of its fields outlive it")]
#[component]
pub(crate) fn ServerFieldset(
    #[prop(into)] id: String,
    #[prop(into)] legend: String,
    fields: ServerFields,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    let service = expect_context::<Service>();
    let tls_id = format!("{id}-tls");
    let on_tls = move |event| {
        let tls = forms::tls_of_name(&event_target_value(&event));
        let usual = forms::usual_port(fields.tls.get_untracked()).to_string();
        // A port of the user's own choice stays.
        if fields.port.with_untracked(|port| port.trim().is_empty() || *port == usual) {
            fields.port.set(forms::usual_port(tls).to_string());
        }
        fields.tls.set(tls);
    };
    let modes = move || {
        [TlsMode::Implicit, TlsMode::Starttls, TlsMode::Plaintext]
            .into_iter()
            .filter(move |tls| *tls != TlsMode::Plaintext || service.plaintext_allowed())
            .map(|tls| {
                view! {
                    <option value=forms::tls_name(tls) selected=move || fields.tls.get() == tls>
                        {tls_text(tls)}
                    </option>
                }
            })
            .collect_view()
    };
    view! {
        <fieldset class="fields-server">
            <legend class="visually-hidden">{legend}</legend>
            <TextField
                id=format!("{id}-host")
                label=t!("server.host")
                value=fields.host
                placeholder="imap.example.org"
                inputmode="url"
                maxlength=253
                error=Signal::derive(move || fields.errors.get().host.map(str::to_owned))
                disabled=disabled
            />
            <TextField
                id=format!("{id}-port")
                label=t!("server.port")
                value=fields.port
                inputmode="numeric"
                maxlength=5
                error=Signal::derive(move || fields.errors.get().port.map(str::to_owned))
                disabled=disabled
            />
            <div class="field field-tls">
                <label class="field-label" for=tls_id.clone()>
                    {t!("server.tls")}
                </label>
                <select class="input" id=tls_id disabled=move || disabled.get() on:change=on_tls>
                    {modes}
                </select>
            </div>
        </fieldset>
    }
}

fn tls_text(tls: TlsMode) -> &'static str {
    match tls {
        TlsMode::Implicit => t!("server.tls_implicit"),
        TlsMode::Starttls => t!("server.tls_starttls"),
        TlsMode::Plaintext => t!("server.tls_plaintext"),
    }
}
