//! Who logs in, and for which mailbox.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::command::Command;

/// What a login comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Login {
    /// A mailbox is meant.
    For(String),
    /// The mechanism's message is still to come.
    Asks,
    /// It cannot be understood.
    Unclear,
}

/// The mailbox that LOGIN or AUTHENTICATE names; passwords and tokens are as good as any.
pub(crate) fn login(command: &Command) -> Login {
    if command.verb == "LOGIN" {
        return match (command.text(0), command.text(1)) {
            (Some(user), Some(_)) => mailbox_of(&user),
            _ => Login::Unclear,
        };
    }
    let Some(message) = command.text(1) else { return Login::Asks };
    let Some(message) = STANDARD.decode(message).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return Login::Unclear;
    };
    match command.arguments.first() {
        Some(mechanism) if mechanism.is("PLAIN") => by_plain(&message),
        Some(mechanism) if mechanism.is("XOAUTH2") => by_token(&message),
        _ => Login::Unclear,
    }
}

/// SASL PLAIN (RFC 4616): for whom, who, password.
fn by_plain(message: &str) -> Login {
    match message.split('\0').collect::<Vec<_>>().as_slice() {
        ["", who, _] => mailbox_of(who),
        [whom, _, _] => mailbox_of(whom),
        _ => Login::Unclear,
    }
}

fn by_token(message: &str) -> Login {
    let user = message.split('\x01').find_map(|part| part.strip_prefix("user="));
    user.map_or(Login::Unclear, mailbox_of)
}

/// Of `mailbox*admin` the mailbox.
fn mailbox_of(user: &str) -> Login {
    match user.split('*').next().map(str::trim) {
        Some(mailbox) if !mailbox.is_empty() => Login::For(mailbox.to_lowercase()),
        _ => Login::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn told(line: &str) -> Login {
        login(&crate::command::parse(&Bytes::copy_from_slice(line.as_bytes())).expect("a command"))
    }

    #[test]
    fn every_way_to_log_in_names_a_mailbox() {
        let anna = Login::For("anna".to_owned());
        let sasl = |mechanism, text: &str| told(&format!("a AUTHENTICATE {mechanism} {}\r\n", STANDARD.encode(text)));
        assert_eq!(told("a LOGIN Anna \"a b\"\r\n"), anna);
        assert_eq!(told("a LOGIN anna*master secret\r\n"), anna);
        assert_eq!(sasl("PLAIN", "\0anna\0secret"), anna);
        assert_eq!(sasl("plain", "anna\0admin\0secret"), anna, "the mailbox that an admin acts for");
        assert_eq!(sasl("XOAUTH2", "user=anna\x01auth=Bearer t\x01\x01"), anna);
        assert_eq!(told("a AUTHENTICATE PLAIN\r\n"), Login::Asks);
        for line in
            ["a LOGIN anna\r\n", "a AUTHENTICATE PLAIN %\r\n", "a AUTHENTICATE X AAAA\r\n", "a LOGIN \"\" x\r\n"]
        {
            assert_eq!(told(line), Login::Unclear, "{line}");
        }
    }
}
