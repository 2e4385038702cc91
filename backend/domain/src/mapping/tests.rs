//! Mapping, stated.

use proptest::prelude::*;

use super::*;

fn path(text: &str) -> FolderPath {
    FolderPath::parse(text).expect("valid")
}

fn folder(text: &str) -> RemoteFolder {
    RemoteFolder {
        path: path(text),
        wire_name: text.to_owned(),
        special_use: None,
        selectable: true,
        personal: true,
        takes_children: true,
        subscribed: false,
        status: None,
    }
}

fn with_use(text: &str, special_use: SpecialUse) -> RemoteFolder {
    RemoteFolder { special_use: Some(special_use), ..folder(text) }
}

fn style(separator: char) -> NamingStyle {
    NamingStyle { separator: Some(separator), prefix: String::new() }
}

fn placed(
    source: &[RemoteFolder],
    destination: &[RemoteFolder],
    separator: char,
    options: &MappingOptions,
) -> Vec<(String, String)> {
    map_folders(source, destination, &style(separator), options)
        .folders
        .into_iter()
        .map(|f| (f.source.path.to_string(), f.destination.to_string()))
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect()
}

#[test]
fn folders_keep_their_names_and_inbox_comes_first() {
    let source = [folder("Projekte/Größe & Maß"), folder("INBOX"), folder("Gesendet")];
    assert_eq!(
        placed(&source, &[folder("INBOX")], '/', &MappingOptions::default()),
        pairs(&[("INBOX", "INBOX"), ("Projekte/Größe & Maß", "Projekte/Größe & Maß"), ("Gesendet", "Gesendet")])
    );
}

#[test]
fn a_special_use_maps_onto_the_destinations_folder_with_its_children() {
    let source = [folder("Gesendete Elemente"), folder("Gesendete Elemente/2019"), folder("Spam")];
    let destination = [with_use("Sent", SpecialUse::Sent)];
    assert_eq!(
        placed(&source, &destination, '/', &MappingOptions::default()),
        pairs(&[("Gesendete Elemente", "Sent"), ("Gesendete Elemente/2019", "Sent/2019"), ("Spam", "Spam")])
    );
}

#[test]
fn of_two_folders_that_are_named_like_a_use_the_one_of_the_same_name_is_kept() {
    let source = [with_use("Sent", SpecialUse::Sent), folder("Gesendete Objekte")];
    let kept = pairs(&[("Sent", "Sent"), ("Gesendete Objekte", "Gesendete Objekte")]);
    let copied_before = [folder("Gesendete Objekte"), folder("Sent")];
    assert_eq!(placed(&source, &copied_before, '/', &MappingOptions::default()), kept);
    let told = [with_use("Gesendete Objekte", SpecialUse::Sent), folder("Sent")];
    let moved = pairs(&[("Sent", "Gesendete Objekte"), ("Gesendete Objekte", "Gesendete Objekte (2)")]);
    assert_eq!(placed(&source, &told, '/', &MappingOptions::default()), moved, "what the server says comes first");
}

#[test]
fn an_attribute_beats_a_name_and_the_other_folder_keeps_apart() {
    let source = [folder("Sent"), with_use("Sent Items", SpecialUse::Sent)];
    let destination = [with_use("Sent", SpecialUse::Sent)];
    assert_eq!(
        placed(&source, &destination, '/', &MappingOptions::default()),
        pairs(&[("Sent", "Sent (2)"), ("Sent Items", "Sent")]),
        "nothing is merged"
    );
}

#[test]
fn the_owners_rule_beats_everything_and_may_merge() {
    let options = MappingOptions { rules: vec![(path("Old"), path("INBOX"))], ..MappingOptions::default() };
    assert_eq!(
        placed(&[folder("INBOX"), folder("Old"), folder("Old/Sub")], &[], '/', &options),
        pairs(&[("INBOX", "INBOX"), ("Old", "INBOX"), ("Old/Sub", "INBOX/Sub")])
    );
}

#[test]
fn a_folder_stays_where_an_earlier_run_put_it() {
    let settled = BTreeMap::from([(path("Gesendet"), path("Gesendet"))]);
    let options = MappingOptions { settled, ..MappingOptions::default() };
    let destination = [folder("Gesendet"), with_use("Sent", SpecialUse::Sent)];
    assert_eq!(placed(&[folder("Gesendet")], &destination, '/', &options), pairs(&[("Gesendet", "Gesendet")]));
}

