/// Files of cgroup v2 by name, for what has no field of its own.
///
/// Source: runtime-spec 1.2, config-linux.md, "Unified".
package struct Unified: Controller {
    package struct Entry: Hashable, Sendable {
        /// Such as `memory.high`.
        package var file: String
        package var value: String

        package init(file: String, value: String) {
            self.file = file
            self.value = value
        }
    }

    package var entries: [Entry] = []

    package init() {}

    package static func names(on hierarchy: Hierarchy) -> [ControllerName] { [] }

    package func settings(on hierarchy: Hierarchy) throws(CgroupError) -> [Setting] {
        guard hierarchy == .v2 || entries.isEmpty else {
            throw .unsupported(
                controller: "unified", knob: entries.map(\.file).joined(separator: ", "),
                remedy: "cgroup v1 has no such files; use the settings with fields of their own")
        }
        var settings: [Setting] = []
        for entry in entries {
            guard entry.file.contains("."), !entry.file.contains("/"), !entry.file.hasPrefix(".") else {
                throw .invalid(controller: "unified", knob: entry.file, why: "is no file of a cgroup")
            }
            // One line, one write: io.max takes one device at a time.
            for line in entry.value.split(separator: "\n") {
                settings.append(
                    Setting(
                        entry.file, String(line),
                        remedy: "its controller is not enabled, or this kernel is older than the file"))
            }
        }
        return settings
    }
}
