use chrono::{TimeZone, Utc};
use mailferry_shared::{
    finding::FindingCode,
    order::{Language, StartKind},
    payment::Price,
    run::Counts,
};

use super::*;
use crate::mail::facts::{Plan, Receipt, Request};

const KINDS: [MailKind; 15] = [
    MailKind::Submitted,
    MailKind::Started,
    MailKind::Finished,
    MailKind::DeltaStarted,
    MailKind::DeltaFinished,
    MailKind::ActionNeeded,
    MailKind::LinkExpires,
    MailKind::ManageLink,
    MailKind::Receipt,
    MailKind::RequestReceived,
    MailKind::RequestAccepted,
    MailKind::RequestAwaitsPayment,
    MailKind::RequestDeclined,
    MailKind::RequestCancelled,
    MailKind::RequestExpired,
];

fn facts() -> Facts {
    let price = Price {
        currency: "EUR".parse().expect("a currency"),
        pair_minor: 149_000,
        tax_name: "VAT".to_owned(),
        tax_basis_points: 1900,
        tax_included: true,
    };
    let time = Utc.with_ymd_and_hms(2026, 12, 6, 12, 0, 0).single().expect("a time");
    Facts {
        link: "https://move.example/orders/1#token=a&b".to_owned(),
        order: "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001".to_owned(),
        kind: Some(StartKind::Main),
        accounts: 2,
        counts: Counts {
            stored: 12_000,
            stored_bytes: 15_600_000,
            present: 14,
            failed: 1,
            uncertain: 1,
            skipped: 3,
            ..Counts::default()
        },
        destination_host: Some("imap.new.example".to_owned()),
        expires: time,
        start: Some(time),
        plan: Some(Plan { trigger: DeltaTrigger::AfterDelay, delay_hours: 8, at: Some(time) }),
        stuck: vec![("<anna>@old.example".to_owned(), FindingCode::WrongPassword)],
        undone: Vec::new(),
        receipt: Some(Receipt {
            amount: mailferry_domain::money::amount(&price, 2).expect("sane"),
            paid_at: time,
            reference: "3C679366HH908993F".to_owned(),
        }),
        request: Some(Request { wished_start: time, reason: Some("IMAP <is> off.".to_owned()) }),
    }
}

fn letter_in(language: Language, kind: MailKind, facts: &Facts) -> Letter {
    compose(&Texts::of(language).expect("complete"), kind, facts)
}

fn letter(kind: MailKind, facts: &Facts) -> Letter {
    letter_in(Language::En, kind, facts)
}

#[test]
fn every_mail_of_every_language_has_link_and_order_number_in_both_parts_and_no_open_placeholder() {
    let plans = [DeltaTrigger::AfterDelay, DeltaTrigger::MxChanged].map(|trigger| Plan {
        trigger,
        delay_hours: 8,
        at: facts().expires.into(),
    });
    for (language, kind) in Language::ALL.into_iter().flat_map(|language| KINDS.map(|kind| (language, kind))) {
        let undone = vec![("bert@old.example".to_owned(), FindingCode::ConnectionRefused)];
        for (plan, undone) in [(None, undone), (Some(plans[0]), Vec::new()), (Some(plans[1]), Vec::new())] {
            let letter = letter_in(language, kind, &Facts { plan, undone, ..facts() });
            assert!(letter.text.contains("https://move.example/orders/1#token=a&b"), "{language:?} {kind:?}");
            assert!(letter.html.contains("https://move.example/orders/1#token=a&amp;b"), "{language:?} {kind:?}");
            let words = letter.html.split("</head>").nth(1).expect("a body");
            for part in [letter.subject.as_str(), &letter.text, words] {
                assert!(!part.contains(['{', '}']), "{language:?} {kind:?}: {part}");
            }
            assert!(letter.text.contains(&facts().order) && letter.html.contains(&facts().order), "{kind:?}");
        }
    }
}

#[test]
fn the_end_of_the_main_run_advises_on_the_mx_record_and_that_of_a_trial_does_not() {
    let end = letter(MailKind::Finished, &facts()).text;
    assert!(end.contains("MX record") && end.contains("(imap.new.example)"), "{end}");
    assert!(end.contains("the migration of 2 accounts has finished."), "{end}");
    assert!(end.contains("Copied or already there: 12,014 messages (15.6\u{a0}MB)"), "{end}");
    assert!(end.contains("Left out by your options: 3 messages") && end.contains("Not copied: 2"), "{end}");
    let trial = Facts { kind: Some(StartKind::Trial), ..facts() };
    assert!(!letter(MailKind::Finished, &trial).text.contains("MX"));
}

#[test]
fn an_account_that_is_not_done_is_named_and_nobody_is_told_to_switch_the_mx_record() {
    let undone = vec![("bert@old.example".to_owned(), FindingCode::ConnectionRefused)];
    let facts = Facts { undone, ..facts() };
    for language in Language::ALL {
        let [done, end, delta] = [
            letter_in(language, MailKind::Finished, &Facts { undone: Vec::new(), ..facts.clone() }),
            letter_in(language, MailKind::Finished, &facts),
            letter_in(language, MailKind::DeltaFinished, &facts),
        ];
        assert_ne!(end.subject, done.subject, "{language:?}");
        assert!(end.text.contains("bert@old.example: ") && delta.text.contains("bert@old.example: "), "{}", end.text);
        assert!(end.html.contains("bert@old.example") && !end.text.contains("(imap.new.example)"), "{}", end.text);
        assert!(!done.text.contains("bert@old.example"), "{}", done.text);
    }
    let end = letter(MailKind::Finished, &facts);
    assert!(end.text.contains("only when every account has arrived"), "{}", end.text);
    assert!(!end.subject.contains("MX") && !end.text.contains("Now change"), "{}", end.text);
}

