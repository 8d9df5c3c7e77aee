//! Names of categories, layers, runners and outcomes as the numbers that stand for them.

use std::collections::HashMap;

use rusqlite::{Connection, Transaction};

/// The names of a database by their text.
pub(super) struct Names {
    numbers: HashMap<String, i64>,
    next: i64,
}

impl Names {
    /// Reads all names: as many as there are categories, and a few.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut numbers = HashMap::new();
        let mut next = 1;
        let mut statement = connection.prepare_cached("SELECT id, text FROM names")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            next = next.max(id + 1);
            numbers.insert(row.get(1)?, id);
        }
        Ok(Self { numbers, next })
    }

    /// The number of a name that is known.
    pub(super) fn get(&self, text: &str) -> Option<i64> {
        self.numbers.get(text).copied()
    }

    /// The number of a name, which is added when it is new. Nobody else can add one before the
    /// transaction ends.
    pub(super) fn number(
        &mut self,
        transaction: &Transaction<'_>,
        text: &str,
    ) -> rusqlite::Result<i64> {
        if let Some(known) = self.get(text) {
            return Ok(known);
        }
        let id = self.next;
        let mut statement =
            transaction.prepare_cached("INSERT INTO names (id, text) VALUES (?1, ?2)")?;
        statement.execute((id, text))?;
        self.next += 1;
        self.numbers.insert(text.to_owned(), id);
        Ok(id)
    }

    /// The texts by number.
    pub(super) fn into_texts(self) -> HashMap<i64, String> {
        self.numbers.into_iter().map(|(text, id)| (id, text)).collect()
    }
}
