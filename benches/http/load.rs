//! The load: one thread that keeps some connections busy, each with one request at a time, and checks every answer.
//!
//! It waits for all sockets at once and does little else than read, compare and write, so that one core of it can keep
//! more than one core of a server busy. Requests are whole, head and body, before the clock starts.
//!
//! In a *closed* loop each connection asks again as soon as it is answered: throughput. In an *open* loop requests are
//! due at moments that no answer can delay; latency is counted from the moment at which a request was due, also when it
//! had to wait for a connection (no coordinated omission).

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use fastrand::Rng;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;

use super::args::Arrivals;
use super::cores;

/// An open loop sleeps only where this much time is left: timers are coarse.
const SPIN: Duration = Duration::from_micros(200);
/// How long a server may take over the last answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request with what must come back.
#[derive(Debug, Clone)]
pub struct Request {
    bytes: Box<[u8]>,
    expected: Expected,
}

#[derive(Debug, Clone)]
enum Expected {
    One(bool),
    Each(Box<[bool]>),
    /// Of each pair exactly one, and the same in all pairs: two halves of one edit, which no answer may mix.
    Halves(usize),
}

impl Request {
    /// An evaluation.
    pub fn evaluation(body: &str, allowed: bool) -> Self {
        Self::new("/access/v1/evaluation", body, Expected::One(allowed))
    }

    /// Evaluations of several bodies.
    pub fn evaluations(bodies: &[&str], allowed: Box<[bool]>) -> Self {
        Self::batch(bodies, Expected::Each(allowed))
    }

    /// Evaluations of two bodies in turn, of which always exactly one is allowed, and all through the answer the same.
    pub fn halves(one: &str, other: &str, pairs: usize) -> Self {
        let bodies: Vec<&str> = (0..pairs).flat_map(|_| [one, other]).collect();
        Self::batch(&bodies, Expected::Halves(pairs * 2))
    }

    fn batch(bodies: &[&str], expected: Expected) -> Self {
        let body = format!(r#"{{"evaluations":[{}]}}"#, bodies.join(","));
        Self::new("/access/v1/evaluations", &body, expected)
    }

    fn new(path: &str, body: &str, expected: Expected) -> Self {
        let length = body.len();
        let bytes = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        Self {
            bytes: bytes.into_bytes().into(),
            expected,
        }
    }
}

impl Expected {
    fn is(&self, body: &[u8]) -> bool {
        match self {
            Self::One(true) => body == br#"{"decision":true}"#,
            Self::One(false) => body == br#"{"decision":false}"#,
            Self::Each(allowed) => decisions(body).eq(allowed.iter().copied()),
            Self::Halves(items) => {
                let first = decisions(body).next().unwrap_or(false);
                let halves = (0..*items).map(|at| (at % 2 == 0) == first);
                decisions(body).eq(halves)
            }
        }
    }
}

/// The decisions in the answer to a batch, in their order.
fn decisions(body: &[u8]) -> impl Iterator<Item = bool> + '_ {
    const KEY: &[u8] = br#""decision":"#;
    let mut rest = body;
    std::iter::from_fn(move || {
        let at = rest.windows(KEY.len()).position(|window| window == KEY)?;
        rest = &rest[at + KEY.len()..];
        Some(rest.starts_with(b"true"))
    })
}

/// When to ask.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// As soon as the last answer came.
    Closed,
    /// So many times a second, come what may.
    Open(f64, Arrivals),
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Run {
    /// Answers within the time.
    pub in_time: usize,
    /// Answers in all: the last ones are waited for.
    pub answers: usize,
    /// The time.
    pub took: Duration,
    /// Each answer's latency, with the moment at which its request was due.
    pub latencies: Vec<(Duration, Duration)>,
    /// Answers that were not as expected, or never came.
    pub wrong: usize,
    /// The first of them.
    pub first_wrong: Option<String>,
    /// How much of the time the load itself was busy in a closed loop: near 1, it is the load that was measured.
    pub load_busy: f64,
}

impl Run {
    /// Answers a second.
    pub fn per_second(&self) -> f64 {
        self.in_time as f64 / self.took.as_secs_f64()
    }

    /// The latency that such a part of the requests of a time did not exceed.
    pub fn quantile(&self, part: f64, from: Duration, until: Duration) -> Duration {
        let within = |due: &Duration| (from..until).contains(due);
        let latencies = self.latencies.iter().filter(|(due, _)| within(due));
        let mut latencies: Vec<Duration> = latencies.map(|(_, latency)| *latency).collect();
        latencies.sort_unstable();
        let rank = (latencies.len() as f64 * part).ceil() as usize;
        let at = rank.clamp(1, latencies.len().max(1)) - 1;
        latencies.get(at).copied().unwrap_or_default()
    }

