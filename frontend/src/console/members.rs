//! The members of a tenant and their roles.

use leptos::prelude::*;
use mailferry_shared::{
    ids::MemberId,
    key::Scope,
    member::{Member, MemberChange, MemberCreate, PasswordLinkCreate, PasswordLinkSent, Principal, Role},
    secret::Secret,
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
    components::{Glyph, Notice, PasswordField, RadioCard, TextArea, TextField, Tick, Tone, icon},
    forms,
    state::language::PageLanguage,
    t,
};

const ROLES: [Role; 3] = [Role::Admin, Role::Manager, Role::Member];

/// The name of a role.
pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => t!("console.role_admin"),
        Role::Manager => t!("console.role_manager"),
        Role::Member => t!("console.role_member"),
    }
}

fn role_text(role: Role) -> &'static str {
    match role {
        Role::Admin => t!("console.role_admin_text"),
        Role::Manager => t!("console.role_manager_text"),
        Role::Member => t!("console.role_member_text"),
    }
}

fn role_key(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Manager => "manager",
        Role::Member => "member",
    }
}

/// What is typed about a member.
#[derive(Clone, Copy)]
struct Fields {
    name: RwSignal<String>,
    mail: RwSignal<String>,
    mail_error: RwSignal<Option<String>>,
    role: RwSignal<Role>,
    domains: RwSignal<String>,
    domains_error: RwSignal<Option<String>>,
    password: RwSignal<String>,
    /// A new member gets a link to set a password, instead of one to be told.
    invited: RwSignal<bool>,
}

impl Fields {
    fn new() -> Self {
        Self {
            name: RwSignal::default(),
            mail: RwSignal::default(),
            mail_error: RwSignal::new(None),
            role: RwSignal::new(Role::Member),
            domains: RwSignal::default(),
            domains_error: RwSignal::new(None),
            password: RwSignal::default(),
            invited: RwSignal::new(true),
        }
    }

    fn show(self, member: Option<&Member>) {
        self.name.set(member.map(|member| member.name.clone()).unwrap_or_default());
        self.mail.set(member.and_then(|member| member.mail.as_ref()).map(ToString::to_string).unwrap_or_default());
        self.role.set(member.map(|member| member.role).unwrap_or_default());
        let domains = member.map(|member| member.domains.iter().map(ToString::to_string).collect::<Vec<_>>());
        self.domains.set(domains.unwrap_or_default().join("\n"));
        self.password.set(String::new());
        self.invited.set(true);
        self.mail_error.set(None);
        self.domains_error.set(None);
    }

    fn domains(self) -> Option<Vec<mailferry_shared::endpoint::HostName>> {
        let manager = self.role.get_untracked() == Role::Manager;
        let lines = if manager { forms::lines(&self.domains.get_untracked()) } else { Vec::new() };
        let domains = lines.iter().map(|line| line.parse()).collect::<Result<Vec<_>, _>>();
        self.domains_error.set(domains.is_err().then(|| t!("console.domains_invalid").to_owned()));
        domains.ok()
    }

    fn password(self, of_new: bool) -> Option<Secret> {
        if of_new && self.invited.get_untracked() {
            return None;
        }
        self.password.with_untracked(|password| (!password.is_empty()).then(|| Secret::new(password.clone())))
    }

    fn create(self) -> Option<MemberCreate> {
        let mail = forms::address(&self.mail.get_untracked());
        self.mail_error.set(mail.as_ref().err().map(|error| (*error).to_owned()));
        let domains = self.domains()?;
        Some(MemberCreate {
            name: self.name.get_untracked(),
            mail: mail.ok()?,
            role: self.role.get_untracked(),
            domains,
            password: self.password(true),
        })
    }

    fn change(self) -> Option<MemberChange> {
        Some(MemberChange {
            name: Some(self.name.get_untracked()),
            role: Some(self.role.get_untracked()),
            domains: Some(self.domains()?),
            password: self.password(false),
        })
    }
}

/// What the rows and dialogs of this part share.
#[derive(Clone, Copy)]
struct Part {
    edited: RwSignal<Option<Member>>,
    open: RwSignal<bool>,
    fields: Fields,
    may_write: bool,
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
            self.sent.set(Some(sent));
        });
    }

    fn edit(self, member: Option<Member>) {
        self.fields.show(member.as_ref());
        self.edited.set(member);
        self.open.set(true);
    }
}

