//! Arguments and columns, the same for both databases: text, integers and bytes, each possibly absent.

use chrono::{DateTime, Utc};
use mailferry_shared::ids::{
    ApiKeyId, AttachmentId, CheckId, DeltaId, DiscoveryId, DryRunId, LinkId, MemberId, OrderId, PairId, PasswordLinkId,
    PaymentId, RequestId, RunId, TenantId, VerificationId, VoucherBatchId, VoucherId, WebhookDeliveryId, WebhookId,
};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

use crate::error::StoreError;

/// An argument of a statement. `None` is typed, since PostgreSQL wants to know what is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arg {
    /// TEXT.
    Text(Option<String>),
    /// BIGINT.
    Int(Option<i64>),
    /// BLOB or BYTEA.
    Bytes(Option<Vec<u8>>),
}

/// Arguments of a statement, each by [`Into<Arg>`].
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::value::Arg::from($value)),*] };
}
pub(crate) use args;

macro_rules! arg_from {
    ($($kind:ty, $variant:ident, $value:ident => $arg:expr;)*) => {$(
        impl From<$kind> for Arg {
            fn from($value: $kind) -> Self {
                Self::$variant(Some($arg))
            }
        }
        impl From<Option<$kind>> for Arg {
            fn from(value: Option<$kind>) -> Self {
                Self::$variant(value.map(|$value| $arg))
            }
        }
    )*};
}

arg_from! {
    &str, Text, v => v.to_owned();
    String, Text, v => v;
    &String, Text, v => v.clone();
    Uuid, Text, v => v.hyphenated().to_string();
    i64, Int, v => v;
    u32, Int, v => i64::from(v);
    u64, Int, v => i64::try_from(v).unwrap_or(i64::MAX);
    bool, Int, v => i64::from(v);
    DateTime<Utc>, Int, v => v.timestamp_micros();
    Vec<u8>, Bytes, v => v;
    &[u8], Bytes, v => v.to_vec();
}

/// A column's value.
pub(crate) trait Column: Sized {
    /// Reads the column `name` of `row`.
    fn read(row: &Row, name: &str) -> Result<Self, StoreError>;
}

/// A row of either database.
pub(crate) enum Row {
    /// Of SQLite.
    Sqlite(SqliteRow),
    /// Of PostgreSQL.
    Postgres(PgRow),
}

impl Row {
    /// The column `name`.
    pub(crate) fn get<T: Column>(&self, name: &str) -> Result<T, StoreError> {
        T::read(self, name)
    }

    /// The column `name`, which holds a word of an enumeration.
    pub(crate) fn code<T: DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        from_code(&self.get::<String>(name)?)
    }

    /// The column `name`, which holds a word of an enumeration or nothing.
    pub(crate) fn code_opt<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.get::<Option<String>>(name)?.map(|word| from_code(&word)).transpose()
    }

    /// The column `name`, which holds JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        from_json(&self.get::<String>(name)?)
    }

    /// The column `name`, which holds JSON or nothing.
    pub(crate) fn json_opt<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.get::<Option<String>>(name)?.map(|text| from_json(&text)).transpose()
    }
}

macro_rules! native_column {
    ($($kind:ty),*) => {$(
        impl Column for $kind {
            fn read(row: &Row, name: &str) -> Result<Self, StoreError> {
                Ok(match row {
                    Row::Sqlite(row) => row.try_get(name)?,
                    Row::Postgres(row) => row.try_get(name)?,
                })
            }
        }
    )*};
}
native_column!(String, Option<String>, i64, Option<i64>, Vec<u8>, Option<Vec<u8>>);

macro_rules! column_from {
    ($($kind:ty, $base:ty, $value:ident => $column:expr;)*) => {$(
        impl Column for $kind {
            fn read(row: &Row, name: &str) -> Result<Self, StoreError> {
                let $value: $base = row.get(name)?;
                ($column).ok_or_else(|| StoreError::corrupt(name))
            }
        }
        impl Column for Option<$kind> {
            fn read(row: &Row, name: &str) -> Result<Self, StoreError> {
                let value: Option<$base> = row.get(name)?;
                value.map(|$value| ($column).ok_or_else(|| StoreError::corrupt(name))).transpose()
            }
        }
    )*};
}

