//! The REST API: one file an operation, `<noun>/<verb>.rs`, with its documentation, its handler and its tests.
//!
//! A request never waits for a foreign server: it writes to the store, and a worker does the rest.

use actix_web::web;
use mailferry_shared::key::Scope;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        SecurityRequirement,
        path::Operation,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_actix_web::{AppExt, scope, service_config::ServiceConfig};

pub mod accounts;
pub mod admin_credentials;
pub mod api_keys;
pub mod auth;
pub mod certificates;
pub mod checks;
pub mod conventions;
pub mod csv;
pub mod deltas;
pub mod discoveries;
pub mod docs;
pub mod document;
pub mod dry_runs;
pub mod errors;
pub mod etag;
pub mod examples;
pub mod fallback;
pub mod idempotency;
pub mod imports;
pub mod json;
pub mod links;
pub mod me;
pub mod members;
pub mod offers;
pub mod operation;
pub mod orders;
pub mod page;
pub mod password_links;
pub mod path;
pub mod payments;
pub mod prices;
pub mod problem;
pub mod progress;
pub mod providers;
pub mod query;
pub mod requests;
pub mod runs;
pub mod security;
pub mod service;
pub mod sessions;
pub mod shape;
pub mod sign_ins;
pub mod tenants;
pub mod trace;
pub mod validate;
pub mod verifications;
pub mod vouchers;
pub mod webhooks;

/// The document's head.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mailferry",
        description = "Moves mailboxes from one mail provider to another: orders hold account pairs, are checked, \
                       started, watched, and completed by deltas after the MX record has been switched. Errors are \
                       `application/problem+json` (RFC 9457) with a stable `code`.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    servers((url = "/", description = "This service")),
    components(schemas(mailferry_shared::problem::Problem, mailferry_shared::webhook::Event)),
    modifiers(&Schemes),
    tags(
        (name = "service", description = "What must be known before anything else"),
        (name = "orders", description = "What a customer commissions"),
        (name = "accounts", description = "Account pairs: one source and one destination account each"),
        (name = "checks", description = "Login tests, and counting what is there"),
        (name = "runs", description = "Progress, deltas and protocols"),
        (name = "verifications", description = "Whether everything is at the destination, byte for byte"),
        (name = "vouchers", description = "The prepaid right to migrate account pairs"),
        (name = "links", description = "Pre-configured links that a hoster hands out"),
        (name = "requests", description = "Migrations that the operator is asked to do, and the operator's queue"),
        (name = "webhooks", description = "What has happened is told to a server of yours"),
        (name = "payments", description = "What an order costs, and paying by PayPal"),
        (name = "sessions", description = "Manage links"),
        (name = "members", description = "Who belongs to a tenant, and signing in"),
        (name = "api-keys", description = "What programs prove themselves with"),
        (name = "tenants", description = "For operators: who sells migrations"),
    ),
)]
struct Head;

/// The error answers, and the two ways to prove who asks.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.responses.extend(errors::components().map(|(name, response)| (name, response.into())));
        let cookie = ApiKeyValue::with_description(
            "__Host-mailferry-{order_id}",
            "Set by createOrder and openSession; the name ends in the order number.",
        );
        let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("mf_live_…")
            .description(Some(format!("An API key. Its scopes: {}.", scopes.join(", "))));
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let member = ApiKeyValue::with_description(auth::console::COOKIE, "Set by signIn: a member's session.");
        components.add_security_scheme("member", SecurityScheme::ApiKey(ApiKey::Cookie(member)));
        components.add_security_scheme("api_key", SecurityScheme::Http(key.build()));
    }
}

