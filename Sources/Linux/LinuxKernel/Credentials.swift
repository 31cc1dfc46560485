internal import CLinux
internal import Glibc

/// Who the calling thread is, and what it may gain.
package enum Credentials {
    /// Replaces all supplementary groups.
    package static func setGroups(_ groups: [UInt32]) throws(SyscallError) {
        try checkNegative("setgroups") { clinux_setgroups(groups.count, groups) }
    }

    /// Sets the real, effective and saved group.
    package static func setGroup(_ id: UInt32) throws(SyscallError) {
        try checkNegative("setresgid", "\(id)") { clinux_setresgid(id) }
    }

    /// Sets the real, effective and saved user.
    package static func setUser(_ id: UInt32) throws(SyscallError) {
        try checkNegative("setresuid", "\(id)") { clinux_setresuid(id) }
    }

    /// Lets the permitted capabilities outlive the next change of user away from 0.
    package static func keepCapabilities(_ kept: Bool) throws(SyscallError) {
        try checkNegative("prctl(PR_SET_KEEPCAPS)") { clinux_prctl(8, kept ? 1 : 0, 0, 0, 0) }
    }

    /// No execve(2) from here on gives more than the thread has; it cannot be undone.
    package static func setNoNewPrivileges() throws(SyscallError) {
        try checkNegative("prctl(PR_SET_NO_NEW_PRIVS)") { clinux_prctl(38, 1, 0, 0, 0) }
    }

    /// Whether others of the same user may trace us or open our `/proc` entries.
    package static func setDumpable(_ dumpable: Bool) throws(SyscallError) {
        try checkNegative("prctl(PR_SET_DUMPABLE)") { clinux_prctl(4, dumpable ? 1 : 0, 0, 0, 0) }
    }

    /// Orphans of ours become our children, so that we can await them.
    package static func setSubreaper() throws(SyscallError) {
        try checkNegative("prctl(PR_SET_CHILD_SUBREAPER)") { clinux_prctl(36, 1, 0, 0, 0) }
    }

    /// The signal that this process gets when its parent dies.
    package static func setParentDeathSignal(_ signal: Int32) throws(SyscallError) {
        try checkNegative("prctl(PR_SET_PDEATHSIG)") { clinux_prctl(1, UInt(signal), 0, 0, 0) }
    }

    package static func setPersonality(_ persona: UInt) throws(SyscallError) {
        try checkNegative("personality") { clinux_personality(persona) }
    }

    /// Joins a new session keyring of that name, which the calling thread alone possesses.
    ///
    /// - Throws: `ENOSYS` on a kernel without keys.
    package static func joinSessionKeyring(_ name: String) throws(SyscallError) -> Int32 {
        try checkNegative("keyctl(JOIN_SESSION_KEYRING)", name) { clinux_keyctl_string(1, name) }
    }

    /// Sets the permissions of a key, as in `0x3f3f0000`.
    package static func setKeyPermissions(_ key: Int32, _ permissions: UInt32) throws(SyscallError) {
        try checkNegative("keyctl(SETPERM)") {
            clinux_keyctl(5, UInt(bitPattern: Int(key)), UInt(permissions), 0)
        }
    }
}
