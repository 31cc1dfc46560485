internal import CLinux
internal import Glibc
internal import LinuxKernel

/// Makes sure that this program's file cannot be written through `/proc/PID/exe` of any of our processes.
///
/// A container process can come by that link: as the interpreter of a script (`#!/proc/self/exe`) that we are told to
/// run, or of an `exec` that has just entered its pid namespace. So before anything of a container is touched, we run
/// again from a read-only copy of the mount that our file is on. The copy is in no mount namespace: nobody can find it,
/// and nobody could make it writable if they did. Opening the link for writing says EROFS, for ever and for everyone.
/// It costs a mount of a few microseconds and the start of a static program; no byte is copied.
///
/// Source: CVE-2019-5736; open_tree(2), OPEN_TREE_CLONE; mount_setattr(2).
package enum ProtectedExecutable {
    /// Comes back at once when the file is protected already; else starts this program over, and comes back only to
    /// throw.
    ///
    /// - Throws: ``RuntimeError/step(_:_:)`` when neither a mount nor a sealed copy can be had.
    package static func ensure(arguments: [String]) throws(RuntimeError) {
        let own = try step("protect the executable") { () throws(SyscallError) in
            try Descriptor.open("/proc/self/exe", O_RDONLY)
        }
        if isProtected(own) {
            // execveat(2) of a descriptor leaves its number as the name.
            _ = "pouch-runtime".withCString { clinux_prctl_pointer(15, UInt(bitPattern: $0), nil) }
            return
        }
        let words = CStringArray(arguments)
        let variables = CStringArray(Programs.environment())
        if let mounted = try? readOnlyMount() {
            try? Programs.execute(descriptor: mounted.raw, words, variables)
        }
        try step("protect the executable") { () throws(SyscallError) in
            let copy = try sealedCopy(of: own)
            try Programs.execute(descriptor: copy.raw, words, variables)
        }
    }

    /// Says whether a file is one that nobody can write through this descriptor's path.
    static func isProtected(_ file: borrowing Descriptor) -> Bool {
        if (try? Files.isOnReadOnlyMount(file.raw)) == true { return true }
        let seals = fcntl(file.raw, 1034 /* F_GET_SEALS */)
        return seals >= 0 && seals & 0xf == 0xf
    }

    private static func readOnlyMount() throws(SyscallError) -> Descriptor {
        let tree = try Mounts.copyTree("/proc/self/exe")
        try Mounts.setAttributes(of: tree.raw, set: [.readOnly, .noSUID, .noDevices], propagation: .private)
        return tree
    }

    /// For who may not mount: a copy in memory that is sealed against every change.
    private static func sealedCopy(of own: borrowing Descriptor) throws(SyscallError) -> Descriptor {
        let copy = Descriptor(
            owning: try checkNegative("memfd_create") { clinux_memfd_create("pouch-runtime", 1 | 2) })
        let (from, to) = (own.raw, copy.raw)
        while try check("sendfile", "", { sendfile(to, from, nil, 1 << 30) }) > 0 {}
        try check("fcntl(F_ADD_SEALS)") { fcntl(to, 1033, 0xf) }
        return copy
    }
}
