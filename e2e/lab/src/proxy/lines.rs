//! Cuts what a server says into lines, so that whole ones can be rewritten.

use super::Rewrite;

pub(super) struct Lines {
    rewrite: Rewrite,
    /// The beginning of a line whose end has not come yet. A server's last words always end a line, so that nothing
    /// is held back for long.
    begun: Vec<u8>,
}

impl Lines {
    pub(super) fn new(rewrite: Rewrite) -> Self {
        Self { rewrite, begun: Vec::new() }
    }

    pub(super) fn rewrite(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.begun.extend_from_slice(bytes);
        let end = self.begun.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = self.begun.split_off(end);
        let lines = std::mem::replace(&mut self.begun, rest);
        lines.split_inclusive(|byte| *byte == b'\n').flat_map(|line| (self.rewrite)(line.to_vec())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn a_line_is_rewritten_wherever_it_was_torn() {
        let shout = |line: Vec<u8>| line.to_ascii_uppercase();
        for at in 0..12 {
            let (first, second) = b"one\r\ntwo\r\nx\n".split_at(at);
            let mut lines = Lines::new(shout);
            assert_eq!([lines.rewrite(first), lines.rewrite(second)].concat(), b"ONE\r\nTWO\r\nX\n");
        }
    }
}
