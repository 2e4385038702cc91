//! One pair in the overview.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    account::{AccountChange, LoginState, Side, SideName},
    delegation::CredentialKind,
    finding::{Finding, FindingCode},
    ids::PairId,
};

use super::{Page, certificate::certificate_view, overview::Dialogs};
use crate::{
    api,
    browser::intl,
    components::{Glyph, Tick, icon},
    pages::parts,
    state::checking,
    t,
};

/// The row of the pair `id` at its place in the table; its cells follow what is known of the pair.
#[component]
pub(super) fn Row(id: PairId, at: usize) -> impl IntoView {
    let page = expect_context::<Page>();
    let dialogs = expect_context::<Dialogs>();
    let context = page.context;
    let pair = Memo::new(move |_| {
        context.accounts.with(|accounts| accounts.ready()?.iter().find(|pair| pair.id == id).cloned())
    });
    let name = pair.with_untracked(|pair| pair.as_ref().map(parts::pair_name)).unwrap_or_default();
    let ticked = Memo::new(move |_| pair.with(|pair| pair.as_ref().is_some_and(|pair| pair.ticked)));
    let locked = Signal::derive(move || !page.open.get());
    let no_passwords = Signal::derive(move || !page.may_tell_passwords.get());
    let tick = move |ticked: bool| {
        spawn_local(async move {
            let change = AccountChange { ticked: Some(ticked), ..AccountChange::default() };
            match api::change_account(context.id, id, &change).await {
                Ok(pair) => context.put_pair(pair),
                Err(error) => {
                    context.checking.error.try_set(Some(error));
                    // Shows again what the service knows.
                    context.accounts.try_update(|_| ());
                }
            }
        });
    };
    let checking = move || pair.with(|pair| pair.as_ref().is_some_and(crate::state::order::is_checking));
    let again = Callback::new(move |side| {
        dialogs.again.set(Some(side));
        dialogs.edit.set(pair.get_untracked());
    });
    let cell = move |name: SideName| {
        // This side twice: what becomes known of the other one makes nothing anew in which somebody reads.
        let own = Memo::new(move |_| {
            pair.get().map(|mut pair| {
                if name == SideName::Destination {
                    pair.source.clone_from(&pair.destination);
                }
                pair.destination.clone_from(&pair.source);
                pair
            })
        });
        move || {
            own.with(|pair| {
                let side = &pair.as_ref()?.source;
                let way_out = again_button(side, name, no_passwords, again)
                    .or_else(|| certificate_view(context, name, side, no_passwords));
                Some(side_cell(side, way_out))
            })
        }
    };
    let action = move |glyph: Glyph, label: String, disabled: Signal<bool>, run: Callback<()>| {
        view! {
            <button
                type="button"
                class="button button-quiet button-small button-icon"
                aria-label=label.clone()
                title=label
                disabled=move || disabled.get()
                on:click=move |_| run.run(())
            >
                {icon(glyph)}
            </button>
        }
    };
    let check = Callback::new(move |()| checking::check(context, vec![id]));
    let edit = Callback::new(move |()| dialogs.edit.set(pair.get_untracked()));
    let delete = Callback::new(move |()| dialogs.delete.set(pair.get_untracked()));
    view! {
        <tr
            aria-rowindex=(at + 2).to_string()
            class="pair-row"
            class:is-off=move || !ticked.get()
            aria-busy=move || checking().to_string()
        >
            <td class="cell-tick">
                <Tick
                    label=t!("accounts.tick", account = name)
                    label_hidden=true
                    checked=ticked
                    on_change=tick
                    disabled=locked
                />
            </td>
            <td data-label=t!("accounts.col_source")>{cell(SideName::Source)}</td>
            <td data-label=t!("accounts.col_destination")>{cell(SideName::Destination)}</td>
            <td>
                <div class="table-actions">
                    {action(Glyph::Refresh, t!("accounts.check_what", account = name), no_passwords, check)}
                    {action(Glyph::Pencil, t!("accounts.edit_what", account = name), no_passwords, edit)}
                    {action(Glyph::Trash, t!("accounts.delete_what", account = name), locked, delete)}
                </div>
            </td>
        </tr>
    }
}

/// Where user name or password were refused: the way to enter them again.
fn again_button(side: &Side, name: SideName, disabled: Signal<bool>, again: Callback<SideName>) -> Option<AnyView> {
    let refused =
        |finding: &Finding| matches!(finding.code, FindingCode::WrongPassword | FindingCode::AppPasswordNeeded);
    let is_refused = side.login == LoginState::Failed && !side.by_admin && side.findings.iter().any(refused);
    (is_refused && side.credential == CredentialKind::Password).then(|| {
        let label = t!("accounts.password_again_of", account = parts::mailbox(side));
        view! {
            <button
                type="button"
                class="button button-small"
                aria-label=label
                disabled=move || disabled.get()
                on:click=move |_| again.run(name)
            >
                {icon(Glyph::Pencil)}
                {t!("accounts.password_again")}
            </button>
        }
        .into_any()
    })
}

fn side_cell(side: &Side, way_out: Option<AnyView>) -> impl IntoView + use<> {
    let meta = |text: String| view! { <p class="account-meta">{text}</p> };
    let acts_for = side.act_for.as_ref().map(|mailbox| meta(t!("accounts.acts_for", mailbox = mailbox)));
    let server = side.endpoint.as_ref().map(|endpoint| meta(t!("accounts.own_server", server = endpoint)));
    let by_admin = side.by_admin.then(|| meta(t!("admin.by_admin").to_owned()));
    let password = (!side.has_password).then(|| meta(t!("accounts.password_missing").to_owned()));
    let findings = side.findings.iter().map(parts::finding_view).collect_view();
    view! {
        <div class="account-cell">
            <p class="account-name">{side.user.clone()}</p>
            {acts_for}
            {server}
            {by_admin}
            {password}
            <p class="account-facts">
                // How a password that is gone did says nothing of the next one.
                {(side.has_password || side.login == LoginState::Checking).then(|| parts::login_view(side))}
                {counted(side).map(|counted| view! { <span class="account-meta numbers">{counted}</span> })}
            </p>
            {findings}
            {way_out}
        </div>
    }
}

/// What lies in the account, or that it is being counted.
fn counted(side: &Side) -> Option<String> {
    match &side.survey {
        Some(survey) => {
            let free = survey.free_bytes.map(|free| t!("accounts.survey_free", size = intl::size(free)));
            Some(
                free.map_or_else(
                    || parts::survey_text(survey),
                    |free| format!("{} · {free}", parts::survey_text(survey)),
                ),
            )
        }
        None => crate::state::order::is_counting(side).then(|| t!("accounts.survey_waiting").to_owned()),
    }
}
