//! A visitor's side of HTTP/1.1: one connection that is kept, and no more of the protocol than these
//! pages need, so that what is measured is the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;

/// Nobody waits longer than this for one answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// One visitor.
pub(crate) struct Client {
    server: SocketAddr,
    /// The address that the proxy in front would tell: limits are for each network.
    from: Ipv4Addr,
    stream: Option<TcpStream>,
    request: Vec<u8>,
    read: Vec<u8>,
    body: Vec<u8>,
}

/// The part of an answer that tells what to do next; the body stays with the client.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
}

/// The beginning of an answer.
struct Head {
    length: usize,
    answer: Answer,
    content_length: Option<usize>,
    chunked: bool,
    closes: bool,
}

impl Client {
    pub(crate) fn new(server: SocketAddr) -> Self {
        let from = Ipv4Addr::new(10, 0, 0, 1);
        Self {
            server,
            from,
            stream: None,
            request: Vec::new(),
            read: Vec::new(),
            body: Vec::new(),
        }
    }

    /// From now on somebody else sits here: the n-th visitor, with a network address of their own.
    pub(crate) fn be(&mut self, visitor: u32) {
        self.from = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 0, 0, 0)) | (visitor & 0x00ff_ffff));
    }

    /// Opens the connection now, so that the next request does not have to.
    pub(crate) async fn connect(&mut self) -> Result<()> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.server).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
        }
        Ok(())
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer> {
        self.write_head("GET", path);
        self.request.extend_from_slice(b"\r\n");
        self.ask().await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Result<Answer> {
        self.write_head("POST", path);
        let more = format!(
            "content-type: application/x-www-form-urlencoded\r\nsec-fetch-site: same-origin\r\n\
             content-length: {}\r\n\r\n{form}",
            form.len()
        );
        self.request.extend_from_slice(more.as_bytes());
        self.ask().await
    }

    /// The body of the last answer.
    pub(crate) fn page(&self) -> Result<&str> {
        Ok(std::str::from_utf8(&self.body)?)
    }

    fn write_head(&mut self, method: &str, path: &str) {
        self.request.clear();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nx-forwarded-for: {}\r\naccept: text/html\r\n",
            self.server, self.from
        );
        self.request.extend_from_slice(head.as_bytes());
    }

    async fn ask(&mut self) -> Result<Answer> {
        match tokio::time::timeout(PATIENCE, self.ask_patiently()).await {
            Ok(answer) => answer,
            Err(_) => Err("no answer within a minute".into()),
        }
    }

    /// A kept connection that the server closed meanwhile is opened again, once.
    async fn ask_patiently(&mut self) -> Result<Answer> {
        let kept = self.stream.is_some();
        match self.exchange().await {
            Err(_) if kept && self.read.is_empty() => {
                self.stream = None;
                self.exchange().await
            }
            answer => answer,
        }
    }

    async fn exchange(&mut self) -> Result<Answer> {
        self.connect().await?;
        self.read.clear();
        self.body.clear();
        let Some(mut stream) = self.stream.take() else {
            return Err("not connected".into());
        };
        stream.write_all(&self.request).await?;
        let head = loop {
            if let Some(head) = read_head(&self.read)? {
                break head;
            }
            more(&mut stream, &mut self.read).await?;
        };
        if head.chunked {
            let mut at = head.length;
            while !self.take_chunk(&mut at)? {
                more(&mut stream, &mut self.read).await?;
            }
        } else {
            let end = head.length + head.content_length.unwrap_or(0);
            while self.read.len() < end {
                more(&mut stream, &mut self.read).await?;
            }
            self.body
                .extend_from_slice(self.read.get(head.length..end).unwrap_or_default());
        }
        if !head.closes {
            self.stream = Some(stream);
        }
        Ok(head.answer)
    }

    /// Moves the chunks that are there to the body; whether the last one was among them.
    fn take_chunk(&mut self, at: &mut usize) -> Result<bool> {
        loop {
            let rest = self.read.get(*at..).unwrap_or_default();
            let Some(line) = rest.windows(2).position(|it| it == b"\r\n") else {
                return Ok(false);
            };
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..line])?.trim(), 16)?;
            let end = line + 2 + size + 2;
            if rest.len() < end {
                return Ok(false);
            }
            self.body.extend_from_slice(&rest[line + 2..end - 2]);
            *at += end;
            if size == 0 {
                return Ok(true);
            }
        }
    }
}

async fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Result<()> {
    read.reserve(32 * 1024);
    match stream.read_buf(read).await? {
        0 => Err("the server closed the connection".into()),
        _ => Ok(()),
    }
}

fn read_head(read: &[u8]) -> Result<Option<Head>> {
    let Some(end) = read.windows(4).position(|it| it == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&read[..end])?;
    let mut lines = text.split("\r\n");
    let status = lines
        .next()
        .and_then(|it| it.split(' ').nth(1))
        .ok_or("an answer without a status")?;
    let mut head = Head {
        length: end + 4,
        answer: Answer {
            status: status.parse()?,
            location: None,
        },
        content_length: None,
        chunked: false,
        closes: false,
    };
    for (name, value) in lines.filter_map(|it| it.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            head.content_length = Some(value.parse()?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            head.chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            head.closes = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("location") {
            head.answer.location = Some(value.to_owned());
        }
    }
    Ok(Some(head))
}
