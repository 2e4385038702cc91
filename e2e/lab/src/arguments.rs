//! Command-line arguments: options may stand anywhere, the rest comes in order.

use crate::Failure;

pub(crate) struct Arguments(Vec<String>);

impl Arguments {
    pub(crate) fn new(arguments: impl Iterator<Item = String>) -> Self {
        Self(arguments.collect())
    }

    /// The next argument, whatever it is.
    pub(crate) fn next(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    /// Takes `name VALUE` out.
    pub(crate) fn option(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|argument| argument == name)?;
        (at + 1 < self.0.len()).then(|| {
            self.0.remove(at);
            self.0.remove(at)
        })
    }

    /// Takes every `name VALUE` out.
    pub(crate) fn options(&mut self, name: &str) -> Vec<String> {
        std::iter::from_fn(|| self.option(name)).collect()
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<Option<usize>, Failure> {
        Ok(self.option(name).map(|text| text.parse()).transpose()?)
    }

    pub(crate) fn switch(&mut self, name: &str) -> bool {
        let at = self.0.iter().position(|argument| argument == name);
        at.map(|at| self.0.remove(at)).is_some()
    }

    /// Fails if anything was not understood.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        if self.0.is_empty() { Ok(()) } else { Err(format!("not understood: {}", self.0.join(" ")).into()) }
    }
}
