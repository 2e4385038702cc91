//! Tenants, for operators.

use std::str::FromStr;

use leptos::prelude::*;
use mailferry_shared::{
    key::Scope,
    member::Principal,
    order::Language,
    secret::Secret,
    tenant::{FirstAdmin, Tenant, TenantChange, TenantCreate, TenantLimits},
};

use super::{
    editing::Editing,
    list::{Empty, ListTable, Listed},
    list_head::ListHead,
    may,
    sending::{FormDialog, Sending},
};
use crate::{
    api,
    browser::intl,
    components::{Glyph, PasswordField, TextField, icon},
    forms, i18n,
    state::language::PageLanguage,
    t,
};

/// What a size is typed in.
const MEGABYTE: u64 = 1_000_000;

/// A limit as typed; none: as the service is set up. What is no number is refused by the service, which says what it
/// takes.
fn limit<N: FromStr + Default>(text: RwSignal<String>) -> Option<N> {
    let text = text.with_untracked(|text| text.trim().to_owned());
    (!text.is_empty()).then(|| text.parse().unwrap_or_default())
}

/// What is typed about a tenant, in the context of the rows.
#[derive(Clone, Copy)]
struct Form {
    may_write: bool,
    editing: Editing<Tenant>,
    name: RwSignal<String>,
    max_pairs: RwSignal<String>,
    max_active: RwSignal<String>,
    max_connections: RwSignal<String>,
    /// In megabytes.
    max_message: RwSignal<String>,
    admin: RwSignal<String>,
    mail: RwSignal<String>,
    mail_error: RwSignal<Option<String>>,
    password: RwSignal<String>,
}

impl Form {
    fn provide() -> Self {
        let [name, max_pairs, max_active, max_connections, max_message, admin, mail, password] =
            std::array::from_fn(|_| RwSignal::new(String::new()));
        let may_write = may(&expect_context::<Principal>(), Scope::TenantsWrite);
        let form = Self {
            may_write,
            editing: Editing::new(),
            name,
            max_pairs,
            max_active,
            max_connections,
            max_message,
            admin,
            mail,
            mail_error: RwSignal::new(None),
            password,
        };
        provide_context(form);
        form
    }

    /// Shows the form, for `tenant` or for a new one.
    fn begin(self, tenant: Option<Tenant>) {
        let limit = |limit: Option<u32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        let limits = tenant.as_ref().map(|tenant| tenant.limits).unwrap_or_default();
        self.name.set(tenant.as_ref().map(|tenant| tenant.name.clone()).unwrap_or_default());
        self.max_pairs.set(limit(limits.max_pairs));
        self.max_active.set(limit(limits.max_active_orders));
        self.max_connections.set(limit(limits.max_connections_per_host));
        self.max_message.set(limits.max_message_bytes.map(|bytes| (bytes / MEGABYTE).to_string()).unwrap_or_default());
        for text in [self.admin, self.mail, self.password] {
            text.set(String::new());
        }
        self.mail_error.set(None);
        self.editing.begin(tenant);
    }

    fn limits(self) -> TenantLimits {
        TenantLimits {
            max_pairs: limit(self.max_pairs),
            max_active_orders: limit(self.max_active),
            max_message_bytes: limit(self.max_message).map(|megabytes: u64| megabytes.saturating_mul(MEGABYTE)),
            max_connections_per_host: limit(self.max_connections),
        }
    }

    fn create(self, language: Language) -> Option<TenantCreate> {
        let mail = forms::address(&self.mail.get_untracked());
        self.mail_error.set(mail.as_ref().err().map(|error| (*error).to_owned()));
        let password = self.password.get_untracked();
        Some(TenantCreate {
            name: self.name.get_untracked(),
            limits: self.limits(),
            admin: FirstAdmin {
                name: self.admin.get_untracked(),
                mail: mail.ok()?,
                password: (!password.is_empty()).then(|| Secret::new(password)),
                language,
            },
        })
    }
}

/// The part.
#[component]
pub(super) fn Tenants() -> impl IntoView {
    let listed = Listed::of(api::tenants);
    let form = Form::provide();
    let heads = vec![t!("console.name"), t!("console.tenant_limits"), t!("status.created"), t!("accounts.col_actions")];
    view! {
        <ListHead
            title=t!("console.tenants")
            lead=t!("console.tenants_lead")
            create=t!("console.tenant_new")
            on_create=move |()| form.begin(None)
            may_create=form.may_write
        />
        <ListTable
            listed=listed
            name=t!("console.tenants")
            heads=heads
            empty=Empty(Glyph::House, t!("console.no_tenants"))
            row=row
        />
        <TenantDialog form=form listed=listed />
    }
}

