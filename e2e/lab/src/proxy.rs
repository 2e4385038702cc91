//! A TCP proxy that breaks connections where it is told to: after so many bytes, in either direction.

mod lines;

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use self::lines::Lines;

/// What happens to a direction once its bytes are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Both sides see the connection end.
    Cut,
    /// Both sides see the connection reset.
    Reset,
    /// Nothing passes any more in this direction; the connection stays open.
    Stall,
    /// From now on one byte passes in each interval.
    Trickle(Duration),
    /// From now on so many bytes pass at a time: the other side must put them together again.
    Slice(usize),
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

/// What was said on one connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Talk {
    /// By the server.
    pub to_client: Vec<u8>,
    /// By the client.
    pub to_server: Vec<u8>,
}

/// Makes another line of a line that the server says; the line end is part of it.
pub type Rewrite = fn(Vec<u8>) -> Vec<u8>;

/// What a proxy does besides breaking connections.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProxyOptions {
    /// Keeps what is said, for [`Proxy::talk`].
    pub record: bool,
    /// Puts other words into the server's mouth.
    pub rewrite: Option<Rewrite>,
}

#[derive(Debug, Default)]
struct State {
    /// For the connections to come, in order; further ones are left alone.
    plans: VecDeque<Plan>,
    passed: Vec<Passed>,
    talk: Vec<Talk>,
    struck: u64,
}

/// A running proxy; it takes no more connections once this value is gone.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
    ended: Arc<AtomicBool>,
    frozen: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    ToClient,
    ToServer,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1 and passes everything on to `target_port` there.
    pub fn start(target_port: u16) -> io::Result<Self> {
        Self::start_with(target_port, ProxyOptions::default())
    }

    /// The same, and more.
    pub fn start_with(target_port: u16, options: ProxyOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let proxy = Self { port, state: Arc::default(), ended: Arc::default(), frozen: Arc::default() };
        let (state, ended, frozen) = (Arc::clone(&proxy.state), Arc::clone(&proxy.ended), Arc::clone(&proxy.frozen));
        thread::Builder::new().name("proxy".to_owned()).spawn(move || {
            for client in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                // A server that is down shows as a connection that ends at once.
                drop(connect(client, target_port, options, (&state, &frozen)));
            }
        })?;
        Ok(proxy)
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next connection without a plan gets this one.
    pub fn plan(&self, plan: Plan) {
        locked(&self.state).plans.push_back(plan);
    }

    /// Connections to come are left alone.
    pub fn forget_plans(&self) {
        locked(&self.state).plans.clear();
    }

    /// From now on nothing passes in either direction of any connection, until it is thawed: a line that is cut somewhere
    /// in between.
    pub fn freeze(&self) {
        self.frozen.store(true, Ordering::SeqCst);
    }

    /// Everything passes again, what was held back first.
    pub fn thaw(&self) {
        self.frozen.store(false, Ordering::SeqCst);
    }

    /// What each connection has passed on, in the order in which they were opened.
    pub fn passed(&self) -> Vec<Passed> {
        locked(&self.state).passed.clone()
    }

    /// What was said on each connection, if that is recorded.
    pub fn talk(&self) -> Vec<Talk> {
        locked(&self.state).talk.clone()
    }

    /// How many faults have come true so far.
    pub fn struck(&self) -> u64 {
        locked(&self.state).struck
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees that it is over.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // The counters stay usable whatever happened to another connection.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One direction of one connection.
struct Way {
    from: TcpStream,
    to: TcpStream,
    direction: Direction,
    index: usize,
    record: bool,
    lines: Option<Lines>,
    /// Of both directions: the connection ends with RST, not with FIN.
    reset: Arc<AtomicBool>,
    frozen: Arc<AtomicBool>,
    state: Arc<Mutex<State>>,
}

fn connect(
    client: TcpStream,
    target_port: u16,
    options: ProxyOptions,
    (state, frozen): (&Arc<Mutex<State>>, &Arc<AtomicBool>),
) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", target_port))?;
    let (plan, index) = {
        let mut state = locked(state);
        state.passed.push(Passed::default());
        state.talk.push(Talk::default());
        (state.plans.pop_front().unwrap_or_default(), state.passed.len() - 1)
    };
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let reset = Arc::new(AtomicBool::new(false));
    let way = |from, to, direction| Way {
        from,
        to,
        direction,
        index,
        record: options.record,
        lines: options.rewrite.filter(|_| matches!(direction, Direction::ToClient)).map(Lines::new),
        reset: Arc::clone(&reset),
        frozen: Arc::clone(frozen),
        state: Arc::clone(state),
    };
    let ways = [
        (way(client.try_clone()?, server.try_clone()?, Direction::ToServer), plan.to_server),
        (way(server, client, Direction::ToClient), plan.to_client),
    ];
    for (mut way, fault) in ways {
        thread::spawn(move || {
            // Either side may be gone already; then there is nothing left to end.
            let _ = way.pass(fault);
            way.end();
        });
    }
    Ok(())
}

