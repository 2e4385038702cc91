//! What was typed in a step and not sent yet: it survives going to another step and back. Passwords are here only
//! while they are typed, never in the browser's storage.

use leptos::prelude::*;
use mailferry_shared::{
    discovery::Proposal,
    endpoint::TlsMode,
    import::{ImportResult, Layout, RowCorrection},
    order::{Language, Order, OrderOptions, OrderStart, ProviderChoice, StartKind},
    schedule::{DeltaSchedule, DeltaTrigger},
    secret::Secret,
};

use super::{
    grant::{DelegationFields, GrantFields},
    kept,
};
use crate::{browser::intl, forms};

/// A server's fields.
#[derive(Clone, Copy)]
pub(crate) struct ServerFields {
    pub(crate) host: RwSignal<String>,
    pub(crate) port: RwSignal<String>,
    pub(crate) tls: RwSignal<TlsMode>,
    pub(crate) errors: RwSignal<forms::ServerErrors>,
}

impl ServerFields {
    /// The fields of `endpoint`, or empty ones.
    pub(crate) fn of(endpoint: Option<&mailferry_shared::endpoint::Endpoint>) -> Self {
        Self {
            host: RwSignal::new(endpoint.map(|endpoint| endpoint.host.to_string()).unwrap_or_default()),
            port: RwSignal::new(endpoint.map_or(993, |endpoint| endpoint.port).to_string()),
            tls: RwSignal::new(endpoint.map(|endpoint| endpoint.tls).unwrap_or_default()),
            errors: RwSignal::default(),
        }
    }

    /// Shows `endpoint`, or empty fields.
    pub(crate) fn show(self, endpoint: Option<&mailferry_shared::endpoint::Endpoint>) {
        self.clear();
        if let Some(endpoint) = endpoint {
            self.host.set(endpoint.host.to_string());
            self.port.set(endpoint.port.to_string());
            self.tls.set(endpoint.tls);
        }
    }

    /// The server, or `None` with the errors beside the fields.
    pub(crate) fn read(self) -> Option<mailferry_shared::endpoint::Endpoint> {
        let read = forms::server(&self.host.get_untracked(), &self.port.get_untracked(), self.tls.get_untracked());
        self.errors.set(read.as_ref().err().copied().unwrap_or_default());
        read.ok()
    }

    /// Empties the fields.
    pub(crate) fn clear(self) {
        self.host.set(String::new());
        self.port.set("993".to_owned());
        self.tls.set(TlsMode::Implicit);
        self.errors.set(forms::ServerErrors::default());
    }
}

/// One side of step 2.
#[derive(Clone, Copy)]
pub(crate) struct ProviderFields {
    /// Id of the chosen provider; none: a server named by hand, or nothing yet.
    pub(crate) provider: RwSignal<Option<String>>,
    /// An address or a domain that was typed in its place, and not used for an account yet.
    pub(crate) address: RwSignal<String>,
    /// True while the server's fields are open.
    pub(crate) by_hand: RwSignal<bool>,
    pub(crate) server: ServerFields,
    /// Settings that were found for what is typed, and met; they hold where nothing else is chosen.
    pub(crate) found: RwSignal<Option<Proposal>>,
    /// True while settings are looked for.
    pub(crate) looking: RwSignal<bool>,
    pub(crate) error: RwSignal<Option<String>>,
}

impl ProviderFields {
    fn of(choice: Option<&ProviderChoice>) -> Self {
        let provider = choice.and_then(|choice| choice.provider.clone());
        Self {
            by_hand: RwSignal::new(choice.is_some() && provider.is_none()),
            provider: RwSignal::new(provider),
            address: RwSignal::default(),
            server: ServerFields::of(choice.map(|choice| &choice.endpoint)),
            found: RwSignal::new(None),
            looking: RwSignal::new(false),
            error: RwSignal::new(None),
        }
    }

    /// Shows `proposal` as what is chosen: the known provider, else the server.
    pub(crate) fn take(self, proposal: &Proposal) {
        self.error.set(None);
        self.found.set(None);
        self.server.show(Some(&proposal.endpoint));
        self.provider.set(proposal.provider.clone());
        self.by_hand.set(proposal.provider.is_none());
    }
}

