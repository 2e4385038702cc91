//! A name server (RFC 1035) on loopback, over UDP and TCP, whose records can be changed while it runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// One record of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// An address, A or AAAA.
    Address(IpAddr),
    /// Another name for it; an address of that name is told along if it is known here.
    Alias(String),
    /// A mail exchanger with its preference.
    Mx(u16, String),
    /// A service (RFC 2782): priority, weight, port, target.
    Srv(u16, u16, u16, String),
    /// A text.
    Text(String),
}

const A: u16 = 1;
const CNAME: u16 = 5;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const SRV: u16 = 33;

#[derive(Default)]
struct Zone {
    /// By name, lower case: time to live in seconds, and records.
    names: BTreeMap<String, (u32, Vec<Record>)>,
    /// What was asked for, by name, lower case.
    asked: Vec<String>,
    /// Every question is answered with SERVFAIL.
    in_trouble: bool,
    /// The same for these names, lower case.
    names_in_trouble: BTreeSet<String>,
}

/// A running name server. It lives as long as the process.
#[derive(Clone)]
pub struct DnsServer {
    zone: Arc<Mutex<Zone>>,
    address: SocketAddr,
}

impl DnsServer {
    /// Starts a server that knows no name yet.
    pub fn start() -> io::Result<Self> {
        let (tcp, udp) = listeners()?;
        let address = udp.local_addr()?;
        let zone: Arc<Mutex<Zone>> = Arc::default();
        let shared = Arc::clone(&zone);
        thread::Builder::new().name("dns-udp".to_owned()).spawn(move || serve_udp(&udp, &shared))?;
        let shared = Arc::clone(&zone);
        thread::Builder::new().name("dns-tcp".to_owned()).spawn(move || {
            for stream in tcp.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A client that breaks off is its own affair.
                thread::spawn(move || drop(serve_tcp(stream, &shared)));
            }
        })?;
        Ok(Self { zone, address })
    }

    /// Where it listens, both UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on `name` has exactly these records, which may be kept for so many seconds.
    pub fn set(&self, name: &str, ttl_seconds: u32, records: &[Record]) {
        locked(&self.zone).names.insert(name.to_lowercase(), (ttl_seconds, records.to_vec()));
    }

    /// From now on there is no such name.
    pub fn remove(&self, name: &str) {
        locked(&self.zone).names.remove(&name.to_lowercase());
    }

    /// From now on every question is answered with SERVFAIL, or properly again.
    pub fn set_in_trouble(&self, in_trouble: bool) {
        locked(&self.zone).in_trouble = in_trouble;
    }

    /// From now on every question for `name` is answered with SERVFAIL, or properly again.
    pub fn set_name_in_trouble(&self, name: &str, in_trouble: bool) {
        let names = &mut locked(&self.zone).names_in_trouble;
        if in_trouble {
            names.insert(name.to_lowercase())
        } else {
            names.remove(&name.to_lowercase())
        };
    }

    /// Every name that was asked for, in the order of the questions.
    pub fn asked(&self) -> Vec<String> {
        locked(&self.zone).asked.clone()
    }
}

fn locked(zone: &Mutex<Zone>) -> MutexGuard<'_, Zone> {
    zone.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same port for both.
