//! A line to a server that is some way off: every byte comes so much later, in both directions, and many may be on
//! their way at once.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Pieces on their way at once: 64 KB each at most.
const PIECES: usize = 512;

pub(super) struct Delay {
    port: u16,
}

impl Delay {
    pub(super) fn start(target_port: u16, delay: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A connection that cannot be made ends at once for its client.
                drop(connect(client, target_port, delay));
            }
        });
        Ok(Self { port })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

fn connect(client: TcpStream, target_port: u16, delay: Duration) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", target_port))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    pass(client.try_clone()?, server.try_clone()?, delay);
    pass(server, client, delay);
    Ok(())
}

fn pass(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (sender, receiver) = mpsc::sync_channel::<(Instant, Vec<u8>)>(PIECES);
    thread::spawn(move || {
        let mut piece = vec![0; 64 << 10];
        while let Ok(read) = from.read(&mut piece) {
            if read == 0 || sender.send((Instant::now() + delay, piece[..read].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (at, bytes) in receiver {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
