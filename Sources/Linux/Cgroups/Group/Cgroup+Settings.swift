internal import CLinux
internal import Glibc
internal import LinuxKernel

extension Cgroup {
    /// Writes what `limits` asks for; what it leaves open stays as it is.
    ///
    /// - Throws: ``CgroupError``, naming the controller and the file; settings before the refused one stay written.
    package func apply(_ limits: ResourceLimits) throws(CgroupError) {
        if limits.memory.checksBeforeUpdate, case .at(let bytes)? = limits.memory.limit {
            try refuseBelowUsage(bytes)
        }
        for settings in try limits.settings(in: tree) {
            var open = OpenFile()
            try SettingsOrder.write(settings) { setting throws(CgroupError) in try write(setting, through: &open) }
        }
        if !limits.devices.rules.isEmpty, tree.hierarchy(of: Devices.self) == .v2 {
            try applyDeviceProgram(limits.devices.rules)
        }
    }

    /// Writes one setting as it stands: for files that have no field in ``ResourceLimits``.
    package func apply(_ setting: Setting) throws(CgroupError) {
        var open = OpenFile()
        try write(setting, through: &open)
    }

    /// The file written last, as lists of devices go into the same one line by line.
    private struct OpenFile: ~Copyable {
        var path = ""
        var descriptor: Descriptor?
    }

    private func write(_ setting: Setting, through open: inout OpenFile) throws(CgroupError) {
        let controller = String(setting.file.prefix { $0 != "." })
        guard let mount = mount(ofFile: setting, controller) else {
            throw .unsupported(
                controller: controller, knob: setting.file, remedy: "mount the controller, or leave the setting out")
        }
        let path = directory(on: mount) + "/" + setting.file
        do {
            if open.path != path || open.descriptor == nil {
                open.descriptor = try Descriptor.open(path, O_WRONLY)
                open.path = path
            }
            let value = try setting.keepsFirstWord ? Self.firstWord(of: path) + " " + setting.value : setting.value
            guard let number = open.descriptor?.raw else { return }
            try check("write", path) { Glibc.write(number, value, value.utf8.count) }
        } catch {
            guard error.call == "open", error.errno == ENOENT else { throw refusal(of: setting, controller, error) }
            try missing(setting, controller, through: &open)
        }
    }

    /// The file does not exist: another that stands for it, or nothing when it was no one's wish, or an error.
    private func missing(
        _ setting: Setting, _ controller: String, through open: inout OpenFile
    ) throws(CgroupError) {
        if !setting.otherwise.isEmpty {
            for other in setting.otherwise { try write(other, through: &open) }
        } else if !setting.isOptional {
            let remedy =
                setting.remedy.isEmpty
                ? "the controller is not enabled for \(path); enable it in the groups above, or leave the setting out"
                : setting.remedy
            throw .unsupported(controller: controller, knob: setting.file, remedy: remedy)
        }
    }

    private func mount(ofFile setting: Setting, _ controller: String) -> CgroupTree.Mount? {
        guard let name = ControllerName(rawValue: controller) else { return tree.unified }
        return tree.mount(of: name)
    }

    private func refusal(of setting: Setting, _ controller: String, _ error: SyscallError) -> CgroupError {
        if error.errno == EBUSY, setting.file.hasSuffix("limit_in_bytes") {
            let usage = setting.file.replacingLast("limit_in_bytes", with: "usage_in_bytes")
            let used = directory(of: .memory).flatMap { try? GroupFile.read($0 + "/" + usage) } ?? nil
            return .invalid(
                controller: controller, knob: setting.file,
                why: "cannot be \(setting.value): the group uses \(used?.split(separator: "\n").first ?? "more")")
        }
        return .kernel(doing: "set \(setting.file) of cgroup \(path) to \(setting.value)", error)
    }

    private static func firstWord(of path: String) throws(SyscallError) -> String {
        String(words(String(decoding: try WholeFile.read(path), as: UTF8.self)).first ?? "max")
    }

    private func refuseBelowUsage(_ bytes: UInt64) throws(CgroupError) {
        guard let mount = tree.mount(of: .memory) else { return }
        let file = mount.hierarchy == .v1 ? "memory.usage_in_bytes" : "memory.current"
        let used = Self.words(try GroupFile.read(directory(on: mount) + "/" + file)).first.flatMap { UInt64($0) } ?? 0
        if bytes != 0, bytes < used {
            throw .invalid(
                controller: "memory", knob: "limit", why: "\(bytes) is less than the \(used) that the group uses now")
        }
    }
}

extension String {
    fileprivate func replacingLast(_ suffix: String, with other: String) -> String {
        hasSuffix(suffix) ? dropLast(suffix.count) + other : self
    }
}