/// One account of a pair's form.
#[derive(Clone, Copy)]
pub(crate) struct SideFields {
    pub(crate) user: RwSignal<String>,
    /// A password, or an access token.
    pub(crate) password: RwSignal<String>,
    /// What it is, and what stands in its place.
    pub(crate) grant: GrantFields,
    pub(crate) act_for: RwSignal<String>,
    /// How the server is told for whom an admin logs in.
    pub(crate) delegation: DelegationFields,
    /// The order's admin credentials log in.
    pub(crate) by_admin: RwSignal<bool>,
    pub(crate) own_server: RwSignal<bool>,
    pub(crate) server: ServerFields,
    pub(crate) user_error: RwSignal<Option<String>>,
    pub(crate) password_error: RwSignal<Option<String>>,
}

impl SideFields {
    pub(crate) fn empty() -> Self {
        Self {
            user: RwSignal::default(),
            password: RwSignal::default(),
            grant: GrantFields::empty(),
            act_for: RwSignal::default(),
            delegation: DelegationFields::empty(),
            by_admin: RwSignal::new(false),
            own_server: RwSignal::new(false),
            server: ServerFields::of(None),
            user_error: RwSignal::new(None),
            password_error: RwSignal::new(None),
        }
    }

    pub(crate) fn clear(self) {
        for text in [self.user, self.password, self.act_for] {
            text.set(String::new());
        }
        self.grant.clear();
        self.delegation.show(None);
        self.own_server.set(false);
        self.by_admin.set(false);
        self.server.clear();
        self.user_error.set(None);
        self.password_error.set(None);
    }
}

/// The file of accounts.
#[derive(Clone, Copy)]
pub(crate) struct ImportFields {
    pub(crate) file_name: RwSignal<Option<String>>,
    /// The file's bytes, or the lines that were pasted, in Base64.
    pub(crate) bytes: RwSignal<String>,
    pub(crate) layout: RwSignal<Option<Layout>>,
    pub(crate) preview: RwSignal<Option<ImportResult>>,
    /// True once the good rows have been added; `preview` then holds those left out.
    pub(crate) added: RwSignal<bool>,
    /// The lines that are left to be added, once the others have been; empty: all.
    pub(crate) only_rows: RwSignal<Vec<u32>>,
    /// Bad rows that were put right.
    pub(crate) corrections: RwSignal<Vec<RowCorrection>>,
    pub(crate) source_password: RwSignal<String>,
    pub(crate) destination_password: RwSignal<String>,
    /// Rows without a password are opened by the order's admin credentials.
    pub(crate) source_by_admin: RwSignal<bool>,
    pub(crate) destination_by_admin: RwSignal<bool>,
    /// What certificates must name, for rows that name a server by its IP address.
    pub(crate) source_certificate: RwSignal<String>,
    pub(crate) destination_certificate: RwSignal<String>,
    pub(crate) error: RwSignal<Option<String>>,
}

impl ImportFields {
    pub(crate) fn empty() -> Self {
        Self {
            file_name: RwSignal::new(None),
            bytes: RwSignal::default(),
            layout: RwSignal::new(None),
            preview: RwSignal::new(None),
            added: RwSignal::new(false),
            only_rows: RwSignal::default(),
            corrections: RwSignal::default(),
            source_password: RwSignal::default(),
            destination_password: RwSignal::default(),
            source_by_admin: RwSignal::default(),
            destination_by_admin: RwSignal::default(),
            source_certificate: RwSignal::default(),
            destination_certificate: RwSignal::default(),
            error: RwSignal::new(None),
        }
    }

    /// Forgets the file and the passwords.
    pub(crate) fn clear(self) {
        self.file_name.set(None);
        self.preview.set(None);
        self.corrections.set(Vec::new());
        self.added.set(false);
        self.only_rows.set(Vec::new());
        self.error.set(None);
        self.source_by_admin.set(false);
        self.destination_by_admin.set(false);
        let typed = [self.source_password, self.destination_password, self.source_certificate];
        for text in typed.into_iter().chain([self.bytes, self.destination_certificate]) {
            text.set(String::new());
        }
    }

    /// A typed password, if any.
    pub(crate) fn secret(text: RwSignal<String>) -> Option<Secret> {
        text.with_untracked(|text| (!text.is_empty()).then(|| Secret::new(text.clone())))
    }
}

