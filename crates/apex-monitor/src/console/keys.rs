//! Keys: what the bytes of a terminal mean. It reads nothing itself.

/// A key that somebody pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A key with a character.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// The arrow upwards.
    Up,
    /// The arrow downwards.
    Down,
}

/// The keys behind bytes that arrived together. Sequences of other keys are left out; an escape
/// sequence that arrives in two pieces is taken for the key Escape and letters.
pub(super) fn keys_of(bytes: &[u8]) -> Vec<Key> {
    let text = String::from_utf8_lossy(bytes);
    let mut characters = text.chars().peekable();
    let mut keys = Vec::new();
    while let Some(character) = characters.next() {
        let key = match character {
            '\u{1b}' if matches!(characters.peek(), Some('[' | 'O')) => {
                characters.next();
                let end = characters.find(|character| matches!(character, '\u{40}'..='\u{7e}'));
                match end {
                    Some('A') => Some(Key::Up),
                    Some('B') => Some(Key::Down),
                    _ => None,
                }
            }
            '\u{1b}' => Some(Key::Escape),
            '\n' | '\r' => Some(Key::Enter),
            character if character.is_control() => None,
            character => Some(Key::Char(character)),
        };
        keys.extend(key);
    }
    keys
}
