//! The files that are sent with a request: decoded, looked at, and counted.

use base64::{Engine, prelude::BASE64_STANDARD};
use mailferry_domain::attachment::{self, AttachmentError};
use mailferry_shared::request::{AttachmentUpload, MAX_ATTACHMENTS, MAX_ATTACHMENTS_BYTES};
use mailferry_store::NewAttachment;

use crate::api::validate::Check;

/// The files that are good; what is wrong with the others is noted.
pub(super) fn read(check: &mut Check, uploads: Vec<AttachmentUpload>) -> Vec<NewAttachment> {
    let few = uploads.len() <= MAX_ATTACHMENTS;
    check.that(few, "/attachments", format!("At most {MAX_ATTACHMENTS} files can be sent."));
    if !few {
        return Vec::new();
    }
    let files: Vec<NewAttachment> =
        uploads.into_iter().enumerate().filter_map(|(number, upload)| one(check, number, upload)).collect();
    let bytes: usize = files.iter().map(|file| file.content.len()).sum();
    let words = format!("All files together have at most {} MB.", MAX_ATTACHMENTS_BYTES / 1_000_000);
    check.that(bytes <= MAX_ATTACHMENTS_BYTES, "/attachments", words);
    files
}

fn one(check: &mut Check, number: usize, upload: AttachmentUpload) -> Option<NewAttachment> {
    let AttachmentUpload { name, content } = upload;
    let at = format!("/attachments/{number}");
    let Ok(content) = BASE64_STANDARD.decode(content.expose()) else {
        check.that(false, format!("{at}/content"), "This must be the file's bytes in Base64.");
        return None;
    };
    match attachment::inspect(&name, &content) {
        Ok(found) => Some(NewAttachment { name, kind: found.kind, entries: found.entries, content }),
        Err(error) => {
            let field = match error {
                AttachmentError::Name | AttachmentError::Ending => "name",
                AttachmentError::Empty
                | AttachmentError::TooLarge
                | AttachmentError::NotText
                | AttachmentError::NoContacts
                | AttachmentError::NoCalendar => "content",
            };
            check.that(false, format!("{at}/{field}"), error.to_string());
            None
        }
    }
}