/// The options of step 4 as typed.
#[derive(Clone, Copy)]
pub(crate) struct OptionFields {
    pub(crate) include_trash: RwSignal<bool>,
    pub(crate) include_junk: RwSignal<bool>,
    pub(crate) newest_first: RwSignal<bool>,
    pub(crate) carry_flags: RwSignal<bool>,
    pub(crate) show_subjects: RwSignal<bool>,
    pub(crate) max_megabytes: RwSignal<String>,
    pub(crate) since: RwSignal<String>,
    pub(crate) leave_out: RwSignal<String>,
    pub(crate) rules: RwSignal<Vec<RuleFields>>,
}

/// One line of the folder mapping; values, not signals, because lines come and go while a step is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleFields {
    /// Tells lines apart.
    pub(crate) key: usize,
    pub(crate) source: String,
    pub(crate) destination: String,
}

impl OptionFields {
    fn of(options: &OrderOptions) -> Self {
        let rules = options
            .folder_rules
            .iter()
            .enumerate()
            .map(|(key, rule)| RuleFields { key, source: rule.source.clone(), destination: rule.destination.clone() })
            .collect();
        Self {
            include_trash: RwSignal::new(options.include_trash),
            include_junk: RwSignal::new(options.include_junk),
            newest_first: RwSignal::new(options.newest_first),
            carry_flags: RwSignal::new(options.carry_flags),
            show_subjects: RwSignal::new(options.show_subjects),
            max_megabytes: RwSignal::new((options.largest_message() / 1_000_000).max(1).to_string()),
            since: RwSignal::new(options.since.map(|day| day.to_string()).unwrap_or_default()),
            leave_out: RwSignal::new(options.leave_out.join("\n")),
            rules: RwSignal::new(rules),
        }
    }
}

/// How step 4 starts.
#[derive(Clone, Copy)]
pub(crate) struct StartFields {
    pub(crate) kind: RwSignal<StartKind>,
    pub(crate) voucher: RwSignal<String>,
    pub(crate) later: RwSignal<bool>,
    pub(crate) at: RwSignal<String>,
    pub(crate) second: SecondPhase,
}

/// The delta that starts by itself.
#[derive(Clone, Copy)]
pub(crate) struct SecondPhase {
    /// What starts it; none: by hand.
    pub(crate) trigger: RwSignal<Option<DeltaTrigger>>,
    pub(crate) hours: RwSignal<String>,
    pub(crate) error: RwSignal<Option<String>>,
}

impl SecondPhase {
    fn of(schedule: Option<DeltaSchedule>) -> Self {
        let hours = schedule.and_then(|schedule| schedule.delay_hours);
        Self {
            trigger: RwSignal::new(schedule.map(|schedule| schedule.trigger)),
            hours: RwSignal::new(hours.map(|hours| hours.to_string()).unwrap_or_default()),
            error: RwSignal::new(None),
        }
    }
}

/// Everything typed in the steps of an order.
#[derive(Clone, Copy)]
pub(crate) struct Typed {
    pub(crate) source: ProviderFields,
    pub(crate) destination: ProviderFields,
    pub(crate) notify: RwSignal<String>,
    /// Of the mails.
    pub(crate) language: RwSignal<Language>,
    pub(crate) add_source: SideFields,
    pub(crate) add_destination: SideFields,
    pub(crate) import: ImportFields,
    pub(crate) options: OptionFields,
    pub(crate) start: StartFields,
}

impl Typed {
    /// What the order says already, and what was chosen in this tab before.
    pub(crate) fn of(order: &Order) -> Self {
        let told = || OrderStart {
            kind: order.kind.unwrap_or_default(),
            earliest_start: order.earliest_start,
            delta_schedule: order.delta_schedule,
        };
        let (start, options) = kept::of(order).unwrap_or_else(|| (told(), None));
        Self {
            source: ProviderFields::of(order.source.as_ref()),
            destination: ProviderFields::of(order.destination.as_ref()),
            notify: RwSignal::new(order.notify_address.as_ref().map(ToString::to_string).unwrap_or_default()),
            language: RwSignal::new(order.language),
            add_source: SideFields::empty(),
            add_destination: SideFields::empty(),
            import: ImportFields::empty(),
            options: OptionFields::of(options.as_ref().unwrap_or(&order.options)),
            start: StartFields {
                kind: RwSignal::new(start.kind),
                voucher: RwSignal::default(),
                later: RwSignal::new(start.earliest_start.is_some()),
                at: RwSignal::new(start.earliest_start.map(intl::local_value).unwrap_or_default()),
                second: SecondPhase::of(start.delta_schedule),
            },
        }
    }
}
