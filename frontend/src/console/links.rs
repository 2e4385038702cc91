//! Pre-configured links, with a preview of the branding.

use leptos::prelude::*;
use mailferry_shared::{
    key::Scope,
    link::{Brand, Link, LinkCreate},
    member::Principal,
    order::Language,
};

use super::{
    list::{ListHead, ListTable, Listed},
    may,
    sending::{Confirm, FormDialog, Sending},
};
use crate::{
    api,
    brand::{Colour, accents},
    components::{CopyLine, Glyph, TextField, Tick, icon},
    forms, i18n, t,
};

/// The part.
#[component]
pub(super) fn Links() -> impl IntoView {
    let listed = Listed::of(|| async { api::links().await.map(|list| list.items) });
    let may_write = may(&expect_context::<Principal>(), Scope::LinksWrite);
    let open = RwSignal::new(false);
    let revoked = RwSignal::new(None::<Link>);
    provide_context(revoked);
    let revoking = Sending::new();
    let heads = vec![
        t!("console.name"),
        t!("console.link"),
        t!("console.link_uses"),
        t!("console.col_code"),
        t!("accounts.col_actions"),
    ];
    view! {
        {if may_write {
            view! {
                <ListHead
                    title=t!("console.links")
                    lead=t!("console.links_lead")
                    create=t!("console.link_new")
                    on_create=move |()| open.set(true)
                />
            }
                .into_any()
        } else {
            view! { <ListHead title=t!("console.links") lead=t!("console.links_lead") /> }.into_any()
        }}
        <ListTable listed=listed name=t!("console.links") heads=heads empty=t!("console.no_links") row=row />
        <NewLink open=open listed=listed />
        <Confirm
            id="revoke-link"
            title=t!("console.link_revoke_title")
            text=|link: Link| t!("console.link_revoke_text", name = link.name)
            confirm=t!("console.revoke")
            subject=revoked
            sending=revoking
            on_confirm=move |link: Link| {
                revoking
                    .send(
                        async move { api::revoke_link(link.id).await },
                        move |()| {
                            revoked.set(None);
                            listed.again();
                        },
                    );
            }
        />
    }
}

#[component]
fn NewLink(open: RwSignal<bool>, listed: Listed<Link>) -> impl IntoView {
    let sending = Sending::new();
    let [name, brand, support, prepaid] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let colour = RwSignal::new("#1a4fc4".to_owned());
    let support_error = RwSignal::new(None::<String>);
    let once = RwSignal::new(false);
    let language = RwSignal::new(Language::default());
    let submit = move |()| {
        let text = |signal: RwSignal<String>| signal.with_untracked(|text| text.trim().to_owned());
        let address = Some(text(support)).filter(|text| !text.is_empty()).map(|text| forms::address(&text)).transpose();
        support_error.set(address.as_ref().err().map(|error| (*error).to_owned()));
        let Ok(support_address) = address else { return };
        let link = LinkCreate {
            name: text(name),
            source: None,
            destination: None,
            language: language.get_untracked(),
            brand: Brand {
                name: Some(text(brand)).filter(|name| !name.is_empty()),
                colour: text(colour).parse().ok(),
                logo: None,
                support_address,
            },
            voucher_id: None,
            prepaid_pairs: text(prepaid).parse().ok(),
            once: once.get_untracked(),
        };
        sending.send(async move { api::create_link(&link).await }, move |_| {
            open.set(false);
            listed.again();
        });
    };
    let languages = move || {
        let option = |one: Language| {
            let name = i18n::LANGUAGES.into_iter().find(|(tag, _)| *tag == one.tag()).map_or("", |(_, name)| name);
            view! { <option value=one.tag() lang=one.tag()>{name}</option> }
        };
        Language::ALL.map(option).collect_view()
    };
    let choose = move |event: web_sys::Event| {
        let tag = event_target_value(&event);
        language.set(Language::ALL.into_iter().find(|one| one.tag() == tag).unwrap_or_default());
    };
    view! {
        <FormDialog
            id="link-new"
            title=t!("console.link_new")
            open=open
            sending=sending
            submit=t!("console.link_new")
            on_submit=submit
        >
            <TextField id="link-name" label=t!("console.name") value=name maxlength=200 error=sending.field("/name") />
            <div class="two">
                <TextField
                    id="link-brand"
                    label=t!("console.brand_name")
                    value=brand
                    is_optional=true
                    error=sending.field("/brand/name")
                />
                <TextField
                    id="link-colour"
                    label=t!("console.brand_colour")
                    value=colour
                    kind="color"
                    error=sending.field("/brand/colour")
                />
                <TextField
                    id="link-support"
                    label=t!("console.brand_support")
                    value=support
                    kind="email"
                    is_optional=true
                    error=support_error
                />
                <TextField
                    id="link-prepaid"
                    label=t!("console.link_prepaid")
                    value=prepaid
                    inputmode="numeric"
                    is_optional=true
                    error=sending.field("/prepaid_pairs")
                />
            </div>
            <div class="field">
                <label class="field-label" for="link-language">{t!("app.choose_language")}</label>
                <select class="input" id="link-language" on:change=choose>
                    {languages()}
                </select>
            </div>
            <Tick label=t!("console.link_once") checked=once on_change=move |on| once.set(on) />
            <Preview name=brand colour=colour />
        </FormDialog>
    }
}

