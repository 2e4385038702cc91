//! The members of a tenant and their roles.

use leptos::prelude::*;
use mailferry_shared::{
    ids::MemberId,
    key::Scope,
    member::{Member, PasswordLinkCreate, PasswordLinkSent, Principal},
};

use super::{
    ending::{EndDialog, Ending, doing},
    list::{Empty, ListTable, Listed},
    list_head::ListHead,
    may,
    member_form::{MemberDialog, MemberForm, role_name},
    sending::{Confirm, Sending},
};
use crate::{
    api,
    browser::intl,
    components::{Glyph, Notice, Tone, icon},
    state::language::PageLanguage,
    t,
};

/// What the rows and dialogs of this part share.
#[derive(Clone, Copy)]
struct Part {
    form: MemberForm,
    may_write: bool,
    /// Whom a link shall be sent to, once that is confirmed.
    asked: RwSignal<Option<Member>>,
    /// A link for a password that was sent.
    sent: RwSignal<Option<PasswordLinkSent>>,
    sending: Sending,
    language: PageLanguage,
}

impl Part {
    /// Sends a member a link to set a password.
    fn invite(self, id: MemberId) {
        self.sent.set(None);
        let mail = PasswordLinkCreate { language: self.language.of_orders() };
        self.sending.send(async move { api::send_password_link(id, &mail).await }, move |sent| {
            self.asked.set(None);
            self.sent.set(Some(sent));
        });
    }
}

/// The part.
#[component]
pub(super) fn Members() -> impl IntoView {
    let listed = Listed::of(api::members);
    let ending = Ending::<Member>::provide();
    let part = Part {
        form: MemberForm::new(),
        may_write: may(&expect_context::<Principal>(), Scope::MembersWrite),
        asked: RwSignal::new(None),
        sent: RwSignal::new(None),
        sending: Sending::new(),
        language: PageLanguage::get(),
    };
    provide_context(part);
    let heads = vec![
        t!("console.name"),
        t!("console.mail"),
        t!("console.role"),
        t!("console.signed_in"),
        t!("accounts.col_actions"),
    ];
    view! {
        <ListHead
            title=t!("console.members")
            lead=t!("console.members_lead")
            create=t!("console.member_new")
            on_create=move |()| part.form.begin(None)
            may_create=part.may_write
        />
        <Show when=move || part.asked.with(Option::is_none)>{part.sending.failure()}</Show>
        {move || {
            part.sent
                .get()
                .map(|sent| {
                    let until = intl::date_time(sent.expires_at);
                    view! {
                        <Notice tone=Tone::Good>
                            <p role="status">{t!("invite.sent", mail = sent.mail, time = until)}</p>
                        </Notice>
                    }
                })
        }}
        <ListTable listed=listed name=t!("console.members") heads=heads empty=Empty(Glyph::Users, t!("console.no_members")) row=row />
        <MemberDialog form=part.form listed=listed invite=move |id| part.invite(id) />
        <Confirm
            id="send-link"
            title=t!("invite.ask_title")
            text=|member: Member| {
                let mail = member.mail.as_ref().map(ToString::to_string).unwrap_or_default();
                t!("invite.ask_text", mail = mail)
            }
            confirm=t!("invite.send")
            glyph=Glyph::ArrowRight
            subject=part.asked
            sending=part.sending
            on_confirm=move |member: Member| part.invite(member.id)
        />
        <EndDialog
            id="delete-member"
            title=t!("console.member_delete_title")
            text=|member: Member| t!("console.member_delete_text", name = member.name)
            confirm=t!("console.member_delete")
            ending=ending
            listed=listed
            end=|member: Member| doing(async move { api::delete_member(member.id).await })
        />
    }
}

fn row(member: &Member, _: Listed<Member>) -> AnyView {
    let part = expect_context::<Part>();
    let domains = member.domains.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let seen = member.signed_in_at.map_or_else(|| t!("console.never").to_owned(), intl::date_time);
    let mail = member.mail.as_ref().map(ToString::to_string);
    // Not broken at a hyphen where there is room for it.
    let is_short = mail.as_ref().is_some_and(|mail| mail.len() <= 28);
    let id = member.id;
    // Nobody deletes themselves.
    let is_own = expect_context::<Principal>().member.is_some_and(|own| own.id == id);
    let (edited, invited) = (member.clone(), member.clone());
    let ending = expect_context::<Ending<Member>>();
    let word = if member.signed_in_at.is_some() { t!("invite.reset") } else { t!("invite.again") };
    // One changes one's own in the profile.
    let invite = (!is_own && member.mail.is_some()).then(|| {
        view! {
            <button
                type="button"
                class="button button-small"
                aria-label=format!("{word}: {}", member.name)
                on:click=move |_| part.asked.set(Some(invited.clone()))
            >
                {icon(Glyph::Key)}
                {word}
            </button>
        }
    });
    let actions = part.may_write.then(|| {
        view! {
            <div class="table-actions">
                {invite}
                <button
                    type="button"
                    class="button button-quiet button-icon button-small"
                    aria-label=t!("accounts.edit_what", account = member.name)
                    title=t!("console.change")
                    on:click=move |_| part.form.begin(Some(edited.clone()))
                >
                    {icon(Glyph::Pencil)}
                </button>
                {(!is_own).then(|| ending.delete_button(member.clone(), &member.name))}
            </div>
        }
    });
    view! {
        <tr>
            <th scope="row" class="account-name">
                {member.name.clone()} " " {is_own.then(|| view! { <span class="tagged">{t!("console.you")}</span> })}
            </th>
            <td class="account-meta cell-wide cell-address" data-label=t!("console.mail")>
                <span class:whole=is_short>{mail}</span>
            </td>
            <td data-label=t!("console.role")>
                {role_name(member.role)}
                <p class="account-meta">{domains}</p>
            </td>
            <td class="cell-time" data-label=t!("console.signed_in")>{seen}</td>
            <td class="cell-actions">{actions}</td>
        </tr>
    }
    .into_any()
}
