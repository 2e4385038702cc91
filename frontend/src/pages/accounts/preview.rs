//! What a file holds: the good rows, the bad ones with line, column and reason, and the passwords still needed.

use leptos::prelude::*;
use mailferry_shared::import::{Encoding, ImportResult, ImportRow, Layout};
use uuid::Uuid;

use super::{bad_rows::BadRows, file::Importing};
use crate::{
    components::{Glyph, Notice, PasswordField, TextField, Tick, Tone, VirtualRows, busy_icon},
    t, tn,
};

/// A layout in a word or two.
pub(super) fn layout_name(layout: Layout) -> &'static str {
    match layout {
        Layout::Request => t!("import.layout_name_request"),
        Layout::Standard => t!("import.layout_name_standard"),
        Layout::MasterUser => t!("import.layout_name_master_user"),
        Layout::Pairs => t!("import.layout_name_pairs"),
        Layout::Full => t!("import.layout_name_full"),
        Layout::Microsoft => t!("import.layout_name_microsoft"),
    }
}

fn separator_name(separator: &str) -> &'static str {
    match separator {
        "," => t!("import.sep_comma"),
        "\t" => t!("import.sep_tab"),
        _ => t!("import.sep_semicolon"),
    }
}

fn count<T>(items: &[T], wanted: impl Fn(&T) -> bool) -> u64 {
    u64::try_from(items.iter().filter(|item| wanted(item)).count()).unwrap_or_default()
}

/// The result of reading a file, and the button that adds its good rows.
#[component]
pub(super) fn Preview(
    importing: Importing,
    /// Adds the good rows; absent: they go along with something else.
    on_add: Option<Callback<()>>,
) -> impl IntoView {
    let Importing { fields, busy, open, .. } = importing;
    view! {
        <section class="stack" aria-labelledby="preview-title">
            <div class="row-between">
                <h3 id="preview-title">{t!("import.preview_title")}</h3>
                <span class="tagged">{move || fields.file_name.get()}</span>
            </div>
            {move || {
                let added = fields.added.get();
                fields.preview.get().map(|result| content(importing, &result, added))
            }}
            <div class="row">
                {move || {
                    let good = fields.preview.with(|result| result.as_ref().map_or(0, |result| result.rows.len()));
                    on_add
                        .filter(|_| good > 0)
                        .map(|on_add| {
                            view! {
                                <button
                                    type="button"
                                    class="button button-primary"
                                    class:is-busy=move || busy.get()
                                    disabled=move || busy.get() || !open.get()
                                    on:click=move |_| on_add.run(())
                                >
                                    {busy_icon(busy, Glyph::Plus)}
                                    {tn!("import.add", u64::try_from(good).unwrap_or_default())}
                                </button>
                            }
                        })
                }}
                <button type="button" class="button" on:click=move |_| fields.clear()>
                    {t!("import.another")}
                </button>
            </div>
            <BadRows importing=importing />
        </section>
    }
}

