//! Single cells, and a row of them.

use mailferry_shared::{
    delegation::{Delegation, DelegationForm},
    endpoint::{Endpoint, HostName, TlsMode},
    import::Layout,
    secret::Secret,
};

use super::{Row, RowSide, columns::Column};

/// The longest login name, characters.
const MAX_USER_CHARS: usize = 320;
/// The longest password, characters.
const MAX_PASSWORD_CHARS: usize = 1024;

/// What is wrong with a cell: a stable code, and words.
type Wrong = (&'static str, String);

#[derive(Default)]
pub(super) struct Cells {
    source: CellSide,
    destination: CellSide,
}

#[derive(Default)]
struct CellSide {
    account: Option<String>,
    login: Option<String>,
    admin: Option<(Option<Delegation>, String)>,
    act_for: Option<String>,
    root: Option<String>,
    password: Option<Secret>,
    endpoint: Option<Endpoint>,
}

impl Cells {
    /// Reads a cell of this column.
    pub(super) fn take(&mut self, column: Column, text: &str) -> Result<(), Wrong> {
        let side = if column.is_source() { &mut self.source } else { &mut self.destination };
        if text.chars().any(char::is_control) {
            return Err(("bad_character", "there is a control character in this field".to_owned()));
        }
        match column {
            Column::SourceAccount | Column::DestinationAccount => {
                let missing = || ("missing", "an account name is missing".to_owned());
                side.account = Some(user(text)?.ok_or_else(missing)?);
            }
            Column::SourceName => side.account = user(text)?,
            Column::SourceLogin | Column::DestinationLogin => side.login = user(text)?,
            Column::SourceActFor | Column::DestinationActFor => side.act_for = user(text)?,
            Column::SourceRoot => side.root = user(text)?,
            Column::SourceAdmin | Column::DestinationAdmin => side.admin = admin(text)?,
            Column::SourcePassword | Column::DestinationPassword => side.password = password(text)?,
            Column::SourceHost | Column::DestinationHost => side.endpoint = endpoint(text)?,
        }
        Ok(())
    }

    /// # Errors
    /// The column that is missing, and words.
    pub(super) fn into_row(mut self, row: u32, layout: Layout) -> Result<Row, (u32, String)> {
        if layout == Layout::Request {
            self.destination.account.clone_from(&self.source.account);
        }
        let master = (layout == Layout::MasterUser).then(|| Delegation::of(DelegationForm::MasterUser));
        let column = |side| super::columns::login_column(layout, side);
        let missing = |side| (column(side), "a login name is missing".to_owned());
        Ok(Row {
            row,
            source: self.source.into_side(master).ok_or_else(|| missing(true))?,
            destination: self.destination.into_side(None).ok_or_else(|| missing(false))?,
        })
    }
}

impl CellSide {
    fn into_side(self, delegation: Option<Delegation>) -> Option<RowSide> {
        let Self { account, login, admin, act_for, root, password, endpoint } = self;
        // A root folder is the mailbox that the login acts for.
        let below = root.as_ref().map(|_| Delegation {
            form: DelegationForm::RootFolder,
            separator: None,
            root: Some("{mailbox}".to_owned()),
        });
        let (told, admin) = admin.map_or((None, None), |(told, admin)| (told, Some(admin)));
        let (user, act_for) = match (admin, login) {
            (Some(admin), _) => (admin, account),
            (None, Some(login)) => (login, act_for.or(root)),
            (None, None) => (account?, act_for.or(root)),
        };
        Some(RowSide { user, act_for, password, delegation: told.or(below).or(delegation), endpoint })
    }
}

/// How the server is told for whom an admin logs in, as it stands before the admin's name where it is not the usual way:
/// `{exchange}DOMAIN/admin`, `{master_user:+}admin`, `{root_folder:#shared.{mailbox}}admin`; `{}` before a name that looks
/// like one of them and is none. What is not spelt so is the admin's name as a whole, which no server lets in: a root
/// without the mailbox's name would be one folder for everybody.
fn delegated(text: &str) -> (Option<Delegation>, String) {
    if let Some(name) = text.strip_prefix("{}").filter(|name| !name.is_empty()) {
        return (None, name.to_owned());
    }
    match way(text).filter(|(_, admin)| !admin.is_empty()) {
        Some((delegation, admin)) => (Some(delegation), admin.to_owned()),
        None => (None, text.to_owned()),
    }
}

/// The way that a text begins with, and what follows it. Whatever the admin's name holds, the way ends before it.
fn way(text: &str) -> Option<(Delegation, &str)> {
    let (word, _) = text.strip_prefix('{')?.split_once([':', '}'])?;
    let form = DelegationForm::ALL.into_iter().find(|form| form_word(*form) == word)?;
    let rest = &text[1 + word.len()..];
    if let Some(admin) = rest.strip_prefix('}') {
        return Some((Delegation::of(form), admin));
    }
    let detail = rest.strip_prefix(':')?;
    if form == DelegationForm::RootFolder {
        let (root, admin) = root(detail)?;
        return Some((Delegation { root: Some(root), ..Delegation::of(form) }, admin));
    }
    let separator = detail.chars().next().filter(char::is_ascii_graphic)?;
    let admin = detail[1..].strip_prefix('}')?;
    Some((Delegation { separator: Some(separator), ..Delegation::of(form) }, admin))
}

const MAILBOX: &str = "{mailbox}";

/// The root that a text begins with, up to the first brace that is neither escaped nor of `{mailbox}`, and what follows.
fn root(text: &str) -> Option<(String, &str)> {
    let mut at = 0;
    while let Some(brace) = text[at..].find(['{', '}']).map(|found| at + found) {
        if text[brace..].starts_with(MAILBOX) {
            at = brace + MAILBOX.len();
        } else if text[brace..].starts_with('}') {
            let told = &text[..brace];
            return told.contains(MAILBOX).then(|| (unescaped(told), &text[brace + 1..]));
        } else {
            at = brace + 1;
        }
    }
    None
}

/// What stands in a root for the characters by which its end is found.
const ESCAPES: [(&str, &str); 3] = [("%", "%25"), ("{", "%7B"), ("}", "%7D")];

/// A root without braces other than those of `{mailbox}`.
fn escaped(root: &str) -> String {
    let escape = |part: &str| ESCAPES.iter().fold(part.to_owned(), |text, (sign, code)| text.replace(sign, code));
    root.split(MAILBOX).map(escape).collect::<Vec<_>>().join(MAILBOX)
}

fn unescaped(root: &str) -> String {
    ESCAPES.iter().rev().fold(root.to_owned(), |text, (sign, code)| text.replace(code, sign))
}

/// How [`delegated`] reads it again. A separator says something of a master user only, a root of a root folder.
pub(super) fn spelt_admin(side: &RowSide) -> String {
    let user = &side.user;
    let Some(Delegation { form, separator, root }) = &side.delegation else {
        let is_plain = delegated(user) == (None, user.clone());
        return if is_plain { user.clone() } else { format!("{{}}{user}") };
    };
    let detail = match form {
        DelegationForm::MasterUser => separator.map(String::from),
        DelegationForm::RootFolder => root.as_deref().map(escaped),
        _ => None,
    };
    let detail = detail.map(|detail| format!(":{detail}")).unwrap_or_default();
    format!("{{{}{detail}}}{user}", form_word(*form))
}

/// As in JSON.
fn form_word(form: DelegationForm) -> &'static str {
    match form {
        DelegationForm::Authzid => "authzid",
        DelegationForm::MasterUser => "master_user",
        DelegationForm::Exchange => "exchange",
        DelegationForm::RootFolder => "root_folder",
        DelegationForm::Mirapoint => "mirapoint",
        DelegationForm::Proxyauth => "proxyauth",
        DelegationForm::KerioMaster => "kerio_master",
    }
}