/// Every operation.
#[expect(clippy::too_many_lines, reason = "a list: one line an operation")]
pub fn operations(config: &mut ServiceConfig<'_>) {
    config.service(
        scope(mailferry_shared::API_PREFIX)
            .service(service::read::get_service)
            .service(service::test_hosts::list_test_hosts)
            .service(providers::list::list_providers)
            .service(discoveries::start::start_discovery)
            .service(discoveries::read::read_discovery)
            .service(orders::list::list_orders)
            .service(orders::export::export_orders)
            .service(orders::create::create_order)
            .service(orders::read::read_order)
            .service(orders::change::change_order)
            .service(orders::delete::delete_order)
            .service(orders::start::start_order)
            .service(orders::pause::pause_order)
            .service(orders::resume::resume_order)
            .service(orders::cancel::cancel_order)
            .service(orders::unschedule::unschedule_order)
            .service(orders::redeem::redeem_voucher)
            .service(orders::forget::forget_passwords)
            .service(orders::repair::retry_order)
            .service(orders::mx::read_mx)
            .service(orders::renew_links::renew_order_links)
            .service(orders::mail_link::send_order_link)
            .service(accounts::list::list_accounts)
            .service(accounts::create::create_account)
            .service(accounts::change::change_account)
            .service(accounts::tick::tick_accounts)
            .service(accounts::delete::delete_account)
            .service(accounts::import::import_accounts)
            .service(accounts::export::export_accounts)
            .service(imports::example::download_import_example)
            .service(imports::preview::preview_import)
            .service(admin_credentials::list::list_admin_credentials)
            .service(admin_credentials::set::set_admin_credentials)
            .service(admin_credentials::delete::delete_admin_credentials)
            .service(certificates::list::list_certificates)
            .service(certificates::accept::accept_certificate)
            .service(certificates::forget::forget_certificate)
            .service(checks::start::start_check)
            .service(checks::read::read_check)
            .service(dry_runs::start::start_dry_run)
            .service(dry_runs::read::read_dry_run)
            .service(deltas::list::list_deltas)
            .service(deltas::start::start_delta)
            .service(deltas::read::read_delta)
            .service(progress::read::read_progress)
            .service(progress::report::download_report)
            .service(runs::list::list_runs)
            .service(runs::protocol::read_protocol)
            .service(runs::items::list_protocol_items)
            .service(runs::download::download_protocol)
            .service(verifications::start::start_verification)
            .service(verifications::list::list_verifications)
            .service(verifications::read::read_verification)
            .service(verifications::report::read_verification_report)
            .service(payments::list::list_payments)
            .service(payments::begin::begin_payment)
            .service(payments::read::read_payment)
            .service(payments::capture::capture_payment)
            .service(payments::events::take_paypal_event)
            .service(payments::refund::refund_payment)
            .service(prices::read::read_price)
            .service(prices::change::change_price)
            .service(sessions::open::open_session)
            .service(sign_ins::create::sign_in)
            .service(me::read::read_me)
            .service(me::password::change_password)
            .service(me::sign_out::sign_out)
            .service(members::list::list_members)
            .service(members::create::create_member)
            .service(members::change::change_member)
            .service(members::delete::delete_member)
            .service(password_links::send::send_password_link)
            .service(password_links::request::request_password_link)
            .service(password_links::set::set_password)
            .service(api_keys::list::list_api_keys)
            .service(api_keys::create::create_api_key)
            .service(api_keys::revoke::revoke_api_key)
            .service(tenants::list::list_tenants)
            .service(tenants::create::create_tenant)
            .service(tenants::change::change_tenant)
            .service(vouchers::list::list_vouchers)
            .service(vouchers::export::export_vouchers)
            .service(vouchers::create::create_vouchers)
            .service(vouchers::revoke::revoke_voucher)
            .service(links::list::list_links)
            .service(links::create::create_link)
            .service(links::change::change_link)
            .service(links::revoke::revoke_link)
            .service(offers::read::read_offer)
            .service(requests::create::create_request)
            .service(requests::of_order::read_order_request)
            .service(requests::cancel::cancel_request)
            .service(requests::list::list_requests)
            .service(requests::read::read_request)
            .service(requests::accept::accept_request)
            .service(requests::decline::decline_request)
            .service(requests::start::start_request)
            .service(requests::attachment::download_attachment)
            .service(webhooks::list::list_webhooks)
            .service(webhooks::create::create_webhook)
            .service(webhooks::change::change_webhook)
            .service(webhooks::delete::delete_webhook)
            .service(webhooks::rotate::rotate_webhook_secret)
            .service(webhooks::test::test_webhook)
            .service(webhooks::deliveries::list_deliveries)
            .service(webhooks::replay::replay_delivery),
    );
}

/// The OpenAPI document, as `mailferry openapi` prints it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let app = actix_web::App::new().into_utoipa_app().openapi(Head::openapi()).configure(operations);
    let mut document = app.split_for_parts().1;
    let items = document.paths.paths.values_mut();
    let operations =
        items.flat_map(|item| [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete]).flatten();
    operations.for_each(members_like_keys);
    document::complete(document)
}

/// What an API key may do, a member who is signed in may do too, as far as their role reaches.
fn members_like_keys(operation: &mut Operation) {
    let Some(ways) = &mut operation.security else { return };
    let member = SecurityRequirement::new::<_, _, &str>("member", []);
    let by_key = ways.iter().any(|way| serde_json::to_value(way).is_ok_and(|way| way.get("api_key").is_some()));
    if by_key && !ways.contains(&member) {
        ways.push(member);
    }
}

/// Everything below `/api`.
pub fn configure(config: &mut web::ServiceConfig) {
    operations(&mut ServiceConfig::new(config));
    docs::configure(config);
}
