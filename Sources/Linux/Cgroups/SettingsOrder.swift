internal import Glibc
internal import LinuxKernel

/// Writes settings that constrain one another in whatever order the kernel takes them.
///
/// The kernel keeps `memory.limit <= memory.memsw.limit`, `burst <= quota` and `quota/period <= the parent's` after
/// every single write. From one valid state to another a valid order always exists, but which one depends on the
/// values that a group has now. So no one computes it: a write that is refused with EINVAL waits until others have
/// been done, and counts as an error only when nothing moves any more.
enum SettingsOrder {
    /// - Throws: what `write` threw for the first setting that could not be written at all.
    static func write(
        _ settings: [Setting], using write: (Setting) throws(CgroupError) -> Void
    ) throws(CgroupError) {
        var pending = settings
        while !pending.isEmpty {
            var refused: [Setting] = []
            var reason: CgroupError?
            for setting in pending {
                do {
                    try write(setting)
                } catch {
                    guard error.isAboutTheValue, setting.mayWait else { throw error }
                    refused.append(setting)
                    reason = reason ?? error
                }
            }
            if let reason, refused.count == pending.count { throw reason }
            pending = refused
        }
    }
}

extension CgroupError {
    fileprivate var isAboutTheValue: Bool {
        if case .kernel(_, let error) = self { error.errno == EINVAL } else { false }
    }
}

extension Setting {
    /// Lines for the devices files are a list: another order is another meaning.
    fileprivate var mayWait: Bool { !file.hasPrefix("devices.") }
}
