//! Two folder trees in, a folder mapping out: which source folder goes where, and what is left out and why.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    folder::{FolderPath, NamingStyle, RemoteFolder},
    names::NameRules,
    special_use::SpecialUse,
    substitute::harmless,
};

/// What the owner wants of the folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingOptions {
    /// Folders to leave out with their children.
    pub leave_out: Vec<FolderPath>,
    /// Leave the trash folder out.
    pub leave_out_trash: bool,
    /// Leave the junk folder out.
    pub leave_out_junk: bool,
    /// Folders that get another name, with their children; the longest match wins.
    pub rules: Vec<(FolderPath, FolderPath)>,
    /// The source shows one message in several folders (Gmail's labels): the folder of all messages is copied as well,
    /// last, as far as its messages lie in no other.
    pub labels: bool,
    /// What the destination's provider does not take in names.
    pub names: NameRules,
    /// Where earlier runs put folders: they stay there, whatever else has changed, or a delta would copy them anew.
    pub settled: BTreeMap<FolderPath, FolderPath>,
}

/// Why a folder is not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeftOut {
    /// The owner left it out by name.
    ByOwner,
    /// It is the trash folder.
    Trash,
    /// It is the junk folder.
    Junk,
    /// It cannot hold messages (`\Noselect`).
    NotSelectable,
    /// It is a view of messages in other folders.
    View,
    /// It holds chats, which are no mail (Gmail).
    Chats,
    /// It belongs to somebody else or is shared.
    NotPersonal,
}

/// One source folder and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedFolder {
    /// The folder at the source.
    pub source: RemoteFolder,
    /// Its place at the destination.
    pub destination: FolderPath,
    /// True if it must be made there.
    pub create: bool,
    /// Its place if the destination refuses to make it there: a name that hardly any server minds, or one without a
    /// folder above it. There is none for a new folder at the top whose name is of that kind.
    pub substitute: Option<FolderPath>,
    /// The folder that is there already.
    pub there: Option<RemoteFolder>,
    /// Only messages that lie in no other folder of the source are copied.
    pub only_unfiled: bool,
    /// True if neither a rule nor a special use explains the other name: the destination could not take the old one.
    pub renamed: bool,
}

/// The plan for the folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderMapping {
    /// What is copied: INBOX first, then in the source's order; a folder of all messages last.
    pub folders: Vec<MappedFolder>,
    /// What is not, with the reason.
    pub left_out: Vec<(FolderPath, LeftOut)>,
}

/// Plans where every source folder goes.
///
/// A rule of the owner comes first; then a special use, if a folder of that use exists at the destination (one
/// source folder a use, attribute before name); all others keep their names. Children move along with a mapped
/// parent. What the destination cannot spell is substituted, what would lie below a folder that takes no children goes
/// beside it, and names that would meet get a number.
pub fn map_folders(
    source: &[RemoteFolder],
    destination: &[RemoteFolder],
    style: &NamingStyle,
    options: &MappingOptions,
) -> FolderMapping {
    let source_uses = uses(source);
    let moves = moves(&source_uses, destination, options);
    let existing: BTreeMap<&FolderPath, &RemoteFolder> =
        destination.iter().filter(|f| f.selectable).map(|f| (&f.path, f)).collect();
    let mut mapping = FolderMapping::default();
    let mut names = Names::new(style, &options.names, destination);
    let mut kept = Vec::new();
    for folder in inbox_first(source) {
        match left_out(folder, &source_uses, options) {
            Some(reason) => mapping.left_out.push((folder.path.clone(), reason)),
            None => kept.push((folder, wanted_place(&folder.path, &moves, options))),
        }
    }
    kept.sort_by_key(|(folder, _)| is_all(folder));
    // Names are given by rank, so that a folder that merely has the name of another one's new place steps aside.
    let mut places: BTreeMap<&FolderPath, FolderPath> = BTreeMap::new();
    for rank in [Rank::Settled, Rank::Rule, Rank::SpecialUse, Rank::Name] {
        for (folder, wanted) in kept.iter().filter(|(folder, wanted)| rank_of(&folder.path, wanted, options) == rank) {
            let place = match options.settled.get(&folder.path) {
                Some(place) => names.keep(place),
                None => names.place(wanted, rank == Rank::Rule || wanted.is_inbox()),
            };
            places.insert(&folder.path, place);
        }
    }
    let new: BTreeSet<&FolderPath> = places.values().filter(|place| !existing.contains_key(place)).collect();
    let substitutes = names.substitutes(&new);
    for (folder, wanted) in &kept {
        let Some(place) = places.remove(&folder.path) else { continue };
        mapping.folders.push(MappedFolder {
            source: (*folder).clone(),
            create: !existing.contains_key(&place) && !place.is_inbox(),
            substitute: substitutes.get(&place).cloned(),
            there: existing.get(&place).map(|folder| (*folder).clone()),
            only_unfiled: is_all(folder),
            renamed: place != *wanted,
            destination: place,
        });
    }
    mapping
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Settled,
    Rule,
    SpecialUse,
    Name,
}

