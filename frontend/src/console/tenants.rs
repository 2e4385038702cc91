//! Tenants, for operators.

use leptos::prelude::*;
use mailferry_shared::{
    secret::Secret,
    tenant::{FirstAdmin, Tenant, TenantCreate, TenantLimits},
};

use super::{
    list::{ListHead, ListTable, Listed},
    sending::{FormDialog, Sending},
};
use crate::{
    api,
    browser::intl,
    components::{PasswordField, TextField},
    forms, i18n, t,
};

/// The part.
#[component]
pub(super) fn Tenants() -> impl IntoView {
    let listed = Listed::of(api::tenants);
    let (open, sending) = (RwSignal::new(false), Sending::new());
    let [name, admin, mail, password] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let mail_error = RwSignal::new(None::<String>);
    let submit = move |()| {
        let address = forms::address(&mail.get_untracked());
        mail_error.set(address.as_ref().err().map(|error| (*error).to_owned()));
        let Ok(address) = address else { return };
        let typed = password.get_untracked();
        let tenant = TenantCreate {
            name: name.get_untracked(),
            limits: TenantLimits::default(),
            admin: FirstAdmin {
                name: admin.get_untracked(),
                mail: address,
                password: (!typed.is_empty()).then(|| Secret::new(typed)),
            },
        };
        sending.send(async move { api::create_tenant(&tenant).await }, move |_| {
            open.set(false);
            for text in [name, admin, mail, password] {
                text.set(String::new());
            }
            listed.again();
        });
    };
    let heads = vec![t!("console.name"), t!("console.max_pairs"), t!("console.max_active"), t!("status.created")];
    view! {
        <ListHead
            title=t!("console.tenants")
            lead=t!("console.tenants_lead")
            create=t!("console.tenant_new")
            on_create=move |()| open.set(true)
        />
        <ListTable listed=listed name=t!("console.tenants") heads=heads empty=t!("console.no_tenants") row=row />
        <FormDialog
            id="tenant"
            title=t!("console.tenant_new")
            open=open
            sending=sending
            submit=t!("action.save")
            on_submit=submit
        >
            <TextField
                id="tenant-name"
                label=t!("console.tenant_name")
                value=name
                maxlength=200
                error=sending.field("/name")
            />
            <TextField
                id="tenant-admin"
                label=t!("console.tenant_admin")
                value=admin
                maxlength=200
                error=sending.field("/admin/name")
            />
            <TextField id="tenant-mail" label=t!("console.mail") value=mail kind="email" error=mail_error />
            <PasswordField
                id="tenant-password"
                label=t!("console.member_password")
                value=password
                hint=t!("console.password_hint")
                is_optional=true
                error=sending.field("/admin/password")
            />
        </FormDialog>
    }
}

fn row(tenant: &Tenant, _: Listed<Tenant>) -> AnyView {
    let limit = |limit: Option<u32>| limit.map_or_else(|| "–".to_owned(), |limit| i18n::number(u64::from(limit)));
    view! {
        <tr>
            <th scope="row" class="account-name">{tenant.name.clone()}</th>
            <td class="number">{limit(tenant.limits.max_pairs)}</td>
            <td class="number">{limit(tenant.limits.max_active_orders)}</td>
            <td>{intl::date_time(tenant.created_at)}</td>
        </tr>
    }
    .into_any()
}
