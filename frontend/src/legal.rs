//! Terms of service and privacy statement: `static/legal-*.txt`, a block a line.

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// Terms of service.
    Terms,
    /// Privacy statement.
    Privacy,
}

impl Document {
    /// Both, in the order in which they stand in the file.
    pub const ALL: [Self; 2] = [Self::Terms, Self::Privacy];

    /// Its address.
    pub fn path(self) -> &'static str {
        match self {
            Self::Terms => "/terms",
            Self::Privacy => "/privacy",
        }
    }
}

/// A line of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block<'a> {
    /// The document's title.
    Title(&'a str),
    /// Of a part.
    Heading(&'a str),
    /// A paragraph.
    Text(&'a str),
    /// An entry of a list.
    Item(&'a str),
}

/// The blocks of `document` in a file's text.
pub fn blocks(text: &str, document: Document) -> Vec<Block<'_>> {
    let at = Document::ALL.iter().position(|known| *known == document).unwrap_or_default();
    text.split("\n---\n").nth(at).unwrap_or_default().lines().filter(|line| !line.is_empty()).map(block).collect()
}

fn block(line: &str) -> Block<'_> {
    let title = || line.strip_prefix("# ").map(Block::Title);
    let heading = || line.strip_prefix("## ").map(Block::Heading);
    let item = || line.strip_prefix("- ").map(Block::Item);
    title().or_else(heading).or_else(item).unwrap_or(Block::Text(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 5] = [
        include_str!("../static/legal-en.txt"),
        include_str!("../static/legal-de.txt"),
        include_str!("../static/legal-nb.txt"),
        include_str!("../static/legal-pt.txt"),
        include_str!("../static/legal-it.txt"),
    ];

    /// Kinds of blocks, numbers of headings, and names to be filled in.
    fn shape(text: &str, document: Document) -> Vec<String> {
        let shape = |block: Block<'_>| {
            let (kind, text) = match block {
                Block::Title(text) => ("title", text),
                Block::Heading(text) => ("heading", text),
                Block::Text(text) => ("text", text),
                Block::Item(text) => ("item", text),
            };
            let number = text.split('.').next().filter(|_| kind == "heading").unwrap_or_default();
            let mut names: Vec<_> = text.split("{{ ").skip(1).filter_map(|rest| rest.split(" }}").next()).collect();
            names.sort_unstable();
            format!("{kind} {number} {}", names.join(" "))
        };
        blocks(text, document).into_iter().map(shape).collect()
    }

    #[test]
    fn every_language_says_the_same() {
        for document in Document::ALL {
            let english = shape(FILES[0], document);
            assert!(english.len() > 15 && english[0] == "title  ", "{english:?}");
            assert_eq!(english[1], "text  contact operator version");
            for file in &FILES[1..] {
                assert_eq!(shape(file, document), english, "{}", &file[..30]);
            }
        }
    }

    #[test]
    fn a_block_is_what_its_line_begins_with() {
        let text = "# Terms\n\nOne.\n---\n# Privacy\n## 1. Brief\n- item\n";
        assert_eq!(blocks(text, Document::Terms), [Block::Title("Terms"), Block::Text("One.")]);
        assert_eq!(
            blocks(text, Document::Privacy),
            [Block::Title("Privacy"), Block::Heading("1. Brief"), Block::Item("item")]
        );
    }
}
