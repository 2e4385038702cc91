//! `POST /requests`

use actix_web::{HttpResponse, http::header, post, web::Data};
use mailferry_domain::{account_file::AccountFile, request};
use mailferry_shared::{
    account::AccountCreate,
    import::ImportRequest,
    key::Scope,
    order::{LinkScope, OrderCreate},
    request::{MAX_ATTACHMENTS_BYTES, MAX_NOTE_CHARS, RequestCreate, RequestSent},
};
use mailferry_store::NewRequest;

use super::{files, for_customer};
use crate::{
    api::{
        accounts::import::{self, IMPORT_BODY_BYTES, ReadFile},
        auth::{MaybePrincipal, Principal},
        errors,
        examples::requests as examples,
        json::Body,
        orders::{
            create::{Prepared, check_order, prepare, session},
            view,
        },
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// A file of accounts, and files of contacts and appointments in Base64, which takes four bytes for three.
const REQUEST_BODY_BYTES: usize = IMPORT_BODY_BYTES + MAX_ATTACHMENTS_BYTES / 3 * 4 + 100_000;
/// So many bad rows are named where none is good.
const NAMED: usize = 5;

/// Asks the operator to do a migration.
///
/// Anybody may; the answer sets the session cookie that opens its order, and holds the manage link. With an API key, or
/// signed in as a member, it belongs to that tenant and no cookie is set. With the token of a pre-configured link it
/// belongs to the link's tenant.
///
/// The wished start is at least 24 hours ahead, and at least 48 hours if it lies on a Saturday or Sunday in the time zone
/// that it is written in; at most 90 days. The request's states are told by mail, by webhooks, and by readOrderRequest.
#[utoipa::path(
    operation_id = "createRequest",
    tag = "requests",
    request_body(content = RequestCreate, example = json!(examples::request_create())),
    responses(
        (status = 201, description = "The request, its order, and the rows of its file", body = RequestSent, headers(
            ("Set-Cookie" = String, description = "The session, unless an API key or a member's session was sent"),
            ("Location" = String, description = "The request's address"),
        ), example = json!(examples::request_sent())),
        errors::WithBody,
        errors::OfState,
        errors::Always,
        errors::KeyRefused,
    ),
    security((), ("api_key" = ["orders:write"])),
)]
#[post("/requests")]
pub(crate) async fn create_request(
    app: Data<App>,
    asking: MaybePrincipal,
    body: Body<RequestCreate, REQUEST_BODY_BYTES>,
) -> Result<HttpResponse, ApiError> {
    if let Some(principal) = &asking.0 {
        principal.needs(Scope::OrdersWrite)?;
    }
    let parts = Parts::of(body.read()?);
    let Prepared { new: order, principal, most_bytes } = prepare(&app, asking.0, parts.order.clone()).await?;
    let mut check = Check::within(order.asker.sandbox);
    parts.check(&mut check);
    check_order(&mut check, &app, &order, most_bytes);
    let Parts { accounts, wished_start, note, attachments, .. } = parts;
    let wish = request::may_wish(wished_start, app.store.now());
    check.that(wish.is_ok(), "/wished_start", wish.err().map(|error| error.to_string()).unwrap_or_default());
    let attachments = files::read(&mut check, attachments);
    check.done()?;
    let max_pairs = app.store.max_pairs(order.tenant_id, app.settings.limits.max_pairs).await?;
    let ReadFile { file, accounts: pairs } =
        import::read(&accounts, max_pairs, "/accounts", Some(order.asker.sandbox))?;
    check_pairs(&file, &pairs, principal.as_ref())?;
    let tells_operator = app.settings.desk.address.is_some() && !order.asker.sandbox;
    let new = NewRequest {
        order,
        accounts: pairs.clone(),
        max_pairs,
        wished_start: wished_start.to_utc(),
        note,
        attachments,
        tells_operator,
    };
    let (request, created) = app.store.create_request(new).await?;
    let order = app.store.order(request.order_id).await?;
    let mut response = HttpResponse::Created();
    let address = format!("{}/orders/{}/request", mailferry_shared::API_PREFIX, order.id);
    response.insert_header((header::LOCATION, address));
    if principal.is_none() {
        response.cookie(session(&app, &order)?);
    }
    Ok(response.json(RequestSent {
        import: import::result(file, &pairs, &created),
        request: for_customer(&app, LinkScope::Manage, request).await?,
        order: view::compose(&app, order, LinkScope::Manage, principal.as_ref()).await?,
    }))
}

/// What a request consists of: an order, and what is its own.
struct Parts {
    order: OrderCreate,
    accounts: ImportRequest,
    wished_start: chrono::DateTime<chrono::FixedOffset>,
    note: String,
    attachments: Vec<mailferry_shared::request::AttachmentUpload>,
}

impl Parts {
    fn of(body: RequestCreate) -> Self {
        let note = body.note.trim().replace("\r\n", "\n");
        let order = OrderCreate {
            accepted_terms: body.accepted_terms,
            language: body.language,
            notify_address: Some(body.contact_address),
            source: body.source,
            destination: body.destination,
            options: body.options,
            link: body.link,
            reference: None,
        };
        let (accounts, wished_start, attachments) = (body.accounts, body.wished_start, body.attachments);
        Self { order, accounts, wished_start, note, attachments }
    }

    /// Notes what is wrong with what is the request's own.
    fn check(&self, check: &mut Check) {
        let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        let good = self.note.chars().count() <= MAX_NOTE_CHARS && !self.note.contains(odd);
        check.that(good, "/note", "A note is plain text of at most 4000 characters.");
        let words = "Look at the file with previewImport; a request is sent or it is not.";
        check.that(!self.accounts.preview, "/accounts/preview", words);
        import::check_passwords(check, &self.accounts, "/accounts");
    }
}

/// Makes sure that there is something to do, and that whoever asks may have it done.
fn check_pairs(file: &AccountFile, pairs: &[AccountCreate], principal: Option<&Principal>) -> Result<(), ApiError> {
    if pairs.is_empty() {
        let named = file.errors.iter().take(NAMED).map(|error| {
            let at = if error.column == 0 { String::new() } else { format!(", column {}", error.column) };
            format!("row {}{at}: {}", error.row, error.message)
        });
        let named: Vec<String> = named.collect();
        return Err(ApiError::field("/accounts", format!("No row of the file is good: {}.", named.join("; "))));
    }
    let may = |pair: &AccountCreate| {
        principal.is_none_or(|principal| principal.may_move(pair.source.mailbox(), pair.destination.mailbox()))
    };
    if pairs.iter().all(may) {
        Ok(())
    } else {
        Err(ApiError::field("/accounts", "A row has neither mailbox in one of your domains."))
    }
}
