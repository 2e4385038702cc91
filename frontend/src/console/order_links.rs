//! The links that open one migration: one that only shows it, and new ones when a link got into the wrong hands.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    ids::OrderId,
    key::Scope,
    member::Principal,
    order::{Order, OrderState},
};

use super::{
    mail_link::MailLink,
    may,
    sending::{Confirm, Sending},
};
use crate::{
    api,
    browser::{self, intl},
    components::{CopyLine, Glyph, icon},
    t,
};

/// The card; nothing where there are no links, or where one may not hand them out.
#[component]
pub(super) fn OrderLinks(id: OrderId) -> impl IntoView {
    let order = RwSignal::new(None::<Order>);
    let may_write = may(&expect_context::<Principal>(), Scope::OrdersWrite);
    if may_write {
        spawn_local(async move {
            // The status page beside tells what went wrong with it.
            order.try_set(api::read_order(id).await.ok());
        });
    }
    let asked = RwSignal::new(None::<OrderId>);
    let sending = Sending::new();
    let renew = move |id: OrderId| {
        sending.send(async move { api::renew_links(id).await }, move |renewed| {
            asked.set(None);
            order.set(Some(renewed));
        });
    };
    let line = |label: &'static str, hint: Option<&'static str>, link: Option<String>| {
        let link = link?;
        Some(view! {
            <div class="stack-s">
                <h3 class="field-label">{label}</h3>
                <CopyLine label=label text=link is_long=true />
                {hint.map(|hint| view! { <p class="field-hint">{hint}</p> })}
            </div>
        })
    };
    view! {
        {move || {
            let order = order.get().filter(|order| order.view_url.is_some())?;
            let letter = letter(&order);
            // Over for good: what led to it leads nowhere any more, nor would anything new.
            let works = works(&order);
            let is_open = works && order.state != OrderState::Closed;
            let hint = |hint: &'static str| is_open.then_some(hint);
            let renew = is_open.then(|| {
                view! {
                    <button type="button" class="button button-small" on:click=move |_| asked.set(Some(id))>
                        {icon(Glyph::Refresh)}
                        {t!("console.renew_links")}
                    </button>
                }
            });
            let again = address(&order).map(|address| view! { <MailLink id=id address=address /> });
            Some(view! {
                <section class="card" aria-labelledby="order-links">
                    <h2 id="order-links">{t!("console.order_links")}</h2>
                    <div class="two">
                        {line(t!("console.link_manage"), hint(t!("console.link_manage_hint")), order.manage_url)}
                        {line(t!("console.link_view"), hint(t!("console.link_view_hint")), order.view_url)}
                    </div>
                    {order
                        .expires_at
                        .map(|at| {
                            let name = if works { t!("console.links_until") } else { t!("console.link_ended") };
                            view! { <p class="small faint">{format!("{name}: {}", intl::date_time(at))}</p> }
                        })}
                    {again}
                    <div class="row">
                        {letter
                            .map(|address| {
                                view! {
                                    <a class="button button-small" href=address>
                                        {icon(Glyph::Pencil)}
                                        {t!("queue.write")}
                                    </a>
                                }
                            })}
                        {renew}
                    </div>
                </section>
            })
        }}
        <Confirm
            id="renew-links"
            title=t!("console.renew_title")
            text=|_| t!("console.renew_text").to_owned()
            confirm=t!("console.renew_links")
            glyph=Glyph::Refresh
            subject=asked
            sending=sending
            on_confirm=renew
        />
    }
}

/// False once its links have expired.
fn works(order: &Order) -> bool {
    order.expires_at.is_none_or(|at| at > intl::now())
}

/// Where the link can be mailed to, as long as it works.
fn address(order: &Order) -> Option<String> {
    order.notify_address.as_ref().filter(|_| works(order)).map(ToString::to_string)
}

/// A mail to whoever gets the status mails, with the link that they may have lost in it.
fn letter(order: &Order) -> Option<String> {
    let (to, link) = (order.notify_address.as_ref()?, order.manage_url.as_ref()?);
    works(order).then(|| {
        let to = browser::escaped(&to.to_string()).replace("%40", "@");
        format!("mailto:{to}?subject={}&body={}", order.id, browser::escaped(link))
    })
}