/// The apostrophe before what a spreadsheet would run as a formula.
pub(super) fn harmless(text: &str) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() }
}

/// The text as it was before [`harmless`].
pub(super) fn plain(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA)).unwrap_or(text)
}

const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

fn user(text: &str) -> Result<Option<String>, Wrong> {
    let text = plain(text.trim());
    short(text)?;
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// An admin's name has its length beside what stands before it.
fn admin(text: &str) -> Result<Option<(Option<Delegation>, String)>, Wrong> {
    let text = plain(text.trim());
    let (told, name) = delegated(text);
    short(&name)?;
    short(told.as_ref().and_then(|told| told.root.as_deref()).unwrap_or_default())?;
    Ok((!text.is_empty()).then_some((told, name)))
}

fn short(name: &str) -> Result<(), Wrong> {
    if name.chars().count() > MAX_USER_CHARS {
        return Err(("too_long", format!("an account name has at most {MAX_USER_CHARS} characters")));
    }
    Ok(())
}

fn password(text: &str) -> Result<Option<Secret>, Wrong> {
    if text.chars().count() > MAX_PASSWORD_CHARS {
        return Err(("too_long", format!("a password has at most {MAX_PASSWORD_CHARS} characters")));
    }
    Ok((!text.is_empty()).then(|| Secret::new(text)))
}

/// How a server is spelt whose TLS mode is not what its port says.
const MODES: [(&str, TlsMode); 3] =
    [("imaps://", TlsMode::Implicit), ("starttls://", TlsMode::Starttls), ("plaintext://", TlsMode::Plaintext)];

/// What port 143 and what every other port says.
fn usual_mode(port: u16) -> TlsMode {
    if port == 143 { TlsMode::Starttls } else { TlsMode::Implicit }
}

/// `host`, `host:port`, an address, or `address/name` with the name that its certificate must carry; before it the TLS mode
/// where that is not what the port says, `starttls://host:1143`.
fn endpoint(text: &str) -> Result<Option<Endpoint>, Wrong> {
    let text = plain(text.trim());
    if text.is_empty() {
        return Ok(None);
    }
    let named = MODES.iter().find_map(|(before, mode)| Some((*mode, text.strip_prefix(before)?)));
    let (mode, text) = named.map_or((None, text), |(mode, text)| (Some(mode), text));
    let (place, name) = match text.split_once('/') {
        Some((place, name)) => (place, Some(host(name)?)),
        None => (text, None),
    };
    let (place, port) = match place.rsplit_once(':') {
        Some((place, port)) if !place.contains(':') || place.ends_with(']') => (place, Some(number(port)?)),
        _ => (place, None),
    };
    let port = port.unwrap_or(993);
    let tls = mode.unwrap_or_else(|| usual_mode(port));
    Ok(Some(Endpoint { certificate_host: name, ..Endpoint::new(host(place)?, port, tls) }))
}

fn host(text: &str) -> Result<HostName, Wrong> {
    text.parse().map_err(|reason: mailferry_shared::endpoint::HostNameError| ("bad_host", reason.to_string()))
}

fn number(text: &str) -> Result<u16, Wrong> {
    let bad = || ("bad_host", "the port behind the colon is a number from 1 to 65535".to_owned());
    text.trim().parse().ok().filter(|port| *port > 0).ok_or_else(bad)
}

/// How [`endpoint`] reads it again.
pub(super) fn spelt(endpoint: &Endpoint) -> String {
    let place = match (endpoint.port, endpoint.host.as_str().contains(':')) {
        (993, _) => endpoint.host.to_string(),
        (_, true) => format!("[{}]:{}", endpoint.host, endpoint.port),
        (_, false) => format!("{}:{}", endpoint.host, endpoint.port),
    };
    let mode = MODES.iter().find(|(_, mode)| *mode == endpoint.tls && *mode != usual_mode(endpoint.port));
    let place = format!("{}{place}", mode.map_or("", |(before, _)| before));
    match &endpoint.certificate_host {
        Some(name) => format!("{place}/{name}"),
        None => place,
    }
}
