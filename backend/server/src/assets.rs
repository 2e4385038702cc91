//! The page: `frontend/dist`, embedded. Debug builds read it from disk, so that the page can be rebuilt alone.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, http::header};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../frontend/dist"]
#[allow_missing = true]
struct Dist;

/// All of the bundle but the page itself lies here, under names that change with the content.
const FINGERPRINTED: &str = "assets/";
/// So browsers may keep it for ever.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Answers every path that is no operation and no asset with the page, which has routes of its own.
pub fn page(request: &HttpRequest) -> HttpResponse {
    let path = request.path().trim_start_matches('/');
    let encodings = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    let files = |name: &str| Dist::get(name).map(|file| file.data);
    match find(files, path, encodings) {
        Some(asset) => answer(asset),
        None if path.starts_with(FINGERPRINTED) => HttpResponse::NotFound().finish(),
        None => HttpResponse::NotFound()
            .content_type("text/plain; charset=utf-8")
            .body("The page has not been built. Run: make page-bundle\n"),
    }
}

/// An asset as it is sent.
struct Asset {
    data: Cow<'static, [u8]>,
    /// Content-Encoding, if it was compressed beforehand.
    encoding: Option<&'static str>,
    kind: String,
    cache: &'static str,
}

fn answer(asset: Asset) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response
        .content_type(asset.kind)
        .insert_header((header::CACHE_CONTROL, asset.cache))
        .insert_header((header::VARY, "Accept-Encoding"));
    if let Some(encoding) = asset.encoding {
        response.insert_header((header::CONTENT_ENCODING, encoding));
    }
    response.body(asset.data.into_owned())
}

/// A file by its name.
trait Files: Fn(&str) -> Option<Cow<'static, [u8]>> {}
impl<F: Fn(&str) -> Option<Cow<'static, [u8]>>> Files for F {}

fn find(files: impl Files, path: &str, encodings: &str) -> Option<Asset> {
    let is_fingerprinted = path.starts_with(FINGERPRINTED);
    let name = if is_fingerprinted || is_file(&files, path) { path } else { shell(path) };
    let (data, encoding) = best(&files, name, encodings)?;
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let kind = if kind.type_() == "text" { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    Some(Asset { data, encoding, kind, cache: if is_fingerprinted { IMMUTABLE } else { "no-store" } })
}

/// The shell of the module that shows the page's path `path`; the page chooses by the same rule (`route::Module` there).
fn shell(path: &str) -> &'static str {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    match (segments.next(), segments.next(), segments.next()) {
        // A migration in the console is the status page within its frame.
        (Some("console"), Some("migrations"), Some(_)) => "status.html",
        (
            Some("console"),
            Some("links" | "webhooks" | "members" | "keys" | "tenants" | "profile" | "password"),
            None,
        ) => "administration.html",
        (Some("console"), ..) => "console.html",
        (Some("request"), None, _) | (Some("orders"), Some(_), Some("request")) => "request.html",
        (Some("styleguide"), None, _) if cfg!(debug_assertions) => "styleguide.html",
        (Some("orders"), Some(_), None | Some("status")) => "status.html",
        (Some("orders"), Some(_), Some("introduction" | "providers" | "accounts" | "confirm")) => "wizard.html",
        _ => "index.html",
    }
}

/// A file of its own, like robots.txt; compressed twins are never asked for by name.
fn is_file(files: &impl Files, path: &str) -> bool {
    let is_twin = matches!(path.rsplit_once('.'), Some((_, "br" | "gz")));
    !path.is_empty() && !path.starts_with('.') && !is_twin && files(path).is_some()
}

fn best(files: &impl Files, name: &str, encodings: &str) -> Option<(Cow<'static, [u8]>, Option<&'static str>)> {
    let compressed = [("br", "br"), ("gzip", "gz")].into_iter().filter(|(encoding, _)| accepts(encodings, encoding));
    for (encoding, extension) in compressed {
        if let Some(data) = files(&format!("{name}.{extension}")) {
            return Some((data, Some(encoding)));
        }
    }
    files(name).map(|data| (data, None))
}

/// Whether `Accept-Encoding` (RFC 9110 section 12.5.3) takes `encoding`.
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words.next() == Some(encoding) && !words.any(|word| matches!(word, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "assets/app-0a1b2c3d4e5f6071.wasm";

    fn files(name: &str) -> Option<Cow<'static, [u8]>> {
        let data: &'static [u8] = match name {
            "index.html" => b"<html>",
            "robots.txt" => b"robots",
            APP => b"wasm",
            "assets/app-0a1b2c3d4e5f6071.wasm.br" => b"br",
            "assets/app-0a1b2c3d4e5f6071.wasm.gz" => b"gz",
            _ => return None,
        };
        Some(Cow::Borrowed(data))
    }

    fn found(path: &str, encodings: &str) -> (Vec<u8>, Option<&'static str>, &'static str) {
        let asset = find(files, path, encodings).expect("found");
        (asset.data.into_owned(), asset.encoding, asset.cache)
    }

    #[test]
    fn the_best_encoding_that_the_browser_takes_is_sent() {
        assert_eq!(found(APP, "gzip, deflate, br"), (b"br".to_vec(), Some("br"), IMMUTABLE));
        assert_eq!(found(APP, "gzip"), (b"gz".to_vec(), Some("gzip"), IMMUTABLE));
        assert_eq!(found(APP, "br;q=0, identity"), (b"wasm".to_vec(), None, IMMUTABLE));
    }

    #[test]
    fn every_other_path_is_the_page_and_is_not_kept() {
        for path in ["", "elsewhere/0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001", "robots.txt.br", "../Cargo.toml"] {
            assert_eq!(found(path, "br"), (b"<html>".to_vec(), None, "no-store"), "{path}");
        }
        assert_eq!(found("robots.txt", ""), (b"robots".to_vec(), None, "no-store"));
    }

    #[test]
    fn each_path_gets_the_shell_of_its_module() {
        assert_eq!(shell(""), "index.html");
        assert_eq!(shell("orders/0199d1c4/confirm"), "wizard.html");
        assert_eq!(shell("orders/0199d1c4/nothing"), "index.html");
        assert_eq!(shell("orders/0199d1c4"), "status.html");
        assert_eq!(shell("orders/0199d1c4/status"), "status.html");
        assert_eq!((shell("console"), shell("console/keys")), ("console.html", "administration.html"));
        assert_eq!(
            (shell("console/migrations"), shell("console/migrations/0199d1c4")),
            ("console.html", "status.html")
        );
        assert_eq!((shell("request"), shell("orders/0199d1c4/request")), ("request.html", "request.html"));
        assert_eq!(shell("request/more"), "index.html");
        assert_eq!(shell("consoles"), "index.html");
    }

    #[test]
    fn an_asset_of_a_former_build_is_not_answered_with_the_page() {
        assert!(find(files, "assets/app-ffffffffffffffff.js", "br").is_none());
    }
}