/// How the page looks to those who come by the link, in both themes.
#[component]
fn Preview(name: RwSignal<String>, colour: RwSignal<String>) -> impl IntoView {
    let accents = Memo::new(move |_| colour.with(|colour| Colour::parse(colour)).map(accents));
    let value = move |at: usize| {
        accents.with(|accents| accents.as_ref().map(|accents| accents.variables[at].1.clone()).unwrap_or_default())
    };
    let theme = move |scheme: &'static str| {
        view! {
            <div
                class="brand-preview"
                style:color-scheme=scheme
                style:--accent=move || value(0)
                style:--accent-strong=move || value(1)
                style:--accent-soft=move || value(2)
                style:--on-accent=move || value(3)
            >
                <strong>{move || name.with(|name| if name.is_empty() { "Mailferry".to_owned() } else { name.clone() })}</strong>
                <span class="button button-primary">{t!("intro.begin")}</span>
                <span class="brand-preview-link">{t!("intro.terms_read")}</span>
            </div>
        }
    };
    view! {
        <div class="two" aria-hidden="true">{theme("light")} {theme("dark")}</div>
    }
}

fn row(link: &Link, _: Listed<Link>) -> AnyView {
    let revoked = expect_context::<RwSignal<Option<Link>>>();
    let subject = link.clone();
    let voucher = link.voucher.as_ref().map(|voucher| {
        let used =
            format!("{} / {}", i18n::number(u64::from(voucher.pairs_used)), i18n::number(u64::from(voucher.pairs)));
        view! { <span class="mono">{voucher.hint.clone()}</span> " " <span class="numbers">{used}</span> }
    });
    let once = link.once.then(|| view! { <span class="tagged">{t!("console.link_once_short")}</span> });
    let over = link.revoked.then(|| view! { <span class="tagged">{t!("console.revoked")}</span> });
    let revoke = (!link.revoked).then(|| {
        view! {
            <button
                type="button"
                class="button button-small"
                aria-label=t!("console.revoke_what", name = link.name)
                on:click=move |_| revoked.set(Some(subject.clone()))
            >
                {icon(Glyph::Trash)}
                {t!("console.revoke")}
            </button>
        }
    });
    view! {
        <tr>
            <th scope="row" class="account-name">{link.name.clone()} " " {once} {over}</th>
            <td>
                <CopyLine label=t!("console.link") text=link.url.clone() is_long=true />
            </td>
            <td class="number">{i18n::number(u64::from(link.uses))}</td>
            <td>{voucher}</td>
            <td>
                <div class="table-actions">{revoke}</div>
            </td>
        </tr>
    }
    .into_any()
}