fn rank_of(path: &FolderPath, wanted: &FolderPath, options: &MappingOptions) -> Rank {
    if options.settled.contains_key(path) {
        Rank::Settled
    } else if options.rules.iter().any(|(from, _)| path.is_within(from)) {
        Rank::Rule
    } else if wanted != path {
        Rank::SpecialUse
    } else {
        Rank::Name
    }
}

/// True for the folder that shows every message. Elsewhere than at a source with labels it is left out.
fn is_all(folder: &RemoteFolder) -> bool {
    folder.special_use == Some(SpecialUse::All)
}

/// Where Gmail keeps its own folders; the name depends on the country.
const CONTAINERS: [&str; 2] = ["[Gmail]", "[Google Mail]"];
/// What Gmail calls the folder of chats.
const CHATS: [&str; 3] = ["Chats", "Chat", "Все чаты"];

fn in_container(path: &FolderPath) -> bool {
    path.levels().len() > 1 && CONTAINERS.contains(&path.levels()[0].as_str())
}

/// A path without Gmail's container, which no other server has.
fn without_container(path: &FolderPath) -> FolderPath {
    if in_container(path) {
        return FolderPath::new(path.levels()[1..].iter().cloned()).unwrap_or_else(|_| path.clone());
    }
    path.clone()
}

fn inbox_first(folders: &[RemoteFolder]) -> impl Iterator<Item = &RemoteFolder> {
    folders.iter().filter(|f| f.path.is_inbox()).chain(folders.iter().filter(|f| !f.path.is_inbox()))
}

/// The folder of each special use: by attribute, else by the name of a top-level folder (or one right below INBOX).
pub fn uses(folders: &[RemoteFolder]) -> BTreeMap<SpecialUse, FolderPath> {
    let mut uses = BTreeMap::new();
    for folder in folders.iter().filter(|f| f.selectable) {
        if let Some(special_use) = folder.special_use {
            uses.entry(special_use).or_insert_with(|| folder.path.clone());
        }
    }
    for folder in folders.iter().filter(|f| f.selectable && f.special_use.is_none()) {
        let levels = folder.path.levels();
        let top = levels.len() == 1 || (levels.len() == 2 && levels[0] == "INBOX");
        if let Some(special_use) = SpecialUse::from_name(folder.path.name()).filter(|_| top) {
            uses.entry(special_use).or_insert_with(|| folder.path.clone());
        }
    }
    uses
}

/// From → to, rules of the owner before special uses.
fn moves(
    source: &BTreeMap<SpecialUse, FolderPath>,
    destination: &[RemoteFolder],
    options: &MappingOptions,
) -> Vec<(FolderPath, FolderPath)> {
    let uses = uses(destination);
    let by_use = source.iter().filter_map(|(special_use, from)| {
        let to = match special_use {
            SpecialUse::All if options.labels => all_goes_to(source, &uses)?,
            other if other.is_view() => return None,
            // Of folders that merely have the name of this use, its own name is the one to keep.
            other if by_name_only(*other, from, destination) => from,
            other => uses.get(other)?,
        };
        Some((from.clone(), to.clone()))
    });
    let mut moves: Vec<_> = options.rules.iter().cloned().chain(by_use).collect();
    // A stable sort: of two moves from the same folder, the owner's stays first.
    moves.sort_by_key(|(from, _)| std::cmp::Reverse(from.levels().len()));
    moves
}

