internal import LinuxKernel
internal import ShimProtocol

/// Performs the mounts of a root filesystem by path, for a runtime that cannot do it itself.
enum RootfsMounting {
    /// Options as mount(8) takes them; what is no attribute of a mount is the filesystem's.
    static func mount(_ mount: ShimConfiguration.RootfsMount, on target: String) throws(SyscallError) {
        var attributes: MountAttributes = []
        var options: [(key: String, value: String?)] = []
        var isRecursive = false
        for option in mount.options {
            switch option {
            case "ro": attributes.insert(.readOnly)
            case "nosuid": attributes.insert(.noSUID)
            case "nodev": attributes.insert(.noDevices)
            case "noexec": attributes.insert(.noExec)
            case "rw", "suid", "dev", "exec", "bind": break
            case "rbind": isRecursive = true
            default:
                let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
                options.append((parts[0], parts.count > 1 ? parts[1] : nil))
            }
        }
        let isBind = mount.type == "bind" || mount.options.contains("bind") || isRecursive
        if isBind {
            let tree = try Mounts.copyTree(mount.source, recursive: isRecursive)
            if !attributes.isEmpty { try Mounts.setAttributes(of: tree.raw, set: attributes) }
            try Mounts.attach(tree.raw, onPath: target)
        } else {
            let tree = try Mounts.make(
                type: mount.type, source: mount.source, options: options, attributes: attributes)
            try Mounts.attach(tree.raw, onPath: target)
        }
    }
}