#[component]
fn TenantDialog(form: Form, listed: Listed<Tenant>) -> impl IntoView {
    let sending = Sending::new();
    let language = PageLanguage::get();
    let saved = move || form.editing.saved(listed);
    let submit = move |()| match form.editing.item() {
        Some(tenant) => {
            let change = TenantChange { name: Some(form.name.get_untracked()), limits: Some(form.limits()) };
            sending.send(async move { api::change_tenant(tenant.id, &change).await }, move |_| saved());
        }
        None => {
            let Some(tenant) = form.create(language.of_orders()) else { return };
            sending.send(async move { api::create_tenant(&tenant).await }, move |_| saved());
        }
    };
    let limit = move |id: &'static str, label: &'static str, value: RwSignal<String>, pointer: &'static str| {
        view! {
            <TextField
                id=id
                label=label
                value=value
                hint=t!("console.limit_hint")
                inputmode="numeric"
                is_optional=true
                error=sending.field(pointer)
            />
        }
    };
    view! {
        <FormDialog
            id="tenant"
            title=form.editing.title(t!("console.tenant_new"), t!("console.tenant_edit"))
            open=form.editing.open
            sending=sending
            submit=t!("action.save")
            on_submit=submit
        >
            <TextField
                id="tenant-name"
                label=t!("console.tenant_name")
                value=form.name
                maxlength=200
                error=sending.field("/name")
            />
            <div class="two">
                {limit("tenant-pairs", t!("console.max_pairs"), form.max_pairs, "/limits/max_pairs")}
                {limit("tenant-active", t!("console.max_active"), form.max_active, "/limits/max_active_orders")}
            </div>
            <div class="two">
                {limit("tenant-size", t!("console.max_message"), form.max_message, "/limits/max_message_bytes")}
                {limit(
                    "tenant-connections",
                    t!("console.max_connections"),
                    form.max_connections,
                    "/limits/max_connections_per_host",
                )}
            </div>
            <Show when=move || form.editing.is_new()>
                <TextField
                    id="tenant-admin"
                    label=t!("console.tenant_admin")
                    value=form.admin
                    maxlength=200
                    error=sending.field("/admin/name")
                />
                <TextField
                    id="tenant-mail"
                    label=t!("console.mail")
                    value=form.mail
                    kind="email"
                    error=form.mail_error
                />
                <PasswordField
                    id="tenant-password"
                    label=t!("console.member_password")
                    value=form.password
                    hint=t!("console.tenant_password_hint")
                    is_optional=true
                    error=sending.field("/admin/password")
                />
            </Show>
        </FormDialog>
    }
}

fn row(tenant: &Tenant, _: Listed<Tenant>) -> AnyView {
    let form = expect_context::<Form>();
    let count = |limit: Option<u32>| limit.map(|limit| i18n::number(u64::from(limit)));
    let limits = [
        (t!("console.max_pairs"), count(tenant.limits.max_pairs)),
        (t!("console.max_active"), count(tenant.limits.max_active_orders)),
        (t!("console.max_message"), tenant.limits.max_message_bytes.map(|bytes| i18n::number(bytes / MEGABYTE))),
        (t!("console.max_connections"), count(tenant.limits.max_connections_per_host)),
    ];
    let limits: Vec<_> = limits
        .into_iter()
        .filter_map(|(name, limit)| limit.map(|limit| view! { <p class="small">{format!("{name}: {limit}")}</p> }))
        .collect();
    let usual = limits.is_empty().then(|| view! { <span class="soft">{t!("console.usual")}</span> });
    let edited = tenant.clone();
    // The operator's own has been there from the first.
    let created = Some(tenant.created_at).filter(|created| created.timestamp() > 0);
    let edit = form.may_write.then(|| {
        view! {
            <div class="table-actions">
                <button
                    type="button"
                    class="button button-quiet button-icon button-small"
                    aria-label=t!("accounts.edit_what", account = tenant.name)
                    on:click=move |_| form.begin(Some(edited.clone()))
                >
                    {icon(Glyph::Pencil)}
                </button>
            </div>
        }
    });
    view! {
        <tr>
            <th scope="row" class="account-name">{tenant.name.clone()}</th>
            <td class="cell-wide" data-label=t!("console.tenant_limits")>{usual} {limits}</td>
            <td class="cell-time" data-label=t!("status.created")>{created.map(intl::date_time)}</td>
            <td class="cell-actions">{edit}</td>
        </tr>
    }
    .into_any()
}
