//! Texts for the stable codes of the API. A code that is newer than this page shows the service's English words.

use mailferry_shared::{
    finding::{Finding, FindingCode},
    import::RowError,
    problem::{Problem, ProblemCode},
};

use super::Key;

fn find(path: &str) -> Option<&'static str> {
    Key::find(path).map(Key::text).filter(|text| !text.is_empty())
}

/// Why: the cause of a finding.
pub fn finding_cause(finding: &Finding) -> String {
    find(&format!("finding.{}.cause", finding.code)).map_or_else(|| finding.message.clone(), str::to_owned)
}

/// What to do about a finding; empty where there is nothing to do.
pub fn finding_next_step(finding: &Finding) -> String {
    find(&format!("finding.{}.next", finding.code)).map_or_else(|| finding.next_step.clone(), str::to_owned)
}

/// What the users of a provider must know before they enter a password.
pub fn advice_text(code: FindingCode) -> String {
    find(&format!("advice.{code}")).map_or_else(
        || {
            let finding = Finding::new(code);
            format!("{} {}", finding_cause(&finding), finding_next_step(&finding))
        },
        str::to_owned,
    )
}

/// What a problem means. For a field that is not valid the service's own words are more exact than any text here.
pub fn problem_text(problem: &Problem) -> String {
    let own = find(&format!("problem.{}", problem.code.as_str())).unwrap_or(problem.code.title());
    match problem.code {
        ProblemCode::InvalidField if !problem.detail.is_empty() => problem.detail.clone(),
        _ => own.to_owned(),
    }
}

/// Why a row of a file was not taken.
pub fn row_error_text(error: &RowError) -> String {
    find(&format!("row_error.{}", error.code)).map_or_else(|| error.message.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

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
