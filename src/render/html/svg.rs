//! Pictures as inline SVG: a title and a description that a screen reader
//! says, shapes in the classes of the page's style, nothing else.

use std::fmt::Write;

use crate::render::escape::html;

/// The width of every picture, in its own units.
pub(super) const WIDTH: f64 = 760.0;

/// A picture while it is drawn.
pub(super) struct Picture {
    out: String,
}

impl Picture {
    /// A picture of a height, with what it is and what it shows.
    pub fn new(id: &str, height: f64, title: &str, description: &str) -> Picture {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "<svg role=\"img\" viewBox=\"0 0 {WIDTH} {height:.0}\" aria-labelledby=\"{id}-t {id}-d\">\
             <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>",
            html(title),
            html(description)
        );
        Picture { out }
    }

    pub fn rect(&mut self, class: &str, [x, y, width, height]: [f64; 4], tip: &str) {
        let _ = write!(
            self.out,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\"",
            width.max(0.0),
            height.max(0.0)
        );
        if tip.is_empty() {
            self.out.push_str("/>\n");
        } else {
            let _ = writeln!(self.out, "><title>{}</title></rect>", html(tip));
        }
    }

    pub fn line(&mut self, class: &str, [x1, y1, x2, y2]: [f64; 4]) {
        let _ = writeln!(
            self.out,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    /// A small triangle that points down to `(x, y)`.
    pub fn mark(&mut self, x: f64, y: f64, tip: &str) {
        let _ = writeln!(
            self.out,
            "<path class=\"deny\" d=\"M{:.1} {:.1}h8l-4 7z\"><title>{}</title></path>",
            x - 4.0,
            y - 7.0,
            html(tip)
        );
    }

    /// Text that begins, ends or is centred at `x`: anchor `start`, `end` or
    /// `middle`.
    pub fn text(&mut self, class: &str, anchor: &str, [x, y]: [f64; 2], text: &str) {
        let _ = writeln!(
            self.out,
            "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            html(text)
        );
    }

    pub fn finish(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }
}
