//! The form of a member: name, address, role and domains, and how they come by a password.

use leptos::prelude::*;
use mailferry_shared::{
    endpoint::HostName,
    ids::MemberId,
    member::{Member, MemberChange, MemberCreate, Role},
    secret::Secret,
};

use super::{
    editing::Editing,
    list::Listed,
    sending::{FormDialog, Sending},
};
use crate::{
    api,
    components::{PasswordField, RadioCard, TextArea, TextField, Tick},
    forms, t,
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
pub(super) struct MemberForm {
    editing: Editing<Member>,
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

impl MemberForm {
    /// An empty form, closed.
    pub(super) fn new() -> Self {
        Self {
            editing: Editing::new(),
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

    /// Shows the form, for `member` or for a new one.
    pub(super) fn begin(self, member: Option<Member>) {
        self.show(member.as_ref());
        self.editing.begin(member);
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

    fn domains(self) -> Option<Vec<HostName>> {
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

/// The form, as a dialog.
#[component]
pub(super) fn MemberDialog(
    form: MemberForm,
    listed: Listed<Member>,
    /// Invites a new member by mail.
    #[prop(into)]
    invite: Callback<MemberId>,
) -> impl IntoView {
    let sending = Sending::new();
    let is_new = move || form.editing.is_new();
    let done = move |_: Member| form.editing.saved(listed);
    let made = move |member: Member| {
        if form.invited.get_untracked() {
            invite.run(member.id);
        }
        done(member);
    };
    let submit = move |()| match form.editing.item() {
        Some(member) => {
            if let Some(change) = form.change() {
                sending.send(async move { api::change_member(member.id, &change).await }, done);
            }
        }
        None => {
            if let Some(create) = form.create() {
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
                checked=Signal::derive(move || form.role.get() == role)
                on_choose=move |()| form.role.set(role)
            />
        }
    };
    view! {
        <FormDialog
            id="member"
            title=form.editing.title(t!("console.member_new"), t!("console.member"))
            open=form.editing.open
            sending=sending
            submit=form.editing.submit(t!("console.member_new"))
            on_submit=submit
        >
            <TextField
                id="member-name"
                label=t!("console.name")
                value=form.name
                maxlength=200
                error=sending.field("/name")
            />
            <Show when=is_new>
                <TextField
                    id="member-mail"
                    label=t!("console.mail")
                    value=form.mail
                    kind="email"
                    maxlength=320
                    error=form.mail_error
                />
            </Show>
            <fieldset class="stack-s">
                <legend class="field-label">{t!("console.role")}</legend>
                {ROLES.map(role).collect_view()}
            </fieldset>
            <Show when=move || form.role.get() == Role::Manager>
                <TextArea
                    id="member-domains"
                    label=t!("console.domains")
                    value=form.domains
                    hint=t!("console.domains_hint")
                    error=form.domains_error
                />
            </Show>
            <Show when=is_new>
                <Tick
                    label=t!("invite.by_mail")
                    hint=t!("invite.by_mail_hint")
                    checked=form.invited
                    on_change=move |on| form.invited.set(on)
                />
            </Show>
            <Show when=move || !is_new() || !form.invited.get()>
                <PasswordField
                    id="member-password"
                    label=if is_new() { t!("console.member_password") } else { t!("console.password_new") }
                    value=form.password
                    hint=t!("console.password_hint")
                    is_optional=true
                    error=sending.field("/password")
                />
            </Show>
        </FormDialog>
    }
}
