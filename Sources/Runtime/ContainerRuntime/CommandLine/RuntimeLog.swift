internal import Glibc
internal import JSON
internal import LinuxKernel

/// Errors and warnings, on standard error and in the file that an engine reads them from; with `--debug` each step too.
///
/// The lines are those of runc: containerd and podman look for the last `"level":"error"`.
struct RuntimeLog: Equatable, Sendable {
    var file: String?
    var isJSON = false
    var tellsMore = false

    func error(_ message: String) {
        write("error", message)
        Output.complain("pouch-runtime: \(message)\n")
    }

    func warning(_ message: String) {
        write("warning", message)
        if file == nil || tellsMore { Output.complain("pouch-runtime: warning: \(message)\n") }
    }

    /// Says what is being done, in the file or else on standard error.
    func debug(_ message: @autoclosure () -> String) {
        guard tellsMore else { return }
        guard file == nil else { return write("debug", message()) }
        Output.complain(line("debug", message()) + "\n")
    }

    private func write(_ level: String, _ message: String) {
        guard let file else { return }
        guard let opened = try? Descriptor.open(file, O_WRONLY | O_APPEND | O_CREAT, mode: 0o644) else { return }
        try? opened.writeAll(Array((line(level, message) + "\n").utf8))
    }

    private func line(_ level: String, _ message: String) -> String {
        let time = Timestamp.now().text
        guard isJSON else {
            let quoted = message.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0 == "\n" ? "\\n" : "\($0)" }.joined()
            return "time=\"\(time)\" level=\(level) msg=\"\(quoted)\""
        }
        let parts: [(String, JSONValue)] = [
            ("level", .string(level)), ("msg", .string(message)), ("time", .string(time)),
        ]
        return String(decoding: JSONValue.object(JSONObject(parts)).encoded(), as: UTF8.self)
    }
}
