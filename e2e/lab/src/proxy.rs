//! A TCP proxy that breaks connections where it is told to: after so many bytes, in either direction.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// What happens to a direction once its bytes are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Both sides see the connection end.
    Cut,
    /// Nothing passes any more in this direction; the connection stays open.
    Stall,
    /// From now on one byte passes in each interval.
    Trickle(Duration),
}

/// What happens to one connection. Without a fault all passes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plan {
    /// After so many bytes from the server to the client.
    pub to_client: Option<(u64, Fault)>,
    /// After so many bytes from the client to the server.
    pub to_server: Option<(u64, Fault)>,
}

/// Bytes that a connection has passed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// From the server to the client.
    pub to_client: u64,
    /// From the client to the server.
    pub to_server: u64,
}

#[derive(Debug, Default)]
struct State {
    /// For the connections to come, in order; further ones are left alone.
    plans: VecDeque<Plan>,
    passed: Vec<Passed>,
}

/// A running proxy; it lives as long as the process.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    ToClient,
    ToServer,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1 and passes everything on to `target_port` there.
    pub fn start(target_port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::Builder::new().name("proxy".to_owned()).spawn(move || {
            for client in listener.incoming().flatten() {
                // A server that is down shows as a connection that ends at once.
                drop(connect(client, target_port, &shared));
            }
        })?;
        Ok(Self { port, state })
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next connection without a plan gets this one.
    pub fn plan(&self, plan: Plan) {
        locked(&self.state).plans.push_back(plan);
    }

    /// What each connection has passed on, in the order in which they were opened.
    pub fn passed(&self) -> Vec<Passed> {
        locked(&self.state).passed.clone()
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // The counters stay usable whatever happened to another connection.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(client: TcpStream, target_port: u16, state: &Arc<Mutex<State>>) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", target_port))?;
    let (plan, index) = {
        let mut state = locked(state);
        state.passed.push(Passed::default());
        (state.plans.pop_front().unwrap_or_default(), state.passed.len() - 1)
    };
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let pairs = [
        (client.try_clone()?, server.try_clone()?, Direction::ToServer, plan.to_server),
        (server, client, Direction::ToClient, plan.to_client),
    ];
    for (from, to, direction, fault) in pairs {
        let state = Arc::clone(state);
        thread::spawn(move || {
            // Either side may be gone already; then there is nothing left to end.
            let _ = pass(&from, &to, fault, |bytes| count(&state, index, direction, bytes));
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

fn count(state: &Mutex<State>, index: usize, direction: Direction, bytes: u64) {
    if let Some(passed) = locked(state).passed.get_mut(index) {
        match direction {
            Direction::ToClient => passed.to_client += bytes,
            Direction::ToServer => passed.to_server += bytes,
        }
    }
}

/// Passes bytes on until the end or the fault.
fn pass(mut from: &TcpStream, mut to: &TcpStream, fault: Option<(u64, Fault)>, count: impl Fn(u64)) -> io::Result<()> {
    let mut left = fault.map_or(u64::MAX, |(after, _)| after);
    let mut buffer = vec![0; 1 << 16];
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let got = from.read(&mut buffer[..most])?;
        if got == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..got])?;
        count(got as u64);
        left -= got as u64;
    }
    match fault {
        Some((_, Fault::Stall)) => io::copy(&mut from, &mut io::sink()).map(|_| ()),
        Some((_, Fault::Trickle(interval))) => trickle(from, to, interval, count),
        Some((_, Fault::Cut)) | None => Ok(()),
    }
}

fn trickle(mut from: &TcpStream, mut to: &TcpStream, interval: Duration, count: impl Fn(u64)) -> io::Result<()> {
    let mut byte = [0];
    while from.read(&mut byte)? > 0 {
        thread::sleep(interval);
        to.write_all(&byte)?;
        count(1);
    }
    Ok(())
}
