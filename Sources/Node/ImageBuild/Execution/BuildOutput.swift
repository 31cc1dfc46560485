internal import JSON
package import Lanes

/// What a build tells whoever waits for it: lines of JSON, as Docker's clients read them.
///
/// A slow reader holds the build back. Any stage may write at any time.
package final class BuildOutput: Sendable {
    private let pipe = ChunkPipe(capacity: 256 << 10)
    private let isQuiet: Bool

    /// A quiet one tells the image's id and nothing else.
    package init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// The lines, for one reader.
    package var lines: ChunkPipe.Iterator { pipe.makeAsyncIterator() }

    func say(_ text: String) async throws(BuildError) {
        guard !isQuiet else { return }
        try await write(["stream": .string(text)])
    }

    /// Tells the image that came out.
    func made(_ id: String, tags: [String]) async throws(BuildError) {
        if isQuiet { return try await write(["stream": .string(id + "\n")]) }
        try await write(["aux": ["ID": .string(id)]])
        try await say("Successfully built \(id.dropFirst("sha256:".count).prefix(12))\n")
        for tag in tags { try await say("Successfully tagged \(tag)\n") }
    }

    private func write(_ value: JSONValue) async throws(BuildError) {
        let line = value.encoded() + [13, 10]
        do throws(PipeClosed) {
            try await Lanes.shared.run { [pipe] () throws(PipeClosed) in try pipe.write(line) }
        } catch {
            throw .cancelled
        }
    }

    /// No more comes; the reader gets the error after what was told before.
    package func finish(_ error: BuildError?) {
        if let error { pipe.fail(error) } else { pipe.finish() }
    }

    /// The reader has gone.
    package func close() { pipe.close() }
}