fn content(importing: Importing, result: &ImportResult, added: bool) -> impl IntoView + use<> {
    let fields = importing.fields;
    let header = if result.has_header { t!("import.with_header") } else { "" };
    let recognised = t!(
        "import.recognised",
        layout = layout_name(result.layout),
        separator = separator_name(&result.separator),
        header = header
    );
    // What is neither UTF-8 nor UTF-16 was guessed.
    let guessed = (result.encoding == Encoding::Windows1252).then(|| {
        view! {
            <Notice tone=Tone::Warning>
                <p>{t!("import.guessed")}</p>
            </Notice>
        }
    });
    let good = count(&result.rows, |_| true);
    let lack_source = count(&result.rows, |row| !row.has_source_password);
    let lack_destination = count(&result.rows, |row| !row.has_destination_password);
    let named = |needs: fn(&ImportRow) -> bool| result.rows.iter().any(needs);
    let certificate = |id: &'static str, label: &'static str, value, needed: bool| {
        needed.then(|| {
            view! {
                <TextField
                    id=id
                    label=label
                    value=value
                    hint=t!("import.certificate_hint")
                    placeholder="imap.example.org"
                    inputmode="url"
                    maxlength=253
                />
            }
        })
    };
    // Only an order has admin credentials; a request that has none yet asks for passwords.
    let has_order = importing.has_order;
    let admin = |label: &'static str, value: RwSignal<bool>, lacking: u64| {
        (lacking > 0 && has_order)
            .then(|| view! { <Tick label=label checked=value on_change=move |on| value.set(on) /> })
    };
    let nothing = (good == 0 && !added).then(|| {
        view! {
            <Notice tone=Tone::Error>
                <p>{t!("import.nothing")}</p>
            </Notice>
        }
    });
    let password = |id: &'static str, label: &'static str, value, lacking: u64| {
        (lacking > 0).then(|| {
            view! {
                <PasswordField
                    id=id
                    label=label
                    value=value
                    hint=tn!("import.password_hint", lacking)
                    is_optional=true
                />
            }
        })
    };
    let rows = (good > 0).then(|| rows_table(&result.rows, good));
    view! {
        <div class="stack">
            <p class="soft">{recognised}</p>
            {guessed}
            {nothing}
            {rows}
            <div class="two">
                {password("import-source-password", t!("import.source_password"), fields.source_password, lack_source)}
                {password(
                    "import-destination-password",
                    t!("import.destination_password"),
                    fields.destination_password,
                    lack_destination,
                )}
            </div>
            {admin(t!("import.source_by_admin"), fields.source_by_admin, lack_source)}
            {admin(t!("import.destination_by_admin"), fields.destination_by_admin, lack_destination)}
            <div class="two">
                {certificate(
                    "import-source-certificate",
                    t!("import.source_certificate"),
                    fields.source_certificate,
                    named(|row| row.needs_source_certificate_host),
                )}
                {certificate(
                    "import-destination-certificate",
                    t!("import.destination_certificate"),
                    fields.destination_certificate,
                    named(|row| row.needs_destination_certificate_host),
                )}
            </div>
        </div>
    }
}

fn rows_table(rows: &[ImportRow], good: u64) -> impl IntoView + use<> {
    let account = |user: &str, host: Option<String>, has_password: bool| {
        let password = if has_password { t!("import.password_yes") } else { t!("import.password_no") };
        let meta = host.map_or_else(|| password.to_owned(), |host| format!("{host} · {password}"));
        view! {
            <p class="account-name">{user.to_owned()}</p>
            <p class="account-meta">{meta}</p>
        }
    };
    let ids: Vec<Uuid> = (0_u128..).take(rows.len()).map(Uuid::from_u128).collect();
    let rows = StoredValue::new(rows.to_vec());
    let count = (ids.len() + 1).to_string();
    let row = move |(_, at): (Uuid, usize)| {
        rows.with_value(|rows| {
            let Some(row) = rows.get(at) else { return ().into_any() };
            let source_host = row.source_host.as_ref().map(ToString::to_string);
            let destination_host = row.destination_host.as_ref().map(ToString::to_string);
            view! {
                <tr aria-rowindex=(at + 2).to_string()>
                    <th scope="row" class="numbers" data-label=t!("import.rows_row")>
                        {row.row.to_string()}
                    </th>
                    <td data-label=t!("import.rows_source")>
                        {account(&row.source_user, source_host, row.has_source_password)}
                    </td>
                    <td data-label=t!("import.rows_destination")>
                        {account(&row.destination_user, destination_host, row.has_destination_password)}
                    </td>
                </tr>
            }
            .into_any()
        })
    };
    view! {
        <div class="card card-flush">
            <p class="toolbar">{tn!("import.good_rows", good)}</p>
            <table class="table table-cards" aria-rowcount=count>
                <caption class="visually-hidden">{t!("import.rows_table")}</caption>
                <thead>
                    <tr aria-rowindex="1">
                        <th scope="col">{t!("import.rows_row")}</th>
                        <th scope="col">{t!("import.rows_source")}</th>
                        <th scope="col">{t!("import.rows_destination")}</th>
                    </tr>
                </thead>
                <VirtualRows ids=Signal::stored(ids) columns=3 row=row />
            </table>
        </div>
    }
}