/// True if a folder at this place is there without another use, and none is there that is told to have this use.
fn by_name_only(special_use: SpecialUse, place: &FolderPath, destination: &[RemoteFolder]) -> bool {
    let told = destination.iter().any(|f| f.selectable && f.special_use == Some(special_use));
    !told && destination.iter().any(|f| f.selectable && f.special_use.is_none() && f.path == *place)
}

/// What lies in no folder is archived mail.
fn all_goes_to<'a>(
    source: &BTreeMap<SpecialUse, FolderPath>,
    destination: &'a BTreeMap<SpecialUse, FolderPath>,
) -> Option<&'a FolderPath> {
    let archive = || destination.get(&SpecialUse::Archive).filter(|_| !source.contains_key(&SpecialUse::Archive));
    destination.get(&SpecialUse::All).or_else(archive)
}

fn wanted_place(path: &FolderPath, moves: &[(FolderPath, FolderPath)], options: &MappingOptions) -> FolderPath {
    let kept = || if options.labels { without_container(path) } else { path.clone() };
    moves.iter().find_map(|(from, to)| path.moved(from, to)).unwrap_or_else(kept)
}

fn left_out(
    folder: &RemoteFolder,
    uses: &BTreeMap<SpecialUse, FolderPath>,
    options: &MappingOptions,
) -> Option<LeftOut> {
    let within = |special_use| uses.get(&special_use).is_some_and(|top| folder.path.is_within(top));
    if options.leave_out.iter().any(|top| folder.path.is_within(top)) {
        Some(LeftOut::ByOwner)
    } else if options.leave_out_trash && within(SpecialUse::Trash) {
        Some(LeftOut::Trash)
    } else if options.leave_out_junk && within(SpecialUse::Junk) {
        Some(LeftOut::Junk)
    } else if !folder.personal {
        Some(LeftOut::NotPersonal)
    } else if !folder.selectable {
        Some(LeftOut::NotSelectable)
    } else if folder.special_use.is_some_and(SpecialUse::is_view) && !(options.labels && is_all(folder)) {
        Some(LeftOut::View)
    } else if options.labels && in_container(&folder.path) && CHATS.contains(&folder.path.name()) {
        Some(LeftOut::Chats)
    } else {
        None
    }
}

/// Gives each source folder a name that the destination can spell and that no other source folder has.
struct Names<'a> {
    style: &'a NamingStyle,
    rules: &'a NameRules,
    /// How the destination's existing folders are spelt, by lower case: on a server that ignores case, `Sent` and
    /// `SENT` are one folder.
    taken: BTreeMap<String, FolderPath>,
    /// Existing folders that take no children.
    childless: BTreeSet<FolderPath>,
    given: BTreeSet<String>,
}

impl<'a> Names<'a> {
    fn new(style: &'a NamingStyle, rules: &'a NameRules, destination: &[RemoteFolder]) -> Self {
        let taken = destination.iter().map(|f| (fold(&f.path), f.path.clone())).collect();
        let childless = destination.iter().filter(|f| !f.takes_children).map(|f| f.path.clone()).collect();
        Self { style, rules, taken, childless, given: BTreeSet::new() }
    }

    fn keep(&mut self, place: &FolderPath) -> FolderPath {
        self.given.insert(fold(place));
        place.clone()
    }

    fn place(&mut self, wanted: &FolderPath, may_share: bool) -> FolderPath {
        let spelt = self.beside_the_childless(self.spell(wanted));
        let mut place = spelt.clone();
        let mut number = 2;
        let meets = |names: &Self, place: &FolderPath| {
            names.given.contains(&fold(place)) || names.differs_in_case_only(place) || names.is_reserved(place)
        };
        while !may_share && meets(self, &place) {
            place = numbered(&spelt, number);
            number += 1;
        }
        self.given.insert(fold(&place));
        place
    }

