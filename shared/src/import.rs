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
    /// Source host; source account; source password; destination host; destination account; destination password;
    /// source admin; destination admin (the last two may be empty or absent).
    Full,
}

/// Imports a file of accounts, or shows what it would import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// The file's text: UTF-8, with or without BOM, CRLF or LF, separated by `;`, `,` or tab; at most 10 MB.
    #[cfg_attr(feature = "openapi", schema(max_length = 10_000_000))]
    pub content: Secret,
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
    /// True if row or request give a source password.
    pub has_source_password: bool,
    /// True if row or request give a destination password.
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
    /// Stable code: `missing`, `bad_host`, `field_count`, `duplicate_row`, `too_long`.
    pub code: String,
    /// The reason in plain English.
    pub message: String,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportResult {
    /// The layout used.
    pub layout: Layout,
    /// The separator found.
    pub separator: String,
    /// True if the first line was a header.
    pub has_header: bool,
    /// The good rows.
    pub rows: Vec<ImportRow>,
    /// The bad ones.
    pub errors: Vec<RowError>,
}
