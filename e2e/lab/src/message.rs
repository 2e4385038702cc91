//! Messages as they are found in the wild, odd ones included. All bytes are deterministic.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::random::Random;

const NAMES: [&str; 9] = [
    "Anna Schäfer",
    "Jürgen Groß",
    "José García",
    "Łukasz Nowak",
    "Mary O'Neill",
    "山田太郎",
    "Олег Иванов",
    "Bob Stone",
    "newsletter",
];
const WORDS: [&str; 36] = [
    "the",
    "mailbox",
    "report",
    "invoice",
    "meeting",
    "tomorrow",
    "please",
    "find",
    "attached",
    "regards",
    "quarterly",
    "numbers",
    "project",
    "Ärger",
    "Übung",
    "schön",
    "Größe",
    "naïve",
    "café",
    "déjà",
    "vu",
    "release",
    "branch",
    "folder",
    "delivery",
    "customer",
    "order",
    "shipping",
    "status",
    "draft",
    "agenda",
    "budget",
    "contract",
    "offer",
    "reply",
    "thanks",
];

/// What is unusual about a message. A sample takes them in turn, so that even a small one has each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oddity {
    None,
    EmptyBody,
    NoHeader,
    Latin1Header,
    Utf8Header,
    NoMessageId,
    NoDate,
    NoFinalNewline,
    LongLine,
    LongHeader,
    HighBytes,
    DotsAndParens,
    TwoContentTypes,
}

impl Oddity {
    pub(crate) const ALL: [Self; 12] = [
        Self::EmptyBody,
        Self::NoHeader,
        Self::Latin1Header,
        Self::Utf8Header,
        Self::NoMessageId,
        Self::NoDate,
        Self::NoFinalNewline,
        Self::LongLine,
        Self::LongHeader,
        Self::HighBytes,
        Self::DotsAndParens,
        Self::TwoContentTypes,
    ];
}

/// What to make.
pub(crate) struct Wanted {
    /// Unique in the mailbox.
    pub(crate) id: String,
    /// About how large, bytes. From 15,000 on the message carries an attachment.
    pub(crate) size: usize,
    pub(crate) oddity: Oddity,
    /// For the Date header, as it stands there.
    pub(crate) date: String,
}

