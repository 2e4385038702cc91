//! The brand of a pre-configured link, with a preview in both themes.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::link::Brand;
use wasm_bindgen::JsCast as _;

use super::{link_form::support, sending::Sending};
use crate::{
    brand::{Colour, accents},
    browser,
    components::{FieldError, Glyph, TextField, icon},
    forms, t,
};

/// The colour of a page without a brand.
const OUR_COLOUR: &str = "#1a4fc4";
/// The largest picture, bytes.
const MAX_LOGO_BYTES: usize = 64_000;

/// What is typed about a brand.
#[derive(Clone, Copy)]
pub(super) struct BrandFields {
    name: RwSignal<String>,
    colour: RwSignal<String>,
    /// A data URL.
    logo: RwSignal<Option<String>>,
    logo_error: RwSignal<Option<String>>,
    support: RwSignal<String>,
    support_error: RwSignal<Option<String>>,
}

impl BrandFields {
    pub(super) fn new() -> Self {
        Self {
            name: RwSignal::default(),
            colour: RwSignal::new(OUR_COLOUR.to_owned()),
            logo: RwSignal::new(None),
            logo_error: RwSignal::new(None),
            support: RwSignal::default(),
            support_error: RwSignal::new(None),
        }
    }

    pub(super) fn show(self, brand: Option<&Brand>) {
        let brand = brand.cloned().unwrap_or_default();
        self.name.set(brand.name.unwrap_or_default());
        self.colour.set(brand.colour.map_or_else(|| OUR_COLOUR.to_owned(), |colour| colour.as_str().to_owned()));
        self.logo.set(brand.logo);
        self.support.set(brand.support_address.map(|address| address.to_string()).unwrap_or_default());
        self.logo_error.set(None);
        self.support_error.set(None);
    }

    /// The colour, unless it is the page's own: that one is readable in both themes as it is.
    fn own_colour(self) -> Option<mailferry_shared::link::Colour> {
        self.colour.with(|colour| (colour != OUR_COLOUR).then(|| colour.parse().ok()).flatten())
    }

    /// The brand, or an error beside its field.
    pub(super) fn read(self) -> Result<Brand, ()> {
        let support = self.support.with_untracked(|text| support(text));
        self.support_error.set(support.as_ref().err().map(|error| (*error).to_owned()));
        let name = self.name.with_untracked(|name| name.trim().to_owned());
        Ok(Brand {
            name: Some(name).filter(|name| !name.is_empty()),
            colour: untrack(|| self.own_colour()),
            logo: self.logo.get_untracked(),
            support_address: support.map_err(drop)?,
        })
    }

    /// Takes a picture that was chosen.
    fn take(self, file: web_sys::File) {
        self.logo_error.set(None);
        spawn_local(async move {
            let read = browser::file_bytes(&file).await.filter(|bytes| bytes.len() <= MAX_LOGO_BYTES);
            let kind = file.type_();
            let is_picture = ["image/png", "image/jpeg", "image/webp"].contains(&kind.as_str());
            match read.filter(|_| is_picture) {
                Some(bytes) => {
                    self.logo.try_set(Some(format!("data:{kind};base64,{}", forms::base64(&bytes))));
                }
                None => {
                    self.logo_error.try_set(Some(t!("console.logo_wrong").to_owned()));
                }
            }
        });
    }
}

/// The fields and the preview.
#[component]
pub(super) fn BrandFieldset(fields: BrandFields, sending: Sending) -> impl IntoView {
    view! {
        <fieldset class="stack-s">
            <legend class="field-label">{t!("console.brand")}</legend>
            <div class="two">
                <TextField
                    id="link-brand"
                    label=t!("console.brand_name")
                    value=fields.name
                    is_optional=true
                    error=sending.field("/brand/name")
                />
                <TextField
                    id="link-support"
                    label=t!("console.brand_support")
                    value=fields.support
                    kind="email"
                    is_optional=true
                    error=fields.support_error
                />
                <div class="stack-s">
                    <TextField
                        id="link-colour"
                        label=t!("console.brand_colour")
                        value=fields.colour
                        kind="color"
                        is_optional=true
                        error=sending.field("/brand/colour")
                    />
                    <Show when=move || fields.own_colour().is_some()>
                        <button
                            type="button"
                            class="button button-quiet button-flush button-small"
                            on:click=move |_| fields.colour.set(OUR_COLOUR.to_owned())
                        >
                            {icon(Glyph::Close)}
                            {t!("console.colour_none")}
                        </button>
                    </Show>
                </div>
                <Logo fields=fields />
            </div>
            <Preview fields=fields />
        </fieldset>
    }
}

#[component]
fn Logo(fields: BrandFields) -> impl IntoView {
    let on_choose = move |event: web_sys::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
        if let Some(input) = input {
            if let Some(file) = input.files().and_then(|files| files.get(0)) {
                fields.take(file);
            }
            input.set_value("");
        }
    };
    view! {
        <div class="field">
            <span class="field-label">{t!("console.brand_logo")} <span class="field-optional">{t!("form.optional")}</span></span>
            <div class="row">
                <label class="button">
                    {icon(Glyph::File)}
                    {t!("import.choose")}
                    <input
                        class="visually-hidden"
                        type="file"
                        aria-label=t!("console.brand_logo")
                        aria-describedby="link-logo-error"
                        accept="image/png,image/jpeg,image/webp"
                        on:change=on_choose
                    />
                </label>
                <Show when=move || fields.logo.with(Option::is_some)>
                    <button
                        type="button"
                        class="button button-quiet button-icon"
                        aria-label=t!("console.logo_remove")
                        on:click=move |_| fields.logo.set(None)
                    >
                        {icon(Glyph::Trash)}
                    </button>
                </Show>
            </div>
            <FieldError id="link-logo-error" error=fields.logo_error />
        </div>
    }
}

/// How the page looks to those who come by the link, in both themes.
#[component]
fn Preview(fields: BrandFields) -> impl IntoView {
    // Without a colour of its own a link shows the page as it is.
    let accents = Memo::new(move |_| fields.own_colour().and_then(|own| Colour::parse(own.as_str())).map(accents));
    let value = move |at: usize| {
        accents.with(|accents| accents.as_ref().map(|accents| accents.variables[at].1.clone()).unwrap_or_default())
    };
    let name = move || fields.name.with(|name| if name.is_empty() { t!("app.name").to_owned() } else { name.clone() });
    let theme = move |scheme: &'static str| {
        view! {
            <div
                class="brand-preview"
                style:color-scheme=scheme
                style:--accent=move || value(0)
                style:--accent-strong=move || value(1)
                style:--accent-soft=move || value(2)
                style:--on-accent=move || value(3)
            >
                <span class="brand-preview-name" data-data="">
                    {move || fields.logo.get().map(|logo| view! { <img class="brand-logo" src=logo alt="" /> })}
                    <strong>{name}</strong>
                </span>
                <span class="button button-primary">{t!("intro.begin")}</span>
                <span class="brand-preview-link">{t!("intro.terms_read")}</span>
            </div>
        }
    };
    view! {
        <div class="two" aria-hidden="true">{theme("light")} {theme("dark")}</div>
    }
}
