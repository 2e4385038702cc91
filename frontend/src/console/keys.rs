//! API keys: made, shown once, revoked.

use std::collections::BTreeSet;

use leptos::prelude::*;
use mailferry_shared::{
    key::{ApiKey, ApiKeyCreate, Scope},
    member::Principal,
};

use super::{
    ending::{EndDialog, Ending, doing},
    list::{Empty, ListTable, Listed},
    list_head::ListHead,
    may,
    sending::{FormDialog, Sending},
};
use crate::{
    api,
    browser::intl,
    components::{CopyLine, Glyph, Notice, TextField, Tick, TimeField, Tone},
    t,
};

/// The part.
#[component]
pub(super) fn Keys() -> impl IntoView {
    let listed = Listed::of(api::api_keys);
    let ending = Ending::<ApiKey>::provide();
    let open = RwSignal::new(false);
    let made = RwSignal::new(None::<String>);
    let making = Sending::new();
    let (name, sandbox) = (RwSignal::new(String::new()), RwSignal::new(false));
    let scopes = RwSignal::new(BTreeSet::<Scope>::new());
    let until = RwSignal::new(String::new());
    let begin = move |()| {
        until.set(String::new());
        name.set(String::new());
        sandbox.set(false);
        scopes.set([Scope::OrdersWrite].into());
        open.set(true);
    };
    let submit = move |()| {
        let key = ApiKeyCreate {
            name: name.get_untracked(),
            scopes: scopes.get_untracked(),
            sandbox: sandbox.get_untracked(),
            expires_at: until.with_untracked(|until| intl::parse_local(until)),
        };
        making.send(async move { api::create_api_key(&key).await }, move |created| {
            open.set(false);
            made.set(Some(created.secret.expose().to_owned()));
            listed.again();
        });
    };
    let heads = vec![
        t!("console.name"),
        t!("console.scopes"),
        t!("console.key_made_at"),
        t!("console.last_used"),
        t!("console.valid_until"),
        t!("accounts.col_actions"),
    ];
    view! {
        <ListHead
            title=t!("console.keys")
            lead=t!("console.keys_lead")
            create=t!("console.key_new")
            on_create=begin
        />
        {move || {
            made.get()
                .map(|secret| {
                    view! {
                        <Notice tone=Tone::Good title=t!("console.key_made")>
                            <p>{t!("console.key_once")}</p>
                            <CopyLine label=t!("console.key") text=secret />
                        </Notice>
                    }
                })
        }}
        <ListTable listed=listed name=t!("console.keys") heads=heads empty=Empty(Glyph::Key, t!("console.no_keys")) row=row />
        <FormDialog
            id="key"
            title=t!("console.key_new")
            open=open
            sending=making
            submit=t!("console.key_new")
            on_submit=submit
        >
            <TextField id="key-name" label=t!("console.name") value=name maxlength=200 error=making.field("/name") />
            <fieldset class="stack-s">
                <legend class="field-label">{t!("console.scopes")}</legend>
                <p class="field-hint">{t!("console.scopes_hint")}</p>
                <Scopes scopes=scopes />
            </fieldset>
            <TimeField
                id="key-until"
                label=t!("console.valid_until")
                value=until
                is_optional=true
                error=making.field("/expires_at")
            />
            <Tick
                label=t!("console.sandbox")
                hint=t!("console.sandbox_hint")
                checked=sandbox
                on_change=move |on| sandbox.set(on)
            />
        </FormDialog>
        <EndDialog
            id="revoke-key"
            title=t!("console.key_revoke_title")
            text=|key: ApiKey| t!("console.key_revoke_text", name = key.name)
            confirm=t!("console.revoke")
            ending=ending
            listed=listed
            end=|key: ApiKey| doing(async move { api::revoke_api_key(key.id).await })
        />
    }
}

/// What a key may be used for: as much as its maker may do.
#[component]
fn Scopes(scopes: RwSignal<BTreeSet<Scope>>) -> impl IntoView {
    let principal = expect_context::<Principal>();
    let tick = move |scope: Scope| {
        // To write includes to read.
        let is_included =
            Signal::derive(move || scope.includer() != scope && scopes.with(|held| held.contains(&scope.includer())));
        view! {
            <Tick
                label=scope.as_str()
                checked=Signal::derive(move || scopes.with(|scopes| scope.is_in(scopes)))
                disabled=is_included
                on_change=move |on| {
                    scopes
                        .update(|scopes| {
                            if on { scopes.insert(scope) } else { scopes.remove(&scope) };
                        });
                }
            />
        }
    };
    // To read and to write the same stand side by side.
    let rows = Scope::ALL.chunks(2).filter_map(|of_one| {
        let allowed: Vec<_> = of_one.iter().copied().filter(|scope| may(&principal, *scope)).collect();
        (!allowed.is_empty()).then(|| view! { <div>{allowed.into_iter().map(tick).collect_view()}</div> })
    });
    view! { <div class="scopes" data-data="">{rows.collect_view()}</div> }
}

fn row(key: &ApiKey, _: Listed<ApiKey>) -> AnyView {
    let ending = expect_context::<Ending<ApiKey>>();
    let scopes = key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
    let ends = key.expires_at.map_or_else(|| t!("console.key_no_end").to_owned(), intl::date_time);
    let used = key.last_used_at.map_or_else(|| t!("console.never").to_owned(), intl::date_time);
    let realm = if key.sandbox { t!("console.sandbox") } else { t!("console.key_live") };
    // What a program holds begins and ends like this.
    let hint = key.hint.as_ref().map(|end| format!("mf_{}_…{end}", if key.sandbox { "test" } else { "live" }));
    view! {
        <tr>
            <th scope="row">
                <span class="account-name">{key.name.clone()}</span>
                " "
                <span class="tagged">{realm}</span>
                {hint.map(|hint| view! { <p class="account-meta mono">{hint}</p> })}
            </th>
            <td class="mono cell-code cell-wide" data-label=t!("console.scopes")>{scopes}</td>
            <td data-label=t!("console.key_made_at")>
                <span class="whole">{intl::date_time(key.created_at)}</span>
                {key.member_name.clone().map(|name| view! { <p class="account-meta">{name}</p> })}
            </td>
            <td data-label=t!("console.last_used")><span class="whole">{used}</span></td>
            <td data-label=t!("console.valid_until")><span class="whole">{ends}</span></td>
            <td class="cell-actions">
                <div class="table-actions">
                    {ending.revoke_button(key.clone(), &key.name)}
                </div>
            </td>
        </tr>
    }
    .into_any()
}
