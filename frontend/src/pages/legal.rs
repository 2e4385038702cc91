//! Terms of service and privacy statement as a page.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::service::ServiceInfo;

use crate::{
    browser,
    components::{Glyph, Notice, PageFailure, PageHead, Skeleton, Tone, icon},
    i18n,
    legal::{Block, Document, blocks},
    state::{Load, connection, service::Service},
    t,
};

/// The page of `document` in the language in use.
#[component]
pub(crate) fn Legal(document: Document) -> impl IntoView {
    let service = expect_context::<Service>();
    // Empty: it could not be had.
    let text = RwSignal::new(None::<String>);
    spawn_local(async move {
        let url = browser::asset(&format!("legal-{}", i18n::current().code));
        text.try_set(Some(browser::fetch_text(&url).await.unwrap_or_default()));
    });
    view! {
        <main class="page" id="main" tabindex="-1">
            {move || match (service.info(), text.get()) {
                (Load::Failed(error), _) => view! { <PageFailure error=error retry=connection::try_again() /> }.into_any(),
                (_, Some(text)) if text.is_empty() => {
                    view! {
                        <Notice tone=Tone::Error>
                            <p>{t!("error.offline")}</p>
                        </Notice>
                    }
                        .into_any()
                }
                (Load::Ready(info), Some(text)) => article(&text, document, &info),
                _ => view! { <Skeleton /> }.into_any(),
            }}
        </main>
    }
}

fn article(text: &str, document: Document, info: &ServiceInfo) -> AnyView {
    let operator = info.operator.name.clone().unwrap_or_else(|| t!("legal.unknown_operator").to_owned());
    let contact = info.operator.contact.as_ref().map(ToString::to_string);
    let contact = contact.unwrap_or_else(|| t!("legal.unknown_contact").to_owned());
    let number = |count: u32| i18n::number(u64::from(count));
    let (trial, link, purge) = (number(info.trial_days), number(info.link_days), number(info.purge_days));
    let link_at_most = number(info.link_days_at_most);
    let values = [
        ("version", info.terms_version.as_str()),
        ("operator", operator.as_str()),
        ("contact", contact.as_str()),
        ("trial_days", trial.as_str()),
        ("link_days", link.as_str()),
        ("link_days_at_most", link_at_most.as_str()),
        ("purge_days", purge.as_str()),
    ];
    let all = blocks(text, document);
    let headings =
        all.iter().filter_map(|block| if let Block::Heading(heading) = block { Some(*heading) } else { None });
    let headings: Vec<_> = headings.map(|heading| i18n::fill(heading, &values)).collect();
    let mut numbers = 0..;
    let mut anchor = move || numbers.next().map(anchor_of);
    let parts = all.chunk_by(|one, next| matches!((one, next), (Block::Item(_), Block::Item(_))));
    let parts = parts.map(|part| match part {
        [Block::Title(title)] => view! { <PageHead title=i18n::fill(title, &values) /> }.into_any(),
        [Block::Heading(heading)] => view! { <h2 id=anchor()>{i18n::fill(heading, &values)}</h2> }.into_any(),
        [Block::Text(text)] => view! { <p>{i18n::fill(text, &values)}</p> }.into_any(),
        items => {
            let items = items.iter().map(|item| match item {
                Block::Title(text) | Block::Heading(text) | Block::Text(text) | Block::Item(text) => {
                    view! { <li>{i18n::fill(text, &values)}</li> }
                }
            });
            view! { <ul>{items.collect_view()}</ul> }.into_any()
        }
    });
    view! {
        <a class="button button-quiet button-flush button-small print-hidden" href="/">
            {icon(Glyph::ArrowLeft)}
            {t!("lost.to_start")}
        </a>
        <div class="with-aside">
            <article class="legal">{parts.collect_view()}</article>
            {contents(headings)}
        </div>
    }
    .into_any()
}

fn anchor_of(number: usize) -> String {
    format!("part-{number}")
}

/// The parts of the document, to jump to; where there is room for them beside it.
fn contents(headings: Vec<String>) -> impl IntoView {
    let entry =
        |(number, heading): (usize, String)| view! { <li><a href=format!("#{}", anchor_of(number))>{heading}</a></li> };
    view! {
        <nav class="contents aside-sticky print-hidden" aria-labelledby="contents-title">
            <h2 class="field-label" id="contents-title">{t!("legal.contents")}</h2>
            <ul role="list">{headings.into_iter().enumerate().map(entry).collect_view()}</ul>
        </nav>
    }
}