fn listeners() -> io::Result<(TcpListener, UdpSocket)> {
    let mut last = None;
    for _ in 0..20 {
        let tcp = TcpListener::bind(("127.0.0.1", 0))?;
        match UdpSocket::bind(tcp.local_addr()?) {
            Ok(udp) => return Ok((tcp, udp)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| crate::failed("no port")))
}

fn serve_udp(socket: &UdpSocket, zone: &Mutex<Zone>) {
    let mut buffer = [0; 4096];
    loop {
        let Ok((size, client)) = socket.recv_from(&mut buffer) else { return };
        if let Some(answer) = answer(&buffer[..size], zone) {
            // A client that is gone already needs no answer.
            let _ = socket.send_to(&answer, client);
        }
    }
}

fn serve_tcp(mut stream: TcpStream, zone: &Mutex<Zone>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    loop {
        let mut size = [0; 2];
        stream.read_exact(&mut size)?;
        let mut question = vec![0; usize::from(u16::from_be_bytes(size))];
        stream.read_exact(&mut question)?;
        let Some(answer) = answer(&question, zone) else { return Ok(()) };
        let size = u16::try_from(answer.len()).map_err(io::Error::other)?;
        stream.write_all(&[&size.to_be_bytes()[..], &answer].concat())?;
    }
}

/// The answer to a message with one question; `None` for anything else.
fn answer(message: &[u8], zone: &Mutex<Zone>) -> Option<Vec<u8>> {
    let id = message.get(..2)?;
    let (name, end) = read_name(message, 12)?;
    let kind = u16::from_be_bytes(message.get(end..end + 2)?.try_into().ok()?);
    let question = message.get(12..end + 4)?;
    let mut zone = locked(zone);
    zone.asked.push(name.clone());
    let in_trouble = zone.in_trouble || zone.names_in_trouble.contains(&name);
    let records = if in_trouble { Vec::new() } else { found(&zone, &name, kind) };
    let code = match zone.names.contains_key(&name) {
        _ if in_trouble => 2,
        true => 0,
        false => 3,
    };
    let count = u16::try_from(records.len()).ok()?;
    let mut answer = Vec::new();
    answer.extend(id);
    // A response, authoritative, recursion available.
    answer.extend([0x84 | (message.get(2)? & 1), 0x80 | code]);
    answer.extend([0, 1]);
    answer.extend(count.to_be_bytes());
    answer.extend([0, 0, 0, 0]);
    answer.extend(question);
    for (owner, ttl, record) in records {
        write_record(&mut answer, &owner, ttl, &record)?;
    }
    Some(answer)
}

/// The records of this type, or the alias with what it leads to.
fn found(zone: &Zone, name: &str, kind: u16) -> Vec<(String, u32, Record)> {
    let mut all = Vec::new();
    let mut name = name.to_owned();
    // An alias of an alias of …: enough, even if they go round in a circle.
    for _ in 0..8 {
        let Some((ttl, records)) = zone.names.get(&name) else { break };
        let fitting = records.iter().filter(|record| type_of(record) == kind);
        all.extend(fitting.map(|record| (name.clone(), *ttl, record.clone())));
        let alias = records.iter().find_map(|record| match record {
            Record::Alias(target) if kind != CNAME => Some(target.to_lowercase()),
            _ => None,
        });
        let Some(target) = alias else { break };
        all.push((name, *ttl, Record::Alias(target.clone())));
        name = target;
    }
    all
}

fn type_of(record: &Record) -> u16 {
    match record {
        Record::Address(IpAddr::V4(_)) => A,
        Record::Address(IpAddr::V6(_)) => AAAA,
        Record::Alias(_) => CNAME,
        Record::Mx(..) => MX,
        Record::Srv(..) => SRV,
        Record::Text(_) => TXT,
    }
}

fn write_record(out: &mut Vec<u8>, owner: &str, ttl: u32, record: &Record) -> Option<()> {
    write_name(out, owner)?;
    out.extend(type_of(record).to_be_bytes());
    out.extend([0, 1]);
    out.extend(ttl.to_be_bytes());
    let mut data = Vec::new();
    match record {
        Record::Address(IpAddr::V4(address)) => data.extend(address.octets()),
        Record::Address(IpAddr::V6(address)) => data.extend(address.octets()),
        Record::Alias(target) => write_name(&mut data, target)?,
        Record::Mx(preference, exchange) => {
            data.extend(preference.to_be_bytes());
            write_name(&mut data, exchange)?;
        }
        Record::Srv(priority, weight, port, target) => {
            for number in [priority, weight, port] {
                data.extend(number.to_be_bytes());
            }
            write_name(&mut data, target)?;
        }
        Record::Text(text) => {
            for part in text.as_bytes().chunks(255) {
                data.push(u8::try_from(part.len()).ok()?);
                data.extend(part);
            }
        }
    }
    out.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
    out.extend(data);
    Some(())
}

fn write_name(out: &mut Vec<u8>, name: &str) -> Option<()> {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        out.push(u8::try_from(label.len()).ok().filter(|size| *size < 64)?);
        out.extend(label.as_bytes());
    }
    out.push(0);
    Some(())
}

/// The name at `at`, lower case, without final dot, and where it ends. Questions are not compressed.
fn read_name(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let size = usize::from(*message.get(at)?);
        at += 1;
        if size == 0 {
            return Some((labels.join("."), at));
        }
        if size > 63 {
            return None;
        }
        labels.push(String::from_utf8_lossy(message.get(at..at + size)?).to_lowercase());
        at += size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(name: &str, kind: u16) -> Vec<u8> {
        let mut message = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        write_name(&mut message, name).expect("a name");
        message.extend(kind.to_be_bytes());
        message.extend([0, 1]);
        message
    }

    #[test]
    fn what_is_set_is_told_and_what_is_not_does_not_exist() {
        let zone = Mutex::new(Zone::default());
        let records = vec![Record::Mx(10, "mx.example".to_owned())];
        locked(&zone).names.insert("old.example".to_owned(), (60, records));
        let told = answer(&ask("Old.Example", MX), &zone).expect("an answer");
        assert_eq!((told[3] & 15, told[7]), (0, 1));
        let other = answer(&ask("old.example", A), &zone).expect("an answer");
        assert_eq!((other[3] & 15, other[7]), (0, 0), "the name is there, an address is not");
        let unknown = answer(&ask("new.example", A), &zone).expect("an answer");
        assert_eq!((unknown[3] & 15, unknown[7]), (3, 0));
        assert_eq!(locked(&zone).asked, ["old.example", "old.example", "new.example"]);
    }
}