    /// Ends the bench unless every answer was as expected.
    pub fn checked(self, whom: &str) -> Self {
        if let Some(first) = &self.first_wrong {
            panic!("{whom} gave {} wrong answers, first: {first}", self.wrong);
        }
        self
    }
}

/// Connections to a server.
pub struct Load {
    connections: Vec<Connection>,
    poll: OwnedFd,
    /// The floor allows everything.
    always_allowed: bool,
    /// The next request to send, so that runs go on where the last one ended.
    next: usize,
}

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    /// The request under way, and when it was due.
    asked: Option<(usize, Instant)>,
}

impl Load {
    /// Connects to the sidecar.
    pub fn to_sidecar(address: SocketAddr, connections: usize) -> Self {
        Self::connect(address, connections, false)
    }

    /// Connects to the floor, which allows everything.
    pub fn to_floor(address: SocketAddr, connections: usize) -> Self {
        Self::connect(address, connections, true)
    }

    fn connect(address: SocketAddr, connections: usize, always_allowed: bool) -> Self {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("epoll");
        let connect = |at: usize| {
            let stream = TcpStream::connect(address).expect("a connection");
            stream.set_nodelay(true).expect("an option of TCP");
            stream.set_nonblocking(true).expect("an option of sockets");
            let data = epoll::EventData::new_u64(at as u64);
            epoll::add(&poll, &stream, data, epoll::EventFlags::IN).expect("epoll");
            Connection {
                stream,
                received: Vec::with_capacity(64 << 10),
                asked: None,
            }
        };
        Self {
            connections: (0..connections).map(connect).collect(),
            poll,
            always_allowed,
            next: 0,
        }
    }

    /// Asks these requests one after the other, from the first again after the last, for some time.
    pub fn run(&mut self, requests: &[Request], pace: Pace, time: Duration) -> Run {
        Asking {
            load: self,
            requests,
            run: Run::default(),
            due: VecDeque::new(),
            idle: Vec::new(),
            started: Instant::now(),
        }
        .run(pace, time)
    }
}

/// One run.
struct Asking<'a> {
    load: &'a mut Load,
    requests: &'a [Request],
    run: Run,
    /// Requests that are due and wait for a connection.
    due: VecDeque<Instant>,
    idle: Vec<usize>,
    started: Instant,
}

