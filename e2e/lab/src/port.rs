//! Free loopback ports.

use std::{
    fs, io,
    net::TcpListener,
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::patience;

/// Below Linux's range for outgoing connections (32768 and up), so that no client can take a port in between.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

/// A TCP port that nothing listens on at the moment.
pub fn free_port() -> io::Result<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_nanos()) ^ (process::id() << 8);
    for _ in 0..COUNT {
        let offset = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(7919)) % COUNT;
        let port = u16::try_from(FIRST + offset).map_err(io::Error::other)?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(crate::failed("no free port on 127.0.0.1"))
}

/// Waits until nothing listens on `port` any more: a server's last processes may outlive it for a moment, and the next
/// one could not have its port.
pub(crate) fn await_free(port: u16) -> io::Result<()> {
    let free = || Ok((!is_listened_on(port)?).then_some(()));
    patience::until(Duration::from_secs(60), &format!("something goes on listening on port {port}"), free)
}

/// Whether anything of this machine listens there. Asked of Linux, because binding it would let clients in.
fn is_listened_on(port: u16) -> io::Result<bool> {
    const LISTEN: &str = "0A";
    let at = format!(":{port:04X}");
    let listens = |line: &str| {
        let mut columns = line.split_whitespace().skip(1);
        columns.next().is_some_and(|local| local.ends_with(&at)) && columns.nth(1) == Some(LISTEN)
    };
    Ok(fs::read_to_string("/proc/net/tcp")?.lines().any(listens))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_free_once_nobody_listens_on_it() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        assert!(is_listened_on(port).expect("Linux tells"));
        drop(listener);
        await_free(port).expect("free");
    }
}
