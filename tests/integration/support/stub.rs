//! A server that answers what a test tells it to, right or wrong.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the server does with a request that it has read.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Sends an answer and keeps the connection.
    Answer {
        status: u16,
        /// More headers, each with its line's end.
        headers: &'static str,
        body: &'static str,
    },
    /// Sends half of an answer and closes.
    BreakOff,
    /// Closes without an answer.
    Close,
    /// Sends nothing and keeps the connection.
    Hang,
    /// Sends an answer that would allow, byte by byte, for a minute.
    Drip,
}

impl Act {
    pub(crate) fn ok(body: &'static str) -> Self {
        Self::status(200, "", body)
    }

    pub(crate) fn status(status: u16, headers: &'static str, body: &'static str) -> Self {
        Self::Answer {
            status,
            headers,
            body,
        }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// Such as `POST /path HTTP/1.1`.
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The server; it serves until the process ends.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Stub {
    /// Acts in turn, one act a request; the last one is for all further requests.
    pub(crate) fn acting(acts: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (acts, log) = (acts.to_vec(), Arc::clone(&received));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (acts, log) = (acts.clone(), Arc::clone(&log));
                thread::spawn(move || serve(&stream, &acts, &log));
            }
        });
        Self { address, received }
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn serve(stream: &TcpStream, acts: &[Act], log: &Mutex<Vec<Received>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let request = receive(&mut reader)?;
        let act = {
            let mut log = log.lock().unwrap();
            log.push(request);
            acts[(log.len() - 1).min(acts.len() - 1)].clone()
        };
        match act {
            Act::Answer {
                status,
                headers,
                body,
            } => {
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\n{headers}\
                     Content-Length: {length}\r\n\r\n{body}"
                );
                writer.write_all(answer.as_bytes()).ok()?;
            }
            Act::BreakOff => {
                let _ = writer
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"decision\":true}");
                return None;
            }
            Act::Close => return None,
            Act::Hang => thread::sleep(Duration::from_secs(60)),
            Act::Drip => {
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n{\"decision\":true}";
                writer.write_all(head).ok()?;
                for _ in 0..600 {
                    thread::sleep(Duration::from_millis(100));
                    writer.write_all(b" ").ok()?;
                }
            }
        }
    }
}

fn receive(reader: &mut BufReader<&TcpStream>) -> Option<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers = lines.split_off(1).into_iter().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_owned(), value.to_owned()))
    });
    let mut request = Received {
        line: lines.pop()?,
        headers: headers.collect(),
        body: String::new(),
    };
    let length = request.header("content-length").unwrap_or("0");
    let mut body = vec![0; length.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}
