internal import JSON

/// What an OCI runtime wrote with `--log-format json`.
enum RuntimeLog {
    /// The last line that tells of an error; of lines that are no JSON, the line itself.
    static func lastError(_ log: [UInt8]) -> String? {
        for line in log.split(separator: UInt8(ascii: "\n")).reversed() {
            guard let value = try? JSONValue(parsing: Array(line)) else { return String(decoding: line, as: UTF8.self) }
            guard let level = value["level"]?.stringValue, ["error", "fatal", "panic"].contains(level) else { continue }
            if let message = value["msg"]?.stringValue { return message }
        }
        return nil
    }

    /// 127 when the program was not found, 126 when it cannot be run, else 125: as docker reads the runtimes' words.
    static func exitCode(forMessage message: String) -> Int32 {
        let text = message.lowercased()
        if text.contains("executable file not found") || text.contains("no such file or directory")
            || text.contains("system cannot find the file specified")
        {
            return 127
        }
        if text.contains("permission denied") || text.contains("not a directory") || text.contains("is a directory")
            || text.contains("exec format error")
        {
            return 126
        }
        return 125
    }
}
