//! The folder of an attempt that exists nowhere else, and the placeholders that name it.
//!
//! Most jobs need no files in it, so it is made when an invocation asks for it; every job gets a
//! folder for temporary files, in the private one where that is made, else one that is lent.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::orders::Orders;
use super::temporaries::Temporaries;
use crate::process::EventChannel;
use crate::runners::Invocation;

/// The folder for temporary files, below the private one.
const TEMPORARY: &str = "tmp";

/// The private folder of one attempt; at most one is made, and one for temporary files.
pub(super) struct PrivateFolder<'a> {
    temporaries: &'a Temporaries,
    /// Where its programs put temporary files, when these are to stay.
    kept: Option<PathBuf>,
    contents: Contents,
}

/// The folder itself, without who makes it.
#[derive(Debug, Default)]
pub(super) struct Contents {
    made: Option<TempDir>,
    channels: u32,
    temporary: Option<Temporary>,
}

/// The folder for temporary files.
#[derive(Debug)]
struct Temporary {
    path: String,
    /// None when it stays, or lies below the private folder.
    lent: Option<TempDir>,
}

impl Contents {
    /// Takes the folders away; the error is a sentence for people.
    pub(super) async fn remove(self) -> Result<(), String> {
        let Self { made, temporary, .. } = self;
        if let Some(temporary) = temporary.and_then(|one| one.lent) {
            remove(temporary, None).await?;
        }
        match made {
            Some(made) => remove(made, Some(TEMPORARY)).await,
            None => Ok(()),
        }
    }
}

/// Takes a folder away. What tests left there may be much: that is removed on a thread of its own.
async fn remove(folder: TempDir, inside: Option<&str>) -> Result<(), String> {
    let path = folder.path().to_owned();
    // Most jobs leave nothing there, and have nothing else in their folder.
    let emptied = inside.map_or(Ok(()), |inside| fs::remove_dir(path.join(inside)));
    if emptied.and_then(|()| fs::remove_dir(&path)).is_ok() {
        let _ = folder.keep();
        return Ok(());
    }
    let removed = tokio::task::spawn_blocking(move || folder.close()).await;
    removed
        .unwrap_or_else(|stopped| Err(std::io::Error::other(stopped)))
        .map_err(|error| format!("cannot remove {}: {error}; remove it by hand", path.display()))
}

/// An invocation with its placeholders filled in.
pub(super) struct Filled<'a> {
    /// Its argument vector.
    pub(super) arguments: Cow<'a, [String]>,
    /// Its own variables.
    pub(super) env: Cow<'a, BTreeMap<String, String>>,
    /// Its event channel.
    pub(super) channel: Option<EventChannel>,
    /// How it is told what to do, when it may stay.
    pub(super) orders: Option<Orders>,
}

impl<'a> PrivateFolder<'a> {
    /// No folder yet; it will be one of these.
    pub(super) const fn of(temporaries: &'a Temporaries) -> Self {
        let contents = Contents { made: None, channels: 0, temporary: None };
        Self { temporaries, kept: None, contents }
    }

    /// Puts temporary files into this folder, where they stay.
    pub(super) fn keeping(mut self, folder: PathBuf) -> Self {
        self.kept = Some(folder);
        self
    }

    /// The folder that programs get as TMPDIR; made when it is not there. It lies in the private
    /// one where there is one: most jobs need none, and so one folder less.
    pub(super) fn temporary(&mut self) -> Result<&str, String> {
        if self.contents.temporary.is_none() {
            self.contents.temporary = Some(self.make_temporary()?);
        }
        Ok(self.contents.temporary.as_ref().map_or("", |temporary| &temporary.path))
    }

    fn make_temporary(&self) -> Result<Temporary, String> {
        let inside = self.path().map(|folder| folder.join(TEMPORARY));
        let Some(folder) = self.kept.clone().or(inside) else {
            let lent = self.temporaries.lend()?;
            return Ok(Temporary { path: lent.path().display().to_string(), lent: Some(lent) });
        };
        fs::create_dir_all(&folder).map_err(|error| cannot_make(&folder, &error))?;
        Ok(Temporary { path: folder.display().to_string(), lent: None })
    }

