//! The languages that are spoken.

use serde::{Deserialize, Serialize};

/// Languages of page and mails; more are added by adding a translation file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// Norwegian (Bokmål).
    Nb,
    /// Portuguese (of Portugal).
    Pt,
    /// Italian.
    It,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 5] = [Self::En, Self::De, Self::Nb, Self::Pt, Self::It];

    /// The language tag (RFC 5646), as it stands in JSON.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Nb => "nb",
            Self::Pt => "pt",
            Self::It => "it",
        }
    }
}
