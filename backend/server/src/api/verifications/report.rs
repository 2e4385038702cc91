//! `GET /orders/{order_id}/verifications/{verification_id}/report.txt`

use std::fmt::Write;

use actix_web::{HttpResponse, get, web::Data};
use mailferry_shared::verification::{PairVerification, Verification, VerificationState};

use crate::{
    api::{
        auth::Viewing,
        errors,
        path::{Ids, VerificationPath},
        problem::ApiError,
    },
    app::App,
    copy::report::{sentence, thousands},
    verify::report::{line, summary},
};

/// A verification as people read it: per pair how many messages arrived, byte for byte or how else, and one line for
/// each that is not there exactly as it was copied.
#[utoipa::path(
    operation_id = "readVerificationReport",
    tag = "verifications",
    params(VerificationPath),
    responses(
        (status = 200, description = "The report, UTF-8", body = String, content_type = "text/plain",
         example = json!("anna@old.example → anna@new.example\n12,345 of 12,345 messages arrived, byte for byte.\n")),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/verifications/{verification_id}/report.txt")]
pub(crate) async fn read_verification_report(
    app: Data<App>,
    viewing: Viewing,
    path: Ids<VerificationPath>,
) -> Result<HttpResponse, ApiError> {
    let verification = app.store.verification(viewing.0.order.id, path.0.verification_id).await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(report(&verification)))
}

fn report(verification: &Verification) -> String {
    let asked = verification.created_at.format("%Y-%m-%d %H:%M UTC");
    let mut text = format!("Verification of order {}, asked for {asked}.\n", verification.order_id);
    if verification.pairs.len() > 1 && verification.finished {
        let _ = writeln!(text, "In all: {}", summary(&verification.counts).join(" "));
    }
    verification.pairs.iter().for_each(|one| pair(&mut text, one));
    text
}

fn pair(text: &mut String, pair: &PairVerification) {
    let _ = writeln!(text, "\n{} → {}", pair.source, pair.destination);
    let lines = match pair.state {
        VerificationState::Queued | VerificationState::Running => vec!["Not compared yet.".to_owned()],
        VerificationState::Failed => vec!["It could not be compared.".to_owned()],
        VerificationState::Finished => summary(&pair.counts),
    };
    let findings = pair.findings.iter().map(sentence);
    for line in lines.into_iter().chain(findings).chain(pair.items.iter().map(line)) {
        // What a mailbox made up must not look like another line.
        let _ = writeln!(text, "{}", line.replace(char::is_control, "?"));
    }
    let named = u64::try_from(pair.items.len()).unwrap_or(u64::MAX);
    if pair.items_total > named {
        let _ = writeln!(text, "… and {} others.", thousands(pair.items_total - named));
    }
}
