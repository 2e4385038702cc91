//! Free loopback ports.

use std::{
    io,
    net::TcpListener,
    process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

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

/// Starts something that listens on `ports`, again and again for a minute: sessions of the server before may hold them for
/// a moment longer.
pub(crate) fn again_on(ports: &[u16], start: impl Fn() -> io::Result<()>) -> io::Result<()> {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let taken = ports.iter().find(|port| TcpListener::bind(("127.0.0.1", **port)).is_err());
        let error = match taken {
            Some(port) => crate::failed(format!("something else listens on port {port}")),
            None => match start() {
                Ok(()) => return Ok(()),
                Err(error) => error,
            },
        };
        if Instant::now() > deadline {
            return Err(error);
        }
        thread::sleep(Duration::from_millis(50));
    }
}
