//! Expressions over names, as pytest writes them: `and`, `or`, `not`, parentheses.

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    /// A name is there.
    Term(String),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

impl Expression {
    /// Whether it holds, when this says which terms do.
    pub(crate) fn holds(&self, is_there: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Term(term) => is_there(term),
            Self::Not(inner) => !inner.holds(is_there),
            Self::And(left, right) => left.holds(is_there) && right.holds(is_there),
            Self::Or(left, right) => left.holds(is_there) || right.holds(is_there),
        }
    }
}

/// The deepest nesting that is read.
const DEEPEST: u32 = 64;

/// Reads an expression.
///
/// # Errors
/// What is wrong with it, for people.
pub(crate) fn parse(text: &str) -> Result<Expression, String> {
    let tokens = tokens(text);
    let mut reader = Reader { tokens: &tokens, at: 0 };
    let read = reader.alternatives(0)?;
    match reader.tokens.get(reader.at) {
        None => Ok(read),
        Some(token) => Err(format!("`{token}` is not expected there")),
    }
}

fn tokens(text: &str) -> Vec<String> {
    let mut tokens = vec![String::new()];
    let mut depth = 0_u32;
    for sign in text.chars() {
        let is_bracket = matches!(sign, '(' | ')');
        // Brackets of a parametrised name belong to the name.
        depth = match sign {
            '[' => depth + 1,
            ']' => depth.saturating_sub(1),
            _ => depth,
        };
        if depth == 0 && (sign.is_whitespace() || is_bracket) {
            if is_bracket {
                tokens.push(sign.to_string());
            }
            tokens.push(String::new());
        } else if let Some(token) = tokens.last_mut() {
            token.push(sign);
        }
    }
    tokens.retain(|token| !token.is_empty());
    tokens
}

struct Reader<'a> {
    tokens: &'a [String],
    at: usize,
}

impl Reader<'_> {
    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.tokens.get(self.at).is_some_and(|token| token == word);
        self.at += usize::from(is_next);
        is_next
    }

    fn alternatives(&mut self, depth: u32) -> Result<Expression, String> {
        let mut left = self.parts(depth)?;
        while self.takes("or") {
            left = Expression::Or(Box::new(left), Box::new(self.parts(depth)?));
        }
        Ok(left)
    }

    fn parts(&mut self, depth: u32) -> Result<Expression, String> {
        let mut left = self.part(depth)?;
        while self.takes("and") {
            left = Expression::And(Box::new(left), Box::new(self.part(depth)?));
        }
        Ok(left)
    }

    fn part(&mut self, depth: u32) -> Result<Expression, String> {
        if depth > DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        if self.takes("not") {
            return Ok(Expression::Not(Box::new(self.part(depth + 1)?)));
        }
        if self.takes("(") {
            let inner = self.alternatives(depth + 1)?;
            return if self.takes(")") { Ok(inner) } else { Err("a `)` is missing".to_owned()) };
        }
        match self.tokens.get(self.at) {
            None => Err("a name is missing at its end".to_owned()),
            Some(token) if matches!(token.as_str(), "and" | "or" | ")") => {
                Err(format!("a name is missing before `{token}`"))
            }
            Some(token) => {
                self.at += 1;
                Ok(Expression::Term(token.clone()))
            }
        }
    }
}
