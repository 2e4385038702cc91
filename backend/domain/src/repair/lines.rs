//! The lines of a body: the end of the last one, and those that are too long.

use super::{LINE_LIMIT, Repair};

/// Writes lines.
#[derive(Debug)]
pub(super) struct Lines {
    last: Repair,
    line: Vec<u8>,
    /// Bytes of this line that are written already.
    written: usize,
    part: Part,
}

/// The encoding of what is being written: only quoted-printable knows a line's end that is none.
#[derive(Debug, Default)]
struct Part {
    multipart: bool,
    in_header: bool,
    quoted: bool,
}

impl Part {
    fn learn(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(&line[..line.len().min(200)]).to_ascii_lowercase();
        if text.starts_with("content-transfer-encoding:") {
            self.quoted = text.contains("quoted-printable");
        } else if text.starts_with("content-type:") {
            self.multipart |= text.contains("multipart/");
        }
    }

    fn pass(&mut self, line: &[u8]) {
        if self.multipart && line.starts_with(b"--") {
            (self.in_header, self.quoted) = (true, false);
        } else if self.in_header && line.is_empty() {
            self.in_header = false;
        } else if self.in_header {
            self.learn(line);
        }
    }
}

impl Lines {
    pub(super) fn new(last: Repair) -> Self {
        Self { last, line: Vec::new(), written: 0, part: Part::default() }
    }

    /// Looks at the message's header.
    pub(super) fn learn(&mut self, header: &[Vec<u8>]) {
        for line in header {
            self.part.learn(line);
        }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            self.byte(byte, out);
        }
    }

    pub(super) fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.line.len() == LINE_LIMIT {
            if self.last >= Repair::LongLines {
                self.break_line(out);
            } else {
                self.written += self.line.len();
                out.append(&mut self.line);
            }
        }
        self.line.push(byte);
    }

    pub(super) fn end_line(&mut self, out: &mut Vec<u8>) {
        if self.written == 0 {
            self.part.pass(&self.line);
        }
        out.append(&mut self.line);
        out.extend_from_slice(b"\r\n");
        self.written = 0;
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        if self.line.is_empty() && self.written == 0 {
            return;
        }
        if self.last >= Repair::FinalLineEnd {
            self.end_line(out);
        } else {
            out.append(&mut self.line);
        }
    }

    /// The line is full, and more comes.
    fn break_line(&mut self, out: &mut Vec<u8>) {
        let at = if self.part.quoted { self.soft_break() } else { self.gentle_break() };
        let rest = self.line.split_off(at);
        out.append(&mut self.line);
        out.extend_from_slice(if self.part.quoted { b"=\r\n".as_slice() } else { b"\r\n" });
        self.line = rest;
    }

    /// In quoted-printable `=` at the end of a line is no line's end; `=C3` must stay whole.
    fn soft_break(&self) -> usize {
        let at = self.line.len() - 1;
        let escape = self.line[at - 2..at].iter().position(|&byte| byte == b'=');
        escape.map_or(at, |behind| at - 2 + behind)
    }

    /// Behind a space if there is one not too far off, else between two characters.
    fn gentle_break(&self) -> usize {
        let half = self.line.len() / 2;
        if let Some(space) = self.line[half..].iter().rposition(|&byte| byte == b' ') {
            return half + space + 1;
        }
        // Nothing but the beginning of a UTF-8 character may come next; three bytes back at most.
        let start = (self.line.len() - 3..self.line.len()).rev().find(|&at| self.line[at] >= 0xc0);
        start.unwrap_or(self.line.len())
    }
}
