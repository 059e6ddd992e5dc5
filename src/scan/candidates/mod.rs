//! The one pass over a body (being rewritten).
/// An instruction set this CPU is known to have.
#[derive(Clone, Copy, Debug)]
pub struct Kernel(());
impl Kernel {
    /// The fastest one that runs here.
    pub fn best() -> Kernel {
        Kernel(())
    }
}
