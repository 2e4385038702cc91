//! The servers that passwords are sent to.

use mailferry_lab::{Client as Imap, Dovecot, DovecotOptions, Sample, SmtpSink};
use mailferry_server::settings::Settings;
use mailferry_shared::secret::Secret;
use serde_json::{Value, json};

use super::{
    echo::Echo,
    search::{CANARY, KEY, SUBJECT},
};
use crate::token_service::{CLIENT, TokenService};

/// Servers whose password is the canary, a token service whose tokens begin with it, servers that repeat it, and one that
/// takes the mails.
pub(crate) struct Servers {
    source: Dovecot,
    destination: Dovecot,
    pub(crate) tokens: TokenService,
    /// Servers that repeat what they were told, each in its way.
    pub(crate) echoes: [Echo; 2],
    pub(crate) mails: SmtpSink,
}

impl Servers {
    pub(crate) fn start() -> Self {
        let accounts = ["anna", "berta"].map(|name| (name.to_owned(), CANARY.to_owned())).to_vec();
        let tokens = TokenService::start();
        tokens.begin_tokens_with(CANARY);
        tokens.add_user("berta");
        let file: Value = serde_json::from_str(&tokens.key_file()).expect("JSON");
        let line = file["private_key"].as_str().and_then(|pem| pem.lines().nth(5)).expect("a long key");
        KEY.get_or_init(|| line.to_owned());
        let introspection = Some(tokens.introspection());
        let server = || {
            let (accounts, introspection) = (accounts.clone(), introspection.clone());
            Dovecot::start(DovecotOptions { accounts, introspection, ..DovecotOptions::default() }).expect("Dovecot")
        };
        let echoes = [Echo::start("AUTH=PLAIN SASL-IR", "NO"), Echo::start("", "BAD")];
        let mails = SmtpSink::start(None).expect("a sink");
        let servers = Self { source: server(), destination: server(), tokens, echoes, mails };
        Sample::Tiny.write(&servers.source, "anna").expect("a mailbox");
        let large = format!("Subject: {SUBJECT}\r\n\r\n{}\r\n", "y".repeat(100_000));
        let mut client = Imap::login(&servers.source.login("anna")).expect("logs in");
        client.append("INBOX", "", None, large.as_bytes()).expect("appended");
        servers
    }

    pub(crate) fn open(&self, settings: &mut Settings) {
        settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
        settings.outgoing.ports = vec![self.source.imaps_port(), self.destination.imaps_port()];
        settings.outgoing.ports.extend(self.echoes.each_ref().map(|echo| echo.port));
        settings.outgoing.plaintext = true;
        settings.smtp_url = Some(Secret::new(format!("smtp://127.0.0.1:{}", self.mails.port())));
        settings.desk.address = "desk@operator.example".parse().ok();
        settings.outgoing.ca_file = Some(self.source.ca_file());
        self.tokens.set_up(settings);
    }

    /// A pair whose source has a refresh token, and whose destination the admin opens.
    pub(crate) fn signed_in(&self) -> Value {
        self.tokens.sign_in("berta", CANARY);
        let server = |server: &Dovecot| json!({"host": "localhost", "port": server.imaps_port(), "tls": "implicit"});
        let oauth = json!({"provider": "microsoft", "client_id": CLIENT, "refresh_token": CANARY});
        let source = json!({
            "user": "berta", "credential": "oauth_refresh", "oauth": oauth, "endpoint": server(&self.source),
        });
        json!({"source": source, "destination": {"user": "berta", "by_admin": true, "endpoint": server(&self.destination)}})
    }

    pub(crate) fn account(&self, user: &str, act_for: Option<&str>) -> Value {
        let side = |server: &Dovecot| {
            let endpoint = json!({"host": "localhost", "port": server.imaps_port(), "tls": "implicit"});
            let mut side = json!({"user": user, "password": CANARY, "endpoint": endpoint});
            if let Some(act_for) = act_for {
                side["act_for"] = json!(act_for);
            }
            side
        };
        json!({"source": side(&self.source), "destination": side(&self.destination)})
    }

    /// A pair between the two that repeat.
    pub(crate) fn echoed(&self) -> Value {
        let [source, destination] = self.echoes.each_ref().map(|echo| {
            let endpoint = json!({"host": "localhost", "port": echo.port, "tls": "plaintext"});
            json!({"user": "echo", "password": CANARY, "endpoint": endpoint})
        });
        json!({"source": source, "destination": destination})
    }
}
