//! The HTML part: one column of plain markup that every mail program shows, in its light or dark colours. Styles stand
//! at the elements, since some programs drop those in the head; the head holds what only newer ones understand.

use super::{compose::Block, facts::Facts, texts::Texts};

/// Darker colours where the reader prefers them.
const HEAD: &str = "<meta name=\"color-scheme\" content=\"light dark\">\
    <meta name=\"supported-color-schemes\" content=\"light dark\">\
    <meta name=\"viewport\" content=\"width=device-width\">\
    <style>:root{color-scheme:light dark}\
    @media (prefers-color-scheme:dark){\
    .page{background:#15181c!important;color:#e4e7eb!important}\
    .card{background:#1d2126!important;border-color:#343a41!important}\
    .name,.small{color:#a6aeb8!important}.line{border-color:#343a41!important}\
    .button{background:#8fb4ff!important;color:#10131a!important}}</style>";

const PAGE: &str = "margin:0;padding:24px 12px;background:#f4f5f7;color:#1c2127;\
    font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:1.55";
const CARD: &str = "max-width:560px;margin:0 auto;padding:28px;background:#ffffff;border:1px solid #dde1e6;\
    border-radius:10px";
const BUTTON: &str = "display:inline-block;padding:11px 20px;border-radius:7px;background:#1f57c3;color:#ffffff;\
    text-decoration:none;font-weight:600";

/// What stands around a letter's blocks.
pub(super) struct Frame<'a> {
    pub(super) language: &'a str,
    pub(super) title: &'a str,
    pub(super) greeting: &'a str,
    pub(super) link: &'a str,
    pub(super) button: &'a str,
    /// Lines at the foot.
    pub(super) small: &'a [String],
}

/// The whole page of a status mail.
pub(super) fn page(texts: &Texts, facts: &Facts, subject: &str, blocks: &[Block]) -> String {
    let number = texts.order_number.replace("{order}", &facts.order);
    let frame = Frame {
        language: &texts.language,
        title: subject,
        greeting: &texts.greeting,
        link: &facts.link,
        button: &texts.status_button,
        small: &[number, texts.keep_link.clone(), texts.signature.clone()],
    };
    self::frame(&frame, blocks)
}

/// A whole page.
pub(super) fn frame(frame: &Frame<'_>, blocks: &[Block]) -> String {
    let body: String = blocks.iter().map(block).collect();
    let [language, title, link, button] = [frame.language, frame.title, frame.link, frame.button].map(escape);
    let small = |words: &String| {
        format!("<p class=\"small\" style=\"margin:0 0 6px;font-size:14px;color:#5b6470\">{}</p>\n", escape(words))
    };
    let small: String = frame.small.iter().map(small).collect();
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\">{HEAD}<title>{title}</title></head>\n\
         <body class=\"page\" style=\"{PAGE}\">\n<div class=\"card\" style=\"{CARD}\">\n\
         <h1 style=\"margin:0 0 18px;font-size:21px;line-height:1.3\">{title}</h1>\n{greeting}{body}\
         <p style=\"margin:24px 0\"><a class=\"button\" href=\"{link}\" style=\"{BUTTON}\">{button}</a></p>\n\
         <div class=\"line\" style=\"border-top:1px solid #dde1e6;padding-top:14px\">\n{small}</div>\n\
         </div>\n</body>\n</html>\n",
        greeting = paragraph(frame.greeting),
    )
}

fn block(block: &Block) -> String {
    match block {
        Block::Paragraph(words) => paragraph(words),
        Block::Facts(facts) => {
            let row = |(name, value): &(String, String)| {
                format!(
                    "<tr><td class=\"name\" style=\"padding:5px 16px 5px 0;color:#5b6470;vertical-align:top\">{}</td>\
                     <td style=\"padding:5px 0;vertical-align:top\">{}</td></tr>\n",
                    escape(name),
                    escape(value)
                )
            };
            let rows: String = facts.iter().map(row).collect();
            format!(
                "<table role=\"presentation\" style=\"border-collapse:collapse;margin:0 0 16px\">\n{rows}</table>\n"
            )
        }
        Block::Stuck(stuck) => {
            let item = |(account, words): &(String, String)| {
                format!("<li style=\"margin:0 0 8px\"><strong>{}</strong><br>{}</li>\n", escape(account), escape(words))
            };
            let items: String = stuck.iter().map(item).collect();
            format!("<ul style=\"margin:0 0 16px;padding-left:20px\">\n{items}</ul>\n")
        }
    }
}

fn paragraph(words: &str) -> String {
    format!("<p style=\"margin:0 0 16px\">{}</p>\n", escape(words))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