    /// Where it is, when it was made.
    pub(super) fn path(&self) -> Option<&Path> {
        self.contents.made.as_ref().map(TempDir::path)
    }

    /// The file that `{out}` stands for, when the folder was made.
    pub(super) fn out(&self) -> Option<PathBuf> {
        self.path().map(|folder| folder.join("out"))
    }

    /// Ends it; the error is a sentence for people.
    pub(super) async fn end(&mut self) -> Result<(), String> {
        let mut contents = self.hand_over();
        if let Some(temporary) = &mut contents.temporary {
            let lent = temporary.lent.take();
            temporary.lent = lent.and_then(|folder| self.temporaries.give_back(folder));
        }
        contents.remove().await
    }

    /// Gives it to somebody else; none is left here.
    pub(super) fn hand_over(&mut self) -> Contents {
        std::mem::take(&mut self.contents)
    }

    /// Takes over one that somebody else had; the answer is the one that was here.
    pub(super) const fn take_over(&mut self, contents: Contents) -> Contents {
        std::mem::replace(&mut self.contents, contents)
    }

    /// Makes what an invocation needs and fills its placeholders in; with a pipe for orders, when
    /// its program may stay.
    pub(super) fn fill<'i>(
        &mut self,
        invocation: &'i Invocation,
        may_stay: bool,
    ) -> Result<Filled<'i>, String> {
        if !needs_folder(invocation) {
            return Ok(Filled {
                arguments: Cow::Borrowed(&invocation.arguments),
                env: Cow::Borrowed(&invocation.env),
                channel: None,
                orders: None,
            });
        }
        let folder = self.make()?;
        for (name, content) in invocation.private_files {
            let path = folder.join(name);
            write_with_folders(&path, content).map_err(|error| cannot_make(&path, &error))?;
        }
        let mut env = invocation.env.clone();
        let mut words = vec![
            ("{private}", folder.display().to_string()),
            ("{out}", folder.join("out").display().to_string()),
        ];
        let channel = match invocation.event_channel {
            None => None,
            Some(variable) => {
                self.contents.channels += 1;
                let path = folder.join(format!("events.{}", self.contents.channels));
                let channel = EventChannel::make(&path)?;
                let path = path.display().to_string();
                env.insert(variable.to_owned(), path.clone());
                words.push(("{events}", path));
                Some(channel)
            }
        };
        for value in env.values_mut() {
            fill_words(value, &words);
        }
        let resident = invocation.resident.as_ref().filter(|_| may_stay);
        let orders = match resident {
            None => None,
            Some(resident) => {
                let path = folder.join(format!("orders.{}", self.contents.channels));
                let orders = Orders::make(&path)?;
                env.insert(resident.variable.to_owned(), path.display().to_string());
                Some(orders)
            }
        };
        let mut arguments = invocation.arguments.clone();
        for argument in &mut arguments {
            fill_words(argument, &words);
        }
        Ok(Filled { arguments: Cow::Owned(arguments), env: Cow::Owned(env), channel, orders })
    }

    fn make(&mut self) -> Result<PathBuf, String> {
        let made = match self.contents.made.take() {
            Some(made) => made,
            None => self.temporaries.make()?,
        };
        Ok(self.contents.made.insert(made).path().to_owned())
    }
}

fn needs_folder(invocation: &Invocation) -> bool {
    let names_it = |text: &str| text.contains("{private}") || text.contains("{out}");
    invocation.event_channel.is_some()
        || !invocation.private_files.is_empty()
        || invocation.arguments.iter().any(|argument| names_it(argument))
        || invocation.env.values().any(|value| names_it(value))
}

fn fill_words(text: &mut String, words: &[(&str, String)]) {
    for (word, meaning) in words {
        if text.contains(word) {
            *text = text.replace(word, meaning);
        }
    }
}

fn write_with_folders(path: &Path, content: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}

/// Says that a folder of an attempt could not be made.
pub(super) fn cannot_make(path: &Path, error: &std::io::Error) -> String {
    format!(
        "cannot prepare the private folder of the attempt ({}): {error}; make room there or \
         choose another temporary folder (TMPDIR)",
        path.display()
    )
}
