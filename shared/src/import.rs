//! Files of accounts.

use serde::{Deserialize, Serialize};

use crate::{endpoint::HostName, ids::PairId, secret::Secret};

/// The layouts of account files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Source address; source password; source IMAP host. The destination account has the same address.
    Request,
    /// Destination account; source IMAP host or IP; source account; source password.
    Standard,
    /// Destination account; source IMAP host; source account; master password; master user.
    MasterUser,
    /// Source login, or source admin; source mailbox to act for, or group; source account; destination login, or
    /// destination admin; destination password; destination mailbox to act for (empty without a destination admin).
    Pairs,
    /// Source host; source account; source password; destination host; destination account; destination password;
    /// source admin; destination admin (the last two may be empty or absent).
    Full,
    /// `EmailAddress,UserName,Password[,UserRoot]`, as Microsoft 365 takes it: destination account, source login, source
    /// password, the folder at the source that is the mailbox.
    Microsoft,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 6] =
        [Self::Request, Self::Standard, Self::MasterUser, Self::Pairs, Self::Full, Self::Microsoft];
}

/// How the bytes of a file were read as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    #[default]
    Utf8,
    /// UTF-16, as spreadsheets write "Unicode text".
    Utf16,
    /// Windows-1252: a guess for what is neither. Look at letters with accents, in passwords above all.
    Windows1252,
}

/// Other cells for a row of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RowCorrection {
    /// Line in the file, 1 for the first.
    pub row: u32,
    /// Its cells from the first on; `null`: as it stands in the file.
    #[cfg_attr(feature = "openapi", schema(max_items = 20))]
    pub cells: Vec<Option<Secret>>,
}

/// Imports a file of accounts, or shows what it would import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ImportRequest {
    /// The file's text: CRLF or LF, separated by `;`, `,` or tab; at most 10 MB. Instead of `file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 10_000_000))]
    pub content: Option<Secret>,
    /// The file's bytes in Base64 (RFC 4648 section 4): UTF-8, UTF-16 or Windows-1252; at most 10 MB. Instead of
    /// `content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 13_333_336))]
    pub file: Option<Secret>,
    /// Rows that were corrected since.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 500))]
    pub corrections: Vec<RowCorrection>,
    /// Only these rows, by their lines in the file: those that were bad before. Empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 500))]
    pub only_rows: Vec<u32>,
    /// The layout; absent: recognised by the number of fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// Only show rows and errors, create nothing.
    #[serde(default)]
    pub preview: bool,
    /// For rows without a source password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_password: Option<Secret>,
    /// For rows without a destination password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_password: Option<Secret>,
    /// Rows without a source password are opened by the order's admin credentials of the source.
    #[serde(default)]
    pub source_by_admin: bool,
    /// Rows without a destination password are opened by the order's admin credentials of the destination.
    #[serde(default)]
    pub destination_by_admin: bool,
    /// The name that the certificate must carry, for rows that name the old server by its IP address alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_certificate_host: Option<HostName>,
    /// The same for the new server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_certificate_host: Option<HostName>,
}

/// One good row, without its passwords.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportRow {
    /// Line in the file, 1 for the first (a header counts).
    pub row: u32,
    /// The old account.
    pub source_user: String,
    /// Its server, if the row names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_host: Option<HostName>,
    /// The new account.
    pub destination_user: String,
    /// Its server, if the row names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_host: Option<HostName>,
    /// True if the old server is named by its IP address, and neither row nor request give the name that its certificate
    /// must carry.
    #[serde(default)]
    pub needs_source_certificate_host: bool,
    /// The same of the new server.
    #[serde(default)]
    pub needs_destination_certificate_host: bool,
    /// True if row or request give a source password, or the admin opens the account.
    pub has_source_password: bool,
    /// True if row or request give a destination password, or the admin opens the account.
    pub has_destination_password: bool,
    /// The pair that was created; absent in a preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair_id: Option<PairId>,
}

/// Why a row was not taken. Good rows are kept all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RowError {
    /// Line in the file, 1 for the first.
    pub row: u32,
    /// Column, 1 for the first; 0 if the whole row is meant.
    pub column: u32,
    /// Stable code: `missing`, `bad_host`, `field_count`, `duplicate_row`, `too_long`, `quote`, `bad_character`.
    pub code: String,
    /// The reason in plain English.
    pub message: String,
    /// Where there are too many or too few fields: how many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<FieldCount>,
    /// The row's cells, to be corrected and sent again; `null` for a password, which is never given back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<Option<String>>,
}

/// How many fields a row has, and how many its layout takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldCount {
    /// Fields of the row.
    pub found: u32,
    /// At least so many are needed.
    pub least: u32,
    /// At most so many may hold something.
    pub most: u32,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportResult {
    /// The layout used.
    pub layout: Layout,
    /// How its bytes were read.
    #[serde(default)]
    pub encoding: Encoding,
    /// The separator found.
    pub separator: String,
    /// True if the first line was a header.
    pub has_header: bool,
    /// The good rows.
    pub rows: Vec<ImportRow>,
    /// The bad ones.
    pub errors: Vec<RowError>,
}
