//! Names of things in a run. Indices are dense and point into the [`crate::Plan`], which
//! travels once; everything after it speaks in numbers.

use std::fmt;
use std::sync::Arc;

/// A name that is made outside this crate.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as a name.
            #[must_use]
            pub fn new(text: &str) -> Self {
                Self(text.into())
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name! {
    /// The name of one invocation of Apex. It is made outside this crate and sorts by time.
    RunId
}

name! {
    /// The name of a background task. It is made outside this crate and sorts by time.
    TaskId
}

/// The number of a position.
#[expect(clippy::expect_used, reason = "no plan of 2^32 entries can be made before")]
fn number(position: usize) -> u32 {
    u32::try_from(position).expect("fewer than 2^32 entries in a plan")
}

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The index at this position.
            ///
            /// # Panics
            /// When there are more than `u32::MAX` of them, which no plan reaches.
            #[must_use]
            pub fn at(position: usize) -> Self {
                Self(number(position))
            }

            /// The position in the list of the plan.
            #[must_use]
            pub const fn position(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index!(
    /// A layer of the plan.
    LayerIx
);
index!(
    /// A category of the plan.
    CategoryIx
);
index!(
    /// A job of the plan.
    JobIx
);
index!(
    /// A service of the plan.
    ServiceIx
);
index!(
    /// A test of the run, numbered in the order of discovery.
    TestIx
);

/// Which try of a job this is, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptNumber(pub u32);

impl AttemptNumber {
    /// The first try.
    pub const FIRST: Self = Self(1);

    /// The try after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
