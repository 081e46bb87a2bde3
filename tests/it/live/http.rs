//! Servers of the network: `record --listen --url` passes everything on as it is
//! and keeps what is a message, `inventory --url` keeps what the server lists.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;
use std::thread;

use super::*;
use crate::support::{Ran, fresh, mcppolicy, run, write};

/// A tap on a server.
pub struct Tap {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    pub address: String,
}

impl Tap {
    pub fn new(dir: &Path, url: &str, more: &[&str]) -> Tap {
        let mut command = mcppolicy(dir);
        command.args([
            "record",
            "-o",
            "t.jsonl",
            "--listen",
            "127.0.0.1:0",
            "--url",
            url,
        ]);
        let mut child = piped(command.args(more));
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let said = line
            .strip_prefix("mcppolicy: listening on http://")
            .expect(&line);
        let address = said.split('/').next().unwrap().to_owned();
        Tap {
            child,
            stderr,
            address,
        }
    }

    /// Ends the tap; its exit code, and what else it has said.
    pub fn end(mut self) -> (Option<i32>, String) {
        let sent = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        let code = self.child.wait().unwrap().code();
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (code, said)
    }
}

/// Reads up to the empty line behind the headers.
pub fn head(stream: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).unwrap() == 0 {
            break;
        }
    }
    head
}

/// The value of a header.
pub fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.to_owned())
}

/// Reads a body to its end, whatever says where that is.
pub fn body(head: &str, stream: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut body = Vec::new();
    if let Some(length) = header(head, "content-length") {
        body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
    } else if header(head, "transfer-encoding").is_some() {
        while let Some(chunk) = chunk(stream) {
            body.extend(chunk);
        }
    }
    body
}

/// The next chunk of a body; nothing at its end.
pub fn chunk(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut length = String::new();
    stream.read_line(&mut length).unwrap();
    let length = usize::from_str_radix(length.trim(), 16).unwrap();
    let mut chunk = vec![0; length + 2];
    stream.read_exact(&mut chunk).unwrap();
    chunk.truncate(length);
    (length > 0).then_some(chunk)
}

/// A server that handles one connection after the other; its URL.
pub fn upstream(
    mut handle: impl FnMut(String, Vec<u8>, &mut TcpStream) + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let head = head(&mut reader);
            if head.is_empty() {
                continue;
            }
            let body = body(&head, &mut reader);
            handle(head, body, &mut stream);
        }
    });
    url
}

/// Sends a request on a connection of its own.
pub fn send(address: &str, head: &str, body: &[u8]) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = head.replace("HOST", address).replace('\n', "\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    BufReader::new(stream)
}

pub fn post(body: &[u8], more: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\nHost: HOST\nConnection: close\nContent-Type: application/json\n\
         Content-Length: {}\n{more}\n",
        body.len()
    )
}

pub const CALL: &[u8] = br#"{ "jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"n":1.50}} }"#;
const TOKEN: &str = "s3cret-token-123";
const SESSION: &str = "session-s3cret-1";

