//! YAML text becomes a tree of [`Node`]s; the only file that names the YAML library.
//!
//! It relies on the library's event parser and not on its serde side, because serde stops at the
//! first mistake and forgets places. It expands anchors, aliases and merge keys (`<<`), notices
//! duplicate keys, and bounds what a hostile text can cost. It does not know any field.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_yaml::granit_parser::{self, Event, Marker, Parser, ScalarStyle, ScanError, Span};

use crate::node::{Entry, Map, Node, Scalar, Value};
use crate::place::{Place, Source};
use crate::problem::Problem;

/// Largest file in bytes: some 20,000 categories.
pub const LARGEST_FILE: usize = 4 << 20;
/// Deepest nesting of lists and maps.
const DEEPEST: usize = 48;
/// Most nodes of one text, aliases expanded.
const MOST_NODES: usize = 1_000_000;
/// Most nodes that aliases and merge keys may add to one text.
const MOST_COPIES: usize = 50_000;

/// Reads bytes as UTF-8, a byte order mark is skipped.
///
/// # Errors
/// The problem, with line and column of the first byte that is not UTF-8.
pub(crate) fn decode<'a>(bytes: &'a [u8], source: &Arc<Source>) -> Result<&'a str, Box<Problem>> {
    if bytes.len() > LARGEST_FILE {
        let message = format!(
            "the file has {} bytes, more than the {LARGEST_FILE} that are read",
            bytes.len()
        );
        return Err(Box::new(Problem::error(&Place::new(source, 1, 1), message)));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line = valid.matches('\n').count() + 1;
        let column = valid.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        Box::new(
            Problem::error(&Place::new(source, line, column), "the file is not UTF-8 text")
                .about(format!("byte 0x{byte:02x}"))
                .hint("save it with the encoding UTF-8"),
        )
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Reads one document; what is wrong is added to `problems`.
///
/// A broken text gives no node. A text with duplicate keys gives one, the later value counting,
/// so that the other mistakes in it are found at the same time.
pub(crate) fn parse(text: &str, source: &Arc<Source>, problems: &mut Vec<Problem>) -> Option<Node> {
    let mut options = granit_parser::Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = DEEPEST;
    options.block_nesting_limit = DEEPEST;
    let mut builder = Builder::new(source);
    for event in Parser::new_from_str_with_options(text, options) {
        let result = match event {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => Err(Box::new(broken(&error, text, source))),
        };
        if let Err(problem) = result {
            problems.append(&mut builder.problems);
            problems.push(*problem);
            return None;
        }
    }
    problems.append(&mut builder.problems);
    builder.root
}

fn place(source: &Arc<Source>, mark: &Marker) -> Place {
    Place::new(source, mark.line(), mark.col() + 1)
}

fn broken(error: &ScanError, text: &str, source: &Arc<Source>) -> Problem {
    let mark = error.marker();
    let line = text.lines().nth(mark.line().saturating_sub(1)).unwrap_or_default();
    let problem = Problem::error(&place(source, mark), format!("broken YAML: {}", error.kind()))
        .about(line.trim().chars().take(60).collect::<String>());
    let is_indentation = |c: &char| c.is_whitespace();
    let has_tab = text
        .lines()
        .take(mark.line())
        .any(|line| line.chars().take_while(is_indentation).any(|c| c == '\t'));
    if has_tab {
        problem.hint("indent with spaces, YAML does not allow tabs there")
    } else if line.contains("{{") || line.trim_start().starts_with(['%', '@', '`']) {
        problem.hint("put the value in quotes")
    } else {
        problem.hint("look at this line and the one before: indentation, a missing `:` or an open quote or bracket")
    }
}

/// A list or map whose end has not been seen.
struct Open {
    place: Place,
    anchor: usize,
    content: OpenContent,
}

enum OpenContent {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<(Arc<str>, Place)>, merges: Vec<Node> },
}

/// Builds the tree event by event, without recursion.
struct Builder<'s> {
    source: &'s Arc<Source>,
    stack: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    copies: usize,
    keys: HashSet<Arc<str>>,
    /// Anchored nodes with their sizes.
    anchors: HashMap<usize, (Node, usize)>,
    problems: Vec<Problem>,
}

type Step = Result<(), Box<Problem>>;

