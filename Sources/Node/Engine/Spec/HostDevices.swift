internal import LinuxKernel

/// Devices of the host that a container asks for.
enum HostDevices {
    /// One device, or all that lie below a folder.
    ///
    /// - Throws: ``EngineError/invalid(_:)`` when there is none.
    static func resolve(_ mapping: DeviceMapping) throws(EngineError) -> [SpecInput.HostDevice] {
        let access = mapping.cgroupPermissions.isEmpty ? "rwm" : mapping.cgroupPermissions
        guard access.allSatisfy({ "rwm".contains($0) }) else {
            throw .invalid("invalid device mode: \(mapping.cgroupPermissions)")
        }
        let target = mapping.pathInContainer.isEmpty ? mapping.pathOnHost : mapping.pathInContainer
        guard let status = try? Files.status(mapping.pathOnHost) else {
            throw .invalid(
                "error gathering device information while adding custom device \"\(mapping.pathOnHost)\": "
                    + "no such file or directory")
        }
        if let device = device(status, path: target, access: access) { return [device] }
        guard status.isDirectory else {
            throw .invalid(
                "error gathering device information while adding custom device \"\(mapping.pathOnHost)\": "
                    + "not a device node")
        }
        return below(mapping.pathOnHost, target: target, access: access)
    }

    private static func below(_ folder: String, target: String, access: String) -> [SpecInput.HostDevice] {
        var found: [SpecInput.HostDevice] = []
        for name in ((try? Files.list(folder)) ?? []).sorted() {
            if ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", "console"].contains(name), folder == "/dev" {
                continue
            }
            let path = PathText.join(folder, name)
            guard let status = try? Files.status(path, following: false) else { continue }
            if let device = device(status, path: PathText.join(target, name), access: access) {
                found.append(device)
            } else if status.isDirectory {
                found += below(path, target: PathText.join(target, name), access: access)
            }
        }
        return found
    }

    /// What a privileged container sees.
    static func all() -> [SpecInput.HostDevice] { below("/dev", target: "/dev", access: "rwm") }

    static func blockNumber(_ path: String) -> SpecInput.BlockNumber? {
        guard let status = try? Files.status(path), status.isBlockDevice else { return nil }
        return SpecInput.BlockNumber(major: Int64(status.major), minor: Int64(status.minor))
    }

    private static func device(_ status: FileStatus, path: String, access: String) -> SpecInput.HostDevice? {
        guard status.isCharacterDevice || status.isBlockDevice else { return nil }
        return SpecInput.HostDevice(
            path: path, isBlock: status.isBlockDevice, major: Int64(status.major), minor: Int64(status.minor),
            mode: status.mode, uid: status.owner, gid: status.group, access: access)
    }
}
