//! What several steps show.

use leptos::prelude::*;
use mailferry_shared::{
    account::{AccountPair, LoginState, Side, Survey},
    address::MailAddress,
    finding::{Finding, FindingCode, Severity},
};

use crate::{
    browser::intl,
    components::{Glyph, icon},
    i18n,
    state::offer::Offer,
    t, tn,
};

/// Where one asks for help, if that is known.
#[component]
pub(crate) fn Help() -> impl IntoView {
    let address = Offer::get().help();
    let link = |address: MailAddress| view! { <a href=format!("mailto:{address}")>{address.to_string()}</a> };
    move || address.get().map(|address| view! { <span class="help">{t!("app.help")} " " {link(address)}</span> })
}

/// Cause and next step of a finding, in place.
pub(crate) fn finding_view(finding: &Finding) -> impl IntoView + use<> {
    let class = match finding.severity {
        Severity::Error => "finding finding-error",
        Severity::Warning => "finding finding-warning",
    };
    let subject = finding.subject.clone().map(|subject| view! { <span class="soft">{format!(" ({subject})")}</span> });
    view! {
        <div class=class>
            {icon(Glyph::Warning)}
            <p>
                <span class="finding-cause">{i18n::finding_cause(finding)}</span>
                {subject}
                " "
                <span class="finding-next">{i18n::finding_next_step(finding)}</span>
            </p>
        </div>
    }
}

/// How logging in to an account went, as an icon with words.
pub(crate) fn login_view(side: &Side) -> impl IntoView + use<> {
    let (class, glyph, text) = match side.login {
        LoginState::Unchecked => ("status status-idle", Glyph::Circle, t!("accounts.login_unchecked")),
        LoginState::Checking => ("status status-busy", Glyph::Spinner, t!("accounts.login_checking")),
        LoginState::Passed if side.findings.is_empty() => {
            ("status status-good", Glyph::Check, t!("accounts.login_passed"))
        }
        LoginState::Passed => ("status status-warn", Glyph::Check, t!("accounts.login_warning")),
        LoginState::Failed => ("status status-bad", Glyph::Cross, t!("accounts.login_failed")),
    };
    view! { <span class=class>{icon(glyph)}<span>{text}</span></span> }
}

/// "214 messages (15 MB)".
pub(crate) fn survey_text(survey: &Survey) -> String {
    let messages = tn!("count.messages", survey.messages);
    t!("accounts.survey", messages = messages, size = intl::size(survey.size_bytes))
}

/// "anna@old.example → anna@new.example".
pub(crate) fn pair_name(pair: &AccountPair) -> String {
    format!("{} → {}", mailbox(&pair.source), mailbox(&pair.destination))
}

/// The mailbox that is opened: the one an admin acts for, else the login name.
pub(crate) fn mailbox(side: &Side) -> &str {
    side.act_for.as_deref().unwrap_or(&side.user)
}

/// True if one of the two logins failed.
pub(crate) fn has_failed(pair: &AccountPair) -> bool {
    [&pair.source, &pair.destination].into_iter().any(|side| side.login == LoginState::Failed)
}

/// True if the destination has no room for what was counted.
pub(crate) fn will_not_fit(pair: &AccountPair) -> bool {
    pair.destination.findings.iter().any(|finding| finding.code == FindingCode::WillNotFit)
}

/// True if both logins worked.
pub(crate) fn has_passed(pair: &AccountPair) -> bool {
    [&pair.source, &pair.destination].into_iter().all(|side| side.login == LoginState::Passed)
}
