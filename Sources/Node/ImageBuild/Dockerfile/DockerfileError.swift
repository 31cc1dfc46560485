/// What is wrong with a Dockerfile, and on which line.
package struct DockerfileError: Error, Equatable, Sendable {
    /// Counted from 1; 0 when it is the file as a whole.
    package var line: Int
    package var reason: String

    package init(line: Int, _ reason: String) {
        self.line = line
        self.reason = reason
    }
}

extension DockerfileError: CustomStringConvertible {
    package var description: String {
        line > 0 ? "dockerfile parse error on line \(line): \(reason)" : "dockerfile parse error: \(reason)"
    }
}
