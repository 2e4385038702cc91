//! What the types of `shared` alone do not say: lengths, ranges, known names. Errors name the field by JSON pointer.

use mailferry_domain::oauth::Grant;
use mailferry_shared::{
    account::{AccountChange, AccountCreate, SideInput},
    admin::AdminCredentialsSet,
    delegation::{CredentialKind, Delegation},
    endpoint::Endpoint,
    oauth::OauthGrant,
    order::{OrderOptions, ProviderChoice},
    problem::FieldError,
    secret::Secret,
};

use super::problem::ApiError;
use crate::{oauth::check_key, providers::Providers, sandbox, settings::oauth::OauthSettings};

/// The longest login name, characters.
const MAX_USER_CHARS: usize = 320;
/// The longest password, characters.
const MAX_PASSWORD_CHARS: usize = 1024;
/// Microsoft's access tokens have about 2,000.
const MAX_TOKEN_CHARS: usize = 8192;
/// The longest folder name, characters.
const MAX_FOLDER_CHARS: usize = 1000;
/// The longest reference of an order, characters.
const MAX_REFERENCE_CHARS: usize = 100;
/// Most folder rules, and most folders to leave out.
const MAX_RULES: usize = 500;

/// Collects what is wrong with a request.
#[derive(Default)]
pub struct Check {
    errors: Vec<FieldError>,
    sandbox: bool,
}

impl Check {
    /// Of a request about something of the sandbox, or not: which servers may be named.
    pub fn within(sandbox: bool) -> Self {
        Self { errors: Vec::new(), sandbox }
    }

    /// Notes `message` for the field at `pointer` unless `good`.
    pub fn that(&mut self, good: bool, pointer: impl Into<String>, message: impl Into<String>) {
        if !good {
            self.errors.push(FieldError { pointer: pointer.into(), message: message.into() });
        }
    }

    /// What whoever asks calls an order, if anything.
    pub fn reference(&mut self, reference: Option<&str>) {
        let good = reference.is_none_or(|text| is_text(text, MAX_REFERENCE_CHARS));
        self.that(good, "/reference", "A reference has at most 100 characters on one line.");
    }

    /// Who calls it so is whoever sells it.
    pub fn seller(&mut self, is_seller: bool) {
        let words = "What a migration is called is for its seller alone: sign in, or use an API key.";
        self.that(is_seller, "/reference", words);
    }

    /// Ends the check.
    ///
    /// # Errors
    /// [`ApiError::Fields`] if anything was wrong.
    pub fn done(self) -> Result<(), ApiError> {
        if self.errors.is_empty() { Ok(()) } else { Err(ApiError::Fields(self.errors)) }
    }

    /// A provider's server, and its id if it has one.
    pub fn choice(&mut self, choice: Option<&ProviderChoice>, pointer: &str, providers: &Providers) {
        let Some(choice) = choice else { return };
        self.endpoint(Some(&choice.endpoint), &format!("{pointer}/endpoint"));
        if let Some(id) = &choice.provider {
            let known = providers.by_id(id).is_some();
            self.that(known, format!("{pointer}/provider"), "There is no provider of this id.");
        }
    }

    fn endpoint(&mut self, endpoint: Option<&Endpoint>, pointer: &str) {
        let Some(endpoint) = endpoint else { return };
        self.that(endpoint.port > 0, format!("{pointer}/port"), "A port is a number from 1 to 65535.");
        if let Err(words) = sandbox::may_name(&endpoint.host, self.sandbox) {
            self.that(false, format!("{pointer}/host"), words);
        }
    }

    /// What to copy and how; no larger message than `most_bytes`.
    pub fn options(&mut self, options: &OrderOptions, most_bytes: u64) {
        let size = options.largest_message();
        let good = (1..=i64::MAX as u64).contains(&size);
        self.that(good, "/options/max_message_bytes", "The largest message is at least 1 byte.");
        let most = megabytes(most_bytes);
        let words = format!("The largest message here has {most}; larger ones are skipped and listed.");
        self.that(size <= most_bytes || !good, "/options/max_message_bytes", words);
        self.that(options.leave_out.len() <= MAX_RULES, "/options/leave_out", "There are too many folders.");
        self.that(options.folder_rules.len() <= MAX_RULES, "/options/folder_rules", "There are too many rules.");
        for (n, name) in options.leave_out.iter().enumerate() {
            self.folder(name, &format!("/options/leave_out/{n}"));
        }
        for (n, rule) in options.folder_rules.iter().enumerate() {
            self.folder(&rule.source, &format!("/options/folder_rules/{n}/source"));
            self.folder(&rule.destination, &format!("/options/folder_rules/{n}/destination"));
        }
    }

