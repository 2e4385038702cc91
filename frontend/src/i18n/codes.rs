//! Texts for the stable codes of the API. A code that is newer than this page shows the service's English words.

use std::cell::RefCell;

use mailferry_shared::{
    finding::{Finding, FindingCode},
    import::RowError,
    problem::{Problem, ProblemCode},
};

use super::{Key, fill};

/// Limits that texts name: settings of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Account pairs in an order.
    pub pairs: u32,
    /// Hours after which a delta may start by itself, at least and at most.
    pub delta_hours: (u32, u32),
    /// The largest message, megabytes.
    pub megabytes: u64,
}

thread_local! {
    static LIMITS: RefCell<Limits> = const { RefCell::new(Limits { pairs: 500, delta_hours: (4, 23), megabytes: 50 }) };
}

/// Notes what the service allows; before, the texts name what is usual.
pub fn know_limits(limits: Limits) {
    LIMITS.set(limits);
}

/// `text` with the limits it names.
fn with_limits(text: &str) -> String {
    let limits = LIMITS.with_borrow(|limits| *limits);
    let (least, most) = limits.delta_hours;
    let number = |value| super::number(value);
    let (pairs, megabytes) = (number(u64::from(limits.pairs)), number(limits.megabytes));
    let (least, most) = (number(u64::from(least)), number(u64::from(most)));
    let values = [("pairs", pairs), ("least", least), ("most", most), ("megabytes", megabytes)];
    fill(text, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
}

fn find(path: &str) -> Option<&'static str> {
    Key::of_code(path).map(Key::text).filter(|text| !text.is_empty())
}

/// Why: the cause of a finding.
pub fn finding_cause(finding: &Finding) -> String {
    find(&format!("finding.{}.cause", finding.code)).map_or_else(|| finding.message.clone(), str::to_owned)
}

/// What to do about a finding; empty where there is nothing to do.
pub fn finding_next_step(finding: &Finding) -> String {
    find(&format!("finding.{}.next", finding.code)).map_or_else(|| finding.next_step.clone(), str::to_owned)
}

/// Why, by the code alone. The service's English words for every code would be too heavy for the page.
pub fn code_cause(code: FindingCode) -> &'static str {
    find(&format!("finding.{code}.cause")).unwrap_or_default()
}

/// What to do, by the code alone.
pub fn code_next_step(code: FindingCode) -> &'static str {
    find(&format!("finding.{code}.next")).unwrap_or_default()
}

/// What the users of a provider must know before they enter a password.
pub fn advice_text(code: FindingCode) -> String {
    let advice = find(&format!("advice.{code}")).map(str::to_owned);
    advice.unwrap_or_else(|| format!("{} {}", code_cause(code), code_next_step(code)))
}

/// True where the service's own words, which are English, may be shown.
fn is_english() -> bool {
    super::current().code == "en"
}

/// What a problem means. For a field that is not valid the service's own words are more exact than any text here.
pub fn problem_text(problem: &Problem) -> String {
    let own = find(&format!("problem.{}", problem.code.as_str())).unwrap_or(&problem.title);
    match problem.code {
        ProblemCode::InvalidField if is_english() && !problem.detail.is_empty() => problem.detail.clone(),
        // Where no field shows them.
        ProblemCode::InvalidField if !problem.errors.is_empty() => {
            let mut texts: Vec<_> = problem.errors.iter().map(|it| field_text(&it.pointer, &it.message)).collect();
            texts.dedup();
            texts.join(" ")
        }
        _ => own.to_owned(),
    }
}

/// What is wrong with the field at a JSON pointer: the service's words in English, else ours for a field of this name.
pub fn field_text(pointer: &str, message: &str) -> String {
    if is_english() {
        return message.to_owned();
    }
    let is_name = |segment: &&str| !segment.is_empty() && !segment.bytes().all(|byte| byte.is_ascii_digit());
    let name = pointer.rsplit('/').find(is_name).unwrap_or_default();
    let own = find(&format!("field.{name}")).or_else(|| find("problem.invalid_field"));
    own.map_or_else(|| message.to_owned(), with_limits)
}

/// Why a row of a file was not taken.
pub fn row_error_text(error: &RowError) -> String {
    find(&format!("row_error.{}", error.code)).map_or_else(|| error.message.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_explained_in_the_language_of_the_page() {
        assert_eq!(field_text("/source/endpoint/port", "A port is …"), "A port is …");
        super::super::install("de", super::super::KEYS.join("\n"), []);
        assert_eq!(field_text("/source/endpoint/port", "A port is …"), "field.port");
        assert_eq!(field_text("/options/leave_out/3", "too long"), "field.leave_out");
        assert_eq!(field_text("/never/heard_of", "x"), "problem.invalid_field");
        let problem = Problem::new(ProblemCode::InvalidField, "").with_field("/host", "no").with_field("/host", "no");
        assert_eq!(problem_text(&problem.with_field("/port", "no")), "field.host field.port");
    }

    #[test]
    fn limits_stand_in_texts_as_the_service_has_them() {
        know_limits(Limits { pairs: 20, delta_hours: (2, 30), megabytes: 80 });
        assert_eq!(with_limits("{{ least }} to {{ most }}, {{ pairs }}, {{ megabytes }}"), "2 to 30, 20, 80");
    }

    #[test]
    fn every_code_of_the_api_has_its_texts() {
        for code in FindingCode::ALL {
            assert!(find(&format!("finding.{code}.cause")).is_some(), "{code}");
            assert!(find(&format!("finding.{code}.next")).is_some(), "{code}");
        }
        for code in ProblemCode::ALL {
            assert!(find(&format!("problem.{}", code.as_str())).is_some(), "{code:?}");
        }
        for code in ["missing", "bad_host", "field_count", "duplicate_row", "too_long"] {
            assert!(find(&format!("row_error.{code}")).is_some(), "{code}");
        }
    }
}
