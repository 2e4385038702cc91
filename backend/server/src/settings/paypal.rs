//! PayPal: where its API is, and who we are there.

use std::path::PathBuf;

use clap::Args;
use mailferry_shared::secret::Secret;
use url::Url;

use super::{SettingError, parse::service_url};

/// Without a client id payments are not offered, and vouchers alone pay.
#[derive(Debug, Clone, Args)]
pub struct PayPalArgs {
    /// PayPal's API: https://api-m.paypal.com, or https://api-m.sandbox.paypal.com to try it out.
    #[arg(
        long,
        env = "MAILFERRY_PAYPAL_URL",
        value_name = "URL",
        default_value = "https://api-m.paypal.com",
        value_parser = |text: &str| service_url("MAILFERRY_PAYPAL_URL", text)
    )]
    pub paypal_url: Url,
    /// The client id of the application at PayPal; without it payments are not offered.
    #[arg(long, env = "MAILFERRY_PAYPAL_CLIENT_ID", value_name = "ID")]
    pub paypal_client_id: Option<String>,
    /// Its secret; better a file.
    #[arg(long, env = "MAILFERRY_PAYPAL_SECRET", value_name = "SECRET", hide_env_values = true, value_parser = secret)]
    pub paypal_secret: Option<Secret>,
    /// A file that holds nothing but the secret.
    #[arg(long, env = "MAILFERRY_PAYPAL_SECRET_FILE", value_name = "FILE")]
    pub paypal_secret_file: Option<PathBuf>,
    /// The id of the webhook at PayPal that points to /api/v1/payments/paypal/events.
    #[arg(long, env = "MAILFERRY_PAYPAL_WEBHOOK_ID", value_name = "ID")]
    pub paypal_webhook_id: Option<String>,
}

/// How to reach PayPal.
#[derive(Debug, Clone)]
pub struct PayPalSettings {
    /// Its API.
    pub url: Url,
    /// Our client id.
    pub client_id: String,
    /// Our secret.
    pub secret: Secret,
    /// Our webhook; without it notifications are not believed, and payments are looked at by ourselves alone.
    pub webhook_id: Option<String>,
}

fn secret(text: &str) -> Result<Secret, String> {
    if text.is_empty() { Err("MAILFERRY_PAYPAL_SECRET is empty".to_owned()) } else { Ok(Secret::new(text)) }
}

impl PayPalArgs {
    /// The settings; `None` if payments are not offered.
    ///
    /// # Errors
    /// [`SettingError`] if the secret is missing or its file cannot be read.
    pub fn settings(&self) -> Result<Option<PayPalSettings>, SettingError> {
        let Some(client_id) = self.paypal_client_id.clone() else { return Ok(None) };
        let secret = match (&self.paypal_secret, &self.paypal_secret_file) {
            (Some(secret), None) => secret.clone(),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file).map_err(|error| SettingError {
                    setting: "MAILFERRY_PAYPAL_SECRET_FILE",
                    reason: format!("{} cannot be read: {error}", file.display()),
                })?;
                Secret::new(text.trim())
            }
            (Some(_), Some(_)) | (None, None) => {
                let reason = "MAILFERRY_PAYPAL_CLIENT_ID needs either this or MAILFERRY_PAYPAL_SECRET".to_owned();
                return Err(SettingError { setting: "MAILFERRY_PAYPAL_SECRET_FILE", reason });
            }
        };
        let webhook_id = self.paypal_webhook_id.clone();
        Ok(Some(PayPalSettings { url: self.paypal_url.clone(), client_id, secret, webhook_id }))
    }
}
