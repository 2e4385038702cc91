//! `GET /requests/{request_id}/attachments/{attachment_id}`

use actix_web::{
    HttpResponse, get,
    http::header::{self, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue},
    web::Data,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type, schema::KnownFormat},
};

use super::find;
use crate::{
    api::{
        auth::{Acting, acting::RequestsRead},
        errors,
        path::{AttachmentPath, Ids},
        problem::ApiError,
    },
    app::App,
};

/// The bytes of a file.
struct FileContent;

impl PartialSchema for FileContent {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The bytes of a file"))
            .into()
    }
}

impl ToSchema for FileContent {}

/// A file of contacts or appointments that was sent with a request, as the customer sent it.
///
/// It was looked at, but it comes from a stranger: it is never shown, only downloaded.
#[utoipa::path(
    operation_id = "downloadAttachment",
    tag = "requests",
    params(AttachmentPath),
    responses(
        (status = 200, description = "The file", body = FileContent, content_type = "application/octet-stream",
         headers(("Content-Disposition" = String, description = "The file's name")),
         example = json!("BEGIN:VCARD\r\n…")),
        errors::Guarded,
        errors::Always,
    ),
    security(("api_key" = ["requests:read"])),
)]
#[get("/requests/{request_id}/attachments/{attachment_id}")]
pub(crate) async fn download_attachment(
    app: Data<App>,
    acting: Acting<RequestsRead>,
    path: Ids<AttachmentPath>,
) -> Result<HttpResponse, ApiError> {
    let request = find(&app, &acting.0, path.0.request_id).await?;
    let (attachment, content) = app.store.open_attachment(request.id, path.0.attachment_id).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((header::CONTENT_DISPOSITION, disposition(&attachment.name)))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .body(content.to_vec()))
}

/// To be saved under its name (RFC 6266): in ASCII for old programs, and as it is.
fn disposition(name: &str) -> ContentDisposition {
    let plain = name.chars().map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '%' | '\\') { c } else { '_' });
    let whole = ExtendedValue { charset: Charset::Ext("UTF-8".to_owned()), language_tag: None, value: name.into() };
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(plain.collect()), DispositionParam::FilenameExt(whole)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_in_ascii_and_as_it_is() {
        assert_eq!(
            disposition("Bjørn's \"contacts\".vcf").to_string(),
            "attachment; filename=\"Bj_rn's__contacts_.vcf\"; filename*=UTF-8''Bj%C3%B8rn%27s%20%22contacts%22.vcf"
        );
    }
}