column_from! {
    u32, i64, v => u32::try_from(v).ok();
    u64, i64, v => u64::try_from(v).ok();
    bool, i64, v => Some(v != 0);
    DateTime<Utc>, i64, v => DateTime::from_timestamp_micros(v);
    Uuid, String, v => v.parse().ok();
}

macro_rules! id_columns {
    ($($kind:ident),*) => {$(
        impl Column for $kind {
            fn read(row: &Row, name: &str) -> Result<Self, StoreError> {
                row.get(name).map(Self)
            }
        }
        impl Column for Option<$kind> {
            fn read(row: &Row, name: &str) -> Result<Self, StoreError> {
                Ok(row.get::<Option<Uuid>>(name)?.map($kind))
            }
        }
        impl From<$kind> for Arg {
            fn from(id: $kind) -> Self {
                Self::from(id.0)
            }
        }
        impl From<Option<$kind>> for Arg {
            fn from(id: Option<$kind>) -> Self {
                Self::from(id.map(|id| id.0))
            }
        }
    )*};
}
id_columns!(
    ApiKeyId,
    CheckId,
    DeltaId,
    MemberId,
    OrderId,
    PairId,
    PaymentId,
    RunId,
    TenantId,
    VerificationId,
    VoucherId,
    DiscoveryId,
    DryRunId
);
id_columns!(AttachmentId, LinkId, PasswordLinkId, RequestId, VoucherBatchId, WebhookDeliveryId, WebhookId);

/// The word that stands for a unit variant in JSON: what columns hold for enumerations.
pub(crate) fn code<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(StoreError::corrupt("an enumeration")),
    }
}

/// The variant that `word` stands for.
pub(crate) fn from_code<T: DeserializeOwned>(word: &str) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).map_err(|_| StoreError::corrupt(word))
}

/// JSON as a column holds it.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::corrupt("JSON"))
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::corrupt("JSON"))
}

/// `text`, in lower case, as it stands for itself in a pattern: `LIKE … ESCAPE '\'`.
pub(crate) fn like(text: &str) -> String {
    text.to_lowercase().replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_")
}

/// How a database finds a text within another one, whatever the case of its letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    /// Of SQLite, whose `LIKE` and `LOWER` know the case of A to Z alone.
    Glob,
    /// Of PostgreSQL, whose `LOWER` goes by its database's locale.
    Regex,
}

impl Search {
    /// A pattern that finds `text` as it stands.
    pub(crate) fn pattern(self, text: &str) -> String {
        let found: String = text.chars().map(|letter| self.one(letter)).collect();
        if self == Self::Glob { format!("*{found}*") } else { found }
    }

    /// Whether a column holds what a parameter's pattern says.
    pub(crate) fn finds(self, column: &str, parameter: &str) -> String {
        let operator = if self == Self::Glob { "GLOB" } else { "~" };
        format!("{column} {operator} {parameter}")
    }

    fn one(self, letter: char) -> String {
        let single = |mut cased: Box<dyn Iterator<Item = char>>| cased.next().filter(|_| cased.next().is_none());
        let lower = single(Box::new(letter.to_lowercase())).unwrap_or(letter);
        let upper = single(Box::new(letter.to_uppercase())).unwrap_or(letter);
        match self {
            _ if lower != upper => format!("[{lower}{upper}]"),
            Self::Glob if "*?[".contains(letter) => format!("[{letter}]"),
            Self::Regex if letter.is_ascii_punctuation() => format!("\\{letter}"),
            _ => letter.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_for_is_taken_literally_in_either_case() {
        assert_eq!(Search::Glob.pattern("Ä*1[ß"), "*[äÄ][*]1[[]ß*");
        assert_eq!(Search::Regex.pattern(r"é.\_ 1"), r"[éÉ]\.\\\_ 1");
        assert_eq!(Search::Glob.finds("o.id", "$2"), "o.id GLOB $2");
    }

    #[test]
    fn a_pattern_takes_its_text_literally() {
        assert_eq!(like(r"A_b%c\d"), r"a\_b\%c\\d");
    }
}
