//! A stand-in for the part of GitHub's API that the action calls, on the
//! loopback interface: the comments of one pull request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// The token that is taken.
pub const TOKEN: &str = "ghs_standin";
/// Who writes with it.
pub const BOT: &str = "github-actions[bot]";
/// The most characters of a comment.
pub const MOST: usize = 65_536;

#[derive(Debug, Default)]
struct State {
    comments: Vec<Value>,
    requests: Vec<String>,
    next: u64,
    /// What writing is answered with, instead of doing it.
    refusal: Option<u16>,
}

/// A running stand-in; it ends with the test's process.
pub struct Server {
    state: Arc<Mutex<State>>,
    pub url: String,
}

impl Server {
    /// Starts one without comments.
    pub fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            next: 3_000_000_000,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &shared);
            }
        });
        Server { state, url }
    }

    /// Answers every attempt to write with this code.
    pub fn refuse(&self, code: u16) {
        self.state.lock().unwrap().refusal = Some(code);
    }

    /// Adds a comment that somebody else has written, or the bot elsewhere.
    pub fn add(&self, login: &str, body: &str) -> u64 {
        self.state.lock().unwrap().write(login, body)
    }

    /// All comments by author and text, the oldest first.
    pub fn comments(&self) -> Vec<(String, String)> {
        let state = self.state.lock().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let comments = state.comments.iter();
        comments
            .map(|comment| (text(&comment["user"]["login"]), text(&comment["body"])))
            .collect()
    }

    /// Method and path of each request so far.
    pub fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }
}

impl State {
    fn write(&mut self, login: &str, body: &str) -> u64 {
        self.next += 1;
        let kind = if login.ends_with("[bot]") {
            "Bot"
        } else {
            "User"
        };
        self.comments.push(json!({
            "id": self.next,
            "user": { "login": login, "type": kind },
            "body": body,
        }));
        self.next
    }

    fn answer(&mut self, method: &str, path: &str, token: &str, body: &[u8]) -> (u16, Value) {
        self.requests.push(format!("{method} {path}"));
        if token != format!("Bearer {TOKEN}") {
            return (401, json!({ "message": "Bad credentials" }));
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let Some(path) = path.strip_prefix("/repos/team/tools/issues/") else {
            return (404, json!({ "message": "Not Found" }));
        };
        if method == "GET" {
            assert_eq!(path, "7/comments");
            return (200, self.page(query));
        }
        if let Some(code) = self.refusal {
            let message = "Resource not accessible by integration";
            return (code, json!({ "message": message }));
        }
        let at = path.strip_prefix("comments/").map(|id| {
            let is_it = |comment: &Value| comment["id"].as_u64() == id.parse().ok();
            self.comments
                .iter()
                .position(is_it)
                .expect("such a comment")
        });
        if let (Some(at), "DELETE") = (at, method) {
            self.comments.remove(at);
            return (204, Value::Null);
        }
        let sent: Value = serde_json::from_slice(body).unwrap();
        let text = sent["body"].as_str().unwrap();
        if text.chars().count() > MOST {
            return (422, json!({ "message": "Validation Failed" }));
        }
        match (at, method) {
            (Some(at), "PATCH") => {
                self.comments[at]["body"] = text.into();
                (200, self.comments[at].clone())
            }
            (None, "POST") => {
                assert_eq!(path, "7/comments");
                self.write(BOT, text);
                (201, self.comments.last().unwrap().clone())
            }
            _ => panic!("{method} {path}"),
        }
    }

    fn page(&self, query: &str) -> Value {
        let number = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(key, _)| *key == name);
            found.map(|(_, value)| value.parse::<usize>().unwrap())
        };
        let size = number("per_page").unwrap_or(30).min(100);
        let page = number("page").unwrap_or(1);
        let comments = self.comments.iter();
        comments
            .skip((page - 1) * size)
            .take(size)
            .cloned()
            .collect()
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut words = line.split_whitespace();
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return;
    };
    let (mut length, mut token) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "authorization" => token = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (code, answer) = state.lock().unwrap().answer(method, path, &token, &body);
    let text = if code == 204 {
        String::new()
    } else {
        answer.to_string()
    };
    let length = text.len();
    let head =
        format!("HTTP/1.1 {code} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream
        .write_all(format!("{head}{text}").as_bytes())
        .unwrap();
}