#[test]
fn what_the_destination_cannot_spell_is_substituted_and_numbered() {
    let source = [folder("a.b"), folder("a_b"), folder("Case"), folder("CASE")];
    assert_eq!(
        placed(&source, &[], '.', &MappingOptions::default()),
        pairs(&[("a.b", "a_b"), ("a_b", "a_b (2)"), ("Case", "Case"), ("CASE", "CASE (2)")])
    );
}

#[test]
fn names_are_as_the_destinations_provider_takes_them() {
    let names = NameRules { refused: "^".to_owned(), tidy_spaces: true, reserved: vec!["Files".to_owned()] };
    let options = MappingOptions { names, ..MappingOptions::default() };
    let source = [folder("a^b"), folder("a_b"), folder("two  spaces/ x"), folder("Files"), folder("Files/Sub")];
    assert_eq!(
        placed(&source, &[], '/', &options),
        pairs(&[
            ("a^b", "a_b"),
            ("a_b", "a_b (2)"),
            ("two  spaces/ x", "two spaces/x"),
            ("Files", "Files (2)"),
            ("Files/Sub", "Files/Sub"),
        ])
    );
}

fn gmail() -> Vec<RemoteFolder> {
    let mut container = folder("[Gmail]");
    container.selectable = false;
    vec![
        with_use("[Gmail]/Alle Nachrichten", SpecialUse::All),
        folder("INBOX"),
        folder("Work/[Gmail]"),
        container,
        folder("[Gmail]/Chats"),
        with_use("[Gmail]/Gesendet", SpecialUse::Sent),
        with_use("[Gmail]/Markiert", SpecialUse::Flagged),
        with_use("[Gmail]/Wichtig", SpecialUse::Important),
    ]
}

#[test]
fn of_gmail_views_and_chats_stay_and_what_is_unfiled_comes_last() {
    let options = MappingOptions { labels: true, ..MappingOptions::default() };
    let mapping = map_folders(&gmail(), &[folder("INBOX")], &style('/'), &options);
    let placed: Vec<_> = mapping
        .folders
        .iter()
        .map(|f| (f.source.path.to_string(), f.destination.to_string(), f.only_unfiled, f.renamed))
        .collect();
    let expected = [
        ("INBOX", "INBOX", false),
        ("Work/[Gmail]", "Work/[Gmail]", false),
        ("[Gmail]/Gesendet", "Gesendet", false),
        ("[Gmail]/Alle Nachrichten", "Alle Nachrichten", true),
    ];
    assert_eq!(placed, expected.map(|(from, to, unfiled)| (from.to_owned(), to.to_owned(), unfiled, false)));
    let reasons: Vec<LeftOut> = mapping.left_out.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(reasons, [LeftOut::NotSelectable, LeftOut::Chats, LeftOut::View, LeftOut::View]);
}

#[test]
fn what_is_unfiled_goes_to_the_folder_of_all_messages_else_to_the_archive() {
    let options = MappingOptions { labels: true, ..MappingOptions::default() };
    let last = |destination: &[RemoteFolder]| {
        let mapping = map_folders(&gmail(), destination, &style('/'), &options);
        mapping.folders.last().map(|folder| folder.destination.to_string())
    };
    let archive = with_use("Archiv", SpecialUse::Archive);
    assert_eq!(last(std::slice::from_ref(&archive)), Some("Archiv".to_owned()));
    assert_eq!(last(&[archive, with_use("[Gmail]/All Mail", SpecialUse::All)]), Some("[Gmail]/All Mail".to_owned()));
}

#[test]
fn a_name_that_some_server_refuses_has_a_substitute_that_meets_no_other_name() {
    let source = [folder("100%"), folder("100%/Sub"), folder("100_"), folder("Plain"), folder("There*")];
    let mapping = map_folders(&source, &[folder("There*")], &style('/'), &MappingOptions::default());
    let substitutes: Vec<_> =
        mapping.folders.iter().map(|f| f.substitute.as_ref().map(FolderPath::to_string)).collect();
    let expected = [Some("100_ (2)"), Some("100_ (2)/Sub"), None, None, None];
    assert_eq!(substitutes, expected.map(|name| name.map(str::to_owned)), "what exists needs none");
}

