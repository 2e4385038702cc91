//! `POST /payments/paypal/events`

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse, post,
    web::{Data, Payload},
};
use mailferry_shared::ids::PaymentId;
use mailferry_store::{PaymentEvent, StoreError};

use crate::{
    api::{errors, json, problem::ApiError},
    app::App,
    pay::paypal::{Event, SIGNATURE_HEADERS},
};

/// Largest notification, bytes.
const EVENT_BYTES: usize = 100_000;

/// Takes PayPal's notifications (webhook).
///
/// One about a payment of ours is kept; whether it is PayPal's is then asked of PayPal, and the payment is read there:
/// nothing in the notification itself is believed. Everything else is answered alike and forgotten.
#[utoipa::path(
    operation_id = "takePaypalEvent",
    tag = "payments",
    request_body(content = Event, example = json!({"id": "WH-58D329510W468432D-8HN650336L201105X", "resource": {"id": "3C679366HH908993F"}})),
    responses(
        (status = 204, description = "Taken"),
        errors::WithBody,
        errors::Always,
    ),
    security(()),
)]
#[post("/payments/paypal/events")]
pub(crate) async fn take_paypal_event(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    // As it came, byte for byte: that is what was signed.
    let body = json::read(payload.into_inner(), EVENT_BYTES).await?;
    let body = std::str::from_utf8(&body).map_err(|_| ApiError::Malformed("This is no JSON.".to_owned()))?;
    if let Some(event) = about_ours(&app, &request, body).await? {
        match app.store.keep_payment_event(&event).await {
            // PayPal sends it again when a few have been dealt with.
            Err(StoreError::Active) => return Err(ApiError::TooManyRequests { retry_after_seconds: 60 }),
            other => other?,
        };
    }
    Ok(HttpResponse::NoContent().finish())
}

/// The notification, if it says that it is about a payment of ours, and could be PayPal's.
async fn about_ours(app: &App, request: &HttpRequest, body: &str) -> Result<Option<PaymentEvent>, ApiError> {
    let Ok(event) = serde_json::from_str::<Event>(body) else { return Ok(None) };
    let mut headers = BTreeMap::new();
    for name in SIGNATURE_HEADERS {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        let Some(value) = value.filter(|value| value.len() <= 2000) else { return Ok(None) };
        headers.insert(name.to_owned(), value.to_owned());
    }
    let resource = event.resource;
    let mut ours = [resource.custom_id, resource.invoice_id].into_iter().flatten();
    let ours: Option<PaymentId> = ours.find_map(|id| id.parse().ok());
    let related = resource.supplementary_data.and_then(|more| more.related_ids).and_then(|ids| ids.order_id);
    let remote = related.or(resource.id);
    match app.store.find_payment(remote.as_deref(), ours).await {
        Ok(payment_id) => Ok(Some(PaymentEvent { payment_id, headers, body: body.to_owned() })),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
