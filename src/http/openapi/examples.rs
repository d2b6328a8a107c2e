//! Examples: what was asked and answered in one run of the shop, as the document shows it.
//!
//! Invariant: nothing here is made up. A test plays the run, and compares what it hears with the
//! recorded file ever after; ids, times and secrets are written the same in every run.

use serde_json::{Map, Value};

/// What was recorded, by the names of operations.
#[derive(Debug, Default)]
pub struct Examples(Map<String, Value>);

/// One call: what the path named, what the query and the body said, and the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Example<'a>(Option<&'a Value>);

impl Examples {
    /// Those of this shop.
    ///
    /// # Panics
    /// If the file in the binary is no JSON object, which a test rules out.
    pub fn recorded() -> Examples {
        Examples(serde_json::from_str(RECORDED).expect("a test has written it"))
    }

    pub(super) fn of(&self, operation: &str) -> Example<'_> {
        Example(self.0.get(operation))
    }
}

impl<'a> Example<'a> {
    /// What the path named under this name.
    pub fn path(self, name: &str) -> Option<&'a Value> {
        self.part("path")?.get(name)
    }

    /// What the query said under this name.
    pub fn query(self, name: &str) -> Option<&'a Value> {
        self.part("query")?.get(name)
    }

    /// What the body said.
    pub fn body(self) -> Option<&'a Value> {
        self.part("body")
    }

    /// What was answered.
    pub fn answer(self) -> Option<&'a Value> {
        self.part("answer")
    }

    fn part(self, part: &str) -> Option<&'a Value> {
        self.0?.get(part)
    }
}

const RECORDED: &str = include_str!("../../../data/examples.json");