/// One message with LF line ends, as it lies in a Maildir.
pub(crate) fn make(random: &mut Random, wanted: &Wanted) -> Vec<u8> {
    let mut body = Vec::new();
    let mut head = headers(random, wanted);
    if wanted.size > 15_000 {
        with_attachment(random, wanted.size, &mut head, &mut body);
    } else if random.chance(50) {
        head.extend(b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n");
        text(random, wanted.size.saturating_sub(head.len()).max(60), &mut body);
    } else {
        alternative(random, wanted.size.saturating_sub(head.len()).max(120), &mut head, &mut body);
    }
    apply(wanted.oddity, random, &mut head, &mut body);
    if wanted.oddity != Oddity::NoHeader {
        head.push(b'\n');
    }
    head.extend(body);
    head
}

fn headers(random: &mut Random, wanted: &Wanted) -> Vec<u8> {
    let (from, to) = (random.pick(&NAMES), random.pick(&NAMES));
    let mut subject = String::new();
    for _ in 0..random.between(2, 8) {
        subject.push_str(random.pick(&WORDS));
        subject.push(' ');
    }
    let mut head = Vec::new();
    for hop in 0..random.between(1, 3) {
        let text = format!(
            "Received: from mx{hop}.example.net (mx{hop}.example.net [192.0.2.{}])\n\tby mail.example.com with ESMTPS id \
             {:012X}\n\tfor <me@example.com>; {}\n",
            random.between(1, 254),
            random.next() >> 16,
            wanted.date
        );
        head.extend(text.into_bytes());
    }
    head.extend(format!("From: {} <user{}@example.org>\n", encoded(from), random.between(1, 999)).into_bytes());
    head.extend(format!("To: {} <me@example.com>\n", encoded(to)).into_bytes());
    match wanted.oddity {
        Oddity::Latin1Header => head.extend(b"Subject: Gr\xf6\xdfe \xc4rger na\xefve\n"),
        Oddity::Utf8Header => head.extend("Subject: 山 Größe ohne Kodierung\n".as_bytes()),
        _ => head.extend(format!("Subject: {}\n", encoded(subject.trim())).into_bytes()),
    }
    if wanted.oddity != Oddity::NoDate {
        head.extend(format!("Date: {}\n", wanted.date).into_bytes());
    }
    if wanted.oddity != Oddity::NoMessageId {
        head.extend(format!("Message-ID: <{}.{:016x}@example.org>\n", wanted.id, random.next()).into_bytes());
    }
    if random.chance(40) {
        let signature = STANDARD.encode(random.bytes(96));
        head.extend(format!("DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1;\n\tb={signature}\n").into_bytes());
    }
    head
}

/// RFC 2047 where it is needed.
fn encoded(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { format!("=?utf-8?B?{}?=", STANDARD.encode(text)) }
}

fn text(random: &mut Random, size: usize, out: &mut Vec<u8>) {
    let end = out.len() + size;
    while out.len() < end {
        for _ in 0..random.between(6, 12) {
            out.extend(random.pick(&WORDS).as_bytes());
            out.push(b' ');
        }
        out.pop();
        out.push(b'\n');
    }
}

fn boundary(random: &mut Random) -> String {
    format!("=_b{:015x}", random.next() >> 4)
}

const TEXT_PART: &str = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n";
const HTML_PART: &str = "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n";

fn alternative(random: &mut Random, size: usize, head: &mut Vec<u8>, body: &mut Vec<u8>) {
    let mark = boundary(random);
    let line = format!("MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=\"{mark}\"\n");
    head.extend(line.into_bytes());
    body.extend(format!("--{mark}\n{TEXT_PART}").into_bytes());
    text(random, size / 3, body);
    body.extend(format!("\n--{mark}\n{HTML_PART}<html><body><p>").into_bytes());
    text(random, size / 2, body);
    body.extend(format!("</p></body></html>\n\n--{mark}--\n").into_bytes());
}

fn with_attachment(random: &mut Random, size: usize, head: &mut Vec<u8>, body: &mut Vec<u8>) {
    let mark = boundary(random);
    let line = format!("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"{mark}\"\n");
    head.extend(line.into_bytes());
    body.extend(format!("--{mark}\n{TEXT_PART}").into_bytes());
    text(random, 2000, body);
    let name = encoded("Übersicht.pdf");
    let part = format!(
        "--{mark}\nContent-Type: application/pdf; name=\"{name}\"\nContent-Transfer-Encoding: base64\n\
         Content-Disposition: attachment\n\n"
    );
    body.extend(part.into_bytes());
    // 57 bytes make a line of 76 letters and its line end.
    for line in random.bytes((size - 3000) / 77 * 57).chunks(57) {
        body.extend(STANDARD.encode(line).as_bytes());
        body.push(b'\n');
    }
    body.extend(format!("--{mark}--\n").into_bytes());
}

fn apply(oddity: Oddity, random: &mut Random, head: &mut Vec<u8>, body: &mut Vec<u8>) {
    match oddity {
        Oddity::EmptyBody => body.clear(),
        Oddity::NoHeader => {
            head.clear();
            body.insert(0, b'\n');
        }
        Oddity::NoFinalNewline => body.truncate(body.len().saturating_sub(9)),
        Oddity::LongLine => {
            let line = [b"x".repeat(30_000), b"\n".to_vec()].concat();
            body.splice(0..0, line);
        }
        Oddity::LongHeader => {
            head.extend(b"X-NoSpace:value\nX-Long: ");
            head.extend(b"a".repeat(1500));
            head.push(b'\n');
        }
        Oddity::HighBytes => {
            // Every byte above 127, none that is NUL or a line end.
            let mut noise: Vec<u8> = random.bytes(400).iter().map(|byte| byte | 0x80).collect();
            noise.push(b'\n');
            body.splice(0..0, noise);
        }
        Oddity::DotsAndParens => {
            body.splice(0..0, *b".\n..\nFrom the start\n)\nA1 OK done\n* 1 EXISTS\n{10}\n");
        }
        Oddity::TwoContentTypes => head.extend(b"Content-Type: bogus\nContent-Type: text/plain\n"),
        Oddity::None | Oddity::Latin1Header | Oddity::Utf8Header | Oddity::NoMessageId | Oddity::NoDate => {}
    }
}