#[test]
fn a_folder_below_another_one_has_a_substitute_at_the_top_where_none_may_lie_below() {
    let source = [folder("A"), folder("A/B"), folder("A/B/C"), folder("A-B"), folder("There/D")];
    let there = [folder("There/D")];
    let mapping = map_folders(&source, &there, &style('/'), &MappingOptions::default());
    let substitutes: Vec<_> =
        mapping.folders.iter().map(|f| f.substitute.as_ref().map(FolderPath::to_string)).collect();
    let expected = [None, Some("A-B (2)"), Some("A-B-C"), None, None];
    assert_eq!(substitutes, expected.map(|name| name.map(str::to_owned)));
}

#[test]
fn below_a_folder_that_takes_no_children_nothing_is_made() {
    let source =
        [folder("INBOX/Sub"), folder("INBOX/Sub/Deep"), folder("There/Old"), folder("There/New"), folder("x/y")];
    let childless = |text| RemoteFolder { takes_children: false, ..folder(text) };
    let destination = [childless("INBOX"), childless("INBOX-Sub"), childless("There"), folder("There/Old")];
    let options =
        MappingOptions { settled: BTreeMap::from([(path("x/y"), path("There/y"))]), ..MappingOptions::default() };
    let mapping = map_folders(&source, &destination, &style('/'), &options);
    let placed: Vec<_> = mapping.folders.iter().map(|f| (f.destination.to_string(), f.renamed)).collect();
    let expected =
        [("INBOX-Sub", true), ("INBOX-Sub-Deep", true), ("There/Old", false), ("There-New", true), ("There/y", true)];
    assert_eq!(placed, expected.map(|(name, renamed)| (name.to_owned(), renamed)));
}

#[test]
fn what_is_left_out_says_why() {
    let mut parent = folder("Parent");
    parent.selectable = false;
    let source = [
        parent,
        folder("Trash/Old"),
        folder("Trash"),
        folder("Junk"),
        with_use("All Mail", SpecialUse::All),
        folder("x/y"),
        RemoteFolder { personal: false, selectable: false, ..folder("Shared/z") },
    ];
    let options = MappingOptions {
        leave_out: vec![path("x")],
        leave_out_trash: true,
        leave_out_junk: true,
        ..MappingOptions::default()
    };
    let mapping = map_folders(&source, &[], &style('/'), &options);
    assert!(mapping.folders.is_empty());
    let reasons: Vec<_> = mapping.left_out.iter().map(|(path, reason)| (path.to_string(), *reason)).collect();
    assert_eq!(
        reasons,
        [
            ("Parent".to_owned(), LeftOut::NotSelectable),
            ("Trash/Old".to_owned(), LeftOut::Trash),
            ("Trash".to_owned(), LeftOut::Trash),
            ("Junk".to_owned(), LeftOut::Junk),
            ("All Mail".to_owned(), LeftOut::View),
            ("x/y".to_owned(), LeftOut::ByOwner),
            ("Shared/z".to_owned(), LeftOut::NotPersonal),
        ]
    );
}

proptest! {
    #[test]
    fn every_folder_is_placed_or_left_out_once_and_no_two_meet(
        names in prop::collection::btree_set("[aAbB._%/]{1,6}", 1..12),
        existing in prop::collection::btree_set("[aAbB_/]{1,4}", 0..4),
        separator in prop::sample::select(vec!['/', '.']),
    ) {
        let folders = |names: BTreeSet<String>| -> Vec<RemoteFolder> {
            names.iter().filter_map(|name| FolderPath::parse(name).ok()).collect::<BTreeSet<_>>().into_iter()
                .map(|path| folder(&path.to_string()))
                .collect()
        };
        let (source, destination) = (folders(names), folders(existing));
        let mapping = map_folders(&source, &destination, &style(separator), &MappingOptions::default());
        prop_assert_eq!(mapping.folders.len() + mapping.left_out.len(), source.len());
        let places: Vec<String> = mapping.folders.iter().flat_map(|f| std::iter::once(&f.destination).chain(&f.substitute))
            .map(|place| place.to_string().to_lowercase()).collect();
        let different: BTreeSet<&String> = places.iter().collect();
        prop_assert_eq!(places.len(), different.len(), "two source folders must not share a destination");
        for folder in &mapping.folders {
            prop_assert!(folder.destination.levels().iter().all(|level| !level.contains(separator)));
        }
    }
}