/// The part.
#[component]
pub(super) fn Members() -> impl IntoView {
    let listed = Listed::of(api::members);
    let ending = Ending::<Member>::provide();
    let part = Part {
        edited: RwSignal::new(None),
        open: RwSignal::new(false),
        fields: Fields::new(),
        may_write: may(&expect_context::<Principal>(), Scope::MembersWrite),
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
            on_create=move |()| part.edit(None)
            may_create=part.may_write
        />
        {part.sending.failure()}
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
        <MemberDialog part=part listed=listed />
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

#[component]
fn MemberDialog(part: Part, listed: Listed<Member>) -> impl IntoView {
    let sending = Sending::new();
    let fields = part.fields;
    let is_new = move || part.edited.with(Option::is_none);
    let done = move |_: Member| {
        part.open.set(false);
        listed.again();
    };
    let made = move |member: Member| {
        if fields.invited.get_untracked() {
            part.invite(member.id);
        }
        done(member);
    };
    let submit = move |()| match part.edited.get_untracked() {
        Some(member) => {
            if let Some(change) = fields.change() {
                sending.send(async move { api::change_member(member.id, &change).await }, done);
            }
        }
        None => {
            if let Some(create) = fields.create() {
                sending.send(async move { api::create_member(&create).await }, made);
            }
        }
    };
    let role = move |role: Role| {
        view! {
            <RadioCard
                name="role"
                value=role_key(role)
                title=role_name(role)
                text=role_text(role)
                checked=Signal::derive(move || fields.role.get() == role)
                on_choose=move |()| fields.role.set(role)
            />
        }
    };
    view! {
        <FormDialog
            id="member"
            title=Signal::derive(move || if is_new() { t!("console.member_new") } else { t!("console.member") }.to_owned())
            open=part.open
            sending=sending
            submit=Signal::derive(move || if is_new() { t!("console.member_new") } else { t!("action.save") })
            on_submit=submit
        >
            <TextField
                id="member-name"
                label=t!("console.name")
                value=fields.name
                maxlength=200
                error=sending.field("/name")
            />
            <Show when=is_new>
                <TextField
                    id="member-mail"
                    label=t!("console.mail")
                    value=fields.mail
                    kind="email"
                    maxlength=320
                    error=fields.mail_error
                />
            </Show>
            <fieldset class="stack-s">
                <legend class="field-label">{t!("console.role")}</legend>
                {ROLES.map(role).collect_view()}
            </fieldset>
            <Show when=move || fields.role.get() == Role::Manager>
                <TextArea
                    id="member-domains"
                    label=t!("console.domains")
                    value=fields.domains
                    hint=t!("console.domains_hint")
                    error=fields.domains_error
                />
            </Show>
            <Show when=is_new>
                <Tick
                    label=t!("invite.by_mail")
                    hint=t!("invite.by_mail_hint")
                    checked=fields.invited
                    on_change=move |on| fields.invited.set(on)
                />
            </Show>
            <Show when=move || !is_new() || !fields.invited.get()>
                <PasswordField
                    id="member-password"
                    label=if is_new() { t!("console.member_password") } else { t!("console.password_new") }
                    value=fields.password
                    hint=t!("console.password_hint")
                    is_optional=true
                    error=sending.field("/password")
                />
            </Show>
        </FormDialog>
    }
}

fn row(member: &Member, _: Listed<Member>) -> AnyView {
    let part = expect_context::<Part>();
    let domains = member.domains.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let seen = member.signed_in_at.map_or_else(|| t!("console.never").to_owned(), intl::date_time);
    let mail = member.mail.as_ref().map(ToString::to_string);
    let id = member.id;
    // Nobody deletes themselves.
    let is_own = expect_context::<Principal>().member.is_some_and(|own| own.id == id);
    let (edited, ending) = (member.clone(), expect_context::<Ending<Member>>());
    let actions = part.may_write.then(|| {
        view! {
            <div class="table-actions">
                <button
                    type="button"
                    class="button button-small"
                    aria-label=t!("invite.send_to", name = member.name)
                    on:click=move |_| part.invite(id)
                >
                    {icon(Glyph::ArrowRight)}
                    {t!("invite.send")}
                </button>
                <button
                    type="button"
                    class="button button-quiet button-icon button-small"
                    aria-label=t!("accounts.edit_what", account = member.name)
                    title=t!("console.change")
                    on:click=move |_| part.edit(Some(edited.clone()))
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
            <td class="account-meta cell-wide" data-label=t!("console.mail")>{mail}</td>
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
