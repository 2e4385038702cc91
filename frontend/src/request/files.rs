//! Files of contacts and appointments that go along: dropped or chosen, read in the browser, looked at before they are
//! sent.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    request::{AttachmentUpload, MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS, MAX_ATTACHMENTS_BYTES},
    secret::Secret,
};
use wasm_bindgen::JsCast as _;

use super::typed::Typed;
use crate::{
    browser,
    browser::intl,
    components::{FieldError, Glyph, icon},
    forms, i18n, t,
};

/// A file that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    name: String,
    size_bytes: u64,
    /// Base64.
    content: Secret,
    /// What the service says is wrong with it.
    error: Option<String>,
}

impl Chosen {
    /// The file as it is sent.
    pub(super) fn upload(&self) -> AttachmentUpload {
        AttachmentUpload { name: self.name.clone(), content: self.content.clone() }
    }

    /// The same file with what the service says is wrong with it.
    pub(super) fn with_error(self, error: Option<String>) -> Self {
        Self { error, ..self }
    }
}

fn megabytes(bytes: usize) -> String {
    intl::size(u64::try_from(bytes).unwrap_or_default())
}

/// Why a file is not taken, beside those that are there already.
fn refusal(known: &[Chosen], name: &str, size_bytes: u64) -> Option<String> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let size = usize::try_from(size_bytes).unwrap_or(usize::MAX);
    let all = known.iter().map(|file| usize::try_from(file.size_bytes).unwrap_or(usize::MAX)).sum::<usize>();
    if !matches!(ending.as_deref(), Some("vcf" | "ics")) {
        Some(t!("request.file_kind", name = name))
    } else if size > MAX_ATTACHMENT_BYTES {
        Some(t!("request.file_large", name = name, size = megabytes(MAX_ATTACHMENT_BYTES)))
    } else if all.saturating_add(size) > MAX_ATTACHMENTS_BYTES {
        Some(t!("request.files_large", size = megabytes(MAX_ATTACHMENTS_BYTES)))
    } else if known.len() >= MAX_ATTACHMENTS {
        Some(t!("request.files_many", count = i18n::number(u64::try_from(MAX_ATTACHMENTS).unwrap_or_default())))
    } else {
        None
    }
}

/// Takes files one after the other; the first that cannot be taken is named.
fn take(typed: Typed, files: &web_sys::FileList) {
    let files: Vec<_> = (0..files.length()).filter_map(|at| files.get(at)).collect();
    typed.files_error.set(None);
    spawn_local(async move {
        for file in files {
            let name = file.name();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size is a whole number")]
            let size_bytes = file.size() as u64;
            if let Some(refusal) = typed.files.with_untracked(|known| refusal(known, &name, size_bytes)) {
                typed.files_error.set(Some(refusal));
                continue;
            }
            match browser::file_bytes(&file).await {
                Some(bytes) => {
                    let content = Secret::new(forms::base64(&bytes));
                    let chosen = Chosen { name, size_bytes, content, error: None };
                    typed.files.update(|files| {
                        files.retain(|known| known.name != chosen.name);
                        files.push(chosen);
                    });
                }
                None => typed.files_error.set(Some(t!("import.file_unreadable").to_owned())),
            }
        }
    });
}

/// The drop zone, and below it what was taken.
#[component]
pub(super) fn Files(typed: Typed) -> impl IntoView {
    let over = RwSignal::new(false);
    let on_drop = move |event: web_sys::DragEvent| {
        event.prevent_default();
        over.set(false);
        if let Some(files) = event.data_transfer().and_then(|data| data.files()) {
            take(typed, &files);
        }
    };
    let on_choose = move |event: web_sys::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
        if let Some(input) = input {
            if let Some(files) = input.files() {
                take(typed, &files);
            }
            input.set_value("");
        }
    };
    let list = move || {
        let files = typed.files.get();
        (!files.is_empty()).then(|| {
            let rows = files.into_iter().map(|file| row(typed, file)).collect_view();
            view! { <ul role="list" class="stack-s">{rows}</ul> }
        })
    };
    view! {
        <section class="card" aria-labelledby="files-title">
            <div class="stack-s">
                <h2 id="files-title">
                    {t!("request.files_title")} <span class="field-optional">{t!("form.optional")}</span>
                </h2>
                <p class="soft">{t!("request.files_text")}</p>
            </div>
            <div
                class="drop drop-small"
                class:is-over=move || over.get()
                on:dragover=move |event| {
                    event.prevent_default();
                    over.set(true);
                }
                on:dragleave=move |_| over.set(false)
                on:drop=on_drop
                data-testid="files-drop"
            >
                <p>
                    <strong>{t!("request.files_drop")}</strong>
                    " "
                    <span class="faint">{t!("import.or")}</span>
                </p>
                <label class="button">
                    {icon(Glyph::File)}
                    {t!("request.files_choose")}
                    <input
                        class="visually-hidden"
                        type="file"
                        multiple
                        aria-label=t!(
                            "import.choose_name", choose = t!("request.files_choose"), file =
                            t!("request.files_title")
                        )
                        aria-describedby="files-error"
                        accept=".vcf,.ics,text/vcard,text/calendar"
                        on:change=on_choose
                    />
                </label>
            </div>
            <FieldError id="files-error" error=typed.files_error />
            {list}
        </section>
    }
}

fn row(typed: Typed, file: Chosen) -> impl IntoView {
    let Chosen { name, size_bytes, error, .. } = file;
    let remove = name.clone();
    let label = t!("console.delete_what", account = name);
    view! {
        <li class="proposal">
            <div>
                <p class="account-name">{name}</p>
                <p class="account-meta">{intl::size(size_bytes)}</p>
                {error.map(|error| view! { <p class="field-error">{icon(Glyph::Warning)} <span>{error}</span></p> })}
            </div>
            <button
                type="button"
                class="button button-quiet button-icon button-small"
                aria-label=label
                on:click=move |_| typed.files.update(|files| files.retain(|file| file.name != remove))
            >
                {icon(Glyph::Trash)}
            </button>
        </li>
    }
}
