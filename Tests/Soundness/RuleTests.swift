import Testing

/// The rules of the house that a compiler flag cannot hold.
@Suite("the rules of the house")
struct RuleTests {
    /// Rooms that the static runtime executable links: one thread, no Foundation.
    private static let singleThreaded = [
        "Units", "JSON", "CLinux", "LinuxKernel", "Cgroups", "Seccomp", "RuntimeSpec", "ContainerRuntime",
        "ShimProtocol", "Shim",
        "pouch-runtime",
    ]

    @Test("the sources are found")
    func found() {
        #expect(SourceTree.sources.count > 50)
        #expect(SourceTree.tests.count > 10)
    }

    @Test("what stands beside a container imports neither Foundation nor Dispatch nor concurrency")
    func tinyShim() {
        let forbidden: Set = ["Foundation", "FoundationEssentials", "Dispatch", "_Concurrency"]
        for file in SourceTree.sources where Self.singleThreaded.contains(file.room) {
            #expect(forbidden.isDisjoint(with: file.imports), "\(file.path)")
            let waits = file.lines.filter { $0.contains(" async ") || $0.contains("await ") || $0.contains("Task {") }
            #expect(waits.allSatisfy { $0.contains("//") }, "\(file.path): \(waits)")
        }
    }

    @Test("nothing is forced: no try!, no fatalError, no escape from checked concurrency without a reason")
    func nothingForced() {
        let banned = ["try!", "fatalError(", "Task.detached", "DispatchSemaphore", "Thread.sleep"]
        let explained = ["@unchecked Sendable", "nonisolated(unsafe)"]
        for file in SourceTree.sources {
            for (number, line) in file.lines.enumerated() {
                let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
                for word in banned { #expect(!code.contains(word), "\(file.path):\(number + 1)") }
                for word in explained where code.contains(word) {
                    let before = number > 0 ? file.lines[number - 1] : ""
                    #expect(line.contains("//") || before.contains("//"), "\(file.path):\(number + 1): say why")
                }
            }
        }
    }

    @Test("no file grows past 500 lines")
    func fileSize() {
        for file in SourceTree.sources + SourceTree.tests {
            #expect(file.lines.count <= 501, "\(file.path) has \(file.lines.count) lines: a noun is missing")
        }
    }

    @Test("no drawer: types are not called Manager, Helper, Util, Common or Base")
    func names() {
        let drawers = ["Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Common", "Base", "Impl"]
        for file in SourceTree.sources {
            let name = file.path.split(separator: "/").last?.split(separator: ".").first.map(String.init) ?? ""
            #expect(!drawers.contains { name.hasSuffix($0) }, "\(file.path)")
        }
    }

    @Test("no promise is left in the sources")
    func promises() {
        for file in SourceTree.sources {
            let promises = file.lines.filter { $0.contains("TODO") || $0.contains("FIXME") || $0.contains("XXX") }
            #expect(promises.isEmpty, "\(file.path): \(promises)")
        }
    }
}
