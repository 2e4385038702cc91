//! What a provider does not take in folder names, known before anything is sent.

/// A provider's rules for folder names, beside what its separator forbids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameRules {
    /// Signs that are replaced by `_`.
    pub refused: String,
    /// Spaces at the ends are dropped, and several become one.
    pub tidy_spaces: bool,
    /// Names of top-level folders that the provider keeps for itself.
    pub reserved: Vec<String>,
}

impl NameRules {
    /// A level's name as the provider takes it.
    pub fn spell(&self, level: &str) -> String {
        let signs: String = level.chars().map(|c| if self.refused.contains(c) { '_' } else { c }).collect();
        if !self.tidy_spaces {
            return signs;
        }
        let words: Vec<&str> = signs.split(' ').filter(|word| !word.is_empty()).collect();
        words.join(" ")
    }

    /// True if the provider keeps this top-level name for itself.
    pub fn reserves(&self, name: &str) -> bool {
        self.reserved.iter().any(|reserved| reserved.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_spelt_as_the_provider_takes_it() {
        let gmail = NameRules { refused: "^".to_owned(), tidy_spaces: true, reserved: Vec::new() };
        assert_eq!(gmail.spell(" a^b  c "), "a_b c");
        assert_eq!(NameRules::default().spell(" a^b  c "), " a^b  c ");
        let microsoft = NameRules { reserved: vec!["Files".to_owned()], ..NameRules::default() };
        assert!(microsoft.reserves("files") && !microsoft.reserves("Files 2"));
    }
}
