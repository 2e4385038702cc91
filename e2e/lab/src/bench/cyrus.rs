//! Every corpus to Cyrus and from there to Dovecot: compared at both ends of both ways.

use std::fmt::Write as _;

use mailferry_lab::{CompareOptions, Cyrus, CyrusOptions, Login, compare};

use super::{Bench, CORPORA, Corpus, tools::Ends};
use crate::Failure;

/// Cyrus refuses names with `%` or `"`.
const REFUSED: &str = "Kunden [a] 100% \"gut\"";
const SUBSTITUTE: &str = "Kunden [a] 100_ _gut_";

/// One copy each way; how long it took, and whether nothing differs.
pub(super) fn there_and_back(bench: &mut Bench) -> Result<String, Failure> {
    // As it comes it puts an X for each 8-bit letter in a header.
    let extra = "munge8bit: no".to_owned();
    let cyrus = Cyrus::start(CyrusOptions { slashes: true, beside_inbox: true, extra })?;
    let mut text = "\n| with Cyrus | Dovecot → Cyrus, seconds | exact | Cyrus → Dovecot, seconds | exact |\n\
                    | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for corpus in CORPORA.iter().filter(|corpus| corpus.name != "small500") {
        corpus.sample.write(&bench.source, corpus.name)?;
        let (there, arrived) = there(bench, &cyrus, corpus)?;
        let (back, returned) = back(bench, &cyrus, corpus)?;
        writeln!(text, "| {} | {there:.1} | {arrived} | {back:.1} | {returned} |", corpus.name)?;
    }
    Ok(text)
}

fn there(bench: &mut Bench, cyrus: &Cyrus, corpus: &Corpus) -> Result<(f64, &'static str), Failure> {
    let ends = bench.fresh(corpus, false)?;
    let ends = Ends { destination_port: cyrus.imap_port(), destination_user: corpus.name.to_owned(), ..ends };
    let took = bench.tools[0].run(&ends)?;
    Ok((took.seconds, exact(&bench.source.login(corpus.name), &cyrus.login(corpus.name))?))
}

fn back(bench: &mut Bench, cyrus: &Cyrus, corpus: &Corpus) -> Result<(f64, &'static str), Failure> {
    let ends = bench.fresh(corpus, false)?;
    let ends = Ends { source_port: cyrus.imap_port(), ..ends };
    let took = bench.tools[0].run(&ends)?;
    let exact = exact(&cyrus.login(corpus.name), &bench.destination.login(&ends.destination_user))?;
    bench.forget(&ends);
    Ok((took.seconds, exact))
}

fn exact(source: &Login, destination: &Login) -> Result<&'static str, Failure> {
    let options = CompareOptions {
        details: 5,
        renames: [(REFUSED.to_owned(), SUBSTITUTE.to_owned())].into(),
        allow_extra_empty_folders: true,
        ..CompareOptions::default()
    };
    let mut differences = compare(source, destination, &options)?;
    // Cyrus subscribes everybody to INBOX.
    differences.subscriptions_extra = differences.subscriptions_extra.saturating_sub(1);
    if !differences.is_perfect() {
        eprintln!("{differences:?}");
    }
    Ok(if differences.is_perfect() { "yes" } else { "NO" })
}
