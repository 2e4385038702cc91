//! Names for the name server of `lab up`, told on the standard input while it runs: one JSON object a line, answered
//! by one line.

use std::{io::BufRead, net::IpAddr};

use mailferry_lab::{DnsServer, Record};
use serde::Deserialize;
use serde_json::json;

use crate::print;

/// From now on the name has exactly these records.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    /// How long they may be kept, seconds.
    #[serde(default = "an_hour")]
    ttl: u32,
    #[serde(default)]
    addresses: Vec<IpAddr>,
    /// Mail exchangers, the first one preferred.
    #[serde(default)]
    mx: Vec<String>,
    /// Ports and hosts of a service.
    #[serde(default)]
    srv: Vec<(u16, String)>,
    #[serde(default)]
    texts: Vec<String>,
}

fn an_hour() -> u32 {
    3600
}

impl Entry {
    fn records(&self) -> Vec<Record> {
        let addresses = self.addresses.iter().copied().map(Record::Address);
        let mx = (1..).zip(&self.mx).map(|(at, host)| Record::Mx(at * 10, host.clone()));
        let srv = self.srv.iter().map(|(port, host)| Record::Srv(0, 1, *port, host.clone()));
        let texts = self.texts.iter().cloned().map(Record::Text);
        addresses.chain(mx).chain(srv).chain(texts).collect()
    }
}

/// Does what the lines say until there are no more.
pub(crate) fn follow(lines: impl BufRead, server: &DnsServer) {
    for line in lines.lines().map_while(Result::ok) {
        match serde_json::from_str::<Entry>(&line) {
            Ok(name) => {
                server.set(&name.name, name.ttl, &name.records());
                print(&json!({ "set": name.name }));
            }
            Err(error) => print(&json!({ "error": error.to_string() })),
        }
    }
}
