//! What files are read as, which says how large they may be.

const MIB: u64 = 1 << 20;

/// What a file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Policy,
    Configuration,
    Inventory,
    Approvals,
    Trace,
}

impl Role {
    /// The most bytes that are read.
    pub const fn limit(self) -> u64 {
        match self {
            Role::Configuration => MIB,
            Role::Approvals => 16 * MIB,
            Role::Policy => 64 * MIB,
            Role::Inventory => 256 * MIB,
            Role::Trace => 1024 * MIB,
        }
    }

    /// What to say of a file that is larger.
    pub fn too_large(self) -> String {
        format!("is larger than {} MiB", self.limit() / MIB)
    }
}