#[test]
fn bodies_pass_byte_for_byte_and_no_credential_is_kept() {
    let dir = fresh("http_bytes");
    let answer = format!(
        "{{\"jsonrpc\":\"2.0\",\n \"id\":1,\r\n\t\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":\"Bearer {TOKEN}\"}}],\"n\":1.50}}}}"
    );
    let (seen, requests) = mpsc::channel();
    let said = answer.clone();
    let url = upstream(move |head, body, stream| {
        let is_call = !body.is_empty();
        seen.send((head, body)).unwrap();
        if !is_call {
            // What a client registers with is no message.
            let secret = "{\"client_secret\":\"s3cret-of-the-client\"}";
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                secret.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            return stream.write_all(secret.as_bytes()).unwrap();
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nX-Own: 1\r\n\
                    Transfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        for part in said.as_bytes().chunks(20) {
            let chunk = [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
            stream.write_all(&chunk).unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    let tap = Tap::new(&dir, &url, &[]);
    // In chunks, from a client that closes its side at once and asks for compression.
    let head = format!(
        "POST /mcp HTTP/1.1\nHost: HOST\nConnection: close\nContent-Type: application/json\n\
         Authorization: Bearer {TOKEN}\nMcp-Session-Id: {SESSION}\nAccept-Encoding: gzip\n\
         Mcp-Protocol-Version: 2025-11-25\nTransfer-Encoding: chunked\n\n"
    );
    let mut chunks = Vec::new();
    for part in CALL.chunks(30) {
        chunks.extend([format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat());
    }
    chunks.extend_from_slice(b"0\r\n\r\n");
    let mut client = send(&tap.address, &head, &chunks);
    client.get_ref().shutdown(Shutdown::Write).unwrap();
    let back = super::http::head(&mut client);
    assert!(back.starts_with("HTTP/1.1 200"), "{back}");
    assert_eq!(header(&back, "x-own").as_deref(), Some("1"));
    assert_eq!(String::from_utf8(body(&back, &mut client)).unwrap(), answer);

    let (asked, passed) = requests.recv().unwrap();
    assert_eq!(passed, CALL);
    assert_eq!(
        header(&asked, "accept-encoding").as_deref(),
        Some("identity")
    );
    assert_eq!(
        header(&asked, "authorization"),
        Some(format!("Bearer {TOKEN}"))
    );
    assert_eq!(header(&asked, "mcp-session-id").as_deref(), Some(SESSION));
    let host = url.strip_prefix("http://").unwrap().strip_suffix("/mcp");
    assert_eq!(header(&asked, "host").as_deref(), host);

    let mut client = send(
        &tap.address,
        "GET /register HTTP/1.1\nHost: HOST\nConnection: close\n\n",
        b"",
    );
    let back = super::http::head(&mut client);
    assert!(
        String::from_utf8(body(&back, &mut client))
            .unwrap()
            .contains("s3cret-of-the-client")
    );
    assert!(requests.recv().unwrap().0.starts_with("GET /register "));
    assert_eq!(tap.end(), (Some(0), String::new()));

    let text = std::fs::read_to_string(dir.join("t.jsonl")).unwrap();
    assert!(!text.contains("s3cret"), "{text}");
    assert!(text.contains("\"text\":\"Bearer \u{2026}\""), "{text}");
    assert_eq!(text.matches("1.50").count(), 2, "{text}");
    let records = records(&dir.join("t.jsonl"));
    assert_eq!(records.len(), 2, "{text}");
    assert_eq!(records[0]["session"], records[1]["session"]);
    assert_eq!(records[0]["session"].as_str().unwrap().len(), 32);
    assert_eq!(records[0]["protocol_version"], "2025-11-25");
    assert_eq!(records[1]["dir"], "server->client");
    let mode = dir.join("t.jsonl").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    write(
        &dir,
        "policy.json",
        r#"{"version":"1","default":"deny","tools":{"t":{}}}"#,
    );
    let ran = run(&dir, &["test", "t.jsonl", "--expect", "observed"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

pub fn event(id: u64, message: &str) -> String {
    format!("id: {id}\ndata: {message}\n\n")
}

pub const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

pub fn in_chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

#[test]
fn events_pass_as_they_come_and_a_resumed_stream_counts_once() {
    let dir = fresh("http_events");
    let notice = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#;
    let result = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
    let (go, may_go) = mpsc::channel::<()>();
    let url = upstream(move |head, _, stream| {
        stream.write_all(STREAM.as_bytes()).unwrap();
        if header(&head, "last-event-id").is_some() {
            let events = event(1, notice) + &event(2, result);
            stream.write_all(in_chunk(&events).as_bytes()).unwrap();
        } else {
            // One event in two pieces, and nothing more before it has come through.
            let text = event(1, notice);
            let (first, second) = text.split_at(20);
            for piece in [first, second] {
                stream.write_all(in_chunk(piece).as_bytes()).unwrap();
            }
            may_go.recv().unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    let tap = Tap::new(&dir, &url, &[]);
    let session = format!("Mcp-Session-Id: {SESSION}\n");
    let mut client = send(&tap.address, &post(CALL, &session), CALL);
    let back = head(&mut client);
    assert_eq!(
        header(&back, "content-type").as_deref(),
        Some("text/event-stream")
    );
    let mut seen = Vec::new();
    while !seen.ends_with(b"\n\n") {
        seen.extend(chunk(&mut client).unwrap());
    }
    assert_eq!(String::from_utf8(seen).unwrap(), event(1, notice));
    go.send(()).unwrap();
    assert_eq!(chunk(&mut client), None);
    let resume =
        format!("GET /mcp HTTP/1.1\nHost: HOST\nConnection: close\n{session}Last-Event-Id: 0\n\n");
    let mut client = send(&tap.address, &resume, b"");
    let back = head(&mut client);
    let events = String::from_utf8(body(&back, &mut client)).unwrap();
    assert_eq!(events, event(1, notice) + &event(2, result));
    assert_eq!(tap.end().0, Some(0));
    let records = records(&dir.join("t.jsonl"));
    let kinds: Vec<String> = records
        .iter()
        .map(|record| match record.get("noise") {
            Some(noise) => noise.as_str().unwrap().to_owned(),
            None => record["message"]["method"]
                .as_str()
                .unwrap_or("result")
                .to_owned(),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "tools/call",
            "notifications/progress",
            "an event that has passed before",
            "result"
        ]
    );
    let ran = run(&dir, &["import", "t.jsonl"]);
    assert!(
        ran.out.contains("\"observed\":\"allow\""),
        "the call has its answer: {}",
        ran.out
    );
}

#[test]
fn a_client_that_vanishes_is_noticed_and_harms_nobody_else() {
    let dir = fresh("http_vanishes");
    let notice = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#;
    let result = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
    let (ended, has_ended) = mpsc::channel();
    let mut is_first = true;
    let url = upstream(move |_, _, stream| {
        stream.write_all(STREAM.as_bytes()).unwrap();
        if std::mem::take(&mut is_first) {
            let mut id = 0;
            let mut say = || {
                id += 1;
                stream.write_all(in_chunk(&event(id, notice)).as_bytes())
            };
            while say().is_ok() {}
            ended.send(()).unwrap();
        } else {
            stream
                .write_all((in_chunk(&event(1, result)) + "0\r\n\r\n").as_bytes())
                .unwrap();
        }
    });
    let tap = Tap::new(&dir, &url, &[]);
    let mut client = send(&tap.address, &post(CALL, ""), CALL);
    head(&mut client);
    assert!(chunk(&mut client).is_some());
    drop(client);
    // The server's side is closed once the client's is.
    has_ended.recv().unwrap();
    let mut client = send(&tap.address, &post(CALL, ""), CALL);
    let back = head(&mut client);
    assert!(body(&back, &mut client).starts_with(b"id: 1\n"));
    assert_eq!(tap.end().0, Some(0));
}

#[test]
fn what_is_compressed_is_refused_and_what_cannot_be_reached_is_said() {
    let dir = fresh("http_compressed");
    let url = upstream(|_, _, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\
                    Content-Length: 4\r\n\r\n\x1f\u{8b}";
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(b"\0").unwrap();
    });
    let tap = Tap::new(&dir, &url, &[]);
    let mut client = send(&tap.address, &post(CALL, "Content-Encoding: gzip\n"), CALL);
    assert!(head(&mut client).starts_with("HTTP/1.1 415 "));
    let mut client = send(&tap.address, &post(CALL, ""), CALL);
    let back = head(&mut client);
    assert_eq!(header(&back, "content-encoding").as_deref(), Some("gzip"));
    assert_eq!(body(&back, &mut client).len(), 4);
    let (code, said) = tap.end();
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("compressed although that was refused"),
        "{said}"
    );

    let dir = fresh("http_nobody");
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let tap = Tap::new(&dir, &format!("http://{free}/mcp"), &[]);
    let mut client = send(&tap.address, &post(CALL, ""), CALL);
    assert!(head(&mut client).starts_with("HTTP/1.1 502 "));
    assert_eq!(tap.end().0, Some(0));
    let records = records(&dir.join("t.jsonl"));
    assert_eq!(records[1]["noise"], "the server cannot be reached");
}

#[test]
fn only_programs_of_this_machine_are_served() {
    let dir = fresh("http_rebinding");
    let url = upstream(|head, _, _| panic!("it has come through: {head}"));
    let tap = Tap::new(&dir, &url, &[]);
    for (host, more) in [
        ("evil.example", ""),
        ("127.0.0.1:1", ""),
        ("HOST", "Origin: http://evil.example\n"),
        ("HOST", "Origin: null\n"),
    ] {
        let request = post(CALL, more).replacen("HOST", host, 1);
        let mut client = send(&tap.address, &request, CALL);
        assert!(
            head(&mut client).starts_with("HTTP/1.1 403 "),
            "{host} {more}"
        );
    }
    assert_eq!(tap.end(), (Some(0), String::new()));
    assert!(!dir.join("t.jsonl").exists(), "nothing has passed");
    let refused = run(
        &dir,
        &[
            "record",
            "-o",
            "t.jsonl",
            "--listen",
            "0.0.0.0:0",
            "--url",
            &url,
        ],
    );
    assert_eq!(refused.code, 2);
    assert!(
        refused.err.contains("not an address of this machine alone"),
        "{}",
        refused.err
    );
}

#[test]
fn headers_come_from_a_file_of_its_owner_alone() {
    let dir = fresh("http_headers");
    let (seen, requests) = mpsc::channel();
    let url = upstream(move |head, _, stream| {
        let token = header(&head, "authorization").unwrap_or_default();
        seen.send(token.clone()).unwrap();
        let answer =
            format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{\"said\":\"{token}\"}}}}");
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all((head + &answer).as_bytes()).unwrap();
    });
    let file = write(
        &dir,
        "headers",
        format!("# mine\nAuthorization: Bearer {TOKEN}\n"),
    );
    let open = |mode: u32| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let arguments = ["--header-file", "headers"];
        let mut command = mcppolicy(&dir);
        command
            .args(["inventory", "--timeout", "2s", "--url", &url])
            .args(arguments);
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };
    for mode in [0o644, 0o640, 0o602] {
        let said = open(mode);
        assert!(said.contains("chmod 600"), "{mode:o}: {said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let tap = Tap::new(&dir, &url, &["--header-file", "headers"]);
    let mut client = send(
        &tap.address,
        &post(CALL, "Authorization: Bearer of-the-client\n"),
        CALL,
    );
    let back = head(&mut client);
    assert!(
        String::from_utf8(body(&back, &mut client))
            .unwrap()
            .contains(TOKEN)
    );
    assert_eq!(requests.recv().unwrap(), format!("Bearer {TOKEN}"));
    assert_eq!(tap.end().0, Some(0));
    let text = std::fs::read_to_string(dir.join("t.jsonl")).unwrap();
    assert!(
        !text.contains("s3cret") && !text.contains("of-the-client"),
        "{text}"
    );

    write(&dir, "headers", format!("Bearer {TOKEN}\n"));
    let said = open(0o600);
    assert!(said.contains("line 1 is not `Name: value`"), "{said}");
    write(&dir, "headers", format!("Authorization: Bearer {TOKEN}\n"));
    let ran = run(
        &dir,
        &[
            "inventory",
            "--url",
            "http://a.example/mcp",
            "--header-file",
            "headers",
        ],
    );
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is not encrypted"), "{}", ran.err);
    let ran = run(
        &dir,
        &["inventory", "--url", "http://u:s3cret@127.0.0.1/mcp"],
    );
    assert!(!(ran.out + &ran.err).contains("s3cret"));
    assert_eq!(ran.code, 2);
}

/// A server of the older era that lists one tool to whoever it is.
fn lists() -> String {
    upstream(|_, body, stream| {
        let message: Value = serde_json::from_slice(&body).unwrap_or_default();
        let result = match message["method"].as_str() {
            Some("initialize") => {
                json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                "serverInfo": {"name": "s", "version": "1"}})
            }
            Some("tools/list") => {
                json!({"tools": [{"name": "t", "inputSchema": {"type": "object"}}]})
            }
            _ => {
                return stream
                    .write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                    .unwrap();
            }
        };
        let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all((head + &answer).as_bytes()).unwrap();
    })
}

#[test]
fn a_kept_list_says_with_which_credential_it_was_asked_for_and_not_what_it_is() {
    let dir = fresh("http_credential");
    let url = lists();
    let with = |token: &str| {
        let file = write(&dir, "headers", format!("Authorization: Bearer {token}\n"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        ["--url", &url, "--header-file", "headers"].map(str::to_owned)
    };
    let list = |arguments: &[&str], how: &[String]| {
        let how = how.iter().map(String::as_str);
        inventory(
            &dir,
            &arguments.iter().copied().chain(how).collect::<Vec<_>>(),
        )
    };
    list(&["-o", "tools.json"], &with(TOKEN));
    let text = std::fs::read_to_string(dir.join("tools.json")).unwrap();
    assert!(!text.contains("s3cret"), "{text}");
    let kept = asked(&dir.join("tools.json"));
    let (key, digest) = kept["credential"]
        .as_str()
        .unwrap()
        .split_once(':')
        .unwrap();
    assert_eq!((key.len(), digest.len()), (32, 8));
    let check = ["--check", "-o", "tools.json"];
    let same = list(&check, &with(TOKEN));
    assert!(!same.out.contains("credential"), "{}", same.out);
    let other = list(&check, &with("another-token"));
    assert!(
        other.out.contains("with another credential"),
        "{}",
        other.out
    );
    let none = list(&check, &["--url".to_owned(), url.clone()]);
    assert!(none.out.contains("is compared without one"), "{}", none.out);
    // The same credential has another digest in another file.
    list(&["-o", "again.json"], &with(TOKEN));
    assert_ne!(asked(&dir.join("again.json")), kept);
}

/// A real server of the network that says on its standard error where it
/// listens.
pub struct Peer {
    child: Child,
    port: u16,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Peer {
    pub fn start(command: &[String], port: Option<u16>, ready: &str) -> Peer {
        let mut start = Command::new(&command[0]);
        start.args(&command[1..]);
        start.envs(port.map(|port| ("PORT", port.to_string())));
        let mut child = piped(&mut start);
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains(ready) {
            assert!(
                stderr.read_line(&mut said).unwrap() > 0,
                "it has ended: {said}"
            );
        }
        let after = said.split(ready).nth(1).unwrap().trim();
        let port = port.or_else(|| after.parse().ok()).unwrap();
        // What it says further is read, or it would wait.
        thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        Peer { child, port }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn inventory(dir: &Path, arguments: &[&str]) -> Ran {
    let ran = run(dir, &[&["inventory"], arguments].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran
}

pub fn asked(file: &Path) -> Value {
    let text = std::fs::read_to_string(file).unwrap();
    let kept: Value = serde_json::from_str(&text).unwrap();
    kept["_meta"]["mcppolicy/asked"].clone()
}

/// Lists a server directly and through a tap, and compares both ways.
pub fn listed_and_tapped(name: &str, url: &str, version: &str) -> PathBuf {
    let dir = fresh(name);
    inventory(&dir, &["-o", "direct.json", "--url", url]);
    let tap = Tap::new(&dir, url, &[]);
    let tapped = format!("http://{}/mcp", tap.address);
    inventory(&dir, &["-o", "tapped.json", "--url", &tapped]);
    inventory(&dir, &["--check", "-o", "direct.json", "--url", &tapped]);
    assert_eq!(tap.end().0, Some(0));
    let read = |file: &str| std::fs::read_to_string(dir.join(file)).unwrap();
    assert_eq!(read("direct.json"), read("tapped.json"));
    assert_eq!(asked(&dir.join("direct.json"))["protocolVersion"], version);
    let records = records(&dir.join("t.jsonl"));
    let methods: Vec<&str> = records
        .iter()
        .filter_map(|record| record["message"]["method"].as_str())
        .collect();
    assert!(methods.contains(&"tools/list"), "{methods:?}");
    dir
}

/// Calls a tool through a tap as the client of the era does, and replays it.
pub fn called(name: &str, url: &str, headers: &str, call: &Value) {
    let dir = fresh(name);
    let tap = Tap::new(&dir, url, &[]);
    let call = call.to_string().into_bytes();
    let accept = "Accept: application/json, text/event-stream\n";
    let mut client = send(
        &tap.address,
        &post(&call, &format!("{accept}{headers}")),
        &call,
    );
    let back = head(&mut client);
    let answer = String::from_utf8(body(&back, &mut client)).unwrap();
    assert!(answer.contains("said hello"), "{back}{answer}");
    assert_eq!(tap.end().0, Some(0));
    write(
        &dir,
        "policy.json",
        r#"{"version":"1","default":"deny","tools":{"echo":{}}}"#,
    );
    let ran = run(
        &dir,
        &[
            "test", "t.jsonl", "--expect", "observed", "--format", "json",
        ],
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["summary"]["passed"], 1, "{}", ran.out);
    let arguments = [
        "import",
        "t.jsonl",
        "-o",
        "traces/a.jsonl",
        "--assert",
        "policy",
    ];
    assert_eq!(run(&dir, &arguments).code, 0);
    assert_eq!(run(&dir, &["test"]).code, 0);
}

pub fn modern_call() -> (String, Value) {
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {}});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "echo", "arguments": {"text": "hello"}, "_meta": meta}});
    let headers = "Mcp-Protocol-Version: 2026-07-28\nMcp-Method: tools/call\nMcp-Name: echo\n";
    (headers.to_owned(), call)
}

#[test]
fn a_server_of_the_older_era_is_listed_and_recorded_over_the_network() {
    let Some(mut server) = real("server-everything") else {
        return;
    };
    server.push("streamableHttp".to_owned());
    let peer = Peer::start(&server, Some(free_port()), "listening on port");
    let dir = listed_and_tapped("http_everything", &peer.url(), "2025-11-25");
    let records = records(&dir.join("t.jsonl"));
    // It has sessions, whose names are credentials.
    let sessions = records
        .iter()
        .filter(|record| record.get("session").is_some());
    assert!(sessions.count() > 2, "{records:#?}");
}

/// A program of the newer SDK in TypeScript that serves over both transports.
pub fn modern_node(name: &str) -> Option<Vec<String>> {
    let peers = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../peers");
    let sdk = peers.join("node_modules/@modelcontextprotocol/node/package.json");
    if !sdk.is_file() || Command::new("node").arg("--version").output().is_err() {
        skipped("@modelcontextprotocol/server 2");
        return None;
    }
    let file = peers.join(format!("{name}.mjs"));
    std::fs::write(
        &file,
        r#"
import { createServer } from 'node:http';
import { McpServer, createMcpHandler } from '@modelcontextprotocol/server';
import { toNodeHandler } from '@modelcontextprotocol/node';
import * as z from 'zod/v4';
const build = () => {
  const server = new McpServer({ name: 'modern', version: '1' });
  server.registerTool('echo', { description: 'Echoes a text', inputSchema: z.object({ text: z.string() }) },
    async ({ text }) => ({ content: [{ type: 'text', text: `said ${text}` }] }));
  return server;
};
if (process.argv[2] === 'http') {
  const handler = toNodeHandler(createMcpHandler(build, { legacy: 'reject' }));
  const http = createServer((request, response) => handler(request, response));
  http.listen(0, '127.0.0.1', () => console.error(`port ${http.address().port}`));
} else {
  const { serveStdio } = await import('@modelcontextprotocol/server/stdio');
  await serveStdio(build, { legacy: 'reject' });
}
"#,
    )
    .unwrap();
    let file = file.canonicalize().unwrap();
    Some(vec!["node".to_owned(), file.to_str().unwrap().to_owned()])
}

#[test]
fn a_server_of_the_newer_era_is_listed_and_recorded_over_both_transports() {
    let Some(server) = modern_node("modern") else {
        return;
    };
    let dir = fresh("http_modern_stdio");
    let command: Vec<&str> = server.iter().map(String::as_str).collect();
    inventory(
        &dir,
        &[&["-o", "tools.json", "--"], command.as_slice()].concat(),
    );
    assert_eq!(
        asked(&dir.join("tools.json"))["protocolVersion"],
        "2026-07-28"
    );
    let peer = Peer::start(&[server, vec!["http".to_owned()]].concat(), None, "port ");
    let dir = listed_and_tapped("http_modern", &peer.url(), "2026-07-28");
    let records = records(&dir.join("t.jsonl"));
    assert!(
        records.iter().all(|record| record.get("session").is_none()),
        "{records:#?}"
    );
    let (headers, call) = modern_call();
    called("http_modern_called", &peer.url(), &headers, &call);
}

/// A program of one of the SDKs in Python that serves over both transports.
pub fn python(version: &str, server: &str) -> Option<(Vec<String>, PathBuf)> {
    let peers = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../peers");
    let packages = peers.join(format!("python-{version}"));
    if !packages.join("mcp").is_dir() {
        skipped(&format!("mcp {version} for Python"));
        return None;
    }
    let packages = packages.canonicalize().unwrap();
    let program = format!(
        "import sys\nsys.path.insert(0, {:?})\n{server}",
        packages.to_str().unwrap()
    );
    let command = ["python3", "-c", &program].map(str::to_owned);
    Some((command.to_vec(), packages))
}

#[test]
fn servers_in_python_of_both_eras_are_listed_and_recorded() {
    let older = r#"
from mcp.server.fastmcp import FastMCP
http = sys.argv[1:2] == ["http"]
server = FastMCP("python", **({"host": "127.0.0.1", "port": int(sys.argv[2])} if http else {}))
@server.tool()
def echo(text: str) -> str:
    "Echoes a text"
    return "said " + text
server.run(transport="streamable-http" if http else "stdio")
"#;
    let newer = r#"
from mcp.server.mcpserver import MCPServer
server = MCPServer("python")
@server.tool()
def echo(text: str) -> str:
    "Echoes a text"
    return "said " + text
if sys.argv[1:2] == ["http"]:
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
else:
    server.run()
"#;
    for (version, server) in [("1", older), ("2", newer)] {
        let Some((command, _)) = python(version, server) else {
            continue;
        };
        let dir = fresh(&format!("http_python_{version}"));
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        inventory(
            &dir,
            &[&["-o", "tools.json", "--"], words.as_slice()].concat(),
        );
        // Both of them speak the older protocol to whoever begins with it.
        assert_eq!(
            asked(&dir.join("tools.json"))["protocolVersion"],
            "2025-11-25"
        );
        let port = free_port();
        let command = [command, vec!["http".to_owned(), port.to_string()]].concat();
        let peer = Peer::start(&command, Some(port), "running on");
        listed_and_tapped(
            &format!("http_python_{version}_tapped"),
            &peer.url(),
            "2025-11-25",
        );
        if version == "2" {
            let (headers, call) = modern_call();
            called("http_python_called", &peer.url(), &headers, &call);
        }
    }
}
