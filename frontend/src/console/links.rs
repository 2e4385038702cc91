//! Pre-configured links: the list, and what its rows offer.

use leptos::prelude::*;
use mailferry_shared::{key::Scope, link::Link, member::Principal, voucher::VoucherState};

use super::{
    ending::{EndDialog, Ending, doing},
    link_form::{LinkDialog, LinkForm},
    list::{Empty, ListTable, Listed},
    list_head::ListHead,
    may,
    vouchers::state_name,
};
use crate::{
    api,
    components::{CopyLine, Glyph, icon},
    i18n,
    state::providers::KnownProviders,
    t,
};

/// The part.
#[component]
pub(super) fn Links() -> impl IntoView {
    let listed = Listed::of(api::links);
    let ending = Ending::<Link>::provide();
    let form = LinkForm::provide(may(&expect_context::<Principal>(), Scope::LinksWrite));
    let heads = vec![
        t!("console.name"),
        t!("console.link"),
        t!("console.link_to"),
        t!("console.migrations"),
        t!("console.col_code"),
        t!("accounts.col_actions"),
    ];
    view! {
        <ListHead
            title=t!("console.links")
            lead=t!("console.links_lead")
            create=t!("console.link_new")
            on_create=move |()| form.begin(None)
            may_create=form.may_write
        />
        <ListTable listed=listed name=t!("console.links") heads=heads empty=Empty(Glyph::Link, t!("console.no_links")) row=row />
        <LinkDialog listed=listed />
        <EndDialog
            id="revoke-link"
            title=t!("console.link_revoke_title")
            text=|link: Link| t!("console.link_revoke_text", name = link.name)
            confirm=t!("console.revoke")
            ending=ending
            listed=listed
            end=|link: Link| doing(async move { api::revoke_link(link.id).await })
        />
    }
}

fn row(link: &Link, _: Listed<Link>) -> AnyView {
    let (ending, form) = (expect_context::<Ending<Link>>(), expect_context::<LinkForm>());
    let known = KnownProviders::get();
    let (source, destination) = (link.source.clone(), link.destination.clone());
    let to = move || destination.as_ref().map_or_else(|| t!("console.any_provider").to_owned(), |to| known.name(to));
    let from = move || source.as_ref().map(|from| format!("{} →", known.name(from)));
    let voucher = link.voucher.as_ref().map(|voucher| {
        let number = |count: u32| i18n::number(u64::from(count));
        let used = t!("console.spent", used = number(voucher.pairs_used), pairs = number(voucher.pairs));
        let used = format!("{}: {used}", t!("status.accounts"));
        let state = (voucher.state != VoucherState::Issued)
            .then(|| view! { <span class="tagged">{state_name(voucher.state)}</span> });
        view! {
            <span class="mono">{format!("{}-…", voucher.hint)}</span>
            " "
            {state}
            <p class="account-meta">{used}</p>
        }
    });
    let once = link.once.then(|| view! { <span class="tagged">{t!("console.link_once_short")}</span> });
    let over = link.revoked.then(|| view! { <span class="tagged">{t!("console.revoked")}</span> });
    let open = (!link.revoked).then(|| {
        view! {
            <a
                class="button button-quiet button-icon button-small"
                href=link.url.clone()
                target="_blank"
                rel="noreferrer"
                aria-label=t!("console.link_open_of", name = link.name)
                title=t!("console.link_open")
            >
                {icon(Glyph::Eye)}
            </a>
        }
    });
    let edited = link.clone();
    let actions = (form.may_write && !link.revoked).then(|| {
        view! {
            <button
                type="button"
                class="button button-quiet button-icon button-small"
                aria-label=t!("accounts.edit_what", account = link.name)
                title=t!("console.change")
                on:click=move |_| form.begin(Some(edited.clone()))
            >
                {icon(Glyph::Pencil)}
            </button>
            {ending.revoke_button(link.clone(), &link.name)}
        }
    });
    view! {
        <tr>
            <th scope="row" class="account-name">{link.name.clone()} " " {once} {over}</th>
            <td class="cell-wide" data-label=t!("console.link")>
                <CopyLine label=t!("console.link") text=link.url.clone() is_long=true />
            </td>
            <td data-label=t!("console.link_to") data-data="">{from} " " {to}</td>
            <td class="number" data-label=t!("console.migrations")>{i18n::number(u64::from(link.uses))}</td>
            <td data-label=t!("console.col_code")>{voucher}</td>
            <td class="cell-actions">
                <div class="table-actions">{open} {actions}</div>
            </td>
        </tr>
    }
    .into_any()
}