impl Way {
    /// Passes bytes on until the end or the fault.
    fn pass(&mut self, fault: Option<(u64, Fault)>) -> io::Result<()> {
        if !self.pass_bytes(fault.map_or(u64::MAX, |(after, _)| after), 1 << 16)? {
            return Ok(());
        }
        let Some((_, fault)) = fault else { return Ok(()) };
        locked(&self.state).struck += 1;
        match fault {
            Fault::Cut => Ok(()),
            Fault::Reset => self.reset(),
            Fault::Stall => io::copy(&mut self.from, &mut io::sink()).map(|_| ()),
            Fault::Trickle(interval) => self.trickle(interval),
            Fault::Slice(bytes) => self.pass_bytes(u64::MAX, bytes).map(|_| ()),
        }
    }

    /// Passes `left` bytes, so many at a time; false if the end came before.
    fn pass_bytes(&mut self, mut left: u64, at_a_time: usize) -> io::Result<bool> {
        let mut buffer = vec![0; at_a_time];
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let got = self.from.read(&mut buffer[..most])?;
            if got == 0 {
                return Ok(false);
            }
            self.say(&buffer[..got])?;
            left -= got as u64;
        }
        Ok(true)
    }

    fn trickle(&mut self, interval: Duration) -> io::Result<()> {
        let mut byte = [0];
        while self.from.read(&mut byte)? > 0 {
            thread::sleep(interval);
            self.say(&byte)?;
        }
        Ok(())
    }

    /// Closing with the linger time at zero sends RST.
    fn reset(&self) -> io::Result<()> {
        self.reset.store(true, Ordering::SeqCst);
        for stream in [&self.from, &self.to] {
            socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
        }
        Ok(())
    }

    /// Wakes the other direction, which then ends too.
    fn end(&self) {
        // Shutting the writing half down would send FIN.
        let how = if self.reset.load(Ordering::SeqCst) { Shutdown::Read } else { Shutdown::Both };
        for stream in [&self.from, &self.to] {
            // It may be gone already.
            let _ = stream.shutdown(how);
        }
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        while self.frozen.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(10));
        }
        // Counted first: who has got the bytes may ask at once.
        self.count(bytes);
        match &mut self.lines {
            Some(lines) => self.to.write_all(&lines.rewrite(bytes)),
            None => self.to.write_all(bytes),
        }
    }

    fn count(&self, bytes: &[u8]) {
        let mut state = locked(&self.state);
        let record = if self.record { bytes } else { &[] };
        let State { passed, talk, .. } = &mut *state;
        let (Some(passed), Some(talk)) = (passed.get_mut(self.index), talk.get_mut(self.index)) else { return };
        let (passed, talk) = match self.direction {
            Direction::ToClient => (&mut passed.to_client, &mut talk.to_client),
            Direction::ToServer => (&mut passed.to_server, &mut talk.to_server),
        };
        *passed += bytes.len() as u64;
        talk.extend_from_slice(record);
    }
}