    fn folder(&mut self, name: &str, pointer: &str) {
        let good = !name.is_empty() && !name.split('/').any(str::is_empty) && is_text(name, MAX_FOLDER_CHARS);
        self.that(good, pointer, "A folder is named by its levels with / between, like Archive/2024.");
    }

    fn side(&mut self, side: &SideInput, pointer: &str, services: &OauthSettings) {
        let good = !side.user.trim().is_empty() && is_text(&side.user, MAX_USER_CHARS);
        self.that(good, format!("{pointer}/user"), "Enter the login name; it has at most 320 characters.");
        let good = side.act_for.as_ref().is_none_or(|user| !user.trim().is_empty() && is_text(user, MAX_USER_CHARS));
        self.that(good, format!("{pointer}/act_for"), "Enter the mailbox to act for, or leave the field out.");
        let alone = !side.by_admin || side.act_for.is_none() && side.password.is_none() && side.oauth.is_none();
        self.that(
            alone,
            format!("{pointer}/by_admin"),
            "Whom the order's admin logs in for has neither password nor oauth nor act_for.",
        );
        self.delegation(side.delegation.as_ref(), &format!("{pointer}/delegation"));
        self.password_or_token(side.credential, side.password.as_ref(), &format!("{pointer}/password"));
        self.oauth(side.credential, side.password.as_ref(), side.oauth.as_ref(), pointer, services);
        self.endpoint(side.endpoint.as_ref(), &format!("{pointer}/endpoint"));
    }

    /// The admin credentials of a side.
    pub fn admin(&mut self, set: &AdminCredentialsSet, services: &OauthSettings) {
        let names_itself = set.user.is_empty()
            && matches!(set.credential, CredentialKind::GoogleServiceAccount | CredentialKind::MicrosoftApp);
        let good = names_itself || !set.user.trim().is_empty() && is_text(&set.user, MAX_USER_CHARS);
        self.that(good, "/user", "Enter the admin's login name; it has at most 320 characters.");
        self.password_or_token(set.credential, set.password.as_ref(), "/password");
        self.oauth(set.credential, set.password.as_ref(), set.oauth.as_ref(), "", services);
        self.delegation(set.delegation.as_ref(), "/delegation");
    }

    /// What access tokens are fetched with: for the kinds that need it, and complete.
    fn oauth(
        &mut self,
        kind: CredentialKind,
        password: Option<&Secret>,
        given: Option<&OauthGrant>,
        pointer: &str,
        services: &OauthSettings,
    ) {
        let alone = !kind.is_fetched() || password.is_none();
        self.that(alone, format!("{pointer}/password"), "This kind of credential has no password: fill in oauth.");
        let Some(given) = given else { return };
        let pointer = format!("{pointer}/oauth");
        match Grant::parse(kind, given, Some(&services.google_token_url())) {
            Err(errors) => {
                for error in errors {
                    let field = if error.field.is_empty() { String::new() } else { format!("/{}", error.field) };
                    self.that(false, format!("{pointer}{field}"), error.message);
                }
            }
            Ok(Grant::ServiceAccount(account)) => {
                if let Err(unusable) = check_key(&account.private_key) {
                    self.that(false, format!("{pointer}/key_file"), unusable.to_string());
                }
            }
            Ok(Grant::Refresh(_) | Grant::App(_)) => {}
        }
    }

    fn delegation(&mut self, delegation: Option<&Delegation>, pointer: &str) {
        let Some(Delegation { separator, root, .. }) = delegation else { return };
        let good = separator.is_none_or(|separator| separator.is_ascii_graphic());
        self.that(good, format!("{pointer}/separator"), "The separator is one visible character, such as *.");
        let good = root.as_ref().is_none_or(|root| root.contains("{mailbox}") && is_text(root, MAX_USER_CHARS));
        self.that(
            good,
            format!("{pointer}/root"),
            "Write {mailbox} where the mailbox's name belongs, as in user.{mailbox}.",
        );
    }

    /// A password or an access token, if there is one.
    fn password_or_token(&mut self, kind: CredentialKind, secret: Option<&Secret>, pointer: &str) {
        if kind != CredentialKind::OauthToken {
            return self.password(secret, pointer);
        }
        let good = secret.is_none_or(|token| !token.is_empty() && is_text(token.expose(), MAX_TOKEN_CHARS));
        self.that(good, pointer, "An access token has 1 to 8192 characters on one line.");
    }

