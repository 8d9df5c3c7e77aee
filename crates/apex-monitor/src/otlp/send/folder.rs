//! Lines of OTLP JSON in a folder, one file a signal, as the
//! [file exporter](https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/) writes them:
//! where no collector can be reached, a later step of the pipeline sends them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Answer;
use crate::otlp::Signal;

/// A file that lines are added to.
pub(in crate::otlp) struct Folder {
    path: PathBuf,
    open: Option<File>,
}

impl Folder {
    pub(super) fn new(folder: &Path, signal: Signal) -> Self {
        Self { path: folder.join(format!("{}.jsonl", signal.word())), open: None }
    }

    pub(super) fn write(&mut self, request: &[u8]) -> Answer {
        match self.add(request) {
            Ok(()) => Answer::Taken { refused: 0, said: String::new() },
            Err(error) => {
                Answer::Never(format!("`{}` could not be written: {error}", self.path.display()))
            }
        }
    }

    fn add(&mut self, request: &[u8]) -> io::Result<()> {
        let file = match &mut self.open {
            Some(file) => file,
            none => {
                if let Some(folder) = self.path.parent() {
                    fs::create_dir_all(folder)?;
                }
                none.insert(OpenOptions::new().create(true).append(true).open(&self.path)?)
            }
        };
        // One write, so that lines of several runs do not mix.
        let mut line = Vec::with_capacity(request.len() + 1);
        line.extend_from_slice(request);
        line.push(b'\n');
        file.write_all(&line)
    }
}