impl Asking<'_> {
    fn run(mut self, pace: Pace, time: Duration) -> Run {
        self.idle = (0..self.load.connections.len()).collect();
        let end = self.started + time;
        let mut schedule = Schedule::new(pace, self.started);
        let busy = cores::time_of_this_thread();
        let mut ended = false;
        loop {
            let now = Instant::now();
            if !ended && now >= end {
                ended = true;
                self.run.in_time = self.run.answers;
                self.run.took = now - self.started;
                let busy = cores::time_of_this_thread().saturating_sub(busy);
                self.run.load_busy = busy.as_secs_f64() / self.run.took.as_secs_f64();
            }
            let all_idle = self.idle.len() == self.load.connections.len();
            if ended && ((all_idle && self.due.is_empty()) || now > end + PATIENCE) {
                return self.end();
            }
            if !ended {
                schedule.plan(now.min(end), self.idle.len(), &mut self.due);
            }
            self.send();
            let wait = match schedule.next {
                Some(next) if !ended => next.saturating_duration_since(Instant::now()),
                _ => Duration::from_millis(10),
            };
            self.receive(if wait < SPIN {
                Duration::ZERO
            } else {
                wait - SPIN
            });
        }
    }

    fn end(mut self) -> Run {
        for connection in &mut self.load.connections {
            if connection.asked.take().is_some() {
                self.run.wrong += 1;
                self.run
                    .first_wrong
                    .get_or_insert("no answer in time".to_owned());
            }
        }
        self.run
    }

    /// Sends what is due on the connections that are idle.
    fn send(&mut self) {
        while let Some(at) = self.idle.last().copied()
            && let Some(due) = self.due.pop_front()
        {
            self.idle.pop();
            let number = self.load.next % self.requests.len();
            self.load.next = number + 1;
            let connection = &mut self.load.connections[at];
            connection.asked = Some((number, due));
            let bytes = &self.requests[number].bytes;
            // A request fits into what the kernel buffers, for nothing else is under way on this connection.
            if let Err(error) = connection.stream.write_all(bytes) {
                panic!("a request cannot be sent: {error}");
            }
        }
    }

    /// Waits for answers and takes those that came.
    fn receive(&mut self, wait: Duration) {
        let mut events = [const {
            epoll::Event {
                flags: epoll::EventFlags::empty(),
                data: epoll::EventData::new_u64(0),
            }
        }; 64];
        let wait = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(0),
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        let count = match epoll::wait(&self.load.poll, &mut events, Some(&wait)) {
            Ok(count) => count,
            Err(Errno::INTR) => 0,
            Err(error) => panic!("epoll: {error}"),
        };
        for event in events.iter().take(count) {
            let at = usize::try_from(event.data.u64()).unwrap_or(0);
            self.take(at);
        }
    }

    fn take(&mut self, at: usize) {
        let connection = &mut self.load.connections[at];
        connection.read();
        let Some((length, is_ok, body)) = whole(&connection.received) else {
            return;
        };
        let Some((number, due)) = connection.asked.take() else {
            panic!("an answer to nothing");
        };
        let request = &self.requests[number];
        let expected = match self.load.always_allowed {
            true => &Expected::One(true),
            false => &request.expected,
        };
        if !(is_ok && expected.is(body)) {
            self.run.wrong += 1;
            self.run.first_wrong.get_or_insert_with(|| {
                format!(
                    "asked\n{}\nexpected {expected:?}, answered\n{}",
                    String::from_utf8_lossy(&request.bytes),
                    String::from_utf8_lossy(&connection.received)
                )
            });
        }
        connection.received.drain(..length);
        self.run.answers += 1;
        self.run
            .latencies
            .push((due.saturating_duration_since(self.started), due.elapsed()));
        self.idle.push(at);
    }
}

impl Connection {
    fn read(&mut self) {
        let mut buffer = [0; 16 << 10];
        match self.stream.read(&mut buffer) {
            Ok(0) => panic!("the server closed a connection"),
            Ok(count) => self.received.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => panic!("an answer cannot be read: {error}"),
        }
    }
}

/// One connection that waits for each answer: who asks until the answer changes.
pub struct Probe {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Probe {
    /// Connects to a server.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("an option of TCP");
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// Whether the answer is as expected.
    pub fn finds(&mut self, request: &Request) -> bool {
        self.received.clear();
        self.stream.write_all(&request.bytes).expect("sent");
        let mut buffer = [0; 4 << 10];
        loop {
            if let Some((_, is_ok, body)) = whole(&self.received) {
                return is_ok && request.expected.is(body);
            }
            match self.stream.read(&mut buffer) {
                Ok(count) if count > 0 => self.received.extend_from_slice(&buffer[..count]),
                _ => panic!("no answer"),
            }
        }
    }
}

/// When requests are due.
struct Schedule {
    pace: Pace,
    next: Option<Instant>,
    rng: Rng,
}

impl Schedule {
    fn new(pace: Pace, start: Instant) -> Self {
        Self {
            pace,
            next: matches!(pace, Pace::Open(..)).then_some(start),
            // The same moments for all that are compared.
            rng: Rng::with_seed(7),
        }
    }

    fn plan(&mut self, now: Instant, idle: usize, due: &mut VecDeque<Instant>) {
        let Pace::Open(per_second, arrivals) = self.pace else {
            due.extend(std::iter::repeat_n(now, idle));
            return;
        };
        while let Some(next) = self.next
            && next <= now
        {
            due.push_back(next);
            let gaps = match arrivals {
                Arrivals::Even => 1.0,
                Arrivals::Poisson => -(1.0 - self.rng.f64()).ln(),
            };
            self.next = Some(next + Duration::from_secs_f64(gaps / per_second));
        }
    }
}

/// The first whole answer: its length, whether it is a 200, and its body.
fn whole(received: &[u8]) -> Option<(usize, bool, &[u8])> {
    const NAME: &[u8] = b"\r\ncontent-length: ";
    let head = received.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let at = received[..head]
        .windows(NAME.len())
        .position(|it| it.eq_ignore_ascii_case(NAME))?;
    let digits = received[at + NAME.len()..head].iter();
    let length = digits
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    let body = received.get(head..head + length)?;
    Some((head + length, received.starts_with(b"HTTP/1.1 200"), body))
}
