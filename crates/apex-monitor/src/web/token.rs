//! Words that open the server: one to look, another to stop and rerun.
//!
//! Each has 256 bits from the system's source of random numbers. They are kept in a file that only
//! its owner may read. Guesses are compared through their digests, so that the time of a comparison
//! says nothing about the word.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Bytes of a token.
const BYTES: usize = 32;

/// Who may read the file: its owner.
const MODE: u32 = 0o600;

/// What the bearer of a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Look at runs.
    Look,
    /// Stop runs and start them again, too.
    Act,
}

/// The two tokens of a server.
#[derive(Clone)]
pub struct Tokens {
    look: String,
    act: String,
}

impl Tokens {
    /// Reads the tokens of a file; makes the file when it is not there.
    ///
    /// # Errors
    /// Those of the file system; [`ErrorKind::PermissionDenied`] when others may read the file, and
    /// [`ErrorKind::InvalidData`] when it holds something else.
    pub fn in_file(path: &Path) -> io::Result<Self> {
        match Self::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            read => return read,
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut file = tempfile::Builder::new()
            .prefix(".apex-")
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        let tokens = Self { look: random()?, act: random()? };
        writeln!(file, "look {}\nact {}", tokens.look, tokens.act)?;
        match file.persist_noclobber(path) {
            Ok(_) => Ok(tokens),
            // Another server was faster; both use what it wrote.
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Self::read(path),
            Err(error) => Err(error.error),
        }
    }

    fn read(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).custom_flags(NO_FOLLOW).open(path)?;
        if file.metadata()?.mode() & 0o077 != 0 {
            let text = "others may read it; run `chmod 600` on it, or remove it for new tokens";
            return Err(io::Error::new(ErrorKind::PermissionDenied, text));
        }
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let word = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.map(str::trim).filter(|word| is_token(word)).map(str::to_owned)
        };
        match (word("look "), word("act ")) {
            (Some(look), Some(act)) if look != act => Ok(Self { look, act }),
            _ => {
                let text = "it does not hold two tokens, as `look HEX` and `act HEX`; remove it \
                            for new ones";
                Err(io::Error::new(ErrorKind::InvalidData, text))
            }
        }
    }

    /// The word that opens the server for looking.
    #[must_use]
    pub fn look(&self) -> &str {
        &self.look
    }

    /// The word that opens it for acting.
    #[must_use]
    pub fn act(&self) -> &str {
        &self.act
    }

    /// What a word opens. It takes the same time for every word of a length.
    pub(super) fn right_of(&self, word: &str) -> Option<Right> {
        // Digests of equal length are compared in constant time by the library.
        let guess = blake3::hash(word.as_bytes());
        let looks = blake3::hash(self.look.as_bytes()) == guess;
        let acts = blake3::hash(self.act.as_bytes()) == guess;
        if acts { Some(Right::Act) } else { looks.then_some(Right::Look) }
    }
}

/// A symbolic link in place of the file leads to what somebody else chose.
const NO_FOLLOW: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

fn is_token(word: &str) -> bool {
    word.len() == 2 * BYTES && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn random() -> io::Result<String> {
    let mut bytes = [0; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