#[test]
fn the_advice_follows_the_schedule() {
    let with = |trigger| {
        let plan = Some(Plan { trigger, delay_hours: 8, at: Some(facts().expires) });
        letter(MailKind::Finished, &Facts { plan, ..facts() }).text
    };
    assert!(with(DeltaTrigger::AfterDelay).contains("starts by itself on 6 December 2026, 12:00 UTC"));
    assert!(with(DeltaTrigger::MxChanged).contains("We are watching the MX record"));
    let manual = letter(MailKind::Finished, &Facts { plan: None, ..facts() }).text;
    assert!(manual.contains("Wait 24 to 48 hours"), "{manual}");
    let submitted = letter(MailKind::Submitted, &facts()).text;
    assert!(submitted.contains("on 6 December 2026, 12:00 UTC") && submitted.contains("8 hours after"), "{submitted}");
    let soon = letter(MailKind::Submitted, &Facts { start: None, plan: None, ..facts() }).text;
    assert!(soon.contains("within the next few minutes") && !soon.contains("second run"), "{soon}");
}

/// The advice after the main run in a language, by what starts the second run.
fn advice(language: Language, trigger: Option<DeltaTrigger>) -> String {
    let plan = trigger.map(|trigger| Plan { trigger, delay_hours: 8, at: Some(facts().expires) });
    letter_in(language, MailKind::Finished, &Facts { plan, ..facts() }).text
}

#[test]
fn without_the_mx_watch_one_is_advised_to_wait_24_to_48_hours_and_with_it_not() {
    for language in Language::ALL {
        let waits = |text: &str| text.contains("24") && text.contains("48");
        let manual = advice(language, None);
        assert!(waits(&manual), "{language:?}: {manual}");
        let watched = advice(language, Some(DeltaTrigger::MxChanged));
        assert!(!waits(&watched), "{language:?}: {watched}");
    }
}

#[test]
fn a_switch_late_in_the_day_is_advised_in_every_language() {
    let words = [
        (Language::En, "late in the day"),
        (Language::De, "am späten Abend"),
        (Language::Nb, "sent på kvelden"),
        (Language::Pt, "ao fim do dia"),
        (Language::It, "in tarda serata"),
    ];
    assert_eq!(words.len(), Language::ALL.len());
    for (language, words) in words {
        for trigger in [DeltaTrigger::AfterDelay, DeltaTrigger::MxChanged] {
            let told = advice(language, Some(trigger)).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(told.contains(words), "{language:?}: {told}");
        }
    }
}

#[test]
fn what_is_stuck_is_named_in_the_language_with_its_next_step_and_escaped() {
    let english = letter(MailKind::ActionNeeded, &facts());
    assert!(english.text.contains("<anna>@old.example: The server no longer accepts"), "{}", english.text);
    assert!(english.html.contains("&lt;anna&gt;@old.example"));
    let german = letter_in(Language::De, MailKind::ActionNeeded, &facts());
    assert!(german.text.contains("<anna>@old.example: Der Server nimmt Benutzername oder Passwort nicht mehr an."));
}

#[test]
fn a_receipt_names_pairs_amounts_tax_and_reference() {
    let german = letter_in(Language::De, MailKind::Receipt, &facts()).text;
    for line in [
        "Zahlung vom 6. Dezember 2026:",
        "Auftragsnummer: 0199d1c4",
        "Konten: 2",
        "Preis je Konto: 1.490,00\u{a0}EUR",
        "Nettobetrag: 2.504,20\u{a0}EUR",
        "MwSt. 19\u{a0}%: 475,80\u{a0}EUR",
        "Gesamtbetrag: 2.980,00\u{a0}EUR",
        "Zahlungsreferenz: 3C679366HH908993F",
    ] {
        assert!(german.contains(line), "{line} in {german}");
    }
}

#[test]
fn the_html_says_the_same_in_light_and_dark() {
    let html = letter(MailKind::Finished, &facts()).html;
    assert!(html.contains("lang=\"en\"") && html.contains("prefers-color-scheme:dark"));
    assert!(html.contains("<h1") && html.contains("Not copied</td>") && html.contains("MX record"), "{html}");
    assert!(!html.contains("<img") && !html.contains("http:"), "nothing is fetched: {html}");
}

#[test]
fn a_declined_request_says_why_in_the_operators_words_and_an_accepted_one_when() {
    let declined = letter(MailKind::RequestDeclined, &facts());
    assert!(declined.text.contains("\n\nIMAP <is> off.\n\n"), "{}", declined.text);
    assert!(declined.html.contains("IMAP &lt;is&gt; off."), "{}", declined.html);
    let accepted = letter(MailKind::RequestAccepted, &facts()).text;
    assert!(accepted.contains("start on 6 December 2026, 12:00 UTC"), "{accepted}");
}
