//! Where access tokens are fetched: at the providers' own services, whatever is entered for an account.

use clap::Args;
use url::Url;

use super::parse::service_url;

const GOOGLE: &str = "https://oauth2.googleapis.com/";
const MICROSOFT: &str = "https://login.microsoftonline.com/";

/// The token services.
#[derive(Debug, Clone, Args)]
pub struct OauthArgs {
    /// Google's token service; a test's stands elsewhere.
    #[arg(
        long,
        env = "MAILFERRY_GOOGLE_TOKEN_URL",
        value_name = "URL",
        default_value = "https://oauth2.googleapis.com",
        value_parser = |text: &str| service_url("MAILFERRY_GOOGLE_TOKEN_URL", text)
    )]
    pub google_token_url: Url,
    /// Microsoft's sign-in, which gives tokens; a national cloud has its own, as https://login.microsoftonline.us.
    #[arg(
        long,
        env = "MAILFERRY_MICROSOFT_LOGIN_URL",
        value_name = "URL",
        default_value = "https://login.microsoftonline.com",
        value_parser = |text: &str| service_url("MAILFERRY_MICROSOFT_LOGIN_URL", text)
    )]
    pub microsoft_login_url: Url,
}

/// The token services.
#[derive(Debug, Clone)]
pub struct OauthSettings {
    /// Google's.
    pub google: Url,
    /// Microsoft's.
    pub microsoft: Url,
}

impl OauthSettings {
    /// Where Google gives access tokens.
    pub fn google_token_url(&self) -> String {
        format!("{}token", self.google)
    }

    /// Where Microsoft gives access tokens for a directory, whose name is a word of letters, digits, `-` and `.`.
    pub fn microsoft_token_url(&self, tenant: &str) -> String {
        format!("{}{tenant}/oauth2/v2.0/token", self.microsoft)
    }
}

impl OauthSettings {
    /// Each with its setting and the usual one.
    pub(super) fn named(&self) -> [(&'static str, &Url, &'static str); 2] {
        [
            ("MAILFERRY_GOOGLE_TOKEN_URL", &self.google, GOOGLE),
            ("MAILFERRY_MICROSOFT_LOGIN_URL", &self.microsoft, MICROSOFT),
        ]
    }
}

impl From<&OauthArgs> for OauthSettings {
    fn from(args: &OauthArgs) -> Self {
        Self { google: args.google_token_url.clone(), microsoft: args.microsoft_login_url.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_given_where_the_providers_say() {
        let settings = OauthSettings {
            google: "https://oauth2.googleapis.com".parse().expect("a URL"),
            microsoft: "https://login.microsoftonline.com".parse().expect("a URL"),
        };
        assert_eq!(settings.google_token_url(), "https://oauth2.googleapis.com/token");
        let expected = "https://login.microsoftonline.com/old.example/oauth2/v2.0/token";
        assert_eq!(settings.microsoft_token_url("old.example"), expected);
    }
}