    /// A password, if there is one.
    pub fn password(&mut self, password: Option<&Secret>, pointer: &str) {
        let good =
            password.is_none_or(|password| !password.is_empty() && is_text(password.expose(), MAX_PASSWORD_CHARS));
        self.that(
            good,
            pointer,
            "A password has 1 to 1024 characters on one line; leave the field out if there is none.",
        );
    }

    /// A new account pair.
    pub fn account(&mut self, account: &AccountCreate, services: &OauthSettings) {
        self.side(&account.source, "/source", services);
        self.side(&account.destination, "/destination", services);
    }

    /// Changes to one.
    pub fn account_change(&mut self, change: &AccountChange, services: &OauthSettings) {
        if let Some(side) = &change.source {
            self.side(side, "/source", services);
        }
        if let Some(side) = &change.destination {
            self.side(side, "/destination", services);
        }
    }
}

/// True for at most `most` characters on one line.
pub(crate) fn is_text(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(char::is_control)
}

/// A size as people read it: "50 MB", "1.5 MB".
fn megabytes(bytes: u64) -> String {
    match bytes {
        small if small < 100_000 => format!("{small} bytes"),
        _ if bytes % 1_000_000 < 100_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use mailferry_shared::order::FolderRule;

    use super::*;

    fn pointers(check: Check) -> Vec<String> {
        match check.done() {
            Err(ApiError::Fields(fields)) => fields.into_iter().map(|field| field.pointer).collect(),
            _ => Vec::new(),
        }
    }

    fn services() -> OauthSettings {
        let url = |text: &str| text.parse().expect("a URL");
        OauthSettings {
            google: url("https://oauth2.googleapis.com"),
            microsoft: url("https://login.microsoftonline.com"),
        }
    }

    #[test]
    fn sizes_are_told_in_megabytes() {
        let told = [99_999, 1_500_000, 50_000_000, 50_000_001].map(megabytes);
        assert_eq!(told, ["99999 bytes", "1.5 MB", "50 MB", "50 MB"]);
    }

    #[test]
    fn what_tokens_are_fetched_with_belongs_to_its_kind_and_stands_alone() {
        let admin = |text: serde_json::Value| {
            let mut check = Check::default();
            check.admin(&serde_json::from_value(text).expect("reads"), &services());
            pointers(check)
        };
        let app = serde_json::json!({"tenant": "old.example", "client_id": "c", "client_secret": "s"});
        assert!(admin(serde_json::json!({"credential": "microsoft_app", "oauth": app})).is_empty());
        let long = serde_json::json!({"user": "root", "credential": "oauth_token", "password": "t".repeat(2500)});
        assert!(admin(long).is_empty(), "Microsoft's access tokens are longer than any password");
        let password = serde_json::json!({"user": "root", "password": "t".repeat(2500)});
        assert_eq!(admin(password), ["/password"]);
        let both = serde_json::json!({"credential": "microsoft_app", "oauth": app, "password": "x"});
        assert_eq!(admin(both), ["/password"]);
        assert_eq!(admin(serde_json::json!({"user": "root", "oauth": app})), ["/oauth"]);
        assert_eq!(admin(serde_json::json!({"credential": "oauth_refresh"})), ["/user"]);
        let empty = serde_json::json!({"credential": "google_service_account", "oauth": {}});
        assert_eq!(admin(empty), ["/oauth/key_file"]);
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let mut account = crate::api::examples::account_create();
        account.source.user = " ".to_owned();
        account.destination.password = Some(Secret::new("line\nbreak"));
        account.destination.act_for = Some(String::new());
        let mut check = Check::default();
        check.account(&account, &services());
        assert_eq!(pointers(check), ["/source/user", "/destination/act_for", "/destination/password"]);
    }

    #[test]
    fn folders_need_names_on_every_level() {
        let mut options = OrderOptions { max_message_bytes: Some(0), ..OrderOptions::default() };
        options.leave_out = vec!["Archive/2024".to_owned(), "Archive//x".to_owned()];
        options.folder_rules = vec![FolderRule { source: "Gesendet".to_owned(), destination: String::new() }];
        let mut check = Check::default();
        check.options(&options, 100);
        assert_eq!(
            pointers(check),
            ["/options/max_message_bytes", "/options/leave_out/1", "/options/folder_rules/0/destination"]
        );
        for (bytes, good) in [(100, true), (101, false)] {
            let mut check = Check::default();
            check.options(&OrderOptions { max_message_bytes: Some(bytes), ..OrderOptions::default() }, 100);
            assert_eq!(pointers(check).is_empty(), good, "{bytes}");
        }
    }
}
