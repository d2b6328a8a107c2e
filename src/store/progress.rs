//! Progress: how long work tells how far it is. The store knows nothing of bars and terminals.

/// Is told how far some long work has come.
pub trait Progress: Sync {
    /// Work of so many steps begins.
    fn begin(&self, label: &str, total: u64);
    /// So many steps more are done.
    fn advance(&self, steps: u64);
    /// The work is done.
    fn end(&self);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _label: &str, _total: u64) {}
    fn advance(&self, _steps: u64) {}
    fn end(&self) {}
}
