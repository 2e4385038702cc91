//! What several steps show.

use leptos::prelude::*;
use mailferry_shared::{
    account::{AccountPair, LoginState, MailAmount, Side, Survey},
    address::MailAddress,
    finding::{Finding, FindingCode, Repair, Severity},
    provider::Provider,
    service::ServiceInfo,
    voucher::VoucherState,
};

use crate::{
    browser::intl,
    components::{Glyph, icon},
    i18n,
    state::offer::{Offer, Pays},
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
    let (topic, cause) = (topic(finding), i18n::finding_cause(finding));
    // What it is about stands within the sentence.
    let (cause, stop) = match cause.strip_suffix('.') {
        Some(cause) if !topic.is_empty() => (cause.to_owned(), "."),
        _ => (cause, ""),
    };
    let subject = (!topic.is_empty()).then(|| view! { <span class="soft">{format!(" ({topic})")}</span> });
    view! {
        <div class=class>
            {icon(Glyph::Warning)}
            <p>
                <span class="finding-cause">{cause}</span>
                {subject} {stop}
                " "
                <span class="finding-next">{i18n::finding_next_step(finding)}</span>
            </p>
        </div>
    }
}

/// What it is about: its subject, and its numbers and times as the reader's language writes them.
fn topic(finding: &Finding) -> String {
    let detail = finding.detail.as_deref().cloned().unwrap_or_default();
    // Of one that was refused the accounts' table tells more.
    let pinned = detail.certificate.filter(|_| finding.code == FindingCode::CertificatePinned);
    let parts = [
        finding.subject.clone(),
        detail.uid.map(|uid| t!("protocol.uid", uid = uid)),
        detail.messages.map(|messages| tn!("count.messages", messages)),
        detail.listed.map(|listed| t!("detail.listed", count = i18n::number(listed))),
        detail.limit_bytes.map(intl::size),
        detail.needed_bytes.map(|size| t!("detail.needed", size = intl::size(size))),
        detail.folders.map(|count| t!("detail.folders", count = i18n::number(count))),
        detail.free_bytes.map(|size| t!("detail.free", size = intl::size(size))),
        detail.until.map(|time| match finding.code {
            FindingCode::ServiceEnds => intl::day(time.date_naive()),
            _ => t!("detail.until", time = intl::date_time(time)),
        }),
        pinned.as_ref().map(|pinned| format!("SHA-256 {}", pinned.fingerprint.grouped())),
        pinned.and_then(|pinned| pinned.accepted_at).map(intl::date_time),
    ];
    let repairs = detail.repairs.iter().map(|repair| repair_text(*repair).to_owned());
    parts.into_iter().flatten().chain(repairs).collect::<Vec<_>>().join(" · ")
}

pub(crate) fn repair_text(repair: Repair) -> &'static str {
    match repair {
        Repair::LineEnds => t!("detail.line_ends"),
        Repair::FinalLineEnd => t!("detail.final_line_end"),
        Repair::NulBytes => t!("detail.nul_bytes"),
        Repair::Header => t!("detail.header"),
        Repair::HeaderEncoding => t!("detail.header_encoding"),
        Repair::LongLines => t!("detail.long_lines"),
        Repair::Date => t!("detail.date"),
    }
}

/// What the users of a provider must know before they enter a password. Where no password is taken, tokens may be.
pub(crate) fn provider_advice(provider: &Provider) -> Vec<String> {
    let by_token = !provider.oauth.is_empty();
    let by_app = provider.advice.contains(&FindingCode::AppPasswordNeeded);
    let text = |code: &FindingCode| match code {
        // An app password is one that is taken.
        FindingCode::OauthNeeded if by_app => None,
        FindingCode::OauthNeeded if by_token => Some(t!("providers.by_token").to_owned()),
        code => Some(i18n::advice_text(*code)),
    };
    provider.advice.iter().filter_map(text).collect()
}

/// The way to a provider's own instructions, beside this page.
pub(crate) fn instructions(source: String) -> impl IntoView {
    view! {
        <a href=source rel="external noreferrer" target="_blank">
            {t!("oauth.instructions")}
        </a>
    }
}

/// What it costs, how long it takes, and that it can be proved: to be known before anything is entered.
pub(crate) fn promise(service: Option<&ServiceInfo>, pays: Pays) -> Option<impl IntoView + use<>> {
    let service = service?;
    let days = i18n::number(u64::from(service.trial_days));
    let cost = match (pays, &service.price) {
        (Pays::Elsewise, _) => None,
        (Pays::Link, _) => Some(t!("intro.cost_paid").to_owned()),
        (Pays::Buyer, Some(price)) => {
            let price = intl::money(price.total_minor, price.price.currency);
            Some(t!("intro.cost", price = price, days = days))
        }
        (Pays::Buyer, None) => Some(t!("intro.cost_voucher", days = days)),
    };
    let cost = cost.map(|text| (Glyph::Ticket, text));
    let rest = [(Glyph::Clock, t!("intro.duration").to_owned()), (Glyph::Shield, t!("intro.proof").to_owned())];
    let line = |(glyph, text)| view! { <li>{icon(glyph)}<span>{text}</span></li> };
    let lines = cost.into_iter().chain(rest).map(line).collect_view();
    Some(view! {
        <ul class="promise" role="list">
            {lines}
        </ul>
    })
}

/// That what was to pay for a link does so no more.
pub(crate) fn lapsed(voucher: Option<VoucherState>) -> Option<&'static str> {
    match voucher? {
        VoucherState::Issued => None,
        VoucherState::Redeemed => Some(t!("intro.voucher_redeemed")),
        VoucherState::Expired => Some(t!("intro.voucher_expired")),
        VoucherState::Revoked => Some(t!("intro.voucher_revoked")),
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
    if survey.messages == 0 {
        return t!("accounts.survey_empty").to_owned();
    }
    amount_text(MailAmount { messages: survey.messages, size_bytes: survey.size_bytes })
}

/// The same of any mail.
pub(crate) fn amount_text(amount: MailAmount) -> String {
    let messages = tn!("count.messages", amount.messages);
    t!("accounts.survey", messages = messages, size = intl::size(amount.size_bytes))
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