impl<'s> Builder<'s> {
    fn new(source: &'s Arc<Source>) -> Self {
        Self {
            source,
            stack: Vec::new(),
            root: None,
            documents: 0,
            nodes: 0,
            copies: 0,
            keys: HashSet::new(),
            anchors: HashMap::new(),
            problems: Vec::new(),
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Step {
        let at = place(self.source, &span.start);
        match event {
            Event::DocumentStart(..) => self.document(&at),
            Event::Scalar(text, style, anchor, _) => {
                let quoted = style != ScalarStyle::Plain;
                if self.wants_key() {
                    return self.key(&text, quoted, &at);
                }
                let scalar = Scalar { text: text.into(), quoted };
                self.finish(Node::new(scalar, &at), anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(at, anchor, OpenContent::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, _) => {
                let content =
                    OpenContent::Map { entries: Vec::new(), key: None, merges: Vec::new() };
                self.open(at, anchor, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => self.alias(anchor, &at),
            _ => Ok(()),
        }
    }

    fn document(&mut self, at: &Place) -> Step {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        Err(Box::new(
            Problem::error(at, "the file holds several documents")
                .about("---")
                .hint("keep one document; a second `---` starts another one"),
        ))
    }

    fn wants_key(&self) -> bool {
        matches!(self.stack.last(), Some(Open { content: OpenContent::Map { key: None, .. }, .. }))
    }

    fn key(&mut self, text: &str, quoted: bool, at: &Place) -> Step {
        let shared = match self.keys.get(text) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = text.into();
                self.keys.insert(Arc::clone(&new));
                new
            }
        };
        // A quoted `<<` is an ordinary name; marked so that it is not taken for a merge.
        let shared = if quoted && text == "<<" { "\"<<\"".into() } else { shared };
        if let Some(Open { content: OpenContent::Map { key, .. }, .. }) = self.stack.last_mut() {
            *key = Some((shared, at.clone()));
        }
        Ok(())
    }

    fn open(&mut self, at: Place, anchor: usize, content: OpenContent) -> Step {
        if self.wants_key() {
            return Err(Box::new(
                Problem::error(&at, "a name must be a single word, not a list or a map")
                    .hint("`{{…}}` without quotes is read as a map: put it in quotes"),
            ));
        }
        if self.stack.len() >= DEEPEST {
            let message = format!("nested deeper than {DEEPEST} levels");
            return Err(Box::new(Problem::error(&at, message)));
        }
        self.stack.push(Open { place: at, anchor, content });
        Ok(())
    }

    fn close(&mut self) -> Step {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        let value = match open.content {
            OpenContent::List(mut list) => {
                // Most lists have one or two values, and room for four.
                list.shrink_to_fit();
                Value::List(list)
            }
            OpenContent::Map { entries, merges, .. } => Value::Map(self.map(entries, merges)),
        };
        self.finish(Node::new(value, &open.place), open.anchor)
    }

    /// Joins what was written with what merge keys bring, and reports names that come twice.
    fn map(&mut self, written: Vec<Entry>, merges: Vec<Node>) -> Map {
        let mut map = Map::default();
        let mut seen: HashMap<Arc<str>, usize> = HashMap::new();
        // A hash for every small map would cost more than looking.
        let many = written.len() > 16;
        for entry in written {
            let earlier = if many {
                seen.get(&entry.key).copied()
            } else {
                map.entries.iter().position(|other: &Entry| other.key == entry.key)
            };
            let Some(earlier) = earlier else {
                if many {
                    seen.insert(Arc::clone(&entry.key), map.entries.len());
                }
                map.entries.push(entry);
                continue;
            };
            let first = &map.entries[earlier].key_place;
            self.problems.push(
                Problem::error(&entry.key_place, format!("`{}` is written twice", entry.key))
                    .at(&*entry.key)
                    .about(&*entry.key)
                    .hint(format!("the first one is at {first}; keep one of them")),
            );
            map.entries[earlier] = entry;
        }
        for merge in merges {
            let Value::Map(merge) = merge.value else { continue };
            for entry in merge.entries {
                if map.get(&entry.key).is_none() {
                    map.entries.push(entry);
                }
            }
        }
        map.entries.shrink_to_fit();
        map
    }

    fn alias(&mut self, anchor: usize, at: &Place) -> Step {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(Box::new(Problem::error(at, "an alias refers to the value it is part of")));
        };
        self.copies += size;
        if self.copies > MOST_COPIES {
            let message = format!("aliases copy more than {MOST_COPIES} values");
            return Err(Box::new(Problem::error(at, message).hint("write the values out")));
        }
        let node = node.clone();
        if self.wants_key() {
            let text = node.as_text().unwrap_or_default().to_owned();
            return self.key(&text, true, at);
        }
        self.finish(node, 0)
    }

    /// Puts a complete value where it belongs.
    fn finish(&mut self, node: Node, anchor: usize) -> Step {
        self.nodes += 1;
        if self.nodes + self.copies > MOST_NODES {
            let message = format!("the file holds more than {MOST_NODES} values");
            return Err(Box::new(Problem::error(&node.place, message)));
        }
        if anchor != 0 {
            let size = node.size();
            self.copies += size;
            if self.copies > MOST_COPIES {
                let message = format!("anchors hold more than {MOST_COPIES} values");
                return Err(Box::new(Problem::error(&node.place, message)));
            }
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.stack.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(OpenContent::List(list)) => list.push(node),
            Some(OpenContent::Map { entries, key, merges }) => {
                let Some((key, key_place)) = key.take() else { return Ok(()) };
                if &*key == "<<" {
                    merge_key(node, merges)?;
                } else {
                    entries.push(Entry { key, key_place, node });
                }
            }
        }
        Ok(())
    }
}

/// The value of `<<`: a map, or a list of maps of which the earlier ones count more.
fn merge_key(node: Node, merges: &mut Vec<Node>) -> Step {
    match node.value {
        Value::Map(_) => merges.push(node),
        Value::List(list) if list.iter().all(|item| item.as_map().is_some()) => merges.extend(list),
        _ => {
            return Err(Box::new(
                Problem::error(&node.place, "`<<` takes a map or a list of maps")
                    .hint("refer to an anchored map: `<<: *name`"),
            ));
        }
    }
    Ok(())
}