    /// Other places for those whose names some server may refuse. Children move along with their parents. Where the
    /// name is harmless it may be its place that is refused: the folder above takes no children (`\Noinferiors`), or
    /// there are too many levels. Then it goes to the top, as `Parent-Child`.
    fn substitutes(&mut self, places: &BTreeSet<&FolderPath>) -> BTreeMap<FolderPath, FolderPath> {
        let mut by_depth: Vec<&FolderPath> = places.iter().copied().collect();
        by_depth.sort_by_key(|place| place.levels().len());
        let mut substitutes: BTreeMap<FolderPath, FolderPath> = BTreeMap::new();
        let mut flat = BTreeMap::new();
        for place in by_depth {
            let above: Vec<FolderPath> = place.ancestors().collect();
            let moved = above.iter().rev().find_map(|above| place.moved(above, substitutes.get(above)?));
            let wanted = harmless(moved.as_ref().unwrap_or(place));
            if wanted != *place {
                let substitute = self.place(&wanted, false);
                substitutes.insert(place.clone(), substitute);
            } else if place.levels().len() > 1 {
                flat.insert(place.clone(), self.place(&flattened(place), false));
            }
        }
        substitutes.extend(flat);
        substitutes
    }

    fn is_reserved(&self, place: &FolderPath) -> bool {
        place.levels().len() == 1 && self.rules.reserves(place.name())
    }

    fn differs_in_case_only(&self, place: &FolderPath) -> bool {
        self.taken
            .get(&fold(place))
            .is_some_and(|existing| existing != place && !self.taken.values().any(|f| f == place))
    }

    /// As `Parent-Child` where the parent takes no children (`\Noinferiors`).
    fn beside_the_childless(&self, mut path: FolderPath) -> FolderPath {
        while let Some(above) = self.childless_above(&path) {
            let levels = path.levels();
            let (parent, child) = (above.levels().len() - 1, above.levels().len());
            let joined = format!("{}-{}", levels[parent], levels[child]);
            let levels = levels[..parent].iter().cloned().chain([joined]).chain(levels[child + 1..].iter().cloned());
            let Ok(beside) = FolderPath::new(levels) else { break };
            path = beside;
        }
        path
    }

    /// The folder above a new one that takes no children.
    fn childless_above(&self, path: &FolderPath) -> Option<FolderPath> {
        let is_there = self.taken.get(&fold(path)) == Some(path);
        path.ancestors().find(|above| self.childless.contains(above)).filter(|_| !is_there)
    }

    fn spell(&self, path: &FolderPath) -> FolderPath {
        let levels = path.levels().iter().map(|level| self.spell_level(level));
        let levels: Vec<String> = match self.style.separator {
            Some(_) => levels.collect(),
            // A flat server: the levels become one name.
            None => vec![levels.collect::<Vec<_>>().join("-")],
        };
        FolderPath::new(levels).unwrap_or_else(|_| path.clone())
    }

    fn spell_level(&self, level: &str) -> String {
        let refused = |c: char| Some(c) == self.style.separator || c.is_control();
        let spelt: String = level.chars().map(|c| if refused(c) { '_' } else { c }).collect();
        let spelt = self.rules.spell(&spelt);
        if spelt.chars().all(|c| c == ' ') { "_".to_owned() } else { spelt }
    }
}

fn fold(path: &FolderPath) -> String {
    path.to_string().to_lowercase()
}

fn flattened(path: &FolderPath) -> FolderPath {
    FolderPath::new([path.levels().join("-")]).unwrap_or_else(|_| path.clone())
}

fn numbered(path: &FolderPath, number: u32) -> FolderPath {
    let mut levels = path.levels().to_vec();
    if let Some(last) = levels.last_mut() {
        *last = format!("{last} ({number})");
    }
    FolderPath::new(levels).unwrap_or_else(|_| path.clone())
}

#[cfg(test)]
mod tests;
